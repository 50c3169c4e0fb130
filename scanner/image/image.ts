// Images as archives or layouts: OCI layouts (image-spec, "Image Layout") and `docker save` archives, to layers and configuration.
import { isJsonObject, type Json, type JsonObject } from '../../ledger/json.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { readJson } from '../advisories/observation.ts';
import { sha256Hex } from '../advisories/stored.ts';
import { LayeredFiles } from './files.ts';
import { digestOfStored, storedInMemory, unpackStored, wholeOf, workInMemory, type StoredBytes, type WorkBytes } from './stored.ts';
import { readTar } from './tar.ts';

/** Files of an OCI layout or of an unpacked archive by path; null where there is none. */
export type ReadPath = (path: string) => StoredBytes | null;

export interface Image {
  /** Digest of the manifest (OCI) or of the configuration (docker): what names the image. */
  readonly digest: string;
  readonly config: JsonObject;
  readonly layers: readonly string[];
  readonly files: LayeredFiles;
  /** Gives back the working files: nothing of the image is read afterwards. */
  close(): void;
}

export interface ImageOptions {
  /** The platform that is wanted, where there are several. */
  readonly platform?: { readonly os: string; readonly architecture: string } | undefined;
  /** The digest of the image that is wanted: of several the one that has it, and no other image under its name. */
  readonly digest?: string | undefined;
  /** Working files for unpacked layers; in memory when left out. */
  readonly work?: () => WorkBytes;
}

