// A ledger for measuring: on disk, flushed, anchored in a file, its second engine on, as `stella` opens it.
import { hash, randomBytes } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareDraft, type Digest, type NewEvent } from '../ledger/events/index.ts';
import type { Command } from '../ledger/log/command.ts';
import { startCommitThread } from '../ledger/log/committer.ts';
import { keyRecordOf } from '../ledger/log/control.ts';
import { sha256 } from '../ledger/log/engine.ts';
import { createLog, openLog, type Log, type LogPorts } from '../ledger/log/log.ts';
import { nativeSigner } from '../ledger/log/signing.ts';
import type { Signer } from '../ledger/note/index.ts';
import { openFileAnchor } from '../ledger/store/anchor-file.ts';
import { openSqlite } from '../ledger/store/sqlite.ts';
import { LiveProjector, projectionTables } from '../projections/tables.ts';

const origin = 'bench.example';

/** A ledger in a directory of its own. `thread` commits beside this thread, as `stella serve` does. */
export class BenchLedger {
  readonly directory = mkdtempSync(join(tmpdir(), 'stella-bench-'));

  /** @param projected - with the live tables, as every command that writes opens it */
  ports(thread: boolean, projected = false): LogPorts {
    const store = openSqlite(this.directory, projected ? { tables: projectionTables } : {});
    return {
      store, ...(projected ? { projector: new LiveProjector(store) } : {}), anchor: openFileAnchor(join(this.directory, 'anchor')),
      signer: nativeSigner(origin, new Uint8Array(32).fill(1)),
      clock: { now: Date.now, monotonic: () => performance.now() }, random: (count) => new Uint8Array(randomBytes(count)),
      ...(thread ? { committer: startCommitThread(this.directory, projected ? projectionTables : []) } : {}),
    };
  }

  create(thread: boolean, kinds: 'raw' | 'event' = 'event', projected = false): Promise<Log> {
    const ports = this.ports(thread, projected);
    return createLog(ports, this.genesis(ports.signer, kinds));
  }

  genesis(signer: Signer, kinds: 'raw' | 'event' = 'event'): NewEvent<'ledger.created'> {
    const data = {
      format: 1, ledger: new Uint8Array(16), origin, hash: 'sha256' as const, kinds: [kinds], treeId: new Uint8Array(8), keys: [keyRecordOf(signer)],
    };
    return { type: 'ledger.created', by: { kind: 'ledger', auth: 'self' }, data };
  }

  open(thread: boolean): Promise<Log> {
    return openLog(this.ports(thread));
  }

  async remove(): Promise<void> {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

const artifactCount = 100_000;
const resentShare = 0.01;

/** Distinct events, each in two streams over 100,000 artifacts; one in a hundred was sent before, at any time. */
export class Events {
  readonly #artifacts = Array.from({ length: artifactCount }, (_, i) => sha256(Uint8Array.of(i >>> 16, i >>> 8, i)));
  readonly #person = new Uint8Array(16).fill(9);
  #count = 0;
  #random = 20_261_121;

  /** Fresh events made so far. */
  get count(): number {
    return this.#count;
  }

  command(): Command {
    const again = this.#count > 100 && this.#next() < resentShare;
    return this.numbered(again ? Math.floor(this.#next() * this.#count) : this.#count++);
  }

  /** The same number is the same event. */
  numbered(number: number): Command {
    const document = new Uint8Array(32);
    for (let i = 0; i < 4; i++) document[i] = number >>> (24 - 8 * i);
    document[31] = 1;
    const a = Math.imul(number, 2_654_435_761) >>> 0;
    const first = this.#artifacts[a % artifactCount] as Uint8Array;
    const second = this.#artifacts[(a + 1 + (number % 997)) % artifactCount] as Uint8Array;
    const subjects: Digest<'sha256'>[] = before(first, second) ? [['sha256', first], ['sha256', second]] : [['sha256', second], ['sha256', first]];
    const event: NewEvent<'document.stored'> = {
      type: 'document.stored', by: { kind: 'service', auth: 'token', person: this.#person }, data: { subjects },
      payloads: [{ role: 'document', size: 12_345, media: 'application/json', digest: ['sha256', document] }],
    };
    return { drafts: [prepareDraft(event, sha256)] };
  }

  // A small generator of our own: the same events on every machine.
  #next(): number {
    this.#random = (Math.imul(this.#random, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#random / 2 ** 32;
  }
}

function before(a: Uint8Array, b: Uint8Array): boolean {
  for (let i = 0; i < 32; i++) if (a[i] !== b[i]) return (a[i] as number) < (b[i] as number);
  return false;
}

/** What this machine can do at all: flushes of 4 KiB in place a second, and SHA-256 of 549 bytes a second on one core. */
export function machineRates(seconds: number): { flushes: number; hashes: number } {
  const directory = mkdtempSync(join(tmpdir(), 'stella-bench-'));
  const handle = openSync(join(directory, 'flush'), 'w');
  const page = new Uint8Array(4096).fill(1);
  writeSync(handle, page, 0, page.length, 0);
  const flushes = rate(seconds, () => {
    writeSync(handle, page, 0, page.length, 0);
    fdatasyncSync(handle);
  });
  closeSync(handle);
  rmSync(directory, { recursive: true });
  const entry = new Uint8Array(549).fill(7);
  return { flushes, hashes: 1000 * rate(seconds, () => {
    for (let i = 0; i < 1000; i++) hash('sha256', entry, 'hex');
  }) };
}

function rate(seconds: number, call: () => void): number {
  const end = performance.now() + 1000 * seconds;
  let calls = 0;
  const start = performance.now();
  while (performance.now() < end) {
    call();
    calls += 1;
  }
  return (1000 * calls) / (performance.now() - start);
}

/** The middle and the 99th of a hundred. */
export function percentiles(values: number[]): { p50: number; p99: number } {
  const sorted = values.sort((a, b) => a - b);
  return { p50: sorted[Math.floor(sorted.length / 2)] as number, p99: sorted[Math.floor(sorted.length * 0.99)] as number };
}
