// The stream cases of spec/vectors/verify: a small ledger, honest or not, and what a reader is shown of one of its streams.
import { createHash } from 'node:crypto';
import { concatBytes, encodeUint64, encodeUtf8 } from '../../ledger/bytes.ts';
import { encodeCbor } from '../../ledger/events/cbor.ts';
import { decodeCbor } from '../../ledger/events/cbor-reader.ts';
import { prepareDraft, type NewEvent, streamsOfDraft, writeEntry } from '../../ledger/events/draft.ts';
import type { StreamProof } from '../../ledger/streams/proof.ts';
import { formatStreamEvidence, type Placed, type StreamEvidence } from '../../verify/stream-evidence.ts';
import { inclusionOf } from './tree.ts';

const sha256 = (bytes: Uint8Array) => new Uint8Array(createHash('sha256').update(bytes).digest());

/** A stream's head. */
interface Head {
  version: number;
  index: number;
}

/** A ledger's entries, with the stream tags an honest writer gives them, or those a dishonest one was told to. */
export class SmallLedger {
  readonly entries: Uint8Array[] = [];
  readonly heads = new Map<string, Head>();

  /** @param lie - versions and previous indexes to write in place of the true ones, by stream */
  append(event: NewEvent, lie: Record<string, { version: number; prev: number }> = {}): void {
    const draft = prepareDraft(event, sha256);
    const names = streamsOfDraft(draft);
    const index = this.entries.length;
    const tags = names.map((name) => {
      const head = this.heads.get(name) ?? { version: 0, index: 0 };
      this.heads.set(name, { version: head.version + 1, index });
      return lie[name] ?? { version: head.version + 1, prev: head.index };
    });
    const arena = new Uint8Array(draft.entryBytesMax);
    const end = writeEntry(draft, 1_767_139_200_000 + index, tags.map(({ version }) => version), tags.map(({ prev }) => prev), 0, arena, 0);
    this.entries.push(arena.slice(0, end));
  }

  /** A document about artifacts named by one character each. */
  document(artifacts: string, lie: Record<string, { version: number; prev: number }> = {}): void {
    const digest = (text: string) => ['sha256', sha256(encodeUtf8(text))] as const;
    const payload = { role: 'document', size: 1, media: 'text/plain', digest: digest(`document ${this.entries.length}`) };
    const subjects = [...artifacts].map(digest).toSorted((a, b) => (Buffer.compare(a[1], b[1])));
    this.append({ type: 'document.stored', by: { kind: 'ledger', auth: 'self' }, data: { subjects }, payloads: [payload] }, lie);
  }

  /** States the index, of the true heads or of others. */
  indexed(size = this.entries.length, heads: ReadonlyMap<string, Head> = this.heads): void {
    this.append({ type: 'ledger.indexed', by: { kind: 'ledger', auth: 'self' }, data: { size, root: ['sha256', rootOfIndex(heads)] } });
  }

  /** An entry at its place, with its proof in the tree of all entries. */
  placed(index: number): Placed {
    return { entry: this.entries[index] as Uint8Array, index, proof: inclusionOf(index, this.entries) };
  }
}

/** The stream of an artifact named by one character. */
export const artifactStream = (artifact: string) => `artifact:sha256:${createHash('sha256').update(artifact).digest('hex')}`;

type Leaf = Head & { key: Uint8Array };

const bitAt = (key: Uint8Array, depth: number) => ((key[depth >> 3] as number) >> (7 - (depth & 7))) & 1;

// The stream index by its definition alone: a subtree with one leaf is that leaf, one without is 32 zero bytes.
function rootAt(leaves: readonly Leaf[], depth: number): Uint8Array {
  const [leaf, another] = leaves;
  if (leaf === undefined) return new Uint8Array(32);
  if (another === undefined) return sha256(concatBytes(Uint8Array.of(2), leaf.key, encodeUint64(leaf.version), encodeUint64(leaf.index)));
  const side = (bit: number) => rootAt(leaves.filter(({ key }) => bitAt(key, depth) === bit), depth + 1);
  return sha256(concatBytes(Uint8Array.of(3), side(0), side(1)));
}

function leavesOf(heads: ReadonlyMap<string, Head>): Leaf[] {
  return [...heads].map(([name, head]) => ({ key: sha256(encodeUtf8(name)), ...head }));
}

function rootOfIndex(heads: ReadonlyMap<string, Head>): Uint8Array {
  return rootAt(leavesOf(heads), 0);
}

