// key.*: the keys this ledger and its persons sign with: added, rotated, retired.
import { concatBytes, encodeUtf8, equalBytes, parseHex } from '../../bytes.ts';
import { ed25519Spki } from '../../spki.ts';
import { encodeCbor } from '../cbor.ts';
import { version } from '../family.ts';
import { bytes, integer, map, oneOf, optional, where, type TypeOf } from '../schema.ts';

/** How the SubjectPublicKeyInfo of each algorithm begins (RFC 8410 §4, RFC 5480 §2), and its whole length in bytes. */
const spki = {
  ed25519: { prefix: ed25519Spki, length: 44 },
  'ecdsa-p256': { prefix: parseHex('3059301306072a8648ce3d020106082a8648ce3d03010703420004'), length: 91 },
} as const;

/** A public key: `id` is the SHA-256 of `public`, a SubjectPublicKeyInfo in DER. */
export const keyRecord = where(
  map({
    id: bytes(32),
    use: oneOf('checkpoint', 'rekor', 'attestation', 'release', 'person'),
    algorithm: oneOf('ed25519', 'ecdsa-p256'),
    public: bytes(44, 91),
  }),
  'public is a SubjectPublicKeyInfo of the algorithm, with an uncompressed point on P-256',
  (key) => {
    const { prefix, length } = spki[key.algorithm];
    return key.public.length === length && equalBytes(key.public.subarray(0, prefix.length), prefix);
  },
);

export type KeyRecord = TypeOf<typeof keyRecord>;

/** From the smallest ECDSA signature in DER to the largest on P-256; Ed25519 takes 64 bytes. */
const signature = bytes(8, 72);

export const keyEvents = {
  // A key serves from here on; a person's key names its person.
  'key.added': [
    version({
      data: where(map({ key: keyRecord, person: optional(bytes(16)) }), 'person is there exactly when the use is person', ({ key, person }) =>
        (key.use === 'person') === (person !== undefined)),
      streams: ['ledger', 'key:{key.id}'],
    }),
  ],
  // Both keys have signed `rotationMessage`; the old one signs no checkpoint larger than `lastSize`.
  'key.rotated': [
    version({
      data: where(
        map({ from: bytes(32), to: keyRecord, lastSize: integer(1), signatures: map({ from: signature, to: signature }) }),
        'from is another key than to.id',
        ({ from, to }) => !equalBytes(from, to.id),
      ),
      streams: ['ledger', 'key:{from}', 'key:{to.id}'],
    }),
  ],
  // A key that signs statements ends: a successor, where there is one, has its own `key.added`.
  'key.retired': [
    version({
      data: map({ key: bytes(32), lastSize: integer(1), reason: oneOf('compromised', 'lost', 'superseded', 'unused') }),
      streams: ['ledger', 'key:{key}'],
    }),
  ],
} as const;

/**
 * What both keys sign when one follows the other.
 *
 * The ledger's id stands in it, or a rotation could be carried into another ledger that uses the same keys.
 *
 * @param ledger - 16 bytes, from the genesis
 * @see spec/events.md, "key.rotated"
 */
export function rotationMessage(ledger: Uint8Array, rotation: { readonly from: Uint8Array; readonly to: KeyRecord; readonly lastSize: number }): Uint8Array {
  return concatBytes(encodeUtf8('stella/key.rotated/v1'), encodeCbor({ ledger, from: rotation.from, to: rotation.to, lastSize: rotation.lastSize }));
}
