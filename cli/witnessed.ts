// The newest checkpoint that witnesses cosigned, kept with their policy: at each start the clock is held against their time.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { encodeUtf8 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { isJsonObject, parseJson } from '../ledger/json.ts';
import { outsideTimeOf } from '../ledger/log/witness.ts';
import { parsePolicy } from '../ledger/note/index.ts';
import { writePrivateFile } from '../ledger/store/private-files.ts';
import type { Place } from './layout.ts';

const format = 'stella-witnessed/1';

/** @param policy - text of the C2SP trust policy that names the witnesses @param note - the cosigned checkpoint */
export function keepWitnessed(place: Place, policy: string, note: string): void {
  writePrivateFile(fileOf(place), encodeUtf8(`${JSON.stringify({ format, policy, note }, null, 2)}\n`));
}

/**
 * The newest time that a witness stated, checked again under the policy that was kept with it.
 *
 * @returns milliseconds since 1970; null where no witness ever signed
 * @throws {LedgerError} INPUT_MALFORMED when the file is not what `keepWitnessed` writes
 */
export function witnessedTime(place: Place): number | null {
  const file = fileOf(place);
  if (!existsSync(file)) return null;
  const kept = parseJson(new Uint8Array(readFileSync(file)));
  const { policy, note } = isJsonObject(kept) && kept['format'] === format ? kept : {};
  if (typeof policy !== 'string' || typeof note !== 'string') {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${file}": expected ${format}`, { hint: 'remove it, then run "stella log witness" again' });
  }
  return outsideTimeOf(note, parsePolicy(policy).witnesses.map(({ key }) => key));
}

const fileOf = (place: Place): string => join(place.directory, 'witnessed.json');
