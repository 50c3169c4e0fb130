// A ledger for tests: its ports under the test's hand, drafts by number, and one check that re-reads and re-verifies everything.
import { hash } from 'node:crypto';
import { expect } from 'vitest';
import { encodeUtf8, equalBytes, formatHex } from '../../ledger/bytes.ts';
import { decodeEvent, kindOf, prepareDraft, type Actor, type Draft, type NewEvent, type Once } from '../../ledger/events/index.ts';
import { keyRecordOf } from '../../ledger/log/control.ts';
import { createLog, openLog, type Log, type LogPorts } from '../../ledger/log/log.ts';
import type { LogView } from '../../ledger/log/view.ts';
import { nativeSigner } from '../../ledger/log/signing.ts';
import { leafHash, Frontier, verifyConsistency, verifyInclusion } from '../../ledger/merkle/index.ts';
import { p256Signer, parseCheckpoint, verifyEd25519, verifyNote, type Signer } from '../../ledger/note/index.ts';
import { openMemoryAnchor, type Anchor } from '../../ledger/store/anchor.ts';
import { emptyState, openMemory, type MemoryState } from '../../ledger/store/memory.ts';

export const origin = 'ledger.example';
export const person = new Uint8Array(16).fill(9);
export const by: Actor = { kind: 'person', auth: 'token', person };
export const sha256 = (bytes: Uint8Array) => new Uint8Array(hash('sha256', bytes, 'buffer'));
export const digestOf = (name: string) => ['sha256', sha256(encodeUtf8(name))] as const;

export const seedOf = (number: number) => new Uint8Array(32).fill(number);
/** The P-256 key of a ledger that takes Rekor entries. */
export const rekorSigner = p256Signer(origin, seedOf(11));
export const signerOf = (number: number): Signer => nativeSigner(origin, seedOf(number));

export function genesis(signer: Signer, kinds: ('raw' | 'event' | 'rekor')[] = ['event']): NewEvent<'ledger.created'> {
  const keys = [keyRecordOf(signer), ...(kinds.includes('rekor') ? [keyRecordOf(rekorSigner)] : [])];
  const data = { format: 1, ledger: new Uint8Array(16).fill(3), origin, hash: 'sha256' as const, kinds, treeId: new Uint8Array(8).fill(5), keys };
  return { type: 'ledger.created', by: { kind: 'ledger', auth: 'self' }, data };
}

/** A document about `subjects`; the same document and subjects are the same evidence. */
export function documentOf(document: string, subjects: readonly string[], more: { once?: Once; by?: Actor } = {}): Draft {
  const payload = { role: 'document', size: document.length, media: 'text/plain', digest: digestOf(document) };
  const digests = subjects.map(digestOf).sort((a, b) => (formatHex(a[1]) < formatHex(b[1]) ? -1 : 1));
  return prepareDraft({ type: 'document.stored', by, data: { subjects: digests }, payloads: [payload], ...more }, sha256);
}

export function onceOf(key: string, request: string): Once {
  return { key: sha256(encodeUtf8(key)).slice(0, 16), request: sha256(encodeUtf8(request)).slice(0, 16) };
}

export function streamOf(subject: string): string {
  return `artifact:sha256:${formatHex(digestOf(subject)[1])}`;
}

/** A wall clock and a monotonic one that move together until a test sets one of them. */
export class TestClock {
  wall = Date.UTC(2026, 10, 21);
  steady = 5_000;
  now = () => this.wall;
  monotonic = () => this.steady;
  pass(ms: number): void {
    this.wall += ms;
    this.steady += ms;
  }
}

/** One ledger's world: what survives a process (store, anchor) and what does not. */
export class World {
  state: MemoryState = emptyState();
  held: { anchor: Anchor | null } = { anchor: null };
  clock = new TestClock();
  signer = signerOf(1);
  starts = 0;

  ports(more: Partial<LogPorts> = {}): LogPorts {
    return {
      store: openMemory(this.state), anchor: openMemoryAnchor(this.held), signer: this.signer, clock: this.clock,
      random: (count) => new Uint8Array(count).fill((this.starts += 1)), ...more,
    };
  }

  create(more: Partial<LogPorts> = {}, kinds: ('raw' | 'event' | 'rekor')[] = ['event']): Promise<Log> {
    return createLog(this.ports(more), genesis(this.signer, kinds));
  }

  open(more: Partial<LogPorts> = {}): Promise<Log> {
    return openLog(this.ports(more));
  }

  /** A deep copy of what is on the disk, as a backup has it. */
  copyState(): MemoryState {
    return structuredClone(this.state);
  }
}

/** Re-reads and re-verifies everything a reader can get of a log, with nothing of the log's own code but its answers. */
export async function checkLog(log: LogView, signer: Signer = signerOf(1)): Promise<void> {
  const { size, root, note } = log.published;
  const checkpoint = parseCheckpoint(note);
  expect({ origin: checkpoint.origin, size: checkpoint.size, root: formatHex(checkpoint.root) }).toEqual({ origin, size, root: formatHex(root) });
  const { verified, failed } = verifyNote(checkpoint.note, [signer.key], { ed25519: verifyEd25519 });
  expect({ verified: verified.map(({ key }) => key.id), failed }).toEqual({ verified: [signer.key.id], failed: [] });
  const tree = new Frontier();
  const heads = new Map<string, { version: number; index: number }>();
  const leaves: Uint8Array[] = [];
  let time = 0;
  for await (const entry of log.entries()) {
    const index = tree.size;
    leaves.push(leafHash(entry));
    tree.append(leafHash(entry));
    if (kindOf(entry) !== 'event') continue;
    const event = decodeEvent(entry);
    if (event.type !== 'ledger.clock_set') expect(event.at).toBeGreaterThanOrEqual(time);
    time = event.at;
    for (const tag of event.streams) {
      const before = heads.get(tag.name);
      expect({ version: tag.version, prev: tag.prev }).toEqual({ version: (before?.version ?? 0) + 1, prev: before?.index });
      heads.set(tag.name, { version: tag.version, index });
    }
  }
  expect(tree.size).toBe(size);
  expect(equalBytes(tree.root(), root)).toBe(true);
  for (const [name, head] of heads) expect(await log.head(name)).toEqual(head);
  for (const index of new Set([0, Math.floor(size / 3), size - 1])) {
    const proof = await log.proveInclusion(index);
    expect(verifyInclusion(index, size, leaves[index] as Uint8Array, proof, root)).toEqual({ ok: true });
  }
  for (const older of new Set([1, Math.ceil(size / 2), size])) {
    const proof = await log.proveConsistency(older);
    expect(verifyConsistency(older, size, await log.rootAt(older), root, proof)).toEqual({ ok: true });
  }
}
