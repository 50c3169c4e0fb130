// A ledger with payloads and secrets in memory, and documents to add to it.
import { generateKeyPairSync } from 'node:crypto';
import { readLedgerTrust } from '../../actions/ledger-trust.ts';
import { readEvidence } from '../../actions/read-evidence.ts';
import { recordEvidence, type Evidence, type RecordedEvidence } from '../../actions/record-evidence.ts';
import { concatBytes, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { decodeEvent, type Event } from '../../ledger/events/index.ts';
import type { Log } from '../../ledger/log/log.ts';
import type { PayloadStore } from '../../ledger/store/payloads.ts';
import type { SecretStore } from '../../ledger/store/secrets.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { authorKeyOf, signJson, type AuthorKey } from '../../verify/sigstore/index.ts';
import { by, checkLog, rekorSigner, sha256, World } from '../log/kit.ts';

export function memoryPayloads(): PayloadStore & { readonly held: Map<string, Uint8Array> } {
  const held = new Map<string, Uint8Array>();
  const sealed = new Map<string, Uint8Array>();
  const stage: PayloadStore['stage'] = async (bytes) => {
    const pieces: Uint8Array[] = [];
    for await (const piece of bytes) pieces.push(piece);
    const all = concatBytes(...pieces);
    return { digest: sha256(all), size: all.length, keep: async () => void held.set(formatHex(sha256(all)), all), drop: async () => {} };
  };
  return {
    held,
    stage,
    async reserve() {
      let all: Uint8Array = new Uint8Array(0);
      return {
        write: (pieces) => void (all = concatBytes(...pieces)),
        flush() {},
        keep: async (digest) => {
          held.set(formatHex(digest), all);
          return { digest, size: all.length };
        },
        drop: async () => {},
      };
    },
    async put(bytes) {
      const { digest, size, keep } = await stage(bytes, Number.POSITIVE_INFINITY);
      await keep();
      return { digest, size };
    },
    async *get(digest) {
      const found = held.get(formatHex(digest));
      if (found === undefined) throw new LedgerError('PAYLOAD_MISSING', 'Cannot read payload: it is not here');
      yield found;
    },
    async look(digest, look) {
      const found = held.get(formatHex(digest));
      if (found === undefined) throw new LedgerError('PAYLOAD_MISSING', 'Cannot read payload: it is not here');
      const lent = found.slice();
      try {
        return look(lent);
      } finally {
        // Whoever keeps a view of it shall see that.
        lent.fill(0xff);
      }
    },
    has: async (digest) => held.has(formatHex(digest)),
    async openAt(digest) {
      const found = held.get(formatHex(digest));
      if (found === undefined) throw new LedgerError('PAYLOAD_MISSING', 'Cannot read payload: it is not here');
      const read = (offset: number, length: number) => found.slice(offset, offset + length);
      return { size: found.length, read, readInto: (offset, bytes) => bytes.set(read(offset, bytes.length)), close: () => undefined };
    },
    nameSealed: async (commitment, digest) => void sealed.set(formatHex(commitment), digest),
    findSealed: async (commitment) => sealed.get(formatHex(commitment)) ?? null,
    unnameSealed: async (commitment) => void sealed.delete(formatHex(commitment)),
    remove: async (digest) => held.delete(formatHex(digest)),
    async *list() {
      for (const name of held.keys()) yield parseHex(name);
    },
    tidy: async () => 0,
  };
}

export function memorySecrets(): SecretStore & { readonly held: Map<string, Uint8Array> } {
  const held = new Map<string, Uint8Array>();
  const noted = new Map<string, number>();
  return {
    held,
    noteErasure: async (commitment, entry) => void noted.set(formatHex(commitment), entry),
    notedErasures: async () => [...noted].map(([name, entry]) => ({ commitment: parseHex(name), entry })),
    forgetErasure: async (commitment) => void noted.delete(formatHex(commitment)),
    put: async (commitment, secret) => void held.set(formatHex(commitment), secret),
    get: async (commitment) => held.get(formatHex(commitment)) ?? null,
    destroy: async (commitment) => held.delete(formatHex(commitment)),
    async *list() {
      for (const name of held.keys()) yield parseHex(name);
    },
  };
}

/** One ledger, and what a user does with it. */
export class Bench {
  readonly world: World;
  readonly payloads;
  readonly secrets;
  readonly pepper = new Uint8Array(32).fill(7);
  #random = 0;
  readonly log: Log;

  constructor(log: Log, world: World, { payloads = memoryPayloads(), secrets = memorySecrets() } = {}) {
    this.log = log;
    this.world = world;
    this.payloads = payloads;
    this.secrets = secrets;
  }

  static async begin(kinds: ('raw' | 'event' | 'rekor')[] = ['event']): Promise<Bench> {
    const world = new World();
    return new Bench(await world.create({}, kinds), world);
  }

  random = (count: number) => new Uint8Array(count).fill((this.#random += 1));

  get stores() {
    const { log, payloads, secrets, pepper, random } = this;
    return { log, payloads, secrets, pepper, random };
  }

  /** Documents of the log as it is when they are asked for. */
  get documents(): Pick<DocumentReader, 'all'> {
    return { all: (name) => new DocumentReader(this.log.published.size, this.log, null).all(name) };
  }

  get rekor() {
    return { log: this.log, rekorSigner, now: this.world.clock.now };
  }

  readTrust = () => readLedgerTrust(this.stores);

  async add(evidence: readonly (Partial<Evidence> & { text: string })[], key: string | null = null): Promise<RecordedEvidence[]> {
    const ports = { ...this.stores, trust: await this.readTrust(), reader: { read: readEvidence, close: async () => {} }, now: this.world.clock.now };
    const all = evidence.map(({ text, ...more }) => ({ bytes: [encodeUtf8(text)], media: 'application/json', subjects: [], ...more }));
    return recordEvidence(ports, all, by, key);
  }

  /** Adds one document and gives what was recorded of it. */
  async addOne(text: string, more: Partial<Evidence> = {}): Promise<RecordedEvidence> {
    return (await this.add([{ text, ...more }]))[0] as RecordedEvidence;
  }

  async event(index: number): Promise<Event> {
    return decodeEvent(await this.log.entry(index));
  }

  /** The events after `from`, by type. */
  async types(from = 1): Promise<string[]> {
    const types = [];
    for (let i = from; i < this.log.published.size; i++) types.push((await this.event(i)).type);
    return types;
  }

  check = () => checkLog(this.log);
}

export const image = 'a1'.repeat(32);
export const imageDigest = ['sha256', parseHex(image)] as const;
export const other = 'b2'.repeat(32);
export const otherDigest = ['sha256', parseHex(other)] as const;

/** @param more - members of the document */
export function cyclonedx(more: object = {}): string {
  const component = { type: 'container', name: 'app', version: `sha256:${image}`, 'bom-ref': 'root' };
  return JSON.stringify({
    bomFormat: 'CycloneDX', specVersion: '1.6', metadata: { component },
    components: [{ type: 'library', name: 'zlib', version: '1.3.1', 'bom-ref': 'z' }], ...more,
  });
}

export function newKey(): { author: AuthorKey; pem: string } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const author = authorKeyOf(privateKey.export({ format: 'pem', type: 'pkcs8' }).toString());
  return { author, pem: publicKey.export({ format: 'pem', type: 'spki' }).toString() };
}

export async function attestation(author: AuthorKey, predicate: object = {}, subjects: readonly string[] = [image]): Promise<string> {
  const subject = subjects.map((hex) => ({ digest: { sha256: hex } }));
  const statement = { _type: 'https://in-toto.io/Statement/v1', subject, predicateType: 'https://example.org/checked/v1', predicate };
  return JSON.stringify(await signJson(statement as never, [author]));
}
