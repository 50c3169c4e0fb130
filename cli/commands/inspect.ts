// stella inspect: what a file is, what is wrong with it, and what "add" would do. It records nothing.
import { existsSync, readFileSync } from 'node:fs';
import { createHash } from 'node:crypto';
import { checkSignatures } from '../../actions/check-signatures.ts';
import { readLedgerTrust, type LedgerTrust } from '../../actions/ledger-trust.ts';
import { isPlain, planEvidence } from '../../actions/plan-evidence.ts';
import { readEvidence, type EvidenceRead } from '../../actions/read-evidence.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { join } from 'node:path';
import { readTrust } from '../../verify/sigstore/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { evidenceJson, formatName, payloadsOf, sayDeviations, saySignatures } from '../evidence.ts';
import type { ExitName } from '../exit.ts';
import { directoryOf, findPlace, openForReading } from '../place.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '[OPTIONS] FILE',
  help: `Shows a file's format and verdict, everywhere it is not as its format asks, what its signatures are worth under this ledger's
trust (nobody's, where there is no ledger), and the event that "stella add" would record. It records nothing.
The exit code is the verdict: 0 valid (with deviations too), 1 invalid, or a signature that fails, 3 refused, 5 a version of its
format that is not read.`,
  options: {
    subject: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'as for "stella add"' },
    strict: { type: 'boolean', help: 'read known dialects as their format has them: nothing is mended' },
    blob: { type: 'string', takes: 'FILE', help: 'check that this file is the bill of materials that the statement names by digest' },
  },
  examples: [
    ['stella inspect image.cdx.json', 'would it come in, and as what'],
    ['stella inspect sbom.dsse.json --blob image.cdx.json', 'and is this the document that was meant'],
  ],

  async run(call) {
    const [file, ...others] = call.positionals;
    if (file === undefined || others.length > 0) throw new UsageError('name one file');
    const given = call.values('subject').map(parseSubject);
    const bytes = new Uint8Array(readFileSync(file));
    const read = await readEvidence(bytes, { mode: call.flag('strict') ? 'strict' : 'tolerant' });
    const trust = await trustOf(call);
    const signatures = checkSignatures(read.envelopes ?? [], trust, { given, at: call.now(), pseudonym: () => new Uint8Array(16) });
    const plan = planned(read, given, signatures.map(({ record }) => record));
    call.out.say(`${formatName(read)}: ${read.refusal?.code === 'FORMAT_UNKNOWN' ? 'a plain document' : read.verdict}`);
    if (read.refusal !== null && read.refusal.code !== 'FORMAT_UNKNOWN') call.out.say(`       ${read.refusal.code}: ${read.refusal.message}`);
    sayDeviations(call, read);
    saySignatures(call, signatures);
    if ('refusal' in plan) {
      const { code, message, hint } = plan.refusal;
      call.out.say(`"stella add" would refuse it, ${code}: ${message}${hint === null ? '' : `\n       ${hint}`}`);
    } else call.out.say(`"stella add" would record ${plan.events.map(({ type, counts }) => `${type}${counts}`).join(' and ')}`);
    const blob = blobVerdict(call, read);
    call.out.answer({ file, bytes: bytes.length, ...evidenceJson(read, signatures), would: wouldOf(plan), ...(blob === null ? {} : { blob: blob.ok }) });
    if (blob !== null) call.out.say(blob.say);
    if (blob?.ok === false || signatures.some(({ verdict }) => verdict.is === 'failed')) return 'no';
    return exitOf(read);
  },
};

function exitOf({ verdict, refusal }: EvidenceRead): ExitName {
  if (refusal?.code === 'FORMAT_UNKNOWN') return 'yes';
  return EXITS[verdict];
}

const EXITS = {
  valid: 'yes', valid_with_deviations: 'yes', invalid_schema: 'no', invalid_semantic: 'no', unsupported_version: 'cannot', refused: 'input',
} as const;

type Plan = { events: { type: string; counts: string }[] } | { refusal: LedgerError };

function wouldOf(plan: Plan): Record<string, unknown> {
  if (!('refusal' in plan)) return { events: plan.events.map(({ type }) => type) };
  const { code, message, hint } = plan.refusal;
  return { refusal: { code, message, hint } };
}

function planned(read: EvidenceRead, given: Parameters<typeof planEvidence>[1], signatures: Parameters<typeof planEvidence>[2]): Plan {
  if (isPlain(read)) return { events: [{ type: 'document.stored', counts: '' }] };
  try {
    const counts = ({ family, data }: ReturnType<typeof planEvidence>[number]) => {
      if (family === 'sbom') return ` (${data.components} components)`;
      if (family === 'report') return ` (${data.results} results)`;
      if (family === 'vex') return ` (${data.statements} statements)`;
      return ` (${data.subjects.length} subjects)`;
    };
    return { events: planEvidence(read, given, signatures).map((event) => ({ type: event.type, counts: counts(event) })) };
  } catch (error) {
    if (error instanceof LedgerError) return { refusal: error };
    throw error;
  }
}

/** Whether the file is what the statements name by digest; null when nobody asked. */
function blobVerdict(call: Call, { envelopes }: EvidenceRead): { ok: boolean; say: string } | null {
  const file = call.value('blob');
  if (file === undefined) return null;
  const named = (envelopes ?? []).flatMap(({ predicate }) => (predicate?.kind === 'sbom-reference' ? [predicate.digest] : []));
  if (named.length === 0) throw new UsageError('no statement in the file names a bill of materials by digest');
  const bytes = readFileSync(file);
  const ok = named.every(([algorithm, hex]) => createHash(algorithm).update(bytes).digest('hex') === hex);
  return { ok, say: `${ok ? 'YES  the blob is' : 'NO   SUBJECT_MISMATCH: the blob is not'} the document that the statement names` };
}

/** This ledger's trust; nobody's, where there is no ledger and none was asked for. */
async function trustOf(call: Call): Promise<LedgerTrust> {
  const asked = call.value('ledger') ?? call.env('STELLA_LEDGER');
  if (asked === undefined && !existsSync(join(directoryOf(call), 'ledger.json'))) return { records: [], trust: readTrust([]), byRoot: [] };
  const place = findPlace(call);
  return readLedgerTrust({ log: await openForReading(place), ...payloadsOf(call, place) });
}
