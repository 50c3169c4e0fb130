// Every event this ledger knows. A new family is one file in families/ and one line here; its golden bytes and a refused
// example stand in test/events/families/, and spec/events.md and spec/events.cddl are compared with what stands here.
import { compile, type Compiled } from './compile.ts';
import type { EventVersion } from './family.ts';
import { artifactEvents } from './families/artifact.ts';
import { attestationEvents } from './families/attestation.ts';
import { auditEvents } from './families/audit.ts';
import { contractEvents } from './families/contract.ts';
import { decisionEvents } from './families/decision.ts';
import { documentEvents } from './families/document.ts';
import { evidenceEvents } from './families/evidence.ts';
import { exportEvents } from './families/export.ts';
import { feedEvents } from './families/feed.ts';
import { keyEvents } from './families/key.ts';
import { ledgerEvents } from './families/ledger.ts';
import { payloadEvents } from './families/payload.ts';
import { policyEvents } from './families/policy.ts';
import { rekorEvents } from './families/rekor.ts';
import { reportEvents } from './families/report.ts';
import { sbomEvents } from './families/sbom.ts';
import { scanEvents } from './families/scan.ts';
import { trustEvents } from './families/trust.ts';
import { vexEvents } from './families/vex.ts';
import { waiverEvents } from './families/waiver.ts';
import type { CborMap } from './cbor.ts';
import { compileTemplate, type StreamTemplate } from './streams-of.ts';

export const EVENTS = {
  ...ledgerEvents,
  ...keyEvents,
  ...documentEvents,
  ...payloadEvents,
  ...artifactEvents,
  ...sbomEvents,
  ...attestationEvents,
  ...vexEvents,
  ...reportEvents,
  ...trustEvents,
  ...rekorEvents,
  ...contractEvents,
  ...evidenceEvents,
  ...waiverEvents,
  ...policyEvents,
  ...feedEvents,
  ...scanEvents,
  ...decisionEvents,
  ...exportEvents,
  ...auditEvents,
} as const satisfies Readonly<Record<string, readonly EventVersion<unknown>[]>>;

/** The name of an event type: `document.stored`. */
export type EventName = keyof typeof EVENTS;

type Last<T> = T extends readonly [...unknown[], infer L] ? L : never;
/** The data of an event type, in its newest version. */
export type DataOf<T extends EventName> = Last<(typeof EVENTS)[T]> extends EventVersion<infer D> ? D : never;

/** One version of an event type, made ready. */
export interface ReadyVersion extends EventVersion<unknown> {
  readonly compiled: Compiled<CborMap>;
  readonly templates: readonly StreamTemplate[];
}

/** All versions of all types, by name; the schema version is the place in the array plus one. */
export type Registry = ReadonlyMap<string, readonly ReadyVersion[]>;

export function makeRegistry(events: Readonly<Record<string, readonly EventVersion<unknown>[]>>): Registry {
  return new Map(
    Object.entries(events).map(([name, versions]) => [
      name,
      versions.map((one) => ({ ...one, compiled: compile(one.data) as Compiled<CborMap>, templates: one.streams.map(compileTemplate) })),
    ]),
  );
}

export const registry: Registry = makeRegistry(EVENTS);
