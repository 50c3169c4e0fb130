// stella verify: check evidence offline, against keys that you bring.
import { readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { equalBytes, formatHex } from '../../ledger/bytes.ts';
import { decodeEnvelope, kindOf } from '../../ledger/events/index.ts';
import {
  trustKeys, verifyCheckpoint, verifyGrowth, verifyReceipt, verifyStream, verifyTlogProof,
  type Answer, type Complete, type Included, type Refused, type Signed, type Trust,
} from '../../verify/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { isPack, readerTrust, trustOptions, verifyPackFile } from '../verify-pack.ts';
import type { ExitName } from '../exit.ts';

export const command: Command = {
  usage: 'FILE (--key VKEY… | --policy FILE) [OPTIONS]',
  help: `Checks a pack, a receipt, a C2SP .tlog-proof or a checkpoint against the keys you name. It opens no ledger and no connection. Without
a key or policy it refuses: a verifier that trusts whoever signed proves nothing. A pack is looked at all the same, under its own keys.`,
  options: {
    ...trustOptions,
    policy: { type: 'string', takes: 'FILE', help: 'a C2SP trust policy: logs, witnesses and their quorum' },
    entry: { type: 'string', takes: 'FILE', help: 'the entry\'s bytes, which a .tlog-proof does not hold' },
    document: { type: 'string', takes: 'FILE', help: 'check too that this file is what the entry names' },
    audit: { type: 'string', takes: 'COPY', help: 'of a pack: read a whole copy of the log too, a ledger directory or http(s)://… of its tiles' },
  },
  examples: [
    ['stella verify receipt.json --key log.vkey --document sbom.cdx.json', 'this very file is in the log'],
    ['stella verify decision-1207.zip --key log.vkey', 'all that a decision was made from is here, and was in the log'],
    ['stella verify receipt.json --policy policy.txt', 'and enough witnesses saw the log'],
    ['stella verify 2026-10.checkpoint --key log.vkey --update now.proof', 'and the log only grew since October'],
  ],

  async run(call) {
    const [file, ...others] = call.positionals;
    if (file === undefined || others.length > 0) throw new UsageError('name one file');
    if (isPack(file)) return verifyPackFile(call, file);
    const bytes = new Uint8Array(readFileSync(file));
    const trust = trustOf(call);
    const updateFile = call.value('update');
    const update = updateFile === undefined ? {} : { update: new Uint8Array(readFileSync(updateFile)) };
    const start = new TextDecoder().decode(bytes.subarray(0, 64)).trimStart();
    if (start.startsWith('{') && start.includes('"stella-stream/')) return reportStream(call, verifyStream(bytes, trust, update));
    if (start.startsWith('{')) return report(call, 'receipt', verifyReceipt(bytes, trust, update));
    if (start.startsWith('c2sp.org/tlog-proof@')) {
      const entry = call.value('entry');
      if (entry === undefined) throw new UsageError('a .tlog-proof does not hold the entry: give --entry FILE');
      return report(call, 'tlog-proof', verifyTlogProof(bytes, new Uint8Array(readFileSync(entry)), trust, update));
    }
    if (updateFile !== undefined) return report(call, 'growth', verifyGrowth(bytes, (update as { update: Uint8Array }).update, trust));
    return report(call, 'checkpoint', verifyCheckpoint(bytes, trust));
  },
};

/** What the caller trusts; nobody, when neither keys nor a policy are given. */
function trustOf(call: Call): Trust {
  return readerTrust(call) ?? trustKeys('', [], {});
}

function refuse(call: Call, what: string, { code, message, notes }: Refused): ExitName {
  call.out.say(`NO  ${code}: ${message}`);
  if (code === 'TRUST_EMPTY') call.out.say('Give the log\'s key with --key, or a trust policy with --policy.');
  call.out.answer({ verdict: code, message, what, ...(notes === undefined ? {} : { notes }) });
  return code === 'EVIDENCE_NEWER' || code === 'TRUST_EMPTY' ? 'cannot' : 'no';
}

function reportStream(call: Call, answer: Answer<Complete>): ExitName {
  if (!answer.ok) return refuse(call, 'stream', answer);
  const { stream, level, version, size, events, proven, notProven, checkpoint } = answer;
  call.out.say(`YES  ${level}  ${stream}: ${events.length} events in the log ${checkpoint.origin}`);
  for (const sentence of proven) call.out.say(`     proven: ${sentence}`);
  for (const sentence of notProven) call.out.say(`     not proven: ${sentence}`);
  const indexes = events.map(({ index }) => index);
  call.out.answer({ verdict: 'OK', what: 'stream', origin: checkpoint.origin, stream, level, version, size, events: indexes, proven, notProven });
  return 'yes';
}

function witnessesOf({ witnessed }: Signed): { name: string; signedAt: string }[] {
  return witnessed.by.map(({ witness, time }) => ({ name: witness.key.name, signedAt: new Date(time * 1000).toISOString() }));
}

function report(call: Call, what: string, answer: Answer<Signed | Included>): ExitName {
  if (!answer.ok) return refuse(call, what, answer);
  const { checkpoint, witnessed } = answer;
  const witnesses = witnessesOf(answer);
  const { origin, size } = checkpoint;
  const proven = 'entry' in answer ? { index: answer.index, ...describe(answer.entry) } : {};
  if ('entry' in answer) {
    const mismatch = documentMismatch(call, answer.entry);
    if (mismatch !== null) {
      call.out.say(`NO  DOCUMENT_MISMATCH: ${mismatch}`);
      call.out.answer({ verdict: 'DOCUMENT_MISMATCH', message: mismatch, what, origin, size, ...proven });
      return 'no';
    }
    const { type, recorded } = describe(answer.entry);
    call.out.say(`YES  entry ${answer.index} is in the log ${origin}, in its tree of ${size}`);
    if (type !== null) call.out.say(`     ${type}, recorded ${recorded} (the log's own clock)`);
    if (call.value('document') !== undefined) call.out.say('     the document is the one that the entry names');
  } else call.out.say(`YES  the log ${origin} signed its tree of ${size}${what === 'growth' ? ', which holds the kept one as its prefix' : ''}`);
  for (const { name, signedAt } of witnesses) call.out.say(`     witness ${name} cosigned at ${signedAt}`);
  const quorum = { met: 'the witness quorum is met', unmet: 'the witness quorum is NOT met', none: 'no witness was asked for' }[witnessed.quorum];
  call.out.say(`     ${quorum}`);
  call.out.say('     not proven: that what the entry says is true, or that nothing else was left out');
  call.out.answer({ verdict: 'OK', what, origin, size, root: formatHex(checkpoint.root), ...proven, witnesses, quorum: witnessed.quorum });
  return 'yes';
}

function describe(entry: Uint8Array): { type: string | null; recorded: string | null } {
  if (kindOf(entry) !== 'event') return { type: null, recorded: null };
  try {
    const { type, at } = decodeEnvelope(entry);
    return { type, recorded: new Date(at).toISOString() };
  } catch {
    return { type: null, recorded: null };
  }
}

/** Why the given file is not what the entry names, or null. */
function documentMismatch(call: Call, entry: Uint8Array): string | null {
  const file = call.value('document');
  if (file === undefined) return null;
  const digest = createHash('sha256').update(readFileSync(file)).digest();
  if (kindOf(entry) !== 'event') return 'the entry is no event, and names no document';
  const payloads = decodeEnvelope(entry).payloads ?? [];
  if (payloads.some((payload) => payload.digest !== undefined && equalBytes(payload.digest[1], digest))) return null;
  if (payloads.some((payload) => payload.commitment !== undefined)) return 'the entry names a sealed payload, which only its secret can check';
  return `the document's SHA-256 is ${digest.toString('hex').slice(0, 16)}…, which the entry does not name`;
}
