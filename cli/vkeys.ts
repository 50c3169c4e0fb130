// The log's keys as verifier keys: the one in use and those it replaced.
import type { LogView } from '../ledger/log/view.ts';
import { ed25519Key, formatVkey } from '../ledger/note/index.ts';

/** An Ed25519 SubjectPublicKeyInfo ends with the 32 bytes of the key (RFC 8410 §4). */
const keyBytes = 32;

/** The vkey of the key that signs now. */
export async function currentVkey(log: Pick<LogView, 'readControl'>): Promise<string> {
  const { genesis, key } = await log.readControl();
  return formatVkey(ed25519Key(genesis.origin, key.public.slice(-keyBytes)));
}

/** The vkeys of every key that ever signed checkpoints of this log, the newest first. */
export async function allVkeys(log: Pick<LogView, 'readControl' | 'stream'>): Promise<string[]> {
  const { genesis } = await log.readControl();
  const publics = [];
  for await (const { event } of log.stream('ledger')) {
    if (event.type === 'key.rotated') publics.push(event.data.to.public);
    if (event.type === 'ledger.created') publics.push(...event.data.keys.filter(({ use }) => use === 'checkpoint').map((key) => key.public));
  }
  return publics.map((spki) => formatVkey(ed25519Key(genesis.origin, spki.slice(-keyBytes))));
}
