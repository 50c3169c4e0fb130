// Completeness of streams: on random ledgers, leaving any event out is seen exactly where its level says that it is.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { encodeCbor } from '../../ledger/events/cbor.ts';
import { decodeCbor } from '../../ledger/events/cbor-reader.ts';
import { formatCheckpointText } from '../../ledger/note/checkpoint.ts';
import { cosign } from '../../ledger/note/cosignature.ts';
import { formatVkey, type Signer } from '../../ledger/note/keys.ts';
import { formatSignatureLine, signNote } from '../../ledger/note/note.ts';
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
  const outside = 'that evidence which was never appended does not exist';
  const ledger = new SmallLedger();
  for (const artifacts of ['a', 'b', 'ab']) ledger.document(artifacts);
  const heads = new Map(ledger.heads);
  ledger.indexed();
  ledger.document('a');
  const heads5 = new Map(ledger.heads);
  ledger.indexed();

  const sign = async (cosigners: readonly Signer[] = []) => {
    const text = formatCheckpointText({ origin: 'ledger.example', size: ledger.entries.length, root: rootOf(ledger.entries), extensions: [] });
    const lines = await Promise.all(cosigners.map(async (by) => formatSignatureLine(await cosign(text, by, 5))));
    return (await signNote(text, [log])) + lines.join('');
  };
  const place = (indexes: readonly number[]) => indexes.map((index) => ledger.placed(index));
  const head = (stream: string, at = 3, of = heads) => ({ stated: ledger.placed(at), proof: proveStream(of, stream) });
  const a = artifactStream('a');
  const z = artifactStream('z');

  test('at GAPLESS', async () => {
    expect(verifyStream({ stream: a, checkpoint: await sign(), events: place([0, 2]), head: null }, trust)).toMatchObject({
      level: 'GAPLESS', version: 2, size: null,
      proven: ['versions 1 to 2 are in the log, each linked to the one before'], notProven: ['that version 2 is the last', outside],
    });
  });

  test('at HEAD, of a stream with events and of one without', async () => {
    const unaudited = 'that the log built its index from all entries: nobody named here recomputed it';
    expect(verifyStream({ stream: a, checkpoint: await sign(), events: place([4, 2, 0]), head: head(a) }, trust)).toMatchObject({
      level: 'HEAD', version: 2, size: 3, events: [{ index: 0 }, { index: 2 }, { index: 4 }],
      proven: ['versions 1 to 2 are in the log, each linked to the one before', 'the index that the log stated says: at size 3 version 2 was the last'],
      notProven: [unaudited, 'that nothing was appended after size 3', outside],
    });
    expect(verifyStream({ stream: z, checkpoint: await sign(), events: [], head: head(z) }, trust)).toMatchObject({
      level: 'HEAD', version: 0, size: 3,
      proven: ['every event given is in the log', 'the index that the log stated says: at size 3 the stream had no event'],
      notProven: [unaudited, 'that nothing was appended after size 3', outside],
    });
  });

  const [w1, w2] = [21, 22].map((n) => nodeSigner('witness', `w${n}.example`, new Uint8Array(32).fill(n))) as [Signer, Signer];

  test('at AUDITED', async () => {
    const evidence = { stream: a, checkpoint: await sign([w1]), events: place([0, 2]), head: head(a) };
    expect(verifyStream(evidence, trust, { auditors: [w2.key, w1.key] })).toMatchObject({
      level: 'AUDITED',
      proven: [
        'versions 1 to 2 are in the log, each linked to the one before', 'the index that the log stated says: at size 3 version 2 was the last',
        'an auditor who read all entries and recomputed the index signed the tree',
      ],
      notProven: ['that nothing was appended after size 3', outside],
    });
    // The log cannot audit itself, and an auditor whose signature does not hold spoils the others'.
    expect(verifyStream(evidence, trust, { auditors: [log.key] })).toMatchObject({ level: 'HEAD' });
    const broken = formatSignatureLine({ name: w2.key.name, id: w2.key.id, signature: new Uint8Array(72) });
    expect(verifyStream({ ...evidence, checkpoint: evidence.checkpoint + broken }, trust, { auditors: [w1.key, w2.key] })).toMatchObject({ level: 'HEAD' });
    expect(verifyStream({ ...evidence, checkpoint: evidence.checkpoint + broken }, trust, { auditors: [w1.key] })).toMatchObject({ level: 'AUDITED' });
  });

  test('the event that states the index is itself behind the size it speaks about', async () => {
    const evidence = { stream: 'ledger', checkpoint: await sign(), events: place([3, 5]), head: head('ledger', 5, heads5) };
    expect(verifyStream(evidence, trust)).toMatchObject({ level: 'HEAD', version: 1, size: 5 });
  });

  test('the event that states the index must itself be in the tree', async () => {
    const stated = { ...ledger.placed(3), proof: ledger.placed(2).proof };
    const evidence = { stream: a, checkpoint: await sign(), events: place([0, 2]), head: { ...head(a), stated } };
    expect(verifyStream(evidence, trust)).toMatchObject({ code: 'PROOF_ROOT_MISMATCH' });
  });

  test('an event whose data is of a later version waits for a newer verifier', async () => {
    const later = new SmallLedger();
    later.document('a');
    later.entries[0] = encodeCbor({ ...(decodeCbor(later.entries[0]!) as object), schema: 2 });
    const text = formatCheckpointText({ origin: 'ledger.example', size: 1, root: rootOf(later.entries), extensions: [] });
    const evidence = { stream: a, checkpoint: await signNote(text, [log]), events: [later.placed(0)], head: null };
    expect(verifyStream(evidence, trust)).toMatchObject({ code: 'EVIDENCE_NEWER' });
  });

  test('pins', async () => {
    const evidence = { stream: a, checkpoint: await sign(), events: place([0, 2]), head: null };
    expect([1, 2, 3].map((pinned) => verifyStream(evidence, trust, { pinned }).ok)).toEqual([true, true, false]);
  });

  test('an event that stands there twice is named so', async () => {
    expect(verifyStream({ stream: a, checkpoint: await sign(), events: place([0, 0]), head: null }, trust)).toMatchObject({
      code: 'EVIDENCE_MALFORMED', message: 'the stream: Cannot read stream evidence: an event stands there twice (INPUT_MALFORMED)',
    });
  });
});
