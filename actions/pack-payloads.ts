// Which payloads go into a pack: what its scope needs, what may be opened, and for each other one why it stays out.
import { concatBytes, formatHex } from '../ledger/bytes.ts';
import { deriveSealKeys, type Event, type PayloadReference } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { payloadId, payloadName, type Scope, type Withheld } from '../verify/pack/index.ts';
import { Erasures } from './erasures.ts';
import type { PackedDecisions } from './pack-decisions.ts';
import { openSealed } from './sealed-payload.ts';

export interface PayloadPorts {
  readonly log: LogView;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
}

export interface PayloadChoice {
  /** Leaves documents as received out: their facts, digests and receipts stay. */
  readonly withoutDocuments?: boolean;
  /** Opens sealed payloads: whoever has the pack can read them for ever, whatever is erased later. */
  readonly open?: boolean;
}

/** A payload that goes in. */
export interface ChosenPayload {
  readonly name: string;
  readonly role: 'opened' | 'payload';
  readonly open: () => AsyncIterable<Uint8Array> | Iterable<Uint8Array>;
}

export interface ChosenPayloads {
  readonly chosen: readonly ChosenPayload[];
  readonly withheld: readonly Withheld[];
  /** Entries that say which payloads were erased: they belong into the pack too. */
  readonly erasures: readonly number[];
}

export async function choosePayloads(
  ports: PayloadPorts, scope: Scope, decisions: PackedDecisions, entries: ReadonlyMap<number, Event | null>, size: number, choice: PayloadChoice,
): Promise<ChosenPayloads> {
  const needed = neededBy(scope, decisions, entries);
  const chosen = new Map<string, ChosenPayload>();
  const withheld: Withheld[] = [];
  const erasures = new Set<number>();
  const said = new Erasures(ports.log, size);
  for (const [entry, event] of entries) {
    for (const reference of event?.payloads ?? []) {
      const id = payloadId(reference);
      const name = payloadName(id);
      if (chosen.has(name)) continue;
      const found = await find(ports, event as Event, entry, reference, needed, said, choice);
      if (typeof found === 'function') chosen.set(name, { name, role: reference.digest === undefined ? 'opened' : 'payload', open: found });
      else {
        withheld.push({ entry, role: reference.role, payload: id, why: found.why });
        if (found.erased !== undefined) erasures.add(found.erased);
      }
    }
  }
  // One payload may be named by several entries, and be needed only for one of them.
  const left = withheld.filter(({ payload }) => !chosen.has(payloadName(payload)));
  left.sort((a, b) => a.entry - b.entry || compareText(a.role, b.role) || compareText(a.payload, b.payload));
  return { chosen: [...chosen.values()], withheld: left, erasures: [...erasures] };
}

type Found = ChosenPayload['open'] | { readonly why: Withheld['why']; readonly erased?: number };
type Needed = (event: Event, entry: number, reference: PayloadReference) => boolean;

async function find(
  ports: PayloadPorts, event: Event, entry: number, reference: PayloadReference, needed: Needed, said: Erasures, choice: PayloadChoice,
): Promise<Found> {
  const { payloads, secrets } = ports;
  const { digest, commitment, role } = reference;
  if (digest !== undefined) {
    if (!needed(event, entry, reference) || (choice.withoutDocuments === true && role === 'document')) return { why: 'left-out' };
    return (await payloads.has(digest[1])) ? () => payloads.get(digest[1]) : { why: 'missing' };
  }
  const [, sealed] = commitment as readonly [string, Uint8Array];
  // Before the secret is looked for: it may have come back with a whole folder, and what was erased stays erased.
  const erased = await said.find(event, entry, sealed, true);
  if (erased !== null) return { why: 'erased', erased };
  if ((await secrets.get(sealed)) === null || (await said.find(event, entry, sealed)) !== null) return { why: 'missing' };
  if (choice.open !== true || !needed(event, entry, reference)) return { why: 'sealed' };
  const opened = await openedPayloadOf(ports, sealed);
  return opened === null ? { why: 'missing' } : () => [opened];
}

