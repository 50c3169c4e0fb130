// What answers carry and name, and the corners of trust that no policy file can write down.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { parseVkey } from '../../ledger/note/keys.ts';
import { parsePolicy, type PolicyWitness } from '../../ledger/note/policy.ts';
import type { VerifyCase } from '../../tools/vectors/verify.ts';
import {
  parseReceipt, parseStreamEvidence, type Trust, trustKeys, trustPolicy, verifyCheckpoint, verifyGrowth, verifyReceipt, verifyStream, verifyTlogProof,
} from '../../verify/index.ts';
import { nodeEd25519 } from '../note/node-engine.ts';

const load = (name: string): VerifyCase => JSON.parse(readFileSync(new URL(`../../spec/vectors/verify/${name}.json`, import.meta.url), 'utf8'));
const textOf = (one: VerifyCase, member: string) => (one.evidence as Record<string, string>)[member]!;
const trustOf = ({ trust: { policy, retired = [] } }: VerifyCase): Trust => ({
  ...trustPolicy(policy, { retired: retired.map(({ vkey, ...rest }) => ({ ...rest, key: parseVkey(vkey) })) }), verifiers: { ed25519: nodeEd25519 },
});

describe('what an answer carries', () => {
  test('a receipt that is already read is taken as it is', () => {
    const one = load('receipt');
    const receipt = parseReceipt(textOf(one, 'receipt'));
    const answer = verifyReceipt(receipt, trustOf(one));
    expect(answer).toMatchObject({ ok: true, index: 4, entry: receipt.entry, checkpoint: { size: 15, origin: 'ledger.example' }, log: { retired: null } });
    const stream = load('stream-head');
    const evidence = parseStreamEvidence(textOf(stream, 'stream'));
    expect(verifyStream(evidence, trustOf(stream))).toEqual(verifyStream(textOf(stream, 'stream'), trustOf(stream)));
  });

  test('with an update it is still about the receipt', () => {
    const one = load('retired-key-and-an-update');
    const answer = verifyReceipt(textOf(one, 'receipt'), trustOf(one), { update: textOf(one, 'update') });
    expect(answer).toMatchObject({ ok: true, index: 4, checkpoint: { size: 8 }, log: { retired: { lastSize: null } } });
  });

  test('an update helps a checkpoint and a proof as it helps a receipt', () => {
    const one = load('retired-key-and-an-update');
    const { checkpoint } = parseReceipt(textOf(one, 'receipt'));
    expect(verifyCheckpoint(checkpoint, trustOf(one))).toMatchObject({ code: 'KEY_RETIRED' });
    expect(verifyCheckpoint(checkpoint, trustOf(one), { update: textOf(one, 'update') })).toMatchObject({ ok: true, checkpoint: { size: 8 } });
  });

  test.each([['fork', 'LOG_FORK'], ['growth', 'OK']])('an update is checked where no retired key asks for it: %s', (name, expected) => {
    const one = load(name);
    const answer = (update: string) => verifyCheckpoint(textOf(one, 'kept'), trustOf(one), { update });
    const given = answer(textOf(one, 'update'));
    expect(given.ok ? 'OK' : given.code).toBe(expected);
    expect(answer('junk')).toMatchObject({ code: 'EVIDENCE_MALFORMED' });
  });

  test('an update is no help to a reader who trusts no key in use', () => {
    const one = load('retired-key-and-an-update');
    const trust = trustOf(one);
    const onlyRetired = { ...trust, logs: trust.logs.filter(({ retired }) => retired !== null) };
    expect(verifyReceipt(textOf(one, 'receipt'), onlyRetired, { update: textOf(one, 'update') })).toMatchObject({ code: 'KEY_RETIRED' });
  });

  test.each([
    ['the receipt: Cannot read receipt: it is no JSON (INPUT_MALFORMED)', () => verifyReceipt('', trustOf(load('receipt')))],
    ['the receipt: Cannot read receipt: it is for size 14, and its checkpoint for 15 (INPUT_MALFORMED)', () =>
      verifyReceipt(textOf(load('size-is-not-the-checkpoints'), 'receipt'), trustOf(load('receipt')))],
    ['the proof: Cannot read proof: no blank line before the checkpoint (INPUT_MALFORMED at 0)', () =>
      verifyTlogProof('', new Uint8Array(0), trustOf(load('receipt')))],
    ['the checkpoint: Cannot read note: no blank line between text and signatures (INPUT_MALFORMED at 4)', () =>
      verifyCheckpoint('junk', trustOf(load('receipt')))],
    ['the kept checkpoint: Cannot read note: no blank line between text and signatures (INPUT_MALFORMED at 4)', () =>
      verifyGrowth('junk', '', trustOf(load('receipt')))],
    ['the update: Cannot read request: no blank line before the checkpoint (INPUT_MALFORMED at 4)', () =>
      verifyGrowth(textOf(load('growth'), 'kept'), 'junk', trustOf(load('growth')))],
    ['the signature of "ledger.example" on the newer checkpoint does not hold', () => {
      const one = load('growth-to-a-forged-checkpoint');
      return verifyGrowth(textOf(one, 'kept'), textOf(one, 'update'), trustOf(one));
    }],
    ['the stream: Cannot read stream evidence: it names no format (INPUT_MALFORMED)', () => verifyStream('{}', trustOf(load('receipt')))],
  ])('%s', (message, ask) => {
    expect(ask()).toMatchObject({ ok: false, message });
  });
});

