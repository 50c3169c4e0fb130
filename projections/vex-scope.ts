// Which statements that match nothing were meant for an artifact: those are worth a warning (semantics `vex` 2).
import { equalBytes, formatHex } from '../ledger/bytes.ts';
import type { VexArtifact, VexClaim, VexProduct, VexTarget } from './effective-vex.ts';
import { digestIn, packageName, readPurl } from './purls.ts';

/**
 * Whether a statement about a vulnerability that was found could be meant for this artifact, though it matches no component of it.
 *
 * Of other images there are statements about every vulnerability that is worth one: whoever is warned of them at each gate stops
 * reading warnings. So one counts here that names the artifact, by digest or by what it is called in whatever version; or a package
 * that has the vulnerability here, in another version; or nothing that tells, and then not what belongs to other artifacts. One whose
 * document came as about this artifact counts too, unless that document speaks of it elsewhere.
 *
 * @param targets - the components that have the vulnerability, at least one
 * @param isNamedBeside - whether a statement of the same document names the artifact (`namesHere`)
 */
export function isMeantHere({ pointer, statement }: VexClaim, targets: readonly VexTarget[], isNamedBeside: () => boolean): boolean {
  const { product, part } = statement;
  const { artifact } = targets[0] as VexTarget;
  const isSubject = pointer.subjects?.some((subject) => equalBytes(subject, artifact.digest)) === true;
  const isFound = (named: VexProduct) => (named.purls ?? []).some((text) => {
    const name = nameOf(text);
    return name !== null && targets.some(({ purl }) => purl !== null && nameOf(purl) === name);
  });
  const place = product === undefined ? 'unknown' : placeOf(product, artifact);
  if (place === 'here' || (part === undefined && product !== undefined && isFound(product))) return true;
  if (place === 'unknown') return (pointer.subjects === undefined || isSubject) && (part === undefined || isFound(part));
  return isSubject && !isNamedBeside();
}

/** Whether a statement's product is the artifact, whatever its version. */
export function namesHere({ statement: { product } }: VexClaim, artifact: VexArtifact): boolean {
  return product !== undefined && placeOf(product, artifact) === 'here';
}

function nameOf(text: string): string | null {
  const purl = readPurl(text);
  return purl === null ? null : packageName(purl);
}

type Place = 'here' | 'elsewhere' | 'unknown';

/** Whether a product is the artifact, whatever its version, or another thing, or neither can be told. */
function placeOf({ hashes = [], purls = [] }: VexProduct, artifact: VexArtifact): Place {
  const places = [...hashes.map((hash) => placeOfHash(hash, artifact)), ...purls.map((purl) => placeOfPurl(purl, artifact))];
  return places.includes('here') ? 'here' : places.includes('elsewhere') ? 'elsewhere' : 'unknown';
}

function placeOfHash([algorithm, hex]: readonly [string, string], { digest, others = [], related = [] }: VexArtifact): Place {
  if (algorithm === 'sha256') return [digest, ...related].some((one) => formatHex(one) === hex) ? 'here' : 'elsewhere';
  const known = others.filter(([other]) => other === algorithm);
  return known.length === 0 ? 'unknown' : known.some(([, own]) => own === hex) ? 'here' : 'elsewhere';
}

function placeOfPurl(text: string, artifact: VexArtifact): Place {
  const said = readPurl(text);
  if (said === null) return 'unknown';
  const digest = digestIn(said);
  if (digest !== null) return placeOfHash(['sha256', digest], artifact);
  const own = artifact.purls ?? [];
  if (own.some((purl) => nameOf(purl) === packageName(said))) return 'here';
  // Nobody has said what this artifact is called, and an image may be called anything.
  return own.length === 0 && (said.type === 'oci' || said.type === 'docker') ? 'unknown' : 'elsewhere';
}