/** A sealed payload as a pack holds it, `salt ‖ plaintext`: whoever has it can check it against the entry's commitment. Null when it is not here. */
export async function openedPayloadOf({ payloads, secrets }: Omit<PayloadPorts, 'log'>, commitment: Uint8Array): Promise<Uint8Array | null> {
  const secret = await secrets.get(commitment);
  const plain = secret === null ? null : await openSealed({ payloads, secrets }, commitment);
  return secret === null || plain === null ? null : concatBytes((await deriveSealKeys(secret)).salt, plain);
}

/** Large, and no part of what an auditor asks: whole snapshots, update kits, and what earlier packs were made of. */
const neverPacked: ReadonlySet<string> = new Set(['kit', 'manifest', 'material', 'signature', 'snapshot']);
/** What folds and replays read of any stream. */
const alwaysPacked: ReadonlySet<string> = new Set(['contract', 'root', 'statement', 'authorisation', 'justification', 'identity']);

/** Of other artifacts, what they are made of is nobody's business who asked about this one. */
const aboutOne: ReadonlySet<string> = new Set(['document', 'findings', 'input', 'inventory', 'results', 'trace']);

function neededBy(scope: Scope, decisions: PackedDecisions, entries: ReadonlyMap<number, Event | null>): Needed {
  const read = readBy(decisions, entries);
  if (scope.kind === 'period') {
    // Beside the period lies what its decisions read, and of that nothing else.
    return (event, entry, reference) => !neverPacked.has(reference.role)
      && ((entry >= scope.start && entry < scope.end) || (decisions.streams.size > 0 && read(event, reference)));
  }
  const stream = `artifact:${scope.artifact}`;
  const isAbout = (event: Event) => event.streams.some(({ name }) => name === stream);
  if (scope.kind === 'artifact') {
    return (event, _, reference) => !neverPacked.has(reference.role) && (isAbout(event) || !aboutOne.has(reference.role) || read(event, reference));
  }
  // For extracting facts again, and looking at what was read: documents about this very artifact, too.
  return (event, _, reference) => !neverPacked.has(reference.role) && (read(event, reference) || (reference.role === 'document' && isAbout(event)));
}

/** What decisions stand on. */
function readBy({ made, facts }: PackedDecisions, entries: ReadonlyMap<number, Event | null>): (event: Event, reference: PayloadReference) => boolean {
  const digests = new Set(facts);
  for (const { event: { data: { findings, published }, payloads } } of made) {
    if (findings !== undefined) digests.add(formatHex(findings.digest[1]));
    // The list that was scanned: with the part of the snapshot it can be scanned again.
    const scan = findings === undefined ? null : entries.get(findings.scan);
    if (scan?.type === 'scan.completed') {
      const list = scan.data.sbom?.facts ?? scan.payloads?.find(({ role }) => role === 'inventory')?.digest;
      if (list !== undefined) digests.add(formatHex(list[1]));
    }
    const bundle = published === undefined ? undefined : entries.get(published.entry)?.payloads?.find(({ role }) => role === 'bundle')?.digest;
    for (const reference of [...(payloads ?? []).map(({ digest }) => digest), bundle]) if (reference !== undefined) digests.add(formatHex(reference[1]));
  }
  const isRead = ({ digest }: PayloadReference) => digest !== undefined && digests.has(formatHex(digest[1]));
  const drawn = ({ payloads: own = [] }: Event) => own.some((one) => one.role === 'facts' && isRead(one));
  // Of documents those, such as VEX about others, whose facts were read; what they say stands in the facts that are in the pack as well.
  return (event, reference) => alwaysPacked.has(reference.role) || isRead(reference) || (reference.role === 'document' && drawn(event));
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
