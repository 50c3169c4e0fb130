// Archives, images and package databases made for tests, by other code than the readers'.
import { createHash } from 'node:crypto';
import Database from 'better-sqlite3';
import { concatBytes, encodeUtf8 } from '../../../ledger/bytes.ts';

export interface Member {
  path: string;
  content?: string | Uint8Array;
  link?: string;
  type?: string;
  mode?: number;
}

export const bytesOf = (content: string | Uint8Array): Uint8Array => (typeof content === 'string' ? encodeUtf8(content) : content);

export function tar(members: readonly Member[]): Uint8Array {
  const parts = members.flatMap(({ path, content = '', link = '', type, mode = 0o644 }) => {
    const bytes = bytesOf(content);
    const long = path.length > 100 ? [tarBlock('././@LongLink', encodeUtf8(`${path}\0`), 'L', '', 0o644)] : [];
    return [...long, tarBlock(path.slice(0, 100), bytes, type ?? (link === '' ? '0' : '2'), link, mode)];
  });
  return concatBytes(...parts, new Uint8Array(1024));
}

function tarBlock(path: string, bytes: Uint8Array, type: string, link: string, mode: number): Uint8Array {
  const header = new Uint8Array(512);
  const put = (at: number, text: string) => header.set(encodeUtf8(text), at);
  put(0, path);
  put(100, mode.toString(8).padStart(7, '0'));
  put(124, bytes.length.toString(8).padStart(11, '0'));
  put(148, '        ');
  put(156, type);
  put(157, link);
  put(257, 'ustar\x0000');
  put(148, header.reduce((sum, byte) => sum + byte, 0).toString(8).padStart(6, '0'));
  header[154] = 0;
  return concatBytes(header, bytes, new Uint8Array((512 - (bytes.length % 512)) % 512));
}

export const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

/** An OCI layout in a tar archive. @param pack - how a layer's bytes are stored */
export function ociArchive(layers: readonly Uint8Array[], config: object = {}, pack: (layer: Uint8Array) => Uint8Array = (layer) => layer): Member[] {
  const blobs = new Map<string, Uint8Array>();
  const add = (bytes: Uint8Array) => {
    blobs.set(sha256(bytes), bytes);
    return { digest: `sha256:${sha256(bytes)}`, size: bytes.length };
  };
  const json = (value: object) => encodeUtf8(JSON.stringify(value));
  const stored = layers.map((layer) => add(pack(layer)));
  const configured = add(json({ ...config, rootfs: { type: 'layers', diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) } }));
  const manifest = add(json({ schemaVersion: 2, config: configured, layers: stored }));
  return [
    { path: 'oci-layout', content: '{"imageLayoutVersion":"1.0.0"}' },
    { path: 'index.json', content: json({ schemaVersion: 2, manifests: [{ ...manifest, platform: { os: 'linux', architecture: 'amd64' } }] }) },
    ...[...blobs].map(([digest, content]) => ({ path: `blobs/sha256/${digest}`, content })),
  ];
}

export interface Rpm {
  name: string;
  version: string;
  release: string;
  epoch?: number;
  source?: string;
  files?: readonly string[];
}

/** A header as rpm's databases keep it: entries sorted by tag, data behind them. */
export function rpmHeader({ name, version, release, epoch, source, files = [] }: Rpm): Uint8Array {
  const folders = [...new Set(files.map((file) => file.slice(0, file.lastIndexOf('/') + 1)))];
  const values: [tag: number, type: number, values: readonly (string | number)[]][] = [
    [1000, 6, [name]], [1001, 6, [version]], [1002, 6, [release]], ...(epoch === undefined ? [] : [[1003, 4, [epoch]] as [number, number, number[]]]),
    [1022, 6, ['x86_64']], [1044, 6, [source ?? `${name}-${version}-${release}.src.rpm`]],
    [1116, 4, files.map((file) => folders.indexOf(file.slice(0, file.lastIndexOf('/') + 1)))],
    [1117, 8, files.map((file) => file.slice(file.lastIndexOf('/') + 1))], [1118, 8, folders],
  ];
  const entries: Uint8Array[] = [];
  let data: Uint8Array = new Uint8Array();
  for (const [tag, type, list] of values.filter(([, , all]) => all.length > 0)) {
    if (type === 4) data = concatBytes(data, new Uint8Array((4 - (data.length % 4)) % 4));
    const entry = new DataView(new ArrayBuffer(16));
    [tag, type, data.length, list.length].forEach((number, i) => entry.setUint32(4 * i, number));
    entries.push(new Uint8Array(entry.buffer));
    for (const value of list) {
      const number = new DataView(new ArrayBuffer(4));
      if (typeof value === 'number') number.setUint32(0, value);
      data = concatBytes(data, typeof value === 'number' ? new Uint8Array(number.buffer) : encodeUtf8(`${value}\0`));
    }
  }
  const counts = new DataView(new ArrayBuffer(8));
  counts.setUint32(0, entries.length);
  counts.setUint32(4, data.length);
  return concatBytes(new Uint8Array(counts.buffer), ...entries, data);
}

/** By SQLite itself. */
export function rpmSqlite(headers: readonly Uint8Array[]): Uint8Array {
  const database = new Database(':memory:');
  database.exec("CREATE TABLE 'Name' (key TEXT, hnum INTEGER); CREATE TABLE 'Packages' (hnum INTEGER PRIMARY KEY AUTOINCREMENT, blob BLOB NOT NULL)");
  const insert = database.prepare('INSERT INTO Packages (blob) VALUES (?)');
  for (const header of headers) insert.run(header);
  const bytes = new Uint8Array(database.serialize());
  database.close();
  return bytes;
}

