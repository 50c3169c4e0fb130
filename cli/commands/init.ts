// stella init: begin a ledger.
import { join, resolve, sep } from 'node:path';
import { initLedger, unnamedOrigin } from '../../actions/init-ledger.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { openKey, sealKey, sealP256Key } from '../../ledger/log/key-file.ts';
import { isP256Secret, parseVkey } from '../../ledger/note/index.ts';
import { LiveProjector } from '../../projections/tables.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { addKey } from '../keys.ts';
import { clockOf, defaultAnchor, directoryOf, findPlace, makePlace, openPlaceAnchor, openPlaceStore, passphraseOf } from '../place.ts';

export const command: Command = {
  usage: '[--origin HOST] [--anchor FILE] [--rekor | --raw]',
  takesWords: false,
  help: `Makes a directory with a database, a key, and entry 0, which names the ledger for good.
The anchor remembers the newest signed head outside the directory: keep it on another volume, and out of its backups.`,
  options: {
    origin: { type: 'string', takes: 'HOST', help: 'a bare lower-case host name of yours; it can never change (else one that is nobody\'s)' },
    anchor: { type: 'string', takes: 'FILE', help: 'where the anchor lies (else below $XDG_STATE_HOME or ~/.local/state)' },
    rekor: { type: 'boolean', help: 'take Rekor entries too, for Sigstore\'s clients: what they record is public to whoever may read the log, for good' },
    raw: { type: 'boolean', help: 'entries after 0 are anybody\'s bytes and are never decoded' },
  },
  examples: [
    ['stella init --origin ledger.example.org --passphrase-file /run/secrets/ledger', 'a ledger in ./ledger whose receipts name ledger.example.org'],
    ['stella init --origin ledger.example.org --rekor', 'a ledger that proves its attestations to cosign'],
    ['stella init --ledger /var/lib/stella --anchor /mnt/other/stella.anchor', 'the anchor on another volume'],
  ],

  async run(call) {
    if (call.flag('rekor') && call.flag('raw')) throw new UsageError('a raw ledger takes anything already: give --rekor or --raw');
    const directory = directoryOf(call);
    refuseSecond(call);
    const ledger = call.random(16);
    const origin = call.value('origin') ?? unnamedOrigin(ledger);
    // Whole: a later command may be called from anywhere, and would find no anchor there.
    const anchor = resolve(call.value('anchor') ?? defaultAnchor(call, formatHex(ledger)));
    if (anchor.startsWith(join(directory, sep))) {
      throw new UsageError(`the anchor would lie in the ledger's own directory: a backup of that brings it back too, and nobody sees what is missing`);
    }
    const place = { directory, origin, ledger: formatHex(ledger), anchor };

    const passphrase = await passphraseOf(call);
    const sealed = sealKey(origin, call.random(32), passphrase, call.random(28));
    // The key before the entry that names it: a ledger whose key was never stored could sign nothing again.
    const { vkey } = addKey(place, sealed);
    const signer = openKey(sealed, passphrase);
    const rekorVkey = call.flag('rekor') ? addKey(place, sealP256Key(origin, p256Secret(call), passphrase, call.random(28))).vkey : null;
    const store = openPlaceStore(place);
    const ports = {
      store, anchor: openPlaceAnchor(place), signer, clock: clockOf(call), random: (count: number) => call.random(count), projector: new LiveProjector(store),
    };
    const log = await initLedger(ports, {
      ledger, origin, ...(rekorVkey === null ? { kinds: [call.flag('raw') ? 'raw' : 'event'] } : { kinds: ['event', 'rekor'], rekorKey: parseVkey(rekorVkey) }),
    });
    makePlace(place);
    const { size, note } = log.published;
    await log.close();

    call.out.say(`Ledger  ${origin}\n  in      ${directory}\n  anchor  ${anchor}\n  key     ${vkey}${rekorVkey === null ? '' : `\n  rekor   ${rekorVkey}`}`);
    call.out.say('Give the key to those who shall verify. Back up the directory without the anchor, and the keys apart from both.');
    call.out.answer({ origin, ledger: place.ledger, directory, anchor, vkey, ...(rekorVkey === null ? {} : { rekorVkey }), size, checkpoint: note });
    return 'yes';
  },
};

/** 32 random bytes that are a scalar of the curve: nearly all are. */
function p256Secret(call: Call): Uint8Array {
  for (;;) {
    const secret = call.random(32);
    if (isP256Secret(secret)) return secret;
  }
}

function refuseSecond(call: Call): void {
  let there;
  try {
    there = findPlace(call);
  } catch (error) {
    if (error instanceof LedgerError && error.code === 'STORE_MISSING') return;
    throw error;
  }
  throw new LedgerError('ANCHOR_TAKEN', `Cannot begin a ledger in "${there.directory}": there is one already`, { hint: 'choose another with --ledger' });
}
