// stella erase: destroy a sealed payload, with its legal basis on record.
import { erasePayload } from '../../actions/erase.ts';
import { RETENTION_PROFILES, type RetentionProfile } from '../../actions/retention.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

const BASES = ['child', 'consent-withdrawn', 'court-order', 'not-needed', 'objected', 'obligation', 'retention-ended', 'unlawful'] as const;

export const command: Command = {
  usage: 'ENTRY --basis BASIS [--role ROLE] [--retention PROFILE]',
  help: `Destroys the secret of a sealed payload, and says so in the log: what is left is ciphertext, and every proof stays valid. It is refused
while a hold stands, and, where nobody demands it (not-needed, retention-ended), before its time is over: 18 months for evidence and
36 for what persons wrote, or ten years ("stella retention ten-years"). Packs already handed out are beyond erasure.`,
  options: {
    basis: { type: 'string', takes: 'BASIS', help: `the ground: ${BASES.join(', ')}` },
    role: { type: 'string', takes: 'ROLE', help: 'which payload, where the entry has several sealed ones: document, justification, identity' },
    retention: { type: 'string', takes: 'PROFILE', help: `keep to a longer one than is on record: ${Object.keys(RETENTION_PROFILES).join(', ')}` },
  },
  examples: [['stella erase 12 --basis consent-withdrawn', 'the person whose data it is has asked for it']],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one entry');
    const entry = parseCount(text, 'an index');
    const basis = BASES.find((one) => one === call.value('basis'));
    if (basis === undefined) throw new UsageError(`say why with --basis: ${BASES.join(', ')}`);
    const retention = longerOf(call);
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const ports = { log, ...payloadsOf(call, place), now: () => call.now(), ...retention };
      const { index, commitment, repeated, isPlainToo } = await erasePayload(ports, entry, call.value('role') ?? null, basis, localActor(call, place));
      call.out.say(repeated ? `entry ${index} says that it was erased before` : `entry ${index}: the payload of entry ${entry} is erased, ${basis}`);
      call.out.say('  proofs and receipts stay valid; packs that were handed out may still have it');
      if (isPlainToo) call.out.warn('the same bytes were added without --seal as well: they are still here, and their digest is on record');
      call.out.answer({ index, entry, basis, commitment: formatHex(commitment), repeated, isPlainToo, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};

function longerOf(call: Call): { readonly retention?: RetentionProfile } {
  const said = call.value('retention') ?? call.env('STELLA_RETENTION');
  if (said === undefined) return {};
  if (said === 'standard' || said === 'ten-years') return { retention: said };
  throw new UsageError(`a retention profile is one of ${Object.keys(RETENTION_PROFILES).join(', ')}`);
}
