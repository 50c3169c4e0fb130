// A ledger with artifacts, scans, VEX, waivers, trust and policies put on record directly, and gates over them.
import { addAttestationKey } from '../../actions/add-key.ts';
import { gate, type GateAsked, type Gated } from '../../actions/gate.ts';
import { inOrder } from '../../actions/gate-report.ts';
import { addPerson } from '../../actions/person.ts';
import { publishPolicy } from '../../actions/publish-policy.ts';
import { StreamState } from '../../actions/stream-state.ts';
import { concatBytes, decodeUtf8, encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { asSet, decodeEvent, prepareDraft, type Actor, type DataOf, type Event, type NewEvent, type PayloadReference } from '../../ledger/events/index.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import type { Log } from '../../ledger/log/log.ts';
import { waiverStatement, type ActEvent } from '../../policy/gate/act-statement.ts';
import { decide, LIMITS, PolicyShelf, type CURRENT } from '../../policy/gate/decide.ts';
import { PINS_MEDIA } from '../../policy/gate/decision.ts';
import { parseJson, type RegoObject } from '../../policy/index.ts';
import type { Finding } from '../../scanner/match/findings.ts';
import { authorKeyOfSeed, signJson, type AuthorKey } from '../../verify/sigstore/index.ts';
import { memoryPayloads } from '../actions/kit.ts';
import { checkLog, digestOf, sha256, World } from '../log/kit.ts';
import { author } from '../pack/kit.ts';

export const app = digestOf('app');
export const person = (name: string): Uint8Array => sha256(encodeUtf8(`person ${name}`)).subarray(0, 16);
export const actor = (name: string): Actor => ({ kind: 'person', auth: 'key', person: person(name) });
/** An Ed25519 key as SubjectPublicKeyInfo, and its id. Nobody signs with it: what signatures are worth is in the events. */
export function keyOf(name: string): { readonly id: Uint8Array; readonly public: Uint8Array } {
  const spki = concatBytes(parseHex('302a300506032b6570032100'), sha256(encodeUtf8(`key ${name}`)));
  return { id: sha256(spki), public: spki };
}
export const day = 86_400_000;
/** What comes in pieces, as text. */
export const textOf = (pieces: readonly Uint8Array[] | null): string => decodeUtf8(concatBytes(...(pieces ?? [])));

const nameIn = (purl: string) => purl.replace(/^pkg:[^/]+\//, '').replace(/@.*$/, '');

/** What a finding is made from; the rest is as a scanner writes it. */
export interface FindingParts {
  readonly id: string;
  readonly purl: string;
  readonly severity?: Finding['severity'];
  readonly outcome?: Finding['outcome'];
  readonly aliases?: readonly string[];
  readonly upstream?: readonly string[];
  readonly epss?: string | null;
  readonly kev?: boolean;
  readonly path?: string;
  readonly score?: string;
  /** Versions that its one record calls fixed. */
  readonly fixed?: readonly string[];
}

export function findingOf(parts: FindingParts): Finding {
  const { id, purl, severity = 'CRITICAL', outcome = 'affected', aliases = [], upstream = [], epss = '0.01', kev = false, path, score, fixed } = parts;
  const [, name = 'x', version = null] = /^pkg:[^/]+\/(.+?)(?:@(.+))?$/.exec(purl) ?? [];
  return {
    aliases,
    component: {
      entryTrace: { reason: 'not_traced', state: 'unknown' }, layers: [], name, paths: path === undefined ? [] : [path], purl, refs: [name], version,
    },
    conflicts: [], ...(epss === null ? {} : { epss }), fingerprint: formatHex(sha256(encodeUtf8(`${id} ${name}`))), id, kev, outcome,
    records: fixed === undefined ? [] : [{
      ecosystem: 'npm', entry: 0, fixed, id, name, outcome, reasons: [], record: `sha256:${'0'.repeat(64)}`, severity, source: 'osv',
      version,
    }],
    ...(score === undefined ? {} : { score }), severity, upstream,
  };
}

export interface StatementParts {
  readonly vulnerability: string;
  readonly status?: string;
  readonly justification?: string;
  readonly aliases?: readonly string[];
  /** The component by its purl; the artifact is the product. */
  readonly part?: string;
  readonly stated?: number;
}

/** The key of a person who signs what they do. */
export const personKey = (name: string): AuthorKey => authorKeyOfSeed(sha256(encodeUtf8(`key of ${name}`)));

/** How an act is signed: by its person or, asserted, by the ledger; by somebody else than it says, or changed afterwards. */
export interface Signing {
  readonly signed?: boolean;
  readonly signer?: AuthorKey;
  readonly edit?: (envelope: Uint8Array) => Uint8Array;
}

export class Gates {
  readonly world: World;
  readonly payloads: ReturnType<typeof memoryPayloads>;
  readonly pepper = new Uint8Array(32).fill(7);
  readonly policies = new PolicyShelf();
  readonly #roles = new Map<string, string[]>();
  readonly log: Log;

  private constructor({ log, world, payloads }: Pick<Gates, 'log' | 'world' | 'payloads'>) {
    this.log = log;
    this.world = world;
    this.payloads = payloads;
  }

  static async begin(): Promise<Gates> {
    const world = new World();
    return new Gates({ log: await world.create(), world, payloads: memoryPayloads() });
  }

  /** Of a ledger that is there. */
  static over(there: Pick<Gates, 'log' | 'world' | 'payloads'>): Gates {
    return new Gates(there);
  }

  async put(role: string, value: JcsValue | Uint8Array): Promise<PayloadReference> {
    const bytes = value instanceof Uint8Array ? value : encodeJcs(value);
    const { digest, size } = await this.payloads.put([bytes], bytes.length);
    this.#roles.set(role, [...(this.#roles.get(role) ?? []), formatHex(digest)]);
    return { role, size, media: 'application/json', digest: ['sha256', digest] };
  }

  async append(event: NewEvent): Promise<number> {
    return (await this.log.appendOne({ drafts: [prepareDraft(event, sha256)] })).index;
  }

  /** @param components - purls @param facts - of the file, where it holds more than these */
  async sbom(artifact: readonly ['sha256', Uint8Array], components: readonly string[], claimed = this.world.clock.wall, facts: JcsValue = {
    components: [...components].sort().map((purl) => ({ licences: ['MIT'], name: nameIn(purl), purl, type: 'library' })), semantics: 1,
  }): Promise<number> {
    return this.append({
      type: 'sbom.ingested', by: actor('ci'), data: { subjects: [artifact], format: 'cyclonedx', semantics: 1, components: components.length, deviations: 0 },
      payloads: [await this.put('document', encodeUtf8(`sbom ${this.log.published.size}`)), await this.put('facts', facts)],
      claimed: { at: claimed, text: new Date(claimed).toISOString() },
    });
  }

  async feed(name: string, snapshot: string, fetched?: number): Promise<number> {
    return this.append({
      type: 'feed.imported', by: actor('ci'),
      data: { feed: name, snapshot: digestOf(snapshot), records: 1, refused: 0, sources: fetched === undefined ? [] : [{ name: 'osv', fetched }] },
      payloads: [await this.put('snapshot', encodeUtf8(snapshot))],
    });
  }

  /** @param sbom - the entry that was scanned */
  async scan(artifact: readonly ['sha256', Uint8Array], sbom: number, found: readonly FindingParts[], snapshot = 'snapshot 1', feed = 'osv'): Promise<number> {
    const findings = found.map(findingOf);
    const document = {
      components: `sha256:${'0'.repeat(64)}`, config: `sha256:${'0'.repeat(64)}`, counts: {}, engine: { match: 1, version: '0.1.0' }, findings,
      format: 'stella-findings/1', snapshot: `sha256:${formatHex(digestOf(snapshot)[1])}`, unmatched: [],
    };
    const count = (outcome: string) => findings.filter((finding) => finding.outcome === outcome).length;
    const severe = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
    return this.append({
      type: 'scan.completed', by: actor('ci'),
      data: {
        subject: artifact, feed, snapshot: digestOf(snapshot), sbom: { entry: sbom, facts: digestOf(`facts ${sbom}`) }, engine: '0.1.0', semantics: 1,
        config: digestOf('config'), components: 1, unmatched: 0,
        outcomes: { affected: count('affected'), indeterminate: count('indeterminate'), unsupported: count('unsupported'), unversioned: count('unversioned') },
        severities: {
          none: severe('NONE'), low: severe('LOW'), medium: severe('MEDIUM'), high: severe('HIGH'), critical: severe('CRITICAL'), unknown: severe('UNKNOWN'),
        },
      },
      payloads: [await this.put('findings', document as unknown as JcsValue)],
    });
  }

  /** @param holding - the scans that are said to hold, by their entry; of `app` where nothing else is said */
  async rescan(holding: readonly number[], snapshot: string, feed = 'osv', artifact: readonly ['sha256', Uint8Array] = app, semantics = 1): Promise<number> {
    const listed = holding.map((scan) => ({ scan, subject: `sha256:${formatHex(artifact[1])}` }));
    return this.append({
      type: 'feed.rescanned', by: actor('ci'),
      data: { feed, snapshot: digestOf(snapshot), semantics, holding: holding.length, changed: 0, failed: 0 },
      payloads: [await this.put('holding', listed)],
    });
  }

  async failScan(artifact: readonly ['sha256', Uint8Array], feed = 'osv'): Promise<number> {
    return this.append({
      type: 'scan.failed', by: actor('ci'),
      data: { subject: artifact, feed, snapshot: digestOf('snapshot 1'), engine: '0.1.0', semantics: 1, config: digestOf('config'), reason: 'time' },
    });
  }

  /** A newer bill of materials, scanned: it changes nothing, and moves the artifact. */
  async sbomAndScan(artifact: readonly ['sha256', Uint8Array]): Promise<void> {
    await this.scan(artifact, await this.sbom(artifact, ['pkg:npm/quiet@1']), []);
  }

  async contract(name: string, document: JcsValue, semantics = 1): Promise<number> {
    const data = { name, semantics, requirements: 1 };
    return this.append({ type: 'contract.published', by: actor('ci'), data, payloads: [await this.put('contract', document)] });
  }

  /** Payloads of a role are here no more. */
  forget(role: string): void {
    for (const digest of this.#roles.get(role) ?? []) this.payloads.held.delete(digest);
  }

  check(): Promise<void> {
    return checkLog(this.log);
  }

  /** VEX signed with somebody's key, or by nobody. */
  async vex(artifact: readonly ['sha256', Uint8Array], statements: readonly StatementParts[], signer: string | null): Promise<number> {
    const facts: JcsValue = {
      semantics: 1,
      statements: statements.map(({ vulnerability, status = 'not_affected', justification, aliases, part, stated }) => ({
        ...(aliases === undefined ? {} : { aliases }), ...(status === 'not_affected' ? { justification: justification ?? 'component_not_present' } : {}),
        ...(part === undefined ? {} : { part: { purls: [part] } }), product: { hashes: [['sha256', formatHex(artifact[1])]] },
        ...(stated === undefined ? {} : { stated }), status, vulnerability,
      })),
    };
    const data: DataOf<'vex.stated'> = {
      subjects: [artifact], format: 'openvex', semantics: 1,
      vulnerabilities: asSet(statements.flatMap(({ vulnerability, aliases = [] }) => [vulnerability, ...aliases])),
      statements: statements.length, deviations: 0, ...(signer === null ? {} : { signatures: [{ outcome: 'holds', keys: [['sha256', keyOf(signer).id]] }] }),
    };
    return this.append({
      type: 'vex.stated', by: actor('ci'), data,
      payloads: [await this.put('document', encodeUtf8(`vex ${this.log.published.size}`)), await this.put('facts', facts)],
    });
  }

  /** An attestation whose signature holds under somebody's key, and what it says in the words of facts. */
  async attestation(
    artifact: readonly ['sha256', Uint8Array], signer: string, predicate: JcsValue, proven?: number, facts?: JcsValue,
  ): Promise<number> {
    const subject = { digests: [['sha256', formatHex(artifact[1])]] };
    const types = { payloadType: 'application/vnd.in-toto+json', predicateType: 'https://example/p' };
    const statement = { envelope: 'dsse', ...types, predicate, signatures: 1, subjects: [subject] };
    const data: DataOf<'attestation.recorded'> = {
      subjects: [artifact], envelope: 'dsse', semantics: 1, deviations: 0,
      signatures: [{ outcome: 'holds', keys: [['sha256', keyOf(signer).id]], ...(proven === undefined ? {} : { proven }) }],
    };
    return this.append({
      type: 'attestation.recorded', by: actor('ci'), data,
      payloads: [
        await this.put('document', encodeUtf8(`attestation ${this.log.published.size}`)),
        await this.put('facts', facts ?? { attestations: [statement], semantics: 1 }),
      ],
    });
  }

  trust(signer: string): Promise<number> {
    return this.append({ type: 'trust.added', by: actor('ci'), data: { key: keyOf(signer) } });
  }

  distrust(entry: number): Promise<number> {
    return this.append({ type: 'trust.removed', by: actor('ci'), data: { entry, reason: 'superseded' } });
  }

  /** @param signing - asserted by the ledger where nothing else is said */
  async request(
    waiver: string, vulnerability: string, expires: number, by = 'ann', artifact: readonly ['sha256', Uint8Array] = app, signing: Signing = {},
    components?: NonNullable<DataOf<'waiver.requested'>['components']>,
  ): Promise<number> {
    const data = {
      waiver, vulnerabilities: [vulnerability], subjects: [artifact], owner: person('owner'), expires, breakGlass: false, responses: ['will_not_fix'],
      ...(components === undefined ? {} : { components }),
    } as const;
    const sealed: PayloadReference = { role: 'justification', size: 1024, media: 'text/plain', commitment: digestOf(`why ${waiver}`) };
    return this.#act({ type: 'waiver.requested', by: actor(by), data, payloads: [sealed] } as never, by, signing);
  }

  async act(
    type: 'waiver.approved' | 'waiver.rejected' | 'waiver.revoked', waiver: string, vulnerability: string, request: number, by = 'bob', signing: Signing = {},
    artifact: readonly ['sha256', Uint8Array] = app,
  ): Promise<number> {
    const about = { waiver, vulnerabilities: [vulnerability], subjects: [artifact], request } as const;
    const reason = { 'waiver.rejected': 'mistaken', 'waiver.revoked': 'risk-changed' } as const;
    const data = type === 'waiver.approved' ? about : { ...about, reason: reason[type] };
    return this.#act({ type, by: actor(by), data, payloads: [] } as never, by, signing);
  }

  /** Puts an act on record, with the statement that whoever acts signs. */
  async #act(event: ActEvent, by: string, { signed = false, signer, edit = (bytes) => bytes }: Signing): Promise<number> {
    const named = signed ? personKey(by) : author;
    await this.#know(named, signed ? person(by) : undefined);
    const data = { ...event.data, assurance: signed ? 'signed' : 'asserted', key: parseHex(named.key.id) };
    const whole = { ...event, data } as ActEvent;
    const envelope = await signJson(waiverStatement(this.log.control.genesis.origin, whole), [signer ?? named]);
    const statement = await this.put('statement', edit(encodeUtf8(JSON.stringify(envelope))));
    return this.append({ ...whole, payloads: [statement, ...(event.payloads ?? [])] } as NewEvent);
  }

  /** A key is on record before anything is signed with it. */
  async #know({ key }: AuthorKey, whose: Uint8Array | undefined): Promise<void> {
    if ((await this.log.head(`key:${key.id}`)) !== null) return;
    if (whose === undefined) await addAttestationKey(this.log, key, actor('ci'));
    else await addPerson(this.log, whose, key, actor('ci'));
  }

  /** @param modules - texts by file name */
  async policy(name: string, modules: Readonly<Record<string, string>>, data = '{}', entrypoints: readonly string[] = ['data.gate.allow']): Promise<number> {
    const bundle = {
      modules: Object.entries(modules).map(([file, text]) => ({ file, text })), data: parseJson(data) as RegoObject, revision: '', regoVersion: 1 as const,
    };
    const { index } = await publishPolicy({ log: this.log, payloads: this.payloads, pepper: this.pepper }, { name, bundle, entrypoints }, actor('ci'));
    const { payloads = [] } = decodeEvent(await this.log.entry(index));
    for (const { digest } of payloads) this.#roles.set('bundle', [...(this.#roles.get('bundle') ?? []), formatHex(digest?.[1] as Uint8Array)]);
    return index;
  }

  get ports() {
    const { log, payloads, pepper, policies } = this;
    return { log, payloads, pepper, policies, now: this.world.clock.now };
  }

  gate(asked: Partial<GateAsked> = {}): Promise<Gated> {
    return gate(this.ports, { artifact: app[1], policy: 'release', ...asked }, actor('ci'));
  }

  /** Puts on record what a release decided that had other semantics. @returns the decision's entry */
  async decideUnder(semantics: typeof CURRENT, asked: Partial<GateAsked> = {}): Promise<number> {
    const { size, root: index } = await this.log.readStreamIndex();
    const source = new StreamState(this.log, this.payloads, size);
    const state = { size, root: await this.log.rootAt(size), origin: this.log.control.genesis.origin, source };
    const request = { artifact: app[1], policy: 'release', contracts: [], effective: this.world.clock.now(), weakened: [], limits: LIMITS, ...asked };
    const { data, pins } = await decide(request, state, { semantics });
    const stored = { ...(await this.put('pins', concatBytes(...pins))), media: PINS_MEDIA };
    return this.append({ type: 'decision.recorded', by: actor('ci'), data: { ...data, index: ['sha256', index], attempts: 1 }, payloads: [stored] });
  }

  async event(index: number): Promise<Event> {
    return decodeEvent(await this.log.entry(index));
  }

  /** The outcome and codes in one line: `deny POLICY_DENIED`. */
  async answer(asked: Partial<GateAsked> = {}): Promise<string> {
    const { data } = await this.gate(asked);
    return [data.outcome, ...inOrder(data.codes)].join(' ');
  }
}

/** A policy that denies what is critical, affected and not waived. */
export const noCriticals = {
  'gate.rego': `package gate

import rego.v1

default allow := false

allow if count(deny) == 0

deny contains sprintf("%s in %s", [finding.id, finding.purl]) if {
	some finding in input.findings
	finding.severity == "CRITICAL"
	finding.exploitability in {"affected", "unknown", "under_investigation"}
	not finding.waived
}
`,
};
