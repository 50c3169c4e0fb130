// stella person add: somebody who can act on this ledger.
import { readFileSync } from 'node:fs';
import { addPerson } from '../../actions/person.ts';
import { readKeys } from '../../actions/rotate-key.ts';
import { concatBytes, decodeUtf8, formatBase64, formatHex } from '../../ledger/bytes.ts';
import { openKey, sealKey } from '../../ledger/log/key-file.ts';
import { ed25519Spki } from '../../ledger/spki.ts';
import { parsePublicKey } from '../../verify/sigstore/index.ts';
import { UsageError, type Command } from '../command.ts';
import { parseName, personPassphraseOf, pseudonymOf, writePerson, writePersonKey } from '../persons.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

export const command: Command = {
  usage: 'NAME [--public FILE]',
  help: `On a local ledger a person is whoever holds a key. Makes an Ed25519 key for NAME, sealed under the passphrase (or under the one in
STELLA_PERSON_PASSPHRASE_FILE), or takes the public key of somebody who keeps the private one elsewhere, and puts it on record
under a pseudonym: the name stays on this machine. One key behind two names is refused, for it could approve what it asked for.
Where "stella key retire" ended the key of this name, its file is put aside, and the person goes on with a new one.`,
  options: { public: { type: 'string', takes: 'FILE', help: 'the public key (PEM) of a key that lies elsewhere: Ed25519 or ECDSA P-256' } },
  examples: [
    ['stella person add ann', 'a new key on this machine'],
    ['stella person add bob --public bob.pub', 'Bob signs with --key bob.pem'],
  ],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (others.length > 0) throw new UsageError('name one person');
    const name = parseName(text);
    const place = findPlace(call);
    const file = call.value('public');
    const sealed = file === undefined ? sealKey(place.origin, call.random(32), await personPassphraseOf(call), call.random(28)) : null;
    const spki = sealed === null ? null : concatBytes(ed25519Spki, openKey(sealed, await personPassphraseOf(call)).key.publicKey);
    const key = parsePublicKey(spki === null ? decodeUtf8(new Uint8Array(readFileSync(file as string))) : formatBase64(spki));
    const person = pseudonymOf(call, place, name);
    const log = await openForWriting(call, place);
    try {
      // The key before the entry: a crash between them leaves a key that nothing names; the other way round, one that is lost.
      const retired = (await readKeys(log)).flatMap(({ id, ended }) => (ended === null ? [] : [id]));
      if (sealed !== null) writePersonKey(place, name, sealed, retired);
      const { index } = await addPerson(log, person, key, localActor(call, place));
      writePerson(place, name, key.id);
      call.out.say(`entry ${index}: ${name} is ${formatHex(person)}, with the key ${key.id.slice(0, 16)}…`);
      call.out.answer({ index, name, person: formatHex(person), key: key.id, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
