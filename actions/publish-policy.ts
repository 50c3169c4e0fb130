// Publish a policy: compiled, kept whole as a payload, on record under its name; and find the newest again.
import { parseHex } from '../ledger/bytes.ts';
import {
  asSet, decodeEvent, kindOf, prepareDraft, requestDigestOf, Skim, skimEntry, skimmedText, type Actor, type DataOf, type Digest,
  type Event, type PayloadReference,
} from '../ledger/events/index.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import type { Appended } from '../ledger/log/command.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import {
  type Bundle, capabilitiesDigest, encodePolicy, type PolicyDigests, PolicyErrors, type PolicyWarning, type PublishedPolicy, readPolicy, SEMANTICS,
} from '../policy/index.ts';
import { onceKeyOf } from './once-key.ts';
import { readPayload } from './sealed-payload.ts';

export const POLICY_MEDIA = 'application/vnd.stella-ledger.policy+json';

export interface PolicyPorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
  /** The ledger's secret, 32 bytes. */
  readonly pepper: Uint8Array;
}

export interface PolicyToPublish {
  /** Lower case: `gate`, `team/release`. */
  readonly name: string;
  readonly bundle: Omit<Bundle, 'digests'>;
  /** What may be asked of it, such as `data.gate.allow`; when empty, what its METADATA marks. */
  readonly entrypoints: readonly string[];
  /** The version of the policy's stream before this; a writer who read it says which. */
  readonly expected?: number;
  /** An idempotency key: sent again, it gives the original receipt. */
  readonly key?: string;
}

/** A receipt, and what was published. */
export interface Published extends Appended {
  /** In the policy's stream, from 1. */
  readonly version: number;
  readonly digests: PolicyDigests;
  readonly warnings: readonly PolicyWarning[];
}

/**
 * Puts a policy on record. The same again is another event: what counts is what was published last.
 *
 * @throws {LedgerError} POLICY_INVALID, with the `PolicyErrors` as its cause when it does not compile; VERSION_CONFLICT; EVENT_INVALID for a name
 *   or an entrypoint of another grammar
 */
export async function publishPolicy({ log, payloads, pepper }: PolicyPorts, publishing: PolicyToPublish, by: Actor): Promise<Published> {
  const { name, expected, key } = publishing;
  const document = encodePolicy(publishing.bundle);
  const { data, digests, entrypoints, warnings } = planPolicy(name, document, publishing.entrypoints);
  const once = key === undefined ? {} : {
    once: { key: onceKeyOf(key), request: requestDigestOf(sha256, pepper, ['policy.published', name, sha256(document), entrypoints]) },
  };
  const draft = prepareDraft({ type: 'policy.published', by, data, payloads: [policyReference(document)], ...once }, sha256);
  // The payload first. A crash after this leaves a file that no entry names; the other way round, a policy that nobody can read.
  await payloads.put([document], document.length);
  const stream = `policy:${name}`;
  const appended = await log.appendOne({ drafts: [draft], ...(expected === undefined ? {} : { expected: [{ stream, version: expected }] }) });
  const version = versionIn(stream, decodeEvent(await log.entry(appended.index)));
  return { ...appended, version, digests, warnings };
}

/** A policy's document as a payload. */
export function policyReference(document: Uint8Array): PayloadReference {
  return { role: 'bundle', size: document.length, media: POLICY_MEDIA, digest: ['sha256', sha256(document)] };
}

/**
 * What a `policy.published` says of a document, which is compiled for it.
 *
 * @param asked - entrypoints; when empty, what its METADATA marks
 * @throws {LedgerError} POLICY_INVALID
 */
export function planPolicy(name: string, document: Uint8Array, asked: readonly string[]) {
  // Read back before anything is stored: what a gate could not read never comes on record.
  const { bundle: { digests, modules, regoVersion }, policy } = compiled(() => readPolicy(document, { besideData: true }));
  const entrypoints = asSet(asked.length > 0 ? asked : policy.entrypoints);
  if (entrypoints.length === 0) {
    throw new LedgerError('POLICY_INVALID', 'Cannot publish policy: it has no entrypoint', {
      hint: 'name one with --entrypoint data.gate.allow, or mark a rule with "entrypoint: true" in its METADATA',
    });
  }
  const missing = entrypoints.find((entrypoint) => !policy.has(entrypoint));
  if (missing !== undefined) {
    throw new LedgerError('POLICY_INVALID', `Cannot publish policy: no rule gives "${clip(missing)}"`, {
      hint: 'name a rule or a package of its modules, such as data.gate.allow',
    });
  }
  const data: DataOf<'policy.published'> = {
    name, bundle: digestOf(digests.bundle), modules: digestOf(digests.modules), count: modules.length, data: digestOf(digests.data), entrypoints,
    rego: regoVersion, semantics: SEMANTICS, capabilities: digestOf(capabilitiesDigest()),
  };
  return { data, digests, entrypoints, warnings: policy.warnings };
}