function refuse(why: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the image: ${why}`);
}

function refuseOther(wanted: string, why: string, hint: string): never {
  throw new LedgerError('SUBJECT_MISMATCH', `Cannot take the image for ${wanted}: ${why}`, { hint });
}

/** The manifest, the index and the configuration are read into memory. */
const documentBytesMax = 16 * 1024 * 1024;

/** Reads a tar archive, packed or not, that holds an OCI layout or what `docker save` writes. */
export async function readImageArchive(archive: Uint8Array | StoredBytes, options: ImageOptions = {}): Promise<Image> {
  const works: WorkBytes[] = [];
  const work = () => {
    const made = (options.work ?? workInMemory)();
    works.push(made);
    return made;
  };
  const { bytes } = await unpackStored(archive instanceof Uint8Array ? storedInMemory(archive) : archive, work);
  const members = new Map([...readTar(bytes)].filter(({ kind }) => kind === 'file').map(({ path, content }) => [path, content]));
  const image = await readImage((path) => members.get(path) ?? null, options);
  return {
    ...image,
    close() {
      image.close();
      for (const one of works) one.close();
    },
  };
}

/**
 * Reads an image whose platform is the only one, or the one wanted. Layers are unpacked into working files and read in places, so that
 * memory does not grow with them.
 *
 * Every blob is compared with the digest that names it: a layout is a stranger's, and a layer with another content is another image.
 *
 * @throws {LedgerError} INPUT_MALFORMED; SUBJECT_MISMATCH where no image of it has the digest that is wanted
 */
export async function readImage(read: ReadPath, { platform, digest, work = workInMemory }: ImageOptions = {}): Promise<Image> {
  const index = read('index.json');
  if (index !== null) return ociImage(read, objectOf(index, 'index.json'), work, { platform, digest });
  const manifest = read('manifest.json');
  return manifest === null ? refuse('neither index.json nor manifest.json is there') : dockerImage(read, readJson(wholeOf(manifest)), work, digest);
}

type Wanted = Pick<ImageOptions, 'platform' | 'digest'>;

async function ociImage(read: ReadPath, index: JsonObject, work: () => WorkBytes, wanted: Wanted): Promise<Image> {
  const blob = (digest: Json | undefined): StoredBytes => {
    if (typeof digest !== 'string' || !/^sha256:[0-9a-f]{64}$/.test(digest)) return refuse('a descriptor has no SHA-256 digest');
    const bytes = read(`blobs/sha256/${digest.slice(7)}`) ?? refuse(`${digest} is missing`);
    return digestOfStored(bytes) === digest.slice(7) ? bytes : refuse(`${digest} has another content`);
  };
  let descriptor = chosen(index, wanted);
  let manifest = objectOf(blob(descriptor.digest), 'a manifest');
  // An index may lead to an index of platforms, and no further.
  if (Array.isArray(manifest.manifests)) {
    if (descriptor.digest === wanted.digest) {
      refuseOther(wanted.digest as string, 'that is its index of platforms', `name one of its platforms: ${namesOf(imagesOf(manifest))}`);
    }
    descriptor = chosen(manifest, wanted);
    manifest = objectOf(blob(descriptor.digest), 'a manifest');
  }
  if (wanted.digest !== undefined && descriptor.digest !== wanted.digest) {
    refuseOther(wanted.digest, `it is ${String(descriptor.digest)}`, 'leave the digest out: an image has its own');
  }
  const config = isJsonObject(manifest.config) ? objectOf(blob(manifest.config.digest), 'a configuration') : refuse('the manifest names no configuration');
  const layers = Array.isArray(manifest.layers) ? manifest.layers : refuse('the manifest names no layers');
  return imageOf(String(descriptor.digest), config, layers.map((layer) => (isJsonObject(layer) ? blob(layer.digest) : refuse('a layer is no descriptor'))),
    work);
}

function chosen(index: JsonObject, { platform, digest }: Wanted): JsonObject {
  const images = imagesOf(index);
  const named = images.filter((one) => one.digest === digest);
  const fitting = (named.length > 0 ? named : images).filter((one) =>
    platform === undefined || !isJsonObject(one.platform) || (one.platform.os === platform.os && one.platform.architecture === platform.architecture));
  if (fitting.length > 1 && digest !== undefined) refuseOther(digest, `it holds ${fitting.length} images, and none is that`, `name one of ${namesOf(fitting)}`);
  if (fitting.length > 1) refuse(`it holds ${fitting.length} images: say which platform`);
  return fitting[0] ?? refuse('it holds no image of that platform');
}

/** Without what builders put beside them under an unknown platform, such as attestations. */
function imagesOf(index: JsonObject): JsonObject[] {
  const all = (Array.isArray(index.manifests) ? index.manifests : []).filter((one) => isJsonObject(one));
  return all.filter((one) => !(isJsonObject(one.platform) && one.platform.os === 'unknown'));
}

function namesOf(images: readonly JsonObject[]): string {
  const names = images.map(({ digest, platform }) =>
    `${clip(String(digest))}${isJsonObject(platform) ? ` (${clip(String(platform.os), 20)}/${clip(String(platform.architecture), 20)})` : ''}`);
  return `${names.slice(0, 8).join(', ')}${names.length > 8 ? ', …' : ''}`;
}

async function dockerImage(read: ReadPath, manifest: Json, work: () => WorkBytes, wanted: string | undefined): Promise<Image> {
  const [image, ...more] = Array.isArray(manifest) ? manifest : [];
  if (!isJsonObject(image) || more.length > 0) return refuse('manifest.json names not one image');
  const file = (path: Json | undefined) => (typeof path === 'string' ? (read(path) ?? refuse(`"${path}" is missing`)) : refuse('manifest.json names no file'));
  const config = file(image.Config);
  const digest = `sha256:${sha256Hex(wholeOf(config))}`;
  if (wanted !== undefined && digest !== wanted) {
    const hint = 'an archive of "docker save" without an index names its image by the configuration alone: give an OCI layout, which holds the manifest';
    refuseOther(wanted, `it is ${digest}`, hint);
  }
  const layers = Array.isArray(image.Layers) ? image.Layers.map(file) : refuse('manifest.json names no layers');
  return imageOf(digest, objectOf(config, 'the configuration'), layers, work);
}

async function imageOf(digest: string, config: JsonObject, blobs: readonly StoredBytes[], work: () => WorkBytes): Promise<Image> {
  const stated = isJsonObject(config.rootfs) && Array.isArray(config.rootfs.diff_ids) ? config.rootfs.diff_ids : [];
  const files = new LayeredFiles();
  const layers: string[] = [];
  const works: WorkBytes[] = [];
  const close = () => {
    for (const one of works) one.close();
  };
  const opening = () => {
    const made = work();
    works.push(made);
    return made;
  };
  try {
    for (const [i, blob] of blobs.entries()) {
      const { bytes, sha256 } = await unpackStored(blob, opening);
      const layer = `sha256:${sha256}`;
      if (stated[i] !== undefined && stated[i] !== layer) refuse(`layer ${i} is not the one its configuration names`);
      files.apply(layer, readTar(bytes));
      layers.push(layer);
    }
  } catch (error) {
    close();
    throw error;
  }
  return { digest, config, layers, files, close };
}

function objectOf(stored: StoredBytes, what: string): JsonObject {
  if (stored.size > documentBytesMax) return refuse(`${what} is too large`);
  const value = readJson(wholeOf(stored));
  return isJsonObject(value) ? value : refuse(`${what} is no JSON object`);
}
