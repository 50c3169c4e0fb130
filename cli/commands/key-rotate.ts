// stella key rotate: another key signs from here on, on record.
import { readLedgerTrust } from '../../actions/ledger-trust.ts';
import { rotateAttestationKey } from '../../actions/rotate-key.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { openKey } from '../../ledger/log/key-file.ts';
import type { Log } from '../../ledger/log/log.ts';
import type { Signer } from '../../ledger/note/index.ts';
import { authorOf, pemOf } from '../author-key.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { listKeys, RETIRE_REASONS, retireReasonOf, type KeyOnFile } from '../keys.ts';
import { findPlace, localActor, openForWriting, passphraseOf, type Place } from '../place.ts';

export const command: Command = {
  usage: 'KEY [--reason REASON]',
  help: `Of a checkpoint key: appends key.rotated, signed by the old and the new key. The old key may have signed checkpoints up to that entry
and none after it: verifiers that know the rotation refuse larger ones. Give the new verifier key to those who verify. Of a key for
attestations: puts it on record, and ends the one before it, in one append. What that one signed up to then stays good; a pack
signed with it later is refused. The old key's file is not needed, and not removed.`,
  options: { reason: { type: 'string', takes: 'REASON', help: `why the key for attestations ends: ${RETIRE_REASONS.join(', ')} (else superseded)` } },
  examples: [['stella key rotate 9f3c2a71d04b8e55', 'the key that "stella key new" made, by its first digits']],

  async run(call) {
    const [wanted, ...others] = call.positionals;
    if (wanted === undefined || others.length > 0) throw new UsageError('name one key by its id, or the first digits of it');
    const place = findPlace(call);
    const files = (['checkpoint', 'attestation'] as const).flatMap((use) => listKeys(place, use).map((key) => ({ use, key })));
    const matches = files.filter(({ key }) => key.id.startsWith(wanted));
    const [found, ...more] = matches;
    if (found !== undefined && more.length > 0 && more.every(({ key }) => key.id === found.key.id)) {
      const files = matches.map(({ key }) => `"${key.file}"`).join(' and ');
      throw new UsageError(`the key "${wanted}" lies in ${files}: put aside those that are no place of its own`);
    }
    if (found === undefined || more.length > 0) throw new UsageError(`"${wanted}" names ${matches.length} keys: see "stella key list"`);
    const { use, key } = found;
    if (use === 'checkpoint' && call.value('reason') !== undefined) throw new UsageError('--reason is of keys for attestations');
    const reason = retireReasonOf(call, 'superseded');
    // Opened before anything is on record: a key that nobody can open would be the one that serves.
    const to = openKey(key.bytes, await passphraseOf(call));
    const log = await openForWriting(call, place);
    try {
      if (use === 'checkpoint') await rotateCheckpoint(call, place, log, key, to);
      else await rotateAttestation(call, place, log, to, reason);
    } finally {
      await log.close();
    }
    return 'yes';
  },
};

async function rotateCheckpoint(call: Call, place: Place, log: Log, { id, vkey }: KeyOnFile, to: Signer): Promise<void> {
  const { key: from } = await log.readControl();
  const { index } = await log.rotate(to, localActor(call, place));
  call.out.say(`entry ${index}: ${formatHex(from.id).slice(0, 16)}… signs no more, from now on it is\n  ${vkey}`);
  call.out.answer({ index, use: 'checkpoint', from: formatHex(from.id), to: id, vkey, lastSize: index + 1 });
}

async function rotateAttestation(call: Call, place: Place, log: Log, to: Signer, reason: (typeof RETIRE_REASONS)[number]): Promise<void> {
  const author = authorOf(to);
  const { index, retired, lastSize } = await rotateAttestationKey(log, author.key, reason, localActor(call, place));
  const publicKey = pemOf(author);
  for (const [i, id] of retired.entries()) {
    call.out.say(`entry ${index + 1 + i}: ${id.slice(0, 16)}… signs no more, ${reason}; what it signed up to size ${lastSize} stays good`);
  }
  call.out.say(`entry ${index}: from now on ${author.key.id.slice(0, 16)}… signs for this ledger\n${publicKey.trimEnd()}`);
  // A signature of an attestation is believed as trust says, which no rotation changes.
  const { records } = await readLedgerTrust({ log, ...payloadsOf(call, place) });
  for (const { entry, data, removed } of records) {
    const id = data.key === undefined ? '' : formatHex(data.key.id);
    if (removed === null && retired.includes(id)) {
      call.out.warn(`entry ${entry} still trusts ${id.slice(0, 16)}…: add the new key with "stella trust add --key FILE", and see "stella trust remove"`);
    }
  }
  call.out.answer({ index, use: 'attestation', to: author.key.id, publicKey, retired, reason, lastSize, size: log.published.size });
}