/** What the index of these heads proves about a stream. */
export function proveStream(heads: ReadonlyMap<string, Head>, stream: string): StreamProof {
  const key = sha256(encodeUtf8(stream));
  const siblings: Uint8Array[] = [];
  let leaves = leavesOf(heads);
  for (let depth = 0; leaves.length > 1; depth++) {
    const bit = bitAt(key, depth);
    siblings.push(rootAt(leaves.filter((leaf) => bitAt(leaf.key, depth) !== bit), depth + 1));
    leaves = leaves.filter((leaf) => bitAt(leaf.key, depth) === bit);
  }
  const [leaf] = leaves;
  if (leaf === undefined) return { claim: 'absent', siblings };
  const { version, index } = leaf;
  return Buffer.compare(leaf.key, key) === 0 ? { claim: 'present', siblings, version, index } : { claim: 'absent', siblings, leaf };
}

/** One case: the evidence, and what the verifier answers. */
export interface StreamCase {
  about: string;
  ledger: SmallLedger;
  evidence: Omit<StreamEvidence, 'checkpoint'>;
  /** Edits the evidence's text, once it is written. */
  edit?: (text: string) => string;
  pinned?: number;
  verdict: string;
  level?: string;
  version?: number;
  size?: number | null;
}

/** The text of a case's evidence. */
export function evidenceText({ evidence, edit }: StreamCase, checkpoint: string): string {
  const text = formatStreamEvidence({ ...evidence, checkpoint });
  return edit === undefined ? text : edit(text);
}