function digestOf(text: string): Digest<'sha256'> {
  return ['sha256', parseHex(text.slice('sha256:'.length), 32)];
}

/** A policy's errors as one refusal. @throws {LedgerError} POLICY_INVALID */
function compiled<T>(act: () => T): T {
  try {
    return act();
  } catch (cause) {
    if (!(cause instanceof PolicyErrors)) throw cause;
    const [first] = cause.message.split('\n');
    const more = cause.errors.length === 1 ? '' : `, and ${cause.errors.length - 1} more`;
    const hint = '"stella policy check" names every error';
    throw new LedgerError('POLICY_INVALID', `Cannot compile policy: ${clip(first as string)}${more}`, { hint, cause });
  }
}

/** One `policy.published`. */
export interface PolicyVersion {
  readonly index: number;
  /** In the policy's stream, from 1. */
  readonly version: number;
  readonly event: Event & { readonly type: 'policy.published' };
}

/**
 * The policy that was published last under a name, at the log's published size.
 *
 * @throws {LedgerError} POLICY_UNKNOWN
 */
export async function findPolicy(log: Pick<LogView, 'stream'>, name: string): Promise<PolicyVersion> {
  for await (const found of policyVersions(log, name)) return found;
  throw new LedgerError('POLICY_UNKNOWN', `Cannot find policy "${clip(name)}": none was published under that name`, {
    hint: '"stella policy list" names those there are',
  });
}

/** Every version of a policy, newest first. */
export async function* policyVersions(log: Pick<LogView, 'stream'>, name: string): AsyncIterable<PolicyVersion> {
  const stream = `policy:${name}`;
  for await (const { index, event } of log.stream(stream)) {
    if (event.type === 'policy.published') yield { index, version: versionIn(stream, event), event };
  }
}

const versionIn = (stream: string, event: Event) => event.streams.find(({ name }) => name === stream)?.version as number;

/** The newest version of every policy, by name. Every entry is skimmed: there is no list of streams. */
export async function* listPolicies(log: Pick<LogView, 'stream' | 'entries' | 'readControl'>): AsyncIterable<PolicyVersion> {
  // Entries of a raw ledger are never decoded, whatever they look like.
  if ((await log.readControl()).genesis.kinds.includes('raw')) return;
  const names = new Set<string>();
  for await (const entry of log.entries()) {
    if (kindOf(entry) !== 'event') continue;
    skimEntry(entry, 0, entry.length, skim);
    const isPublished = skimmedText(entry, skim.typeStart, skim.typeEnd) === 'policy.published';
    // One stream an event, so its one name is the policy's.
    if (isPublished) names.add(skimmedText(entry, skim.nameStart[0] as number, skim.nameEnd[0] as number).slice('policy:'.length));
  }
  for (const name of [...names].sort()) yield await findPolicy(log, name);
}

const skim = new Skim();

/** The digest of a published policy's document, 32 bytes. */
export function payloadOfPolicy({ event }: Pick<PolicyVersion, 'event'>): Uint8Array {
  return event.payloads?.find(({ role }) => role === 'bundle')?.digest?.[1] as Uint8Array;
}

/**
 * The policy that an event published, compiled from its payload.
 *
 * @param semantics - under which to decide; a replay gives the decision's
 * @throws {LedgerError} PAYLOAD_MISSING, PAYLOAD_CORRUPT; POLICY_INVALID when this release does not compile it; INPUT_MALFORMED when it
 *   does not know the semantics; as `readPolicy`
 */
export async function loadPolicy(payloads: PayloadStore, { event }: Pick<PolicyVersion, 'event'>, semantics?: number): Promise<PublishedPolicy> {
  const document = await readPayload(payloads, payloadOfPolicy({ event }));
  return compiled(() => readPolicy(document, semantics === undefined ? {} : { semantics }));
}
