// Where a ledger lies on this machine, and how its parts are opened: the one file that knows the directory's layout.
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { performance } from 'node:perf_hooks';
import { finishErasures } from '../actions/erase.ts';
import { decodeUtf8, encodeUtf8, formatHex, parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { personOf, type Actor } from '../ledger/events/index.ts';
import { isJsonObject, parseJson, type Json } from '../ledger/json.ts';
import { startCommitThread, type CommitThread } from '../ledger/log/committer.ts';
import { sha256 } from '../ledger/log/engine.ts';
import { openLog, type Log } from '../ledger/log/log.ts';
import { openKey } from '../ledger/log/key-file.ts';
import { openView, type LogView } from '../ledger/log/view.ts';
import type { Signer } from '../ledger/note/index.ts';
import { openFileAnchor } from '../ledger/store/anchor-file.ts';
import { openPayloads, type PayloadStore } from '../ledger/store/payloads.ts';
import { readPrivateFile, writePrivateFile } from '../ledger/store/private-files.ts';
import { openSecrets, type SecretStore } from '../ledger/store/secrets.ts';
import { openSqlite } from '../ledger/store/sqlite.ts';
import type { DocumentQueries, DocumentReader, DocumentTables } from '../projections/reader.ts';
import { LiveProjector, projectionTables } from '../projections/tables.ts';
import { UsageError, type Call } from './command.ts';
import { findKey } from './keys.ts';
import type { Place } from './layout.ts';
import { witnessedTime } from './witnessed.ts';

export type { Place } from './layout.ts';

const format = 'stella-ledger/1';

export function directoryOf(call: Call): string {
  return resolve(call.value('ledger') ?? call.env('STELLA_LEDGER') ?? 'ledger');
}

/** @throws {LedgerError} STORE_MISSING where no ledger is; INPUT_MALFORMED when ledger.json is none */
export function findPlace(call: Call): Place {
  const directory = directoryOf(call);
  const file = join(directory, 'ledger.json');
  const said = readPlace(directory, file);
  const { origin, ledger, anchor } = isJsonObject(said) ? said : {};
  if (!isJsonObject(said) || said['format'] !== format || typeof origin !== 'string' || typeof ledger !== 'string' || typeof anchor !== 'string') {
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${file}": expected ${format}`, { hint });
  }
  return { directory, origin, ledger, anchor };
}

const hint = 'restore ledger.json from a backup';

function readPlace(directory: string, file: string): Json {
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(readFileSync(file));
  } catch (error) {
    // What may not be read is there all the same: whoever is told to begin a ledger begins a second one.
    if (!['ENOENT', 'ENOTDIR'].includes((error as { code?: string }).code ?? '')) throw error;
    throw new LedgerError('STORE_MISSING', `Cannot find a ledger in "${directory}"`, { hint: 'name one with --ledger, or begin one with "stella init"' });
  }
  try {
    return parseJson(bytes);
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    throw new LedgerError('INPUT_MALFORMED', `Cannot read "${file}": ${error.message}`, { hint, cause: error });
  }
}

/** Where an anchor goes when nobody says: the user's state directory, which backups of the ledger do not take along. */
export function defaultAnchor(call: Call, ledger: string): string {
  return join(call.env('XDG_STATE_HOME') ?? join(homedir(), '.local', 'state'), 'stella-ledger', `${ledger}.anchor`);
}

export function makePlace(place: Place): void {
  mkdirSync(place.directory, { recursive: true, mode: 0o700 });
  const { origin, ledger, anchor } = place;
  writeFileSync(join(place.directory, 'ledger.json'), `${JSON.stringify({ format, origin, ledger, anchor }, null, 2)}\n`);
}

export const openPlaceStore = (place: Place, readOnly = false) => openSqlite(place.directory, { readOnly, tables: projectionTables });
export const openPlaceAnchor = (place: Place, readOnly = false) => openFileAnchor(place.anchor, { readOnly });
export const openPlacePayloads = (place: Place): PayloadStore => openPayloads(join(place.directory, 'payloads'));
/**
 * Secrets of sealed payloads, in a folder of their own: a backup of it would bring erased payloads back.
 *
 * Opened when first asked: a ledger that sealed nothing has none, and needs no private folder for them.
 */
export function openPlaceSecrets(place: Place): SecretStore {
  let opened: SecretStore | null = null;
  const secrets = () => (opened ??= openSecrets(join(place.directory, 'secrets')));
  return {
    put: async (commitment, secret) => secrets().put(commitment, secret),
    get: async (commitment) => secrets().get(commitment),
    destroy: async (commitment) => secrets().destroy(commitment),
    async *list() {
      yield* secrets().list();
    },
    noteErasure: async (commitment, entry) => secrets().noteErasure(commitment, entry),
    // A ledger that sealed nothing has begun no erasure.
    notedErasures: async () => (existsSync(join(place.directory, 'secrets')) ? secrets().notedErasures() : []),
    forgetErasure: async (commitment) => secrets().forgetErasure(commitment),
  };
}

/** A clock whose wall time and monotonic time the log compares. */
export function clockOf(call: Call) {
  return { now: () => call.now(), monotonic: () => performance.now() };
}

/**
 * Opens the ledger for writing: takes the anchor, so only one process can.
 *
 * @param many - many calls at a time are expected: they are committed in a thread of their own
 * @throws {LedgerError} the boot rules' codes; KEY_MISSING, KEY_PASSPHRASE_WRONG
 */