/** All stream cases by name. Artifact `a` has events 0, 2 and 3, `b` 1 and 3; the index is stated at 4; `a` goes on at 5. */
export function makeStreamCases(): Record<string, StreamCase> {
  const a = artifactStream('a');
  const start = () => {
    const ledger = new SmallLedger();
    for (const artifacts of ['a', 'b', 'a', 'ab']) ledger.document(artifacts);
    return ledger;
  };
  const honest = start();
  const heads = new Map(honest.heads);
  honest.indexed();
  honest.document('a');
  honest.document('c');
  const proof = proveStream(heads, a);
  const head = { stated: honest.placed(4), proof };
  const events = [0, 2, 3].map((index) => honest.placed(index));

  const cases: Record<string, StreamCase> = {};
  const add = (name: string, about: string, evidence: Partial<StreamEvidence>, verdict: string, more: Partial<StreamCase> = {}) => {
    cases[`stream-${name}`] = { about, ledger: honest, evidence: { stream: a, events, head: null, ...evidence }, verdict, ...more };
  };
  const level = (name: string, version: number, size: number | null) => ({ level: name, version, size });

  add('gapless', 'Versions 1 to 3 and no proof from the index.', {}, 'OK', level('GAPLESS', 3, null));
  add('gapless-for-a-pin', 'A decision pinned version 3, and it is there.', {}, 'OK', { pinned: 3, ...level('GAPLESS', 3, null) });
  add('last-left-out', 'Without the index nobody sees that the last event is missing: this is what GAPLESS does not prove.',
    { events: events.slice(0, 2) }, 'OK', level('GAPLESS', 2, null));
  add('head', 'The index at size 4 says that version 3 was the last.', { head }, 'OK', level('HEAD', 3, 4));
  add('head-and-later-events', 'An event after the size that the index speaks about is welcome.',
    { events: [...events, honest.placed(5)], head }, 'OK', level('HEAD', 3, 4));
  add('absent', 'The index at size 4 says that the stream had no event.', {
    stream: artifactStream('z'), events: [], head: { ...head, proof: proveStream(heads, artifactStream('z')) },
  }, 'OK', level('HEAD', 0, 4));
  add('absent-then-present', 'No event at size 4, and a first one behind it.', {
    stream: artifactStream('c'), events: [honest.placed(6)], head: { ...head, proof: proveStream(heads, artifactStream('c')) },
  }, 'OK', level('HEAD', 0, 4));

  add('event-left-out', 'One event in the middle is missing.', { events: events.toSpliced(1, 1) }, 'STREAM_INCOMPLETE');
  add('first-left-out', 'The first event is missing.', { events: events.slice(1), head }, 'STREAM_INCOMPLETE');
  add('last-left-out-under-an-index', 'The index says that there is one more.', { events: events.slice(0, 2), head }, 'STREAM_INCOMPLETE');
  add('later-event-left-out', 'An event between the last of the index and the last given is missing.',
    { events: [...events.slice(0, 2), honest.placed(5)], head }, 'STREAM_INCOMPLETE');
  add('pin-beyond', 'A decision pinned version 4, which is not there.', {}, 'STREAM_INCOMPLETE', { pinned: 4 });
  add('nothing', 'Neither an event nor a proof that there is none.', { events: [] }, 'STREAM_INCOMPLETE');
  add('absence-claimed-of-a-stream-with-events', 'The proof of absence of another stream.',
    { events: [], head: { ...head, proof: proveStream(heads, artifactStream('z')) } }, 'STREAM_PROOF_LEAF_WRONG');
  add('event-of-another-stream', 'An event of another artifact among them.', { events: [...events, honest.placed(1)] }, 'STREAM_FOREIGN');
  add('event-not-in-the-tree', 'An event with the proof of another.',
    { events: events.map((one, i) => (i === 1 ? { ...one, proof: honest.placed(0).proof } : one)) }, 'PROOF_ROOT_MISMATCH');
  add('event-twice', 'The same event given twice.', { events: [...events, ...events.slice(0, 1)] }, 'EVIDENCE_MALFORMED');
  add('format-newer', 'A format this reader does not know.', {}, 'EVIDENCE_NEWER', { edit: (text) => text.replace('stream/1', 'stream/2') });
  add('member-unknown', 'A member that no specification names.',
    {}, 'EVIDENCE_MALFORMED', { edit: (text) => text.replace('"events"', '"note": "", "events"') });
  add('root-missing', 'The event that should state the index is a document.', { head: { stated: honest.placed(1), proof } }, 'STREAM_ROOT_MISSING');
  if (proof.claim !== 'present') throw new Error('the proof of a stream with events claims absence');
  const short = { ...proof, siblings: proof.siblings.map((hash, i) => (i === 0 ? hash.slice(1) : hash)) };
  add('proof-malformed', 'A sibling of 31 bytes.', { head: { ...head, proof: short } }, 'STREAM_PROOF_MALFORMED');
  add('proof-of-another-version', 'The proof says version 2 was the last.',
    { events: events.slice(0, 2), head: { ...head, proof: { ...proof, version: 2, index: 2 } } }, 'STREAM_PROOF_ROOT_MISMATCH');
  const own = { key: sha256(encodeUtf8(a)), version: 3, index: 3 };
  add('absent-by-its-own-leaf', "Absence shown by the stream's own leaf.",
    { events: [], head: { ...head, proof: { claim: 'absent', siblings: proof.siblings, leaf: own } } }, 'STREAM_PROOF_LEAF_WRONG');

  // Ledgers that lie.
  const forked = start();
  forked.document('a', { [a]: { version: 3, prev: 2 } });
  add('forked', 'The log gave version 3 twice.', { events: [0, 2, 3, 4].map((index) => forked.placed(index)) }, 'STREAM_FORKED', { ledger: forked });
  const hidden = start();
  hidden.indexed(4, new Map(heads).set(a, { version: 2, index: 2 }));
  const hiding = proveStream(new Map(heads).set(a, { version: 2, index: 2 }), a);
  add('index-hides-an-event', 'The index says that version 2 was the last, and an event of version 3 stands before that size.',
    { events: [0, 2, 3].map((index) => hidden.placed(index)), head: { stated: hidden.placed(4), proof: hiding } }, 'STREAM_FORKED', { ledger: hidden });
  const moved = start();
  moved.indexed(4, new Map(heads).set(a, { version: 3, index: 1 }));
  add('index-names-another-place', 'The index says that version 3 stands elsewhere.',
    { events: [0, 2, 3].map((index) => moved.placed(index)), head: { stated: moved.placed(4), proof: { ...proof, index: 1 } } }, 'STREAM_FORKED',
    { ledger: moved });
  const unlinked = start();
  unlinked.document('a', { [a]: { version: 4, prev: 2 } });
  add('link-wrong', 'Version 4 names version 2 as the one before.',
    { events: [0, 2, 3, 4].map((index) => unlinked.placed(index)) }, 'STREAM_PREV_WRONG', { ledger: unlinked });
  const early = start();
  early.indexed(6);
  add('index-of-a-later-size', 'The log states the index of a size that it does not have yet.',
    { events: [0, 2, 3].map((index) => early.placed(index)), head: { stated: early.placed(4), proof } }, 'EVENT_INVALID', { ledger: early });
  const odd = start();
  odd.entries.push(encodeUtf8('no event'));
  add('entry-is-no-event', 'The log holds an entry that is no event.',
    { events: [0, 2, 3, 4].map((index) => odd.placed(index)) }, 'EVENT_INVALID', { ledger: odd });
  const future = start();
  future.entries.push(encodeCbor({ ...(decodeCbor(future.entries[3] as Uint8Array) as object), type: 'later.thought' }));
  add('event-of-a-later-time', 'An event of a type this verifier does not know.',
    { events: [0, 2, 3, 4].map((index) => future.placed(index)) }, 'EVIDENCE_NEWER', { ledger: future });
  return cases;
}
