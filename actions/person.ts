// Persons: on a local ledger somebody is whoever holds a key. A key is added under a pseudonym, and found again.
import { formatHex, parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { paddedSize, prepareDraft, type Actor, type DataOf, type Event, type PayloadReference } from '../ledger/events/index.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { AuthorKey, PublicKey } from '../verify/sigstore/index.ts';

/** Who acts, and what the act's statement is signed with. */
export interface Acting {
  readonly by: Actor;
  /** `signed`: the key is the person's own. `asserted`: it is the ledger's for attestations, which says who acted. */
  readonly assurance: 'asserted' | 'signed';
  readonly author: AuthorKey;
}

/**
 * Who is about to act. Asking for the ledger's own key can make one and put it on record: it is asked for when the act can be refused no
 * more, so that a refused call leaves nothing behind.
 */
export type Intending = Acting | (Omit<Acting, 'author'> & { readonly author: () => Promise<AuthorKey> });

/** Asks for the key. */
export async function signing({ author, ...rest }: Intending): Promise<Acting> {
  return { ...rest, author: typeof author === 'function' ? await author() : author };
}

/** The members of an act's data that say who signed. */
export interface SignedBy {
  readonly assurance: 'asserted' | 'signed';
  /** Of the key, 32 bytes. */
  readonly key: Uint8Array;
}

export function signedBy({ assurance, author }: Acting): SignedBy {
  return { assurance, key: parseHex(author.key.id) };
}

/** The same with no key at all: for trying whether an event could be recorded, before one is asked for. */
export function unsignedBy({ assurance }: Pick<Acting, 'assurance'>): SignedBy {
  return { assurance, key: new Uint8Array(32) };
}

/** What stands for a payload that is not stored yet, in the same trial. @param sealed - padded, and under a commitment */
export function unstored(role: string, media: string, sealed = false): PayloadReference {
  const nothing = ['sha256', new Uint8Array(32)] as const;
  return sealed ? { role, size: paddedSize(1), media, commitment: nothing } : { role, size: 1, media, digest: nothing };
}

/**
 * Puts a person's key on record. A person may have several; a key has one person, for two names for one key would let one person
 * approve what the same person asked for.
 *
 * @param person - pseudonym @throws {LedgerError} PERSON_KEY_TAKEN; INPUT_MALFORMED for a key of another kind than Ed25519 or P-256
 */
export async function addPerson(log: Log, person: Uint8Array, key: PublicKey, by: Actor): Promise<Appended> {
  const stream = `key:${key.id}`;
  if ((await log.head(stream)) !== null) {
    throw new LedgerError('PERSON_KEY_TAKEN', `Cannot add the key ${key.id.slice(0, 16)}…: it is on record already`, {
      hint: 'a person needs a key that nobody else has: make one with "stella person add NAME"',
    });
  }
  const data = { key: { id: parseHex(key.id), use: 'person' as const, algorithm: algorithmOf(key), public: key.spki }, person };
  return log.appendOne({ drafts: [prepareDraft({ type: 'key.added', by, data }, sha256)], expected: [{ stream, version: 'absent' }] });
}

function algorithmOf({ kind }: PublicKey): DataOf<'key.added'>['key']['algorithm'] {
  if (kind === 'Ed25519') return 'ed25519';
  if (kind === 'EC P-256') return 'ecdsa-p256';
  throw new LedgerError('INPUT_MALFORMED', `Cannot add a key of kind ${kind}: expected Ed25519 or ECDSA on P-256`);
}

/**
 * Whose key it is.
 *
 * @param id - of the key, 64 hexadecimal digits @throws {LedgerError} PERSON_UNKNOWN when it is nobody's, or was retired
 */
export async function personOfKey(log: Pick<LogView, 'stream'>, id: string): Promise<Uint8Array> {
  let newest: Event | null = null;
  for await (const { event } of log.stream(`key:${id}`)) {
    newest ??= event;
    if (event.type === 'key.added' && event.data.person !== undefined && newest.type !== 'key.retired') return event.data.person;
  }
  const why = newest?.type === 'key.retired' ? 'was retired' : 'is nobody\'s';
  throw new LedgerError('PERSON_UNKNOWN', `Cannot act with the key ${id.slice(0, 16)}…: it ${why} on this ledger`, {
    hint: 'put it on record with "stella person add NAME --public FILE"',
  });
}

/** The actor that a key's holder is. @throws {LedgerError} PERSON_UNKNOWN */
export async function actingWith(log: Pick<LogView, 'stream'>, author: AuthorKey): Promise<Acting> {
  const person = await personOfKey(log, author.key.id);
  return { by: { kind: 'person', auth: 'key', person }, assurance: 'signed', author };
}

/** A pseudonym as it is shown: 32 hexadecimal digits. */
export const formatPerson = (person: Uint8Array): string => formatHex(person);
