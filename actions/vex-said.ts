// What our own VEX comes to for one artifact: of each vulnerability and part the statement that a gate would hear, and none beside it.
import { formatHex } from '../ledger/bytes.ts';
import { decodeEvent, type Digest } from '../ledger/events/index.ts';
import type { LogView } from '../ledger/log/view.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import { readDocument, statementFacts, type VexProduct, type VexStatement } from '../evidence/index.ts';
import { namesIn, purlOf, readFindings } from '../policy/gate/findings.ts';
import { effectiveVex, vexClaims, vexMismatch, type EffectiveVex, type VexArtifact, type VexClaim } from '../projections/effective-vex.ts';
import type { TrustDocument } from '../projections/trust.ts';
import { payloadOrNull } from './catch-up.ts';
import { openRecorded } from './erasures.ts';
import { packageOf, productOf } from './vex.ts';
import { VexOnRecord, type VexPorts } from './vex-on-record.ts';

export interface SaidPorts extends VexPorts {
  readonly log: Pick<LogView, 'stream' | 'entry'>;
  readonly secrets: SecretStore;
}

/** What the newest scan with a feed found in one component. */
export interface Found {
  /** All names of the vulnerability, its own first. */
  readonly ids: readonly string[];
  readonly purl: string | null;
  /** Whether something of ours counts for it. */
  readonly isSaid: boolean;
}

export interface Said {
  readonly statements: readonly VexStatement[];
  /** Entries whose words or findings are not here. */
  readonly unreadable: readonly number[];
  /** Entries that state something about it, and that nobody trusted has made. */
  readonly untrusted: readonly number[];
  readonly found: readonly Found[];
}

/**
 * Looks up what we say about an artifact: for each finding of its newest scans, and for whatever else our statements say of it, what
 * `effectiveVex` makes of our own ones. So of persons who contradict each other the worse counts, of one person the newest, what nobody
 * trusted has made is not said, and a statement about another product is none about this one.
 *
 * @param t - milliseconds since 1970
 */
export async function vexSaid(ports: SaidPorts, subject: Digest<'sha256'>, t: number): Promise<Said> {
  const record = new VexOnRecord(ports);
  const artifact = await record.artifact(subject[1]);
  const trust = await ports.documents.get('trust', 'trust');
  const { findings, unread } = await foundIn(ports, subject);
  const names = new Set(findings.flatMap(({ ids }) => ids));
  // What is said of packages stands with the vulnerability alone: so whatever our statements about the artifact name is asked for too.
  for (const { statement } of await ownClaims(record, trust, names, subject)) for (const name of namesOf(statement)) names.add(name);
  const claims = await ownClaims(record, trust, names, subject);
  const byName = new Map<string, VexClaim[]>();
  for (const claim of claims) for (const name of new Set(namesOf(claim.statement))) {
    const named = byName.get(name);
    if (named === undefined) byName.set(name, [claim]);
    else named.push(claim);
  }
  const naming = (ids: readonly string[]) => [...new Set(ids.flatMap((id) => byName.get(id) ?? []))];

  /** Statements that count, with the components for which they were asked. */
  const heard = new Map<VexClaim, Set<string>>();
  const untrusted = new Set<number>();
  const hear = (effective: EffectiveVex, purl: string | null, original = (claim: VexClaim) => claim): boolean => {
    for (const { pointer } of effective.untrusted) untrusted.add(pointer.entry);
    if (effective.deciding === null) return false;
    const claim = original(effective.deciding);
    heard.set(claim, (heard.get(claim) ?? new Set()).add(purl ?? ''));
    return true;
  };
  const found = findings.map(({ ids, purl }) => ({ ids, purl, isSaid: hear(effectiveVex(naming(ids), { ids, artifact, purl }, t), purl) }));
  for (const claim of claims) {
    const ids = namesOf(claim.statement);
    const target = { ids, artifact, purl: claim.statement.part?.purls?.[0] ?? null };
    const why = vexMismatch(claim, target, t);
    if (why === null) hear(effectiveVex(naming(ids), target, t), target.purl);
    if (why !== 'part') continue;
    // A part that no purl names is in no finding: among statements about the same one it is asked as if it were the whole.
    const alike = new Map(naming(ids).filter((one) => partOf(one) === partOf(claim)).map((one) => [wholeOf(one), one]));
    hear(effectiveVex(alike.keys(), { ...target, purl: null }, t), null, (whole) => alike.get(whole) as VexClaim);
  }
  const { statements, wordless } = await inWords(ports, heard, artifact, subject, t);
  return { statements, unreadable: [...new Set([...record.unreadable, ...unread, ...wordless])].sort((a, b) => a - b), untrusted: [...untrusted], found };
}