describe('trust', () => {
  test('nobody trusted is said before anything is read', () => {
    const nobody = trustPolicy('quorum none\n');
    const proof = verifyTlogProof('', new Uint8Array(0), nobody);
    for (const answer of [verifyCheckpoint('', nobody), verifyReceipt('', nobody), proof, verifyGrowth('', '', nobody), verifyStream('', nobody)]) {
      expect(answer).toMatchObject({ code: 'TRUST_EMPTY' });
    }
  });

  test('keys of one log, by name', () => {
    const one = load('receipt');
    const [vkey] = one.trust.policy.slice(4).split('\n') as [string];
    expect(verifyReceipt(textOf(one, 'receipt'), trustKeys('ledger.example', [vkey]))).toMatchObject({ ok: true, witnessed: { by: [], quorum: 'none' } });
    expect(verifyReceipt(textOf(one, 'receipt'), trustKeys('elsewhere.example', [vkey]))).toMatchObject({ code: 'ORIGIN_FOREIGN' });
    expect(trustKeys('a', [vkey], { witnessing: 'best-effort' }).witnessing).toBe('best-effort');
    expect(trustKeys('a', [vkey]).witnessing).toBe('required');
  });

  test('a policy that is already read, or still bytes, is trusted as its text is', () => {
    const { policy } = load('receipt-quorum-met').trust;
    for (const given of [parsePolicy(policy), new TextEncoder().encode(policy)]) {
      const { witnesses, logs } = trustPolicy(given);
      expect([witnesses, logs]).toEqual([trustPolicy(policy).witnesses, trustPolicy(policy).logs]);
    }
  });

  test('a pinned origin is the only one', () => {
    const one = load('growth-of-another-log');
    expect(trustPolicy(one.trust.policy).logs).toHaveLength(2);
    expect(trustPolicy(one.trust.policy, { origin: 'ledger.example' }).logs.map(({ origin }) => origin)).toEqual(['ledger.example']);
  });

  test('a key in use counts before a retired one, in whatever order they are listed', () => {
    const one = load('retired-key-beside-the-new-one');
    const trust = trustOf(one);
    const answer = verifyReceipt(textOf(one, 'receipt'), { ...trust, logs: trust.logs.toReversed() });
    expect(answer).toMatchObject({ ok: true, log: { retired: null } });
  });

  const witness = (name: string, key: PolicyWitness['key']): PolicyWitness => ({ is: 'witness', name, key, url: null });

  test('a signature counts for the witness whose name and id it bears, and for no other', () => {
    const one = load('receipt-quorum-met');
    const trust = trustOf(one);
    const [w1] = trust.witnesses as [PolicyWitness];
    const sameName = witness('same name', { ...w1.key, id: w1.key.id ^ 1 });
    const sameId = witness('same id', { ...w1.key, name: 'elsewhere.example' });
    for (const witnesses of [[sameName, w1], [sameId, w1], [w1, sameName, sameId]]) {
      const answer = verifyReceipt(textOf(one, 'receipt'), { ...trust, witnesses, quorum: w1 });
      expect(answer.ok && answer.witnessed.by.map(({ witness: { name } }) => name)).toEqual(['w1']);
    }
  });

  test("a log's own signature is no cosignature, even where the policy lists its key as a witness", () => {
    const one = load('receipt');
    const trust = trustOf(one);
    const [log] = trust.logs as [Trust['logs'][number]];
    const self = witness('self', log.key);
    expect(verifyReceipt(textOf(one, 'receipt'), { ...trust, witnesses: [self], quorum: self })).toMatchObject({ code: 'QUORUM_UNMET' });
  });
});
