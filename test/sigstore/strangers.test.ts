// Whatever a stranger sends, the answer is a verdict: bundles, envelopes, certificates and timestamps with anything in any place.
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeUtf8, encodeUtf8, formatBase64 } from '../../ledger/bytes.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { type SignatureVerdict, verifyBundle, verifyEnvelope } from '../../verify/sigstore/index.ts';
import { artifact, world } from './world.ts';

const whole = world({ withToken: true });
const bundle = JSON.parse(decodeUtf8(whole.bundle)) as JcsValue;
const IS = ['failed', 'unverifiable', 'signature_only'];

/** Every path into a JSON value, the value itself left out. */
function pathsOf(value: JcsValue, path: readonly (string | number)[] = []): (readonly (string | number)[])[] {
  const inner = Array.isArray(value) ? [...value.entries()] : typeof value === 'object' && value !== null ? Object.entries(value) : [];
  return inner.flatMap(([key, item]) => [[...path, key], ...pathsOf(item as JcsValue, [...path, key])]);
}

function put(value: JcsValue, [key, ...rest]: readonly (string | number)[], changed: JcsValue): JcsValue {
  if (key === undefined) return changed;
  const inner = (value as Record<string | number, JcsValue>)[key] as JcsValue;
  if (Array.isArray(value)) return value.map((item: JcsValue, i) => (i === key ? put(inner, rest, changed) : item));
  return { ...(value as Record<string, JcsValue>), [key]: put(inner, rest, changed) };
}

const paths = pathsOf(bundle);
const anything: fc.Arbitrary<JcsValue> = fc.oneof(
  fc.jsonValue() as fc.Arbitrary<JcsValue>,
  fc.constantFrom<JcsValue>('', '-1', '0', '9'.repeat(400), 'SHA2_256', 'AA==', '__proto__', [[]], { length: 1 }, 2 ** 53, null),
  fc.uint8Array({ maxLength: 80 }).map(formatBase64),
  fc.base64String({ maxLength: 200 }),
);

test('a bundle with anything in any place', () => {
  fc.assert(fc.property(fc.constantFrom(...paths), anything, (path, changed) => {
    const altered = put(bundle, path, changed);
    const verdict: SignatureVerdict = verifyBundle(encodeUtf8(JSON.stringify(altered)), { bytes: artifact }, whole.trust);
    // What is not read may change: an unknown member is ignored, and an absent one may be stated as null.
    if (verdict.is !== 'verified') expect(IS).toContain(verdict.is);
  }), { numRuns: 600 });
});

test('bytes of any kind', () => {
  fc.assert(fc.property(fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.string().map((text) => encodeUtf8(text.toWellFormed()))), (bytes) => {
    expect(verifyBundle(bytes, { bytes: artifact }, whole.trust).is).toBe('failed');
    expect(verifyEnvelope(bytes, whole.trust).is).toBe('failed');
  }));
});

test('a certificate or timestamp that is cut, or holds anything', () => {
  const places = paths.filter((path) => ['rawBytes', 'signedTimestamp'].includes(String(path.at(-1))));
  const bytes = (path: readonly (string | number)[]) =>
    Uint8Array.from(atob(String(path.reduce<JcsValue>((value, key) => (value as Record<string, JcsValue>)[key] as JcsValue, bundle))), (c) => c.charCodeAt(0));
  fc.assert(fc.property(fc.constantFrom(...places), fc.nat(), fc.uint8Array({ maxLength: 12 }), (path, where, inserted) => {
    const original = bytes(path);
    const at = where % original.length;
    const altered = Uint8Array.from([...original.subarray(0, at), ...inserted, ...original.subarray(at + inserted.length)]);
    const verdict = verifyBundle(encodeUtf8(JSON.stringify(put(bundle, path, formatBase64(altered)))), { bytes: artifact }, whole.trust);
    if (path.at(-1) === 'rawBytes' && formatBase64(altered) !== formatBase64(original)) expect(verdict.is).toBe('failed');
    else expect(['verified', 'failed']).toContain(verdict.is);
  }), { numRuns: 400 });
});
