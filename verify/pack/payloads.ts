// The payloads of a pack: each that an entry names is there, or listed with why it is not.
import { formatHex } from '../../ledger/bytes.ts';
import { commitmentLead, type PayloadReference } from '../../ledger/events/index.ts';
import { sha256 } from '../../ledger/merkle/hash.ts';
import { no } from '../../ledger/verdict.ts';
import type { PackAnswer } from './codes.ts';
import type { Withheld } from './manifest.ts';
import type { OpenPack } from './open.ts';
import type { PackEntry } from './receipts.ts';

/** `sha256:` or `commitment:`, and hexadecimal. */
export function payloadId({ digest, commitment }: PayloadReference): string {
  return digest === undefined ? `commitment:${formatHex((commitment as readonly [string, Uint8Array])[1])}` : `sha256:${formatHex(digest[1])}`;
}

/** The member that holds a payload: as it is, or, where it is sealed, its salt and what it says. */
export function payloadName(id: string): string {
  return id.startsWith('sha256:') ? `payloads/${id.slice(7)}` : `opened/${id.slice(11)}`;
}

const saltBytes = 32;

/** What a sealed payload says, from its member `salt ‖ plaintext`; null when it is not what the entry committed to. */
export function openedPayload(member: Uint8Array, commitment: string): Uint8Array | null {
  return formatHex(sha256(commitmentLead(member))) === commitment ? member.subarray(saltBytes) : null;
}

export interface PackPayloads {
  /** Payloads that entries of the pack name and that are there, once each. */
  readonly held: number;
  readonly withheld: readonly Withheld[];
}

/** Holds the payloads that entries name against what is there and what is listed. */
export function accountPayloads(pack: OpenPack, entries: Iterable<PackEntry>): PackAnswer<PackPayloads> {
  const { withheld } = pack.manifest;
  const listed = new Map(withheld.map((one) => [keyOf(one.entry, one.role, one.payload), one]));
  const erased = new Set<string>();
  const named = new Map<string, { readonly entry: number; readonly role: string; readonly id: string }>();
  for (const { index, event } of entries) {
    for (const reference of event?.payloads ?? []) {
      const id = payloadId(reference);
      named.set(keyOf(index, reference.role, id), { entry: index, role: reference.role, id });
    }
    if (event?.type === 'payload.erased') {
      erased.add(keyOf(event.data.entry, event.data.role, `commitment:${formatHex(event.data.commitment[1])}`));
    }
  }
  const held = new Set<string>();
  for (const [key, { entry, role, id }] of named) {
    const name = payloadName(id);
    const isThere = pack.byName.has(name);
    if (isThere && !held.has(id)) {
      const fits = id.startsWith('sha256:')
        ? pack.byName.get(name)?.sha256 === id.slice(7)
        : openedPayload(pack.read(name) as Uint8Array, id.slice(11)) !== null;
      if (!fits) return no('PACK_CONTRADICTORY', `"${name}" is not the payload that it is named by`);
      held.add(id);
    }
    const said = listed.get(key);
    if (isThere === (said !== undefined)) {
      const state = isThere ? 'there, and listed as withheld' : 'neither there nor listed as withheld';
      return no('PACK_PAYLOAD_UNACCOUNTED', `the ${role} of entry ${entry} is ${state}`);
    }
    if (said?.why === 'erased' && !erased.has(key)) {
      return no('PACK_PAYLOAD_UNACCOUNTED', `the ${role} of entry ${entry} is listed as erased, and no event says so`);
    }
  }
  const stray = withheld.find((one) => !named.has(keyOf(one.entry, one.role, one.payload)));
  if (stray !== undefined) return no('PACK_PAYLOAD_UNACCOUNTED', `entry ${stray.entry} names no ${stray.role} ${stray.payload}, which is listed as withheld`);
  return { ok: true, held: held.size, withheld };
}

function keyOf(entry: number, role: string, id: string): string {
  return `${entry} ${role} ${id}`;
}
