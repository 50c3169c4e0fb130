// Images as archives or layouts: OCI layouts (image-spec, "Image Layout") and `docker save` archives, to layers and configuration.
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { isJsonObject, type Json, type JsonObject } from '../../ledger/json.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { readJson } from '../advisories/observation.ts';
import { sha256Hex } from '../advisories/stored.ts';
import { LayeredFiles } from './files.ts';
import { readTar } from './tar.ts';

/** Files of an OCI layout or of an unpacked archive by path; null where there is none. */
export type ReadPath = (path: string) => Uint8Array | null;

export interface Image {
  /** Digest of the manifest (OCI) or of the configuration (docker): what names the image. */
  readonly digest: string;
  readonly config: JsonObject;
  readonly layers: readonly string[];
  readonly files: LayeredFiles;
}

/** Largest layer after unpacking. */
export const layerBytesMax = 8 * 1024 * 1024 * 1024 - 1;

function refuse(why: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the image: ${why}`);
}

/** Reads a tar archive that holds an OCI layout or what `docker save` writes. */
export function readImageArchive(archive: Uint8Array): Image {
  const members = new Map([...readTar(archive)].filter(({ kind }) => kind === 'file').map(({ path, bytes }) => [path, bytes]));
  return readImage((path) => members.get(path) ?? null);
}

/**
 * Reads an image whose platform is the only one, or the one wanted.
 *
 * Every blob is compared with the digest that names it: a layout is a stranger's, and a layer with another content is another image.
 */
export function readImage(read: ReadPath, platform?: { os: string; architecture: string }): Image {
  const index = read('index.json');
  if (index !== null) return ociImage(read, objectOf(index, 'index.json'), platform);
  const manifest = read('manifest.json');
  return manifest === null ? refuse('neither index.json nor manifest.json is there') : dockerImage(read, readJson(manifest));
}

function ociImage(read: ReadPath, index: JsonObject, platform?: { os: string; architecture: string }): Image {
  const blob = (digest: Json | undefined): Uint8Array => {
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return refuse('a descriptor has no SHA-256 digest');
    const bytes = read(`blobs/sha256/${digest.slice(7)}`) ?? refuse(`${digest} is missing`);
    return sha256Hex(bytes) === digest.slice(7) ? bytes : refuse(`${digest} has another content`);
  };
  let descriptor = chosen(index, platform);
  let manifest = objectOf(blob(descriptor.digest), 'a manifest');
  // An index may lead to an index of platforms, and no further.
  if (Array.isArray(manifest.manifests)) {
    descriptor = chosen(manifest, platform);
    manifest = objectOf(blob(descriptor.digest), 'a manifest');
  }
  const config = isJsonObject(manifest.config) ? objectOf(blob(manifest.config.digest), 'a configuration') : refuse('the manifest names no configuration');
  const layers = Array.isArray(manifest.layers) ? manifest.layers : refuse('the manifest names no layers');
  return imageOf(String(descriptor.digest), config, layers.map((layer) => (isJsonObject(layer) ? blob(layer.digest) : refuse('a layer is no descriptor'))));
}

function chosen(index: JsonObject, platform?: { os: string; architecture: string }): JsonObject {
  const all = (Array.isArray(index.manifests) ? index.manifests : []).filter((one) => isJsonObject(one));
  const images = all.filter((one) => !(isJsonObject(one.platform) && one.platform.os === 'unknown'));
  const fitting = platform === undefined ? images : images.filter((one) =>
    !isJsonObject(one.platform) || (one.platform.os === platform.os && one.platform.architecture === platform.architecture));
  if (fitting.length > 1) refuse(`it holds ${fitting.length} images: say which platform`);
  return fitting[0] ?? refuse('it holds no image of that platform');
}

function dockerImage(read: ReadPath, manifest: Json): Image {
  const [image, ...more] = Array.isArray(manifest) ? manifest : [];
  if (!isJsonObject(image) || more.length > 0) return refuse('manifest.json names not one image');
  const file = (path: Json | undefined) => (typeof path === 'string' ? (read(path) ?? refuse(`"${path}" is missing`)) : refuse('manifest.json names no file'));
  const config = file(image.Config);
  const layers = Array.isArray(image.Layers) ? image.Layers.map(file) : refuse('manifest.json names no layers');
  return imageOf(`sha256:${sha256Hex(config)}`, objectOf(config, 'the configuration'), layers);
}

function imageOf(digest: string, config: JsonObject, blobs: readonly Uint8Array[]): Image {
  const stated = isJsonObject(config.rootfs) && Array.isArray(config.rootfs.diff_ids) ? config.rootfs.diff_ids : [];
  const files = new LayeredFiles();
  const layers = blobs.map((blob, i) => {
    const bytes = unpacked(blob);
    const layer = `sha256:${sha256Hex(bytes)}`;
    if (stated[i] !== undefined && stated[i] !== layer) refuse(`layer ${i} is not the one its configuration names`);
    files.apply(layer, readTar(bytes));
    return layer;
  });
  return { digest, config, layers, files };
}

/** By its first bytes: media types in the field are not reliable. */
function unpacked(blob: Uint8Array): Uint8Array {
  try {
    if (blob[0] === 0x1f && blob[1] === 0x8b) return new Uint8Array(gunzipSync(blob, { maxOutputLength: layerBytesMax }));
    if (blob[0] === 0x28 && blob[1] === 0xb5 && blob[2] === 0x2f && blob[3] === 0xfd) {
      return new Uint8Array(zstdDecompressSync(blob, { maxOutputLength: layerBytesMax }));
    }
  } catch {
    return refuse('a layer does not unpack');
  }
  return blob;
}

function objectOf(bytes: Uint8Array, what: string): JsonObject {
  const value = readJson(bytes);
  return isJsonObject(value) ? value : refuse(`${what} is no JSON object`);
}
