// A ledger on disk for crash tests: opened as the command line opens it, but for a fixed key instead of a passphrase.
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { initLedger } from '../../actions/init-ledger.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { prepareDraft, type Draft } from '../../ledger/events/index.ts';
import { startCommitThread } from '../../ledger/log/committer.ts';
import { sha256 } from '../../ledger/log/engine.ts';
import { fsck, type FsckSummary } from '../../ledger/log/fsck.ts';
import { openLog, type Log, type LogPorts } from '../../ledger/log/log.ts';
import { nativeSigner } from '../../ledger/log/signing.ts';
import type { At } from '../../ledger/log/steps.ts';
import type { Fault } from '../../ledger/store/port.ts';
import { openFileAnchor } from '../../ledger/store/anchor-file.ts';
import { openPayloads, type PayloadStore } from '../../ledger/store/payloads.ts';
import { openSqlite, type SqliteOptions } from '../../ledger/store/sqlite.ts';
import { checkTables } from '../../projections/check-tables.ts';
import { LiveProjector, projectionTables } from '../../projections/tables.ts';

const origin = 'crash.ledger.test';
export const signer = nativeSigner(origin, new Uint8Array(32).fill(7));

/** A ledger as `serve --write` has it: with live tables, and a thread that commits. */
export async function openBusyPlace(directory: string, anchor: string, at?: At): Promise<Log> {
  const ports = portsOf(directory, anchor, at, { tables: projectionTables });
  return openLog({ ...ports, projector: new LiveProjector(ports.store), committer: startCommitThread(directory, projectionTables) });
}

function portsOf(directory: string, anchor: string, at?: At, options: SqliteOptions = {}): LogPorts {
  return {
    store: openSqlite(directory, options),
    anchor: openFileAnchor(anchor),
    signer,
    clock: { now: () => Date.now(), monotonic: () => performance.now() },
    random: (count) => crypto.getRandomValues(new Uint8Array(count)),
    ...(at === undefined ? {} : { at }),
  };
}

export async function makePlace(directory: string, anchor: string): Promise<void> {
  const identity = { ledger: new Uint8Array(16).fill(1), origin, kinds: ['event'] as const };
  await (await initLedger(portsOf(directory, anchor), identity)).close();
}

export async function openPlace(directory: string, anchor: string, at?: At, options: SqliteOptions = {}): Promise<{ log: Log; payloads: PayloadStore }> {
  return { log: await openLog(portsOf(directory, anchor, at, options)), payloads: openPayloads(join(directory, 'payloads')) };
}

/** A document's payload, durable, and then its draft: the order that the product keeps. */
export async function documentDraft(payloads: PayloadStore, content: string): Promise<Draft> {
  const payload = await payloads.put([encodeUtf8(content)], 1 << 20);
  const digest = ['sha256', payload.digest] as const;
  const reference = { role: 'document', size: payload.size, media: 'text/plain', digest };
  return prepareDraft({ type: 'document.stored', by: { kind: 'public', auth: 'none' }, data: { subjects: [digest] }, payloads: [reference] }, sha256);
}

/** An event without a payload, which moves the document of one of 50 artifacts. */
export function assignedDraft(number: number): Draft {
  const data = { name: `contract-${number}`, subjects: [['sha256', new Uint8Array(32).fill(number % 50)] as const] };
  return prepareDraft({ type: 'contract.assigned', by: { kind: 'ledger', auth: 'self' }, data }, sha256);
}

/** What is wrong with the live tables. */
export async function tableFaultsIn(directory: string): Promise<Fault[]> {
  const store = openSqlite(directory, { readOnly: true });
  const faults: Fault[] = [];
  try {
    const head = await store.head();
    for await (const fault of checkTables(store, head === null ? 0 : head.start + head.count)) faults.push(fault);
  } finally {
    await store.close();
  }
  return faults;
}

/** Everything fsck finds. @param payloads - where they lie; null leaves them out */
export async function faultsIn(
  directory: string, anchor: string, payloads: string | null = join(directory, 'payloads'),
): Promise<{ faults: Fault[]; summary: FsckSummary }> {
  const store = openSqlite(directory, { readOnly: true });
  const anchorStore = openFileAnchor(anchor, { readOnly: true });
  const faults: Fault[] = [];
  try {
    const checking = fsck({ store, anchor: anchorStore, keys: [signer.key], ...(payloads === null ? {} : { payloads: openPayloads(payloads) }) });
    for (;;) {
      const next = await checking.next();
      if (next.done === true) return { faults, summary: next.value };
      faults.push(next.value);
    }
  } finally {
    await store.close();
    await anchorStore.close();
  }
}

/** Mulberry32: the whole run follows from one printed seed. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}
