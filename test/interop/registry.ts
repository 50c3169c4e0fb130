// An OCI registry for tests, on loopback and in memory: what syft pulls and cosign pushes (OCI distribution-spec 1.1).
import { createHash } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What of a manifest says that it refers to another. */
interface Referring {
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
  readonly annotations?: object;
  readonly config?: { readonly mediaType: string };
}

interface Manifest {
  readonly type: string;
  readonly bytes: Uint8Array;
}

export class Registry {
  readonly #blobs = new Map<string, Uint8Array>();
  /** By repository and digest, or tag. */
  readonly #manifests = new Map<string, Manifest>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<Registry> {
    const registry = new Registry();
    await new Promise<void>((resolve) => registry.#server.listen(0, '127.0.0.1', resolve));
    return registry;
  }

  /** `127.0.0.1:PORT`. */
  get host(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** @returns `sha256:…` */
  putBlob(bytes: Uint8Array): string {
    const digest = digestOf(bytes);
    this.#blobs.set(digest, bytes);
    return digest;
  }

  /** @returns `sha256:…` */
  putManifest(repository: string, type: string, bytes: Uint8Array, tag?: string): string {
    const digest = digestOf(bytes);
    for (const name of [digest, ...(tag === undefined ? [] : [tag])]) this.#manifests.set(`${repository}@${name}`, { type, bytes });
    return digest;
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://registry');
    const method = request.method ?? 'GET';
    const send = (status: number, bytes: Uint8Array = new Uint8Array(), headers: Record<string, string> = {}) => {
      response.writeHead(status, { 'content-length': String(bytes.length), ...headers });
      response.end(method === 'HEAD' ? undefined : bytes);
    };
    const body = await bodyOf(request);
    if (pathname === '/v2/') return send(200);
    const [, repository, kind, name] = /^\/v2\/(.+)\/(blobs\/uploads|blobs|manifests|referrers)\/(.*)$/.exec(pathname) ?? [];
    if (repository === undefined || name === undefined) return send(404);
    if (kind === 'blobs/uploads') {
      // An upload is begun, sent in one piece or several, and closed with its digest.
      const key = `upload ${name === '' ? this.#blobs.size : name}`;
      const before = this.#blobs.get(key) ?? new Uint8Array();
      const all = new Uint8Array([...before, ...body]);
      const digest = searchParams.get('digest');
      if (digest === null) {
        this.#blobs.set(key, all);
        const location = `/v2/${repository}/blobs/uploads/${key.slice('upload '.length)}`;
        return send(202, new Uint8Array(), { location, range: `0-${Math.max(0, all.length - 1)}` });
      }
      this.#blobs.delete(key);
      if (digestOf(all) !== digest) return send(400);
      this.putBlob(all);
      return send(201, new Uint8Array(), { location: `/v2/${repository}/blobs/${digest}`, 'docker-content-digest': digest });
    }
    if (kind === 'referrers') {
      return send(200, encode({ schemaVersion: 2, mediaType: INDEX, manifests: this.#referrers(repository, name) }), { 'content-type': INDEX });
    }
    if (kind === 'manifests' && method === 'PUT') {
      const type = request.headers['content-type'] ?? '';
      const digest = this.putManifest(repository, type, body, name);
      const subject = (JSON.parse(new TextDecoder().decode(body)) as { subject?: { digest: string } }).subject?.digest;
      const location = `/v2/${repository}/manifests/${digest}`;
      return send(201, new Uint8Array(), { location, 'docker-content-digest': digest, ...(subject === undefined ? {} : { 'oci-subject': subject }) });
    }
    const found = kind === 'blobs' ? this.#blobs.get(name) : this.#manifests.get(`${repository}@${name}`);
    if (found === undefined) {
      return send(404, encode({ errors: [{ code: kind === 'blobs' ? 'BLOB_UNKNOWN' : 'MANIFEST_UNKNOWN' }] }), { 'content-type': 'application/json' });
    }
    const [bytes, type] = found instanceof Uint8Array ? [found, 'application/octet-stream'] : [found.bytes, found.type];
    return send(200, bytes, { 'content-type': type, 'docker-content-digest': digestOf(bytes) });
  }

  #referrers(repository: string, digest: string): object[] {
    const all = [...this.#manifests].filter(([key]) => key.startsWith(`${repository}@sha256:`));
    return all.flatMap(([, { type, bytes }]) => {
      const manifest = JSON.parse(new TextDecoder().decode(bytes)) as Referring;
      if (manifest.subject?.digest !== digest) return [];
      const { artifactType = manifest.config?.mediaType, annotations } = manifest;
      return [{ mediaType: type, digest: digestOf(bytes), size: bytes.length, artifactType, annotations }];
    });
  }
}

const INDEX = 'application/vnd.oci.image.index.v1+json';

const encode = (value: object) => new TextEncoder().encode(JSON.stringify(value));

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

async function bodyOf(request: IncomingMessage): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  for await (const piece of request) pieces.push(piece as Uint8Array);
  const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    all.set(piece, at);
    at += piece.length;
  }
  return all;
}
