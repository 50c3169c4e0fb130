// The artifact that a signature is said to be about: its bytes, or digests of them.
import { digestOf, type Hash, isHash } from './keys.ts';
import { fail, lack } from './verdict.ts';

/** `digests` maps an algorithm, as in-toto spells it (`sha256`), to the raw digest. */
export type Artifact = { readonly bytes: Uint8Array } | { readonly digests: Readonly<Record<string, Uint8Array>> };

/** The hashes that are computed from an artifact's bytes. */
const COMPUTED: readonly Hash[] = ['sha256', 'sha384', 'sha512'];

/**
 * Algorithms that bind a subject. SHA-1 and MD5 do not: two artifacts can share their digests, and git's commit ids are SHA-1.
 */
const BINDING: ReadonlySet<string> = new Set(['sha256', 'sha384', 'sha512', 'sha3_256', 'sha3_384', 'sha3_512']);

/** The artifact's digest under one hash, or null when it is not known. */
export function artifactDigest(artifact: Artifact, hash: Hash): Uint8Array | null {
  return 'bytes' in artifact ? digestOf(hash, artifact.bytes) : (Object.hasOwn(artifact.digests, hash) ? (artifact.digests[hash] as Uint8Array) : null);
}

/** All digests by which a subject may name the artifact. @throws {Stop} where none of the given digests binds */
export function bindingDigests(artifact: Artifact): ReadonlyMap<string, Uint8Array> {
  if ('bytes' in artifact) return new Map(COMPUTED.map((hash) => [hash, digestOf(hash, artifact.bytes)]));
  const binding = Object.entries(artifact.digests).filter(([algorithm]) => BINDING.has(algorithm));
  if (binding.length === 0) lack('artifact', 'no digest of the artifact is by an algorithm that binds');
  for (const [algorithm, digest] of binding) {
    if (isHash(algorithm) && digest.length * 8 !== Number(algorithm.slice(3))) fail('SUBJECT_MISMATCH', `a ${algorithm} digest of ${digest.length} bytes`);
  }
  return new Map(binding);
}
