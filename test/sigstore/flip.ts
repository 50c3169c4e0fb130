// Changing every decoded byte of a bundle, one at a time, and seeing whether it is still accepted.
import { formatBase64 } from '../../ledger/bytes.ts';
import type { Json } from '../../ledger/json.ts';
import { type Artifact, type Trust, verifyBundle } from '../../verify/sigstore/index.ts';
import { parseAnyBase64 } from '../../verify/sigstore/base64.ts';

/** Where a bundle holds base64. Padding bits and JSON white space change no decoded byte, and are not flipped. */
const BASE64 = /(rawBytes|keyId|canonicalizedBody|signedEntryTimestamp|rootHash|hashes|signature|sig|payload|digest|signedTimestamp)(\.\d+)?$/;

interface Place {
  readonly path: string;
  readonly bytes: Uint8Array;
  set(bytes: Uint8Array): Json;
}

export interface Flips {
  readonly flipped: number;
  /** `path[byte]` of each change that was accepted all the same. */
  readonly accepted: readonly string[];
}

/** @param every - flips each n-th byte; the bit turns with the place */
export function flipAll(bundle: Json, artifact: Artifact | null, trust: Trust, every = 1): Flips {
  let flipped = 0;
  const accepted: string[] = [];
  for (const place of placesIn(bundle)) {
    for (let i = 0; i < place.bytes.length; i += every) {
      const changed = place.bytes.slice();
      changed[i] = (changed[i] as number) ^ (1 << (i % 8));
      flipped += 1;
      const { is } = verifyBundle(place.set(changed), artifact, trust);
      if (is === 'verified' || is === 'signature_only') accepted.push(`${place.path}[${i}]`);
    }
  }
  return { flipped, accepted };
}

/** Every value of a bundle that is bytes: base64 texts, and a checkpoint's signed text and first signature. */
function placesIn(bundle: Json): Place[] {
  const places: Place[] = [];
  const walk = (value: Json, path: string, rebuild: (value: Json) => Json): void => {
    if (typeof value === 'string' && BASE64.test(path)) {
      places.push({ path, bytes: parseAnyBase64(value) as Uint8Array, set: (bytes) => rebuild(formatBase64(bytes)) });
    } else if (typeof value === 'string' && path.endsWith('checkpoint.envelope')) {
      places.push(...checkpointPlaces(value, path, rebuild));
    } else if (Array.isArray(value)) {
      value.forEach((item, i) => walk(item, `${path}.${i}`, (changed) => rebuild(value.map((old, j) => (j === i ? changed : old)))));
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) walk(item, path === '' ? key : `${path}.${key}`, (changed) => rebuild({ ...value, [key]: changed }));
    }
  };
  walk(bundle, '', (value) => value);
  return places;
}

/** The text up to the blank line, as it is signed, and the log's signature: the first line, in all bundles here. */
function checkpointPlaces(envelope: string, path: string, rebuild: (value: Json) => Json): Place[] {
  const end = envelope.indexOf('\n\n') + 1;
  const [, before, base64, after] = /^([^]*?\n\n— \S+ )(\S+)(\n[^]*)$/.exec(envelope) as unknown as [string, string, string, string];
  const text = new TextEncoder().encode(envelope.slice(0, end));
  return [
    { path: `${path} text`, bytes: text, set: (bytes) => rebuild(new TextDecoder('latin1').decode(bytes) + envelope.slice(end)) },
    { path: `${path} signature`, bytes: parseAnyBase64(base64) as Uint8Array, set: (bytes) => rebuild(`${before}${formatBase64(bytes)}${after}`) },
  ];
}