/** ndb: a page of slots, blobs in 16-byte blocks behind it. */
export function rpmNdb(headers: readonly Uint8Array[]): Uint8Array {
  const page = new DataView(new ArrayBuffer(4096));
  const put = (at: number, text: string) => encodeUtf8(text).forEach((byte, i) => page.setUint8(at + i, byte));
  put(0, 'RpmP');
  page.setUint32(12, 1, true);
  const blobs: Uint8Array[] = [];
  let block = 256;
  for (let slot = 2; slot < 256; slot++) {
    put(16 * slot, 'Slot');
    const header = headers[slot - 2];
    if (header === undefined) continue;
    const head = new DataView(new ArrayBuffer(16));
    encodeUtf8('BlbS').forEach((byte, i) => head.setUint8(i, byte));
    head.setUint32(4, slot, true);
    head.setUint32(12, header.length, true);
    const blob = concatBytes(new Uint8Array(head.buffer), header, new Uint8Array((16 - (header.length % 16)) % 16));
    page.setUint32(16 * slot + 4, slot, true);
    page.setUint32(16 * slot + 8, block, true);
    page.setUint32(16 * slot + 12, blob.length / 16, true);
    blobs.push(blob);
    block += blob.length / 16;
  }
  return concatBytes(new Uint8Array(page.buffer), ...blobs);
}

/** A Berkeley DB hash of one bucket page: small headers on the page, larger ones in chains of pages behind it. */
export function rpmBerkeley(headers: readonly Uint8Array[], little = true): Uint8Array {
  const pageSize = 4096;
  const pages: DataView[] = [0, 1].map(() => new DataView(new ArrayBuffer(pageSize)));
  const [meta, bucket] = pages as [DataView, DataView];
  const offsets: number[] = [];
  let end = pageSize;
  const item = (bytes: Uint8Array) => {
    end -= bytes.length;
    bytes.forEach((byte, i) => bucket.setUint8(end + i, byte));
    offsets.push(end);
  };
  const number = (value: number) => {
    const view = new DataView(new ArrayBuffer(4));
    view.setUint32(0, value, little);
    return new Uint8Array(view.buffer);
  };
  const pair = (key: number, value: Uint8Array) => {
    item(concatBytes(Uint8Array.of(1), number(key)));
    if (value.length < 300) return item(concatBytes(Uint8Array.of(1), value));
    const first = pages.length;
    for (let at = 0; at < value.length; at += pageSize - 26) {
      const page = new DataView(new ArrayBuffer(pageSize));
      const part = value.subarray(at, at + pageSize - 26);
      page.setUint32(16, at + part.length < value.length ? pages.length + 1 : 0, little);
      page.setUint16(22, part.length, little);
      page.setUint8(25, 7);
      part.forEach((byte, i) => page.setUint8(26 + i, byte));
      pages.push(page);
    }
    item(concatBytes(Uint8Array.of(3, 0, 0, 0), number(first), number(value.length)));
  };
  pair(0, number(headers.length));
  headers.forEach((header, i) => pair(i + 1, header));
  bucket.setUint16(20, offsets.length, little);
  bucket.setUint8(25, 13);
  offsets.forEach((offset, i) => bucket.setUint16(26 + 2 * i, offset, little));
  meta.setUint32(12, 0x00061561, little);
  meta.setUint32(20, pageSize, little);
  meta.setUint32(32, pages.length - 1, little);
  return concatBytes(...pages.map(({ buffer }) => new Uint8Array(buffer as ArrayBuffer)));
}

/** An ELF file with nothing but a `.go.buildinfo` section as Go 1.18 and later write it. */
export function goBinary(version: string, modules: string): Uint8Array {
  const mark = 'm'.repeat(16);
  const varint = (length: number) => Uint8Array.from(length < 128 ? [length] : [(length & 0x7f) | 0x80, length >> 7]);
  const text = (value: string) => concatBytes(varint(value.length), encodeUtf8(value));
  const head = concatBytes(Uint8Array.of(0xff), encodeUtf8(' Go buildinf:'), Uint8Array.of(8, 2), new Uint8Array(16));
  const info = concatBytes(head, text(version), text(`${mark}${modules}${mark}`));
  const names = encodeUtf8('\0.shstrtab\0.go.buildinfo\0');
  const [infoAt, namesAt] = [64, 64 + Math.ceil(info.length / 16) * 16];
  const sectionsAt = namesAt + 32;
  const bytes = new Uint8Array(sectionsAt + 3 * 64);
  const view = new DataView(bytes.buffer);
  bytes.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setBigUint64(40, BigInt(sectionsAt), true);
  view.setUint16(54, 56, true);
  view.setUint16(58, 64, true);
  view.setUint16(60, 3, true);
  view.setUint16(62, 1, true);
  bytes.set(info, infoAt);
  bytes.set(names, namesAt);
  const section = (i: number, name: number, at: number, size: number) => {
    view.setUint32(sectionsAt + 64 * i, name, true);
    view.setBigUint64(sectionsAt + 64 * i + 24, BigInt(at), true);
    view.setBigUint64(sectionsAt + 64 * i + 32, BigInt(size), true);
  };
  section(1, 1, namesAt, names.length);
  section(2, 11, infoAt, info.length);
  return bytes;
}
