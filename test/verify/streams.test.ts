// Completeness of streams: on random ledgers, leaving any event out is seen exactly where its level says that it is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatCheckpointText } from '../../ledger/note/checkpoint.ts';
import { formatVkey } from '../../ledger/note/keys.ts';
import { signNote } from '../../ledger/note/note.ts';
import { artifactStream, proveStream, SmallLedger } from '../../tools/vectors/streams.ts';
import { rootOf } from '../../tools/vectors/tree.ts';
import { formatStreamEvidence, parseStreamEvidence, trustPolicy, verifyStream } from '../../verify/index.ts';
import { nodeEd25519, nodeSigner } from '../note/node-engine.ts';

const log = nodeSigner('log', 'ledger.example', new Uint8Array(32).fill(1));
const trust = { ...trustPolicy(`log ${formatVkey(log.key)}\nquorum none\n`), verifiers: { ed25519: nodeEd25519 } };

const subjects = fc.constantFrom('a', 'b', 'c', 'ab', 'bc', 'abc');
const some = fc.array(subjects, { minLength: 1, maxLength: 12 });

describe('a stream of a random ledger', () => {
  test('is complete as it is, and incomplete without any one of its events (property)', async () => {
    await fc.assert(fc.asyncProperty(some, fc.array(subjects, { maxLength: 4 }), fc.nat(), async (before, after, dice) => {
      const ledger = new SmallLedger();
      for (const artifacts of before) ledger.document(artifacts);
      const heads = new Map(ledger.heads);
      ledger.indexed();
      for (const artifacts of after) ledger.document(artifacts);
      const text = formatCheckpointText({ origin: 'ledger.example', size: ledger.entries.length, root: rootOf(ledger.entries), extensions: [] });
      const checkpoint = await signNote(text, [log]);
      const stated = ledger.placed(before.length);
      for (const artifact of ['a', 'b', 'z']) {
        const stream = artifactStream(artifact);
        const places = [...before, '', ...after].flatMap((artifacts, index) => (artifacts.includes(artifact) ? [index] : []));
        const events = places.map((index) => ledger.placed(index));
        const head = { stated, proof: proveStream(heads, stream) };
        const evidence = { stream, checkpoint, events, head };
        expect(parseStreamEvidence(formatStreamEvidence(evidence))).toEqual(evidence);
        const version = places.filter((index) => index < before.length).length;
        const answer = verifyStream(formatStreamEvidence(evidence), trust);
        expect(answer).toMatchObject({ ok: true, level: 'HEAD', version, size: before.length, stream });
        if (answer.ok) expect(answer.events.map(({ index }) => index)).toEqual(places);
        const gapless = verifyStream({ ...evidence, head: null }, trust);
        expect(gapless).toMatchObject(events.length === 0 ? { code: 'STREAM_INCOMPLETE' } : { level: 'GAPLESS', version: events.length, size: null });
        if (events.length === 0) continue;
        const left = dice % events.length;
        const less = { ...evidence, events: events.toSpliced(left, 1) };
        // Only the last event given, behind the size that the index speaks about, can be left out unseen.
        const unseen = left === events.length - 1 && places[left]! > before.length;
        expect(verifyStream(less, trust)).toMatchObject(unseen ? { level: 'HEAD', version } : { code: 'STREAM_INCOMPLETE' });
      }
    }), { numRuns: 40 });
  });
});

describe('what the answer says', () => {
  const ledger = new SmallLedger();
  for (const artifacts of ['a', 'b', 'ab']) ledger.document(artifacts);
  const checkpointOf = async () => signNote(formatCheckpointText({ origin: 'ledger.example', size: 3, root: rootOf(ledger.entries), extensions: [] }), [log]);

  test('names what is proven and what is not', async () => {
    const evidence = { stream: artifactStream('a'), checkpoint: await checkpointOf(), events: [0, 2].map((index) => ledger.placed(index)), head: null };
    expect(verifyStream(evidence, trust)).toMatchObject({
      proven: ['versions 1 to 2 are in the log, each linked to the one before'],
      notProven: ['that version 2 is the last', 'that evidence which was never appended does not exist'],
    });
  });

  test('nothing is taken from a reader who trusts nobody', async () => {
    expect(verifyStream('', { ...trust, logs: [] })).toMatchObject({ code: 'TRUST_EMPTY' });
  });
});
