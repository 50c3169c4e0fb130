// What the predicates say whose types we know; any other is kept as it is and found by its subject.
import type { Json } from '../../ledger/json.ts';
import type { Deviation } from '../document.ts';
import { at, below, objectsAt, textAt, textsAt } from '../json-view.ts';
import type { NamedDigest, Predicate } from './model.ts';
import { looseDigests } from './statement.ts';

export const SBOM_REFERENCE = 'https://stella-ops.org/attestations/sbom/1';

/** Predicate types whose predicate is itself a document of another format. */
const DOCUMENTS: readonly [type: RegExp, format: string][] = [
  [/^https:\/\/cyclonedx\.org\/(?:bom|schema)/, 'cyclonedx'],
  [/^https:\/\/spdx\.(?:dev|org)\/Document/, 'spdx-2'],
  [/^https:\/\/openvex\.dev\/ns/, 'openvex'],
];

interface Read {
  readonly predicate: Predicate | null;
  readonly deviations: readonly Deviation[];
}

export function readPredicate(type: string, predicate: Json | null, pointer: string): Read {
  if (type === 'https://slsa.dev/provenance/v1') return provenance1(predicate, pointer);
  if (type === 'https://slsa.dev/provenance/v0.2') return provenance02(predicate, pointer);
  if (/^https:\/\/slsa\.dev\/verification_summary\/v(?:1|0\.2)$/.test(type)) return verification(predicate, pointer);
  if (type === SBOM_REFERENCE) return reference(predicate, pointer);
  const format = DOCUMENTS.find(([pattern]) => pattern.test(type))?.[1];
  return { predicate: format === undefined ? null : { kind: 'document', format }, deviations: [] };
}

/** The document inside: cosign of old put it under `Data`. */
export function documentIn(predicate: Json | null): Json | null {
  const data = at(predicate ?? undefined, 'Data');
  return typeof data === 'object' && data !== null ? data : predicate;
}

// SLSA provenance v1: what level 1 asks for.
function provenance1(predicate: Json | null, pointer: string): Read {
  const json = predicate ?? undefined;
  const builder = textAt(json, 'runDetails', 'builder', 'id') ?? null;
  const buildType = textAt(json, 'buildDefinition', 'buildType') ?? null;
  const missing = [
    ...(builder === null ? [lacks(below(pointer, 'runDetails', 'builder', 'id'))] : []),
    ...(buildType === null ? [lacks(below(pointer, 'buildDefinition', 'buildType'))] : []),
    ...(at(json, 'buildDefinition', 'externalParameters') === undefined ? [lacks(below(pointer, 'buildDefinition', 'externalParameters'))] : []),
  ];
  return {
    predicate: {
      kind: 'provenance',
      version: '1',
      builder,
      buildType,
      dependencies: objectsAt(json, 'buildDefinition', 'resolvedDependencies').map(resource),
      started: textAt(json, 'runDetails', 'metadata', 'startedOn') ?? null,
      finished: textAt(json, 'runDetails', 'metadata', 'finishedOn') ?? null,
    },
    deviations: missing,
  };
}

function provenance02(predicate: Json | null, pointer: string): Read {
  const json = predicate ?? undefined;
  const builder = textAt(json, 'builder', 'id') ?? null;
  const buildType = textAt(json, 'buildType') ?? null;
  const missing = [...(builder === null ? [lacks(below(pointer, 'builder', 'id'))] : []), ...(buildType === null ? [lacks(below(pointer, 'buildType'))] : [])];
  return {
    predicate: {
      kind: 'provenance',
      version: '0.2',
      builder,
      buildType,
      dependencies: objectsAt(json, 'materials').map(resource),
      started: textAt(json, 'metadata', 'buildStartedOn') ?? null,
      finished: textAt(json, 'metadata', 'buildFinishedOn') ?? null,
    },
    deviations: missing,
  };
}

// SLSA verification summary v1: one level a track at most, and a result that is one of two words.
function verification(predicate: Json | null, pointer: string): Read {
  const json = predicate ?? undefined;
  const levels = textsAt(json, 'verifiedLevels');
  const result = textAt(json, 'verificationResult') ?? null;
  const deviations: Deviation[] = [['verifier', 'id'], ['resourceUri'], ['policy', 'uri'], ['verificationResult']]
    .filter((path) => textAt(json, ...path) === undefined)
    .map((path) => lacks(below(pointer, ...path)));
  if (at(json, 'verifiedLevels') === undefined) deviations.push(lacks(below(pointer, 'verifiedLevels')));
  if (result !== null && result !== 'PASSED' && result !== 'FAILED') {
    deviations.push({ code: 'RULE_VIOLATED', pointer: below(pointer, 'verificationResult'), message: 'expected PASSED or FAILED' });
  }
  const tracks = levels.map((level) => /^(SLSA_[A-Z]+)_LEVEL_/.exec(level)?.[1]).filter((track) => track !== undefined);
  if (new Set(tracks).size < tracks.length) {
    deviations.push({ code: 'RULE_VIOLATED', pointer: below(pointer, 'verifiedLevels'), message: 'two levels of one track' });
  }
  return {
    predicate: {
      kind: 'verification',
      verifier: textAt(json, 'verifier', 'id') ?? null,
      resource: textAt(json, 'resourceUri') ?? null,
      policy: { uri: textAt(json, 'policy', 'uri') ?? null, digests: looseDigests(at(json, 'policy', 'digest')) },
      result,
      levels,
      inputs: objectsAt(json, 'inputAttestations').map(resource),
      verified: textAt(json, 'timeVerified') ?? null,
    },
    deviations,
  };
}

/** Our own predicate: a bill of materials that lies elsewhere, by the digest of its bytes. */
function reference(predicate: Json | null, pointer: string): Read {
  const json = predicate ?? undefined;
  const location = /^(sha256|sha512):([0-9a-f]+)$/.exec(textAt(json, 'location') ?? '');
  if (location === null || location[2]?.length !== (location[1] === 'sha256' ? 64 : 128)) {
    const message = 'expected the digest of the document, such as "sha256:…"';
    return { predicate: null, deviations: [{ code: 'RULE_VIOLATED', pointer: below(pointer, 'location'), message }] };
  }
  return {
    predicate: {
      kind: 'sbom-reference',
      format: textAt(json, 'sbomFormat') ?? '',
      version: textAt(json, 'sbomVersion') ?? null,
      mediaType: textAt(json, 'mediaType') ?? null,
      digest: [location[1] as string, location[2] as string],
    },
    deviations: [],
  };
}

function resource(json: Json): { uri: string | null; digests: readonly NamedDigest[] } {
  return { uri: textAt(json, 'uri') ?? textAt(json, 'name') ?? null, digests: looseDigests(at(json, 'digest')) };
}

function lacks(pointer: string): Deviation {
  return { code: 'RULE_VIOLATED', pointer, message: 'the predicate’s specification asks for this member' };
}