export async function openForWriting(call: Call, place: Place, { many = false } = {}): Promise<Log> {
  const store = openPlaceStore(place);
  const anchor = openPlaceAnchor(place);
  let committer: CommitThread | null = null;
  try {
    const signer = await currentSigner(call, place);
    if (many) committer = startCommitThread(place.directory, projectionTables);
    const log = await openLog({
      store, anchor, signer, clock: clockOf(call), random: (count) => call.random(count), outsideTime: witnessedTime(place),
      projector: new LiveProjector(store),
      ...(committer === null ? {} : { committer }),
    });
    const payloads = openPlacePayloads(place);
    await finishErasures({ log, payloads, secrets: openPlaceSecrets(place) });
    // Another process may be storing what it appends afterwards; nobody takes a day for it.
    await payloads.tidy(call.now() - dayMs);
    return log;
  } catch (error) {
    await committer?.close();
    await store.close();
    await anchor.close();
    throw error;
  }
}

const dayMs = 86_400_000;

/** Opens the ledger for reading, beside its writer or without one; nothing is taken or signed. */
export async function openForReading(place: Place): Promise<LogView> {
  return openView({ store: openPlaceStore(place, true), anchor: openPlaceAnchor(place, true) });
}

/**
 * Documents of what the log comes to, at its published size, from the tables that move with it.
 *
 * The caller closes them. @throws {LedgerError} PROJECTION_STOPPED once something is read
 */
export async function openDocuments(
  place: Place, log: LogView,
): Promise<{ documents: DocumentReader; queries: DocumentQueries; close(): Promise<void> }> {
  const [{ openQueries }, { DocumentReader }] = await Promise.all([import('../ledger/store/queries.ts'), import('../projections/reader.ts')]);
  const queries = openQueries<DocumentTables>(place.directory);
  return { documents: new DocumentReader(log.published.size, log, queries), queries, close: () => queries.destroy() };
}

/** The key that signs checkpoints now, as the log itself says, opened with the passphrase. */
async function currentSigner(call: Call, place: Place): Promise<Signer> {
  const view = await openForReading(place);
  return openKey(findKey(place, formatHex((await view.readControl()).key.id)).bytes, await passphraseOf(call));
}

/** The key that signs for Rekor v1's clients. @throws {LedgerError} ENTRY_KIND_UNKNOWN on a ledger without one; KEY_MISSING */
export async function rekorSigner(call: Call, place: Place, log: LogView): Promise<Signer> {
  const key = (await log.readControl()).genesis.keys.find(({ use }) => use === 'rekor');
  if (key !== undefined) return openKey(findKey(place, formatHex(key.id)).bytes, await passphraseOf(call));
  throw new LedgerError('ENTRY_KIND_UNKNOWN', `Cannot record a Rekor entry: "${place.origin}" takes none`, {
    hint: 'begin a ledger beside this one with "stella init --rekor"',
  });
}

/**
 * The passphrase of the key files: from `--passphrase-file`, `$STELLA_PASSPHRASE_FILE`, `$STELLA_PASSPHRASE`, or asked for on a
 * terminal. One line; its end does not belong to it.
 *
 * @throws {UsageError} where there is none and no terminal to ask on
 */
export async function passphraseOf(call: Call): Promise<string> {
  const file = call.value('passphrase-file') ?? call.env('STELLA_PASSPHRASE_FILE');
  const given = file === undefined ? call.env('STELLA_PASSPHRASE') : decodeUtf8(new Uint8Array(readFileSync(file))).split('\n')[0];
  const passphrase = given ?? (process.stdin.isTTY ? await ask('Passphrase of the ledger\'s keys: ') : undefined);
  if (passphrase !== undefined && passphrase !== '') return passphrase;
  throw new UsageError('this needs the passphrase of the key files: give --passphrase-file FILE or set STELLA_PASSPHRASE_FILE');
}

/** Asks on the terminal without showing what is typed. */
function ask(question: string): Promise<string> {
  return new Promise((answered, failed) => {
    process.stderr.write(question);
    let typed = '';
    const end = (settle: () => void) => {
      process.stdin.setRawMode(false).pause().removeListener('data', take);
      process.stderr.write('\n');
      settle();
    };
    const take = (text: string) => {
      for (const character of text) {
        if (character === '\r' || character === '\n') return end(() => answered(typed));
        if (character === '\u0003' || character === '\u0004') return end(() => failed(new UsageError('no passphrase given')));
        typed = character === '\u007f' ? typed.slice(0, -1) : typed + character;
      }
    };
    process.stdin.setRawMode(true).setEncoding('utf8').resume().on('data', take);
  });
}

/** Who acts on a local ledger: the user of this machine, under a pseudonym that only this ledger's pepper can make. */
export function localActor(call: Call, place: Place): Actor {
  return { kind: 'person', auth: 'local', person: personOf(sha256, pepperOf(call, place), 'local', userInfo().username) };
}

/** The ledger's pepper: 32 secret bytes, made when first needed. */
export function pepperOf(call: Call, place: Place): Uint8Array {
  const known = knownPepper(place);
  if (known !== null) return known;
  const pepper = call.random(32);
  writePrivateFile(pepperFile(place), encodeUtf8(`${formatHex(pepper)}\n`));
  return pepper;
}

/** The pepper where there is one: a ledger that never named a person or sealed anything has none, or it is lost. */
export function knownPepper(place: Place): Uint8Array | null {
  const known = readPrivateFile(pepperFile(place));
  return known === null ? null : parseHex(decodeUtf8(known).trimEnd(), 32);
}

function pepperFile(place: Place): string {
  return join(place.directory, 'keys', 'pepper');
}
