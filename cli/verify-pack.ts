// "stella verify" of a pack: the same verdict as the program in it, and with --audit a whole copy read.
import { closeSync, openSync, readFileSync, readSync } from 'node:fs';
import { clip } from '../ledger/errors.ts';
import type { Trust } from '../verify/index.ts';
import { reportPack, verifyPack, type PackOptions } from '../verify/pack/index.ts';
import { UsageError, type Call } from './command.ts';
import type { ExitName } from './exit.ts';
import { digestOf, nodeEngines, openSource, receiptBeside, trustFrom } from './programs/arguments.ts';

/** What a reader of packs may bring; a trust policy beside it, under the name that the command has for one. */
export const trustOptions = {
  key: { type: 'string', multiple: true, takes: 'VKEY', help: 'a log\'s verifier key, or a file that holds one; may be repeated' },
  retired: { type: 'string', multiple: true, takes: 'VKEY[@SIZE]', help: 'a key that signed once, and the last size it may have signed' },
  'best-effort': { type: 'boolean', help: 'show which witnesses signed, and do not refuse when too few did' },
  receipt: { type: 'string', takes: 'FILE', help: 'of a pack: the export\'s receipt (else PACK.receipt.json, where it lies)' },
  update: { type: 'string', takes: 'FILE', help: 'a newer checkpoint with its consistency proof (stella log consistency --out)' },
} as const;

/** What lies beside a pack, as the caller says. */
export function packOptions(call: Call, file: string): PackOptions {
  const update = call.value('update');
  const newer = update === undefined ? {} : { update: new Uint8Array(readFileSync(update)) };
  return { ...nodeEngines, ...receiptBeside(file, call.value('receipt')), ...newer };
}

/** A zip begins with a member's header, or, where it is empty, with its end. */
export function isPack(file: string): boolean {
  const handle = openSync(file, 'r');
  const first = new Uint8Array(2);
  readSync(handle, first);
  closeSync(handle);
  return first[0] === 0x50 && first[1] === 0x4b;
}

/** What the caller trusts; null where he says nothing. @param policy - a file */
export function readerTrust(call: Call, policy = call.value('policy')): Trust | null {
  if (policy !== undefined && call.values('key').length > 0) throw new UsageError('give either --key or --policy');
  return trustFrom({ keys: call.values('key'), policy, retired: call.values('retired'), bestEffort: call.flag('best-effort') });
}

export async function verifyPackFile(call: Call, file: string): Promise<ExitName> {
  const trust = readerTrust(call);
  const options = packOptions(call, file);
  const source = openSource(file);
  const answer = verifyPack(source, trust, options);
  const copy = call.value('audit');
  const found = answer.ok && copy !== undefined ? await (await import('./audit-copy.ts')).auditCopy(call, copy, answer) : [];
  const whole = answer.ok && copy !== undefined && found.length === 0 ? verifyPack(source, trust, { ...options, audited: true }) : answer;
  const { verdict, lines, members } = reportPack(whole, call.out.json ? digestOf(source) : undefined);
  source.close();
  const [first] = found;
  if (first !== undefined) {
    for (const { index, code, message } of found.slice(0, 8)) call.out.say(`NO  ${code}: entry ${index}: ${clip(message)}`);
    call.out.answer({ ...members, verdict: first.code, message: first.message, audit: found });
    return 'no';
  }
  for (const line of lines) call.out.say(line);
  // Whoever signed the pack chose them: a program that always says yes would be one of its members as well.
  for (const { name, sha256 } of answer.ok ? answer.pack.members('program') : []) {
    call.out.say(`  not vouched for: the program ${name}, sha256:${sha256}; compare it with the release's before you run it`);
  }
  if (verdict === 'TRUST_EMPTY') call.out.say('Give the log\'s key with --key, or a trust policy with --policy.');
  call.out.answer(members);
  if (verdict === 'OK') return 'yes';
  return verdict === 'TRUST_EMPTY' || verdict === 'EVIDENCE_NEWER' || verdict === 'KEY_RETIRED' ? 'cannot' : 'no';
}
