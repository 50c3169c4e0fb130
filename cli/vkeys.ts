// The log's keys as verifier keys: the one in use and those it replaced.
import { ed25519Key, formatVkey } from '../ledger/note/index.ts';
import type { LogView } from '../ledger/log/view.ts';

/** An Ed25519 SubjectPublicKeyInfo ends with the 32 bytes of the key (RFC 8410 §4). */
const keyBytes = 32;

/** The vkey of the key that signs now. */
export async function currentVkeys(log: Pick<LogView, 'readControl'>): Promise<string[]> {
  const { genesis, key } = await log.readControl();
  return [formatVkey(ed25519Key(genesis.origin, key.public.slice(-keyBytes)))];
}