const namesOf = ({ vulnerability, aliases = [] }: VexClaim['statement']): string[] => [vulnerability, ...aliases];
const partOf = ({ statement }: VexClaim): string => JSON.stringify(statement.part ?? null);

function wholeOf(claim: VexClaim): VexClaim {
  const { part: _left, ...statement } = claim.statement;
  return { ...claim, statement };
}

async function foundIn({ documents, payloads }: SaidPorts, subject: Digest<'sha256'>): Promise<{ findings: Omit<Found, 'isSaid'>[]; unread: number[] }> {
  const scans = (await documents.get('artifact', `artifact:sha256:${formatHex(subject[1])}`))?.scans ?? [];
  const findings: Omit<Found, 'isSaid'>[] = [];
  const unread: number[] = [];
  for (const { entry, findings: digest } of scans) {
    const bytes = await payloadOrNull(payloads, digest);
    const read = bytes === null ? null : readFindings(bytes).findings;
    if (read === null) unread.push(entry);
    for (const member of read?.members ?? []) findings.push({ ids: namesIn(member), purl: purlOf(member) });
  }
  return { findings, unread };
}

async function ownClaims(record: VexOnRecord, trust: TrustDocument | null, names: ReadonlySet<string>, subject: Digest<'sha256'>): Promise<VexClaim[]> {
  const claims: VexClaim[] = [];
  for (const pointer of await record.naming([...names], [subject[1]])) {
    if (pointer.authored !== undefined) claims.push(...vexClaims(pointer, await record.statements(pointer), trust));
  }
  return claims;
}

/** Statements as their documents have them: of each those parts that count. */
async function inWords(
  ports: SaidPorts, heard: ReadonlyMap<VexClaim, ReadonlySet<string>>, artifact: VexArtifact, subject: Digest<'sha256'>, t: number,
): Promise<{ statements: VexStatement[]; wordless: number[] }> {
  const ordered = [...heard].sort(([a], [b]) => a.pointer.entry - b.pointer.entry || a.place - b.place);
  const documents = new Map<number, Promise<readonly VexStatement[] | null>>();
  const written = new Map<VexStatement, { statement: VexStatement; parts: VexProduct[] }>();
  const wordless: number[] = [];
  for (const [claim, purls] of ordered) {
    const { entry } = claim.pointer;
    if (!documents.has(entry)) documents.set(entry, wordsIn(ports, entry));
    const fact = JSON.stringify(claim.statement);
    const [statement, place] = (await documents.get(entry) ?? []).flatMap((one) => {
      const at = statementFacts(one).findIndex((text) => JSON.stringify(text) === fact);
      return at < 0 ? [] : [[one, at] as const];
    })[0] ?? [null, 0];
    if (statement === null) {
      wordless.push(entry);
      continue;
    }
    // It counts from when it was recorded, whatever later time it states.
    const stated = new Date(claim.at).toISOString();
    const isAbout = vexMismatch(wholeOf(claim), { ids: namesOf(claim.statement), artifact, purl: null }, t) === null;
    // What is about a package wherever it is, in versions that only one format can name, is about the component in which it was found here.
    const product = isAbout && statement.product !== null && statement.product.versions.length === 0 ? statement.product : productOf(subject);
    const parts = isAbout ? statement.parts.slice(place, place + 1) : [...purls].filter((purl) => purl !== '').sort().map((purl) => packageOf(purl));
    const one = written.get(statement) ?? { statement: { ...statement, product, stated }, parts: [] };
    one.parts.push(...parts);
    written.set(statement, one);
  }
  return { statements: [...written.values()].map(({ statement, parts }) => ({ ...statement, parts })), wordless };
}

/** What a document on record states; null where it was erased, or is not here. */
async function wordsIn(ports: SaidPorts, entry: number): Promise<readonly VexStatement[] | null> {
  const event = decodeEvent(await ports.log.entry(entry));
  const { digest, commitment } = event.payloads?.find(({ role }) => role === 'document') ?? {};
  const bytes = commitment === undefined
    ? await payloadOrNull(ports.payloads, (digest as Digest)[1])
    : await openRecorded(ports, event, entry, commitment[1]);
  return bytes === null ? null : ((await readDocument(bytes)).view.vex?.statements ?? []);
}
