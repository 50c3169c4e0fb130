// Documents whose label is a verdict: read strictly through the door, nothing repaired, and compared with the label.
import { readDocument } from '../../../evidence/index.ts';
import { agreed, answer, type Case, type Reader } from './case.ts';

const MS_MAX = 1000;
const VALID = ['valid', 'valid_other_version', 'valid_incomplete', 'valid_v0.0.1', 'parse_ok', 'other_syntax'];

/** @param format - what the folder's documents are, as a hint that content may overrule */
export function documents(format: string, versions: readonly string[]): Reader {
  return async function* read(one: Case) {
    const label = one.expect;
    if (label === 'unlabelled' || (label === 'other_syntax' && !(one.files[0] as string).endsWith('.spdx'))) {
      yield { is: 'skipped', reason: label };
      return;
    }
    // One label names the dialect that only the tolerant mode reads.
    const mode = label === 'valid_v0.0.1' ? 'tolerant' : 'strict';
    const started = performance.now();
    const { format: found, verdict, version: ofFound, deviations, refusal } = await readDocument(one.bytes(), { format, mode });
    const took = performance.now() - started;
    // A document of another format states no version of this one.
    const version = found === format ? ofFound : null;
    const first = deviations[0];
    const why = refusal === null ? `${first?.pointer ?? ''} ${first?.message ?? ''}` : `${refusal.code}: ${refusal.message}`;
    const got = `${verdict} (${why.trim()})`;
    const valid = verdict === 'valid' || verdict === 'valid_with_deviations';
    if (/_or_/.test(label) && label !== 'invalid_or_unknown_version') yield answer(took <= MS_MAX, 'any verdict within a second', `${Math.round(took)} ms`);
    else if (VALID.includes(label)) yield answer(valid, 'valid', got);
    else if (['valid_lossy', 'warn_semantic'].includes(label)) yield answer(verdict === 'valid_with_deviations', 'valid_with_deviations', got);
    else if (/^other[-_]version|^invalid_wrong_version/.test(label)) {
      const outside = version !== null && !versions.includes(version);
      yield version === null ? agreed : answer((verdict === 'unsupported_version') === outside, outside ? 'unsupported_version' : 'another verdict', got);
    } else if (/^(invalid|reject)/.test(label)) yield answer(!valid, 'invalid or refused', got);
    else yield answer(false, label, 'an unknown label');
  };
}
