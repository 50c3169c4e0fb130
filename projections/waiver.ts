// waiver:<id>: a risk somebody wants to accept for a time, and every act on it. What counts when is for active-waivers.ts to say.
import { equalBytes } from '../ledger/bytes.ts';
import type { DataOf } from '../ledger/events/index.ts';
import type { EventAt } from './event-at.ts';
import { adds, defineProjection, payloadOf, pointerTo, type Document, type Pointer } from './projection.ts';

type Requested = DataOf<'waiver.requested'>;

/** One act of one person. `key` signed its statement: the person's own, or the ledger's where it is `asserted`. */
export type WaiverAct = Pointer & {
  assurance: Requested['assurance'];
  /** SHA-256 of a SubjectPublicKeyInfo. */
  key: Uint8Array;
  /** Payload with the signed statement. */
  statement: Uint8Array;
  reason?: DataOf<'waiver.rejected'>['reason'] | DataOf<'waiver.revoked'>['reason'];
};

/** A waiver as it was asked for, with what became of it; told apart by the entry that asked, for an id may be asked for again. */
export type Waiver = WaiverAct & {
  id: string;
  vulnerabilities: readonly string[];
  /** Artifacts by SHA-256; absent where components alone narrow it. */
  subjects?: readonly Uint8Array[];
  components?: NonNullable<Requested['components']>;
  /** The pseudonym of the person who answers for it. */
  owner: Uint8Array;
  /** It is over at this time, milliseconds since 1970. */
  expires: number;
  breakGlass: boolean;
  responses: Requested['responses'];
  /** Approvals of exactly what was asked for; whose, and whether they count, is not looked at here. */
  approvals: WaiverAct[];
  rejections: WaiverAct[];
  revocations: WaiverAct[];
};

export type WaiverDocument = Document & {
  /** In the order of the log; one, unless its id was asked for again. */
  waivers: Waiver[];
};

/** What waiver events do, in every document that holds waivers. */
export const waiverHandlers = {
  'waiver.requested': adds('waivers', requested),
  'waiver.approved': (document: { waivers: Waiver[] }, event: EventAt<'waiver.approved'>) => add(document, event, 'approvals'),
  'waiver.rejected': (document: { waivers: Waiver[] }, event: EventAt<'waiver.rejected'>) => add(document, event, 'rejections'),
  'waiver.revoked': (document: { waivers: Waiver[] }, event: EventAt<'waiver.revoked'>) => add(document, event, 'revocations'),
} as const;

export const waiver = defineProjection<WaiverDocument>({
  name: 'waiver',
  version: 1,
  streams: 'waiver:',
  begin: () => ({ waivers: [] }),
  on: waiverHandlers,
  ignores: [],
});

function requested(event: EventAt<'waiver.requested'>): Waiver {
  const { waiver: id, vulnerabilities, subjects, components, owner, expires, breakGlass, responses } = event.data;
  return {
    ...act(event), id, vulnerabilities, owner, expires, breakGlass, responses, approvals: [], rejections: [], revocations: [],
    ...(subjects === undefined ? {} : { subjects: subjects.map(([, digest]) => digest) }), ...(components === undefined ? {} : { components }),
  };
}

function act(event: EventAt<'waiver.requested' | 'waiver.approved' | 'waiver.rejected' | 'waiver.revoked'>): WaiverAct {
  const { assurance, key } = event.data;
  const reason = 'reason' in event.data ? { reason: event.data.reason } : {};
  return { ...pointerTo(event), assurance, key, statement: payloadOf(event, 'statement') as Uint8Array, ...reason };
}

function add(
  { waivers }: { waivers: Waiver[] }, event: EventAt<'waiver.approved' | 'waiver.rejected' | 'waiver.revoked'>, to: 'approvals' | 'rejections' | 'revocations',
): void {
  const { request, waiver: id } = event.data;
  const asked = waivers.find((one) => one.entry === request && one.id === id);
  // An act on what nobody asked for acts on nothing. An approval of anything but what was asked for approves nothing; a refusal
  // or a revocation counts however it names it.
  if (asked !== undefined && (to !== 'approvals' || isAbout(asked, event.data))) asked[to].push(act(event));
}

function isAbout({ vulnerabilities, subjects = [] }: Waiver, said: DataOf<'waiver.approved'>): boolean {
  const others = said.subjects ?? [];
  return vulnerabilities.length === said.vulnerabilities.length && vulnerabilities.every((id, i) => id === said.vulnerabilities[i])
    && subjects.length === others.length && subjects.every((digest, i) => equalBytes(digest, others[i]?.[1] as Uint8Array));
}
