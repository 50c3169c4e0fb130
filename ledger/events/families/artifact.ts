// artifact.*: how artifacts relate: an image index to its platforms' manifests, other digests of the same bytes.
import { version } from '../family.ts';
import { platformName } from '../names.ts';
import { digestOf, map, optional, set, sha256, where } from '../schema.ts';

/** Every algorithm but SHA-256, which is the identity itself. */
const otherDigest = digestOf(
  'md5', 'sha1', 'sha224', 'sha384', 'sha512', 'sha512-256', 'sha3-256', 'sha3-384', 'sha3-512', 'blake2b-256', 'blake2b-512', 'blake3',
);

export const artifactEvents = {
  // More than 63 platforms are more than one such event.
  'artifact.related': [
    version({
      data: where(
        map({
          artifact: sha256,
          digests: optional(set(otherDigest, 1, 16)),
          platforms: optional(
            set(map({ digest: sha256, os: platformName, architecture: platformName, variant: optional(platformName) }), 1, 63),
          ),
        }),
        'either digests or platforms',
        ({ digests, platforms }) => (digests === undefined) !== (platforms === undefined),
      ),
      streams: ['artifact:{artifact}', 'artifact:{platforms.digest}'],
    }),
  ],
} as const;
