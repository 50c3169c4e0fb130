// Packages of a language that a distribution's package owns: the distribution's record about them is the one that counts.
import { idsOf } from './finding.ts';
import type { Match } from './match.ts';

/**
 * Closes a language record's match where the owning package's own records name the same vulnerability and say "not affected".
 *
 * A distribution backports fixes without raising the version that the language knows, so that the language's record would be
 * right about the version and wrong about the files. Only an answer closes: where the distribution's records do not name the
 * vulnerability, nothing is known, and the match stays.
 */
export function closeByOwner(matches: readonly Match[], ownerMatches: readonly Match[]): Match[] {
  return matches.map((match) => {
    if (match.outcome === 'not_affected') return match;
    const named = namesOf(match);
    const answers = ownerMatches.filter((theirs) => theirs.ref[5].withdrawn === undefined && [...namesOf(theirs)].some((id) => named.has(id)));
    const closing = answers[0];
    if (closing === undefined || answers.some(({ outcome }) => outcome !== 'not_affected')) return match;
    const reason = { id: closing.ref[5].id, record: `sha256:${closing.ref[3]}`, rule: 'closed_by_owner' as const };
    return { ...match, outcome: 'not_affected', reasons: [reason, ...match.reasons] };
  });
}

/** All ids that tie two records to one vulnerability here: aliases, and what a distribution's record was written for. */
function namesOf(match: Match): ReadonlySet<string> {
  return new Set([...idsOf(match), ...(match.ref[5].upstream ?? [])]);
}
