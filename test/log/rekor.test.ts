// Rekor bodies in the log: beside events, each with its own event, and one body is one entry.
import { expect, test } from 'vitest';
import { encodeUtf8, formatHex } from '../../ledger/bytes.ts';
import { prepareDraft } from '../../ledger/events/index.ts';
import type { Command } from '../../ledger/log/command.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import { Audit } from '../../ledger/streams/index.ts';
import { by, checkLog, documentOf, sha256, World } from './kit.ts';

const bodyOf = (name: string) => encodeUtf8(`{"apiVersion":"0.0.1","kind":"hashedrekord","spec":{"name":"${name}"}}`);

function rekor(name: string, more: { leaf?: Uint8Array; back?: number } = {}): Command {
  const body = bodyOf(name);
  const data = { back: 1, leaf: leafHash(body), integrated: 1_795_267_135, keys: [sha256(encodeUtf8('signer'))], ...more };
  return { drafts: [body, prepareDraft({ type: 'rekor.recorded', by, data }, sha256)] };
}

const begin = async () => {
  const world = new World();
  return { world, log: await world.create({}, ['event', 'rekor']) };
};

test('a body sent again is the entry that is there: in one call, while it is under way, later, and after a restart', async () => {
  const { world, log } = await begin();
  const [a, again, b] = await log.append([rekor('a'), rekor('a'), rekor('b')]);
  expect([a, again, b]).toMatchObject([{ index: 1, repeated: false }, { index: 1, repeated: true }, { index: 3, repeated: false }]);
  const together = await Promise.all(['c', 'c', 'a'].map((name) => log.appendOne(rekor(name))));
  expect(together).toMatchObject([{ index: 5, repeated: false }, { index: 5, repeated: true }, { index: 1, repeated: true }]);
  await log.remember();
  expect(await log.appendOne(rekor('d'))).toMatchObject({ index: 7 });
  await log.close();
  // From the memo, and from the entries after it.
  const reopened = await world.open();
  for (const [name, index] of [['a', 1], ['b', 3], ['c', 5], ['d', 7]] as const) {
    expect(await reopened.appendOne(rekor(name))).toMatchObject({ index, repeated: true });
  }
  expect(reopened.published.size).toBe(9);
  await checkLog(reopened);
});

test('bodies whose leaf hashes begin alike are told apart', async () => {
  const { log } = await begin();
  const bodies = Array.from({ length: 400 }, (_, i) => `n${i}`);
  const outcomes = await log.append(bodies.map((name) => rekor(name)));
  expect(outcomes.every((outcome) => outcome.ok && !outcome.repeated)).toBe(true);
  const again = await log.append(bodies.toReversed().map((name) => rekor(name)));
  expect(again.map((outcome) => outcome.ok && outcome.repeated && outcome.index)).toEqual(outcomes.map((outcome) => outcome.ok && outcome.index).toReversed());
});

test('a body and its event are an artifact\'s and a signer\'s to find', async () => {
  const { log } = await begin();
  const body = bodyOf('a');
  const subjects = [['sha256', sha256(encodeUtf8('artifact'))]] as const;
  const key = sha256(encodeUtf8('signer'));
  const event = prepareDraft({ type: 'rekor.recorded', by, data: { back: 1, leaf: leafHash(body), integrated: 1, keys: [key], subjects } }, sha256);
  await log.appendOne({ drafts: [body, event] });
  expect(await log.head(`key:${formatHex(key)}`)).toEqual({ version: 1, index: 2 });
  expect(await log.head(`artifact:sha256:${formatHex(subjects[0][1])}`)).toEqual({ version: 1, index: 2 });
});

test('what is no canonical body, or has no event, is not appended', async () => {
  const { log } = await begin();
  const { drafts: [body, event] } = rekor('a') as { drafts: [Uint8Array, Command['drafts'][number]] };
  await expect(log.appendOne({ drafts: [body] })).rejects.toThrow(RangeError);
  await expect(log.appendOne({ drafts: [event] })).rejects.toThrow(RangeError);
  const wrong = [
    ['{"b":1,"a":2}', 'INPUT_NOT_CANONICAL'], ['{"a":1,"a":1}', 'INPUT_DUPLICATE_KEY'], ['{', 'INPUT_MALFORMED'], ['[]', 'ENTRY_KIND_UNKNOWN'],
  ];
  for (const [text, code] of wrong) {
    await expect(log.appendOne({ drafts: [encodeUtf8(text as string), event] })).rejects.toMatchObject({ code });
  }
  expect(log.published.size).toBe(1);
});

test('on a ledger of events there are none, and on a raw one the same bytes are another entry', async () => {
  const events = await new World().create();
  await expect(events.appendOne(rekor('a'))).rejects.toMatchObject({ code: 'ENTRY_KIND_UNKNOWN' });
  const raw = await new World().create({}, ['raw']);
  for (const index of [1, 2]) expect(await raw.appendOne({ drafts: [bodyOf('a')] })).toMatchObject({ index, repeated: false });
});

test('an audit finds a body without its event, an event without its body, and a leaf that is another\'s', async () => {
  const audit = async (commands: readonly Command[], cut: (entries: Uint8Array[]) => Uint8Array[] = (entries) => entries) => {
    const { log } = await begin();
    // Past the log's own check, which would refuse to write them.
    await log.write(commands);
    const entries: Uint8Array[] = [];
    for await (const entry of log.entries()) entries.push(entry.slice());
    const reader = new Audit();
    return cut(entries).flatMap((entry) => reader.add(entry)).map(({ index, code }) => `${index} ${code}`);
  };
  const document: Command = { drafts: [documentOf('a', ['x'])] };
  expect(await audit([rekor('a'), document, rekor('b'), rekor('c')])).toEqual([]);
  expect(await audit([{ drafts: [bodyOf('a')] }, document])).toEqual(['2 AUDIT_ORDER_WRONG']);
  expect(await audit([{ drafts: [bodyOf('a'), ...rekor('b').drafts] }, document])).toEqual(['4 AUDIT_ORDER_WRONG']);
  expect(await audit([{ drafts: [rekor('a').drafts[1] as Uint8Array] }])).toEqual(['1 AUDIT_ORDER_WRONG']);
  expect(await audit([rekor('a', { back: 2 })])).toEqual(['2 AUDIT_ORDER_WRONG']);
  expect(await audit([rekor('a', { leaf: leafHash(bodyOf('b')) })])).toEqual(['2 AUDIT_RECOGNITION_WRONG']);
  expect(await audit([{ drafts: [bodyOf('a'), bodyOf('b'), ...[bodyOf('a'), bodyOf('b')].map((body) => prepareDraft({
    type: 'rekor.recorded', by, data: { back: 2, leaf: leafHash(body), integrated: 1, keys: [sha256(body)] },
  }, sha256))] }])).toEqual([]);
});
