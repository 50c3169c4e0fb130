// Attestations: one format for every envelope, because one document may hold several and of several kinds.
import { LedgerError } from '../../ledger/errors.ts';
import type { Json } from '../../ledger/json.ts';
import { parseJson, parseJsonText } from '../../ledger/json.ts';
import { type Deviation, type Format, type Mode, type Reading, type Source, type Verdict, verdictOf, type View } from '../document.ts';
import { below, textAt } from '../json-view.ts';
import { cyclonedx } from '../sbom/cyclonedx/index.ts';
import { spdx2 } from '../sbom/spdx-2/index.ts';
import { spdx3 } from '../sbom/spdx-3/index.ts';
import { checkValues } from '../source.ts';
import { openvex } from '../vex/openvex/index.ts';
import { type Container, envelopesIn, kindOf, open, type Opened } from './envelopes.ts';
import type { Attestation } from './model.ts';
import { documentIn, readPredicate } from './predicates.ts';
import { claimsStatement, readStatement } from './statement.ts';

/** Formats that a predicate may be. */
const INSIDE: readonly Format[] = [cyclonedx, spdx2, spdx3, openvex];

export const attestation: Format = {
  name: 'attestation',
  claims(source) {
    const found = envelopesIn(source);
    return found.length > 0 && found.every(({ json }) => kindOf(json) !== null || claimsStatement(json));
  },
  read,
};

async function read(source: Source, mode: Mode): Promise<Reading> {
  const readings: One[] = [];
  for (const { json, pointer } of envelopesIn(source)) readings.push(await readOne(json, pointer, mode));
  const deviations = readings.flatMap((one) => one.deviations);
  const worst = WORST.find((verdict) => readings.some((one) => one.verdict === verdict)) ?? verdictOf(deviations);
  const attestations = readings.flatMap((one) => (one.attestation === null ? [] : [one.attestation]));
  // A document inside the statement is shown beside it; where several are, each stays in its own attestation.
  const inner = readings.length === 1 ? (readings[0] as One).inner : {};
  const broken = worst !== 'valid' && worst !== 'valid_with_deviations';
  return { version: readings[0]?.version ?? null, verdict: worst, deviations, view: broken ? {} : { ...inner, attestations } };
}

const WORST: readonly Verdict[] = ['refused', 'unsupported_version', 'invalid_schema', 'invalid_semantic'];

interface One {
  readonly version: string | null;
  readonly verdict: Verdict;
  readonly deviations: readonly Deviation[];
  readonly attestation: Attestation | null;
  readonly inner: View;
}

async function readOne(json: Json, pointer: string, mode: Mode): Promise<One> {
  const kind = kindOf(json);
  if (kind === null) return ofStatement({ ...NOTHING, source: json }, json, pointer, mode, null);
  if (kind === 'simple-signing') return simpleSigning({ ...NOTHING, envelope: kind, source: json }, json);
  const container: Container = open(kind, json, pointer);
  const { opened, deviations, verdict, version } = container;
  if (opened === null) return { version, verdict, deviations, attestation: null, inner: {} };
  if (opened.payload === null || !isStatementType(opened.payloadType)) return withoutStatement(opened, version);
  const place = below(pointer, 'payload');
  const payload = parsePayload(opened.payload);
  if (payload instanceof LedgerError) {
    const deviation: Deviation = { code: 'SCHEMA_VIOLATED', pointer: place, message: `${payload.code}: ${payload.message}` };
    return { version, verdict: 'invalid_schema', deviations: [deviation], attestation: null, inner: {} };
  }
  return ofStatement(opened, payload, place, mode, version);
}

const NOTHING: Opened = { envelope: 'none', source: null, mediaType: null, payloadType: null, payload: null, signatures: [], certificates: [] };

function isStatementType(payloadType: string | null): boolean {
  return payloadType !== null && /^application\/vnd\.in-toto(?:\.[^+]+)?\+json$/.test(payloadType);
}

function parsePayload(bytes: Uint8Array): Json | LedgerError {
  try {
    checkValues(bytes);
    return parseJson(bytes, { onInexact: () => {} });
  } catch (error) {
    if (error instanceof LedgerError) return error;
    throw error;
  }
}

async function ofStatement(opened: Opened, json: Json, pointer: string, mode: Mode, version: string | null): Promise<One> {
  const { statement, version: stated, deviations } = readStatement(json, pointer, mode);
  if (statement === null) return { version: version ?? stated, verdict: 'invalid_schema', deviations, attestation: null, inner: {} };
  const place = below(pointer, 'predicate');
  const { predicate, deviations: about } = readPredicate(statement.predicateType, statement.predicate, place);
  const all = [...deviations, ...about];
  let inner: View = {};
  if (predicate?.kind === 'document') {
    const document = documentIn(statement.predicate);
    const reading = await readInside(document, mode);
    inner = reading?.view ?? {};
    const bad = reading !== null && reading.verdict !== 'valid' && reading.verdict !== 'valid_with_deviations';
    // The statement stands whatever its predicate is worth: a document inside that is not valid is only listed.
    if (reading === null) all.push({ code: 'RULE_VIOLATED', pointer: place, message: `no document of format ${predicate.format}` });
    else if (bad) {
      const message = `the document inside is ${reading.verdict}: ${reading.deviations[0]?.message ?? ''}`;
      all.push({ code: 'RULE_VIOLATED', pointer: place, message });
    } else all.push(...reading.deviations.map((deviation) => ({ ...deviation, pointer: place + deviation.pointer })));
  }
  const { subjects, type, predicateType, predicate: content } = statement;
  const read: Attestation = { ...without(opened), subjects, statementType: type, predicateType, content, predicate };
  return { version: version ?? stated, verdict: verdictOf(all), deviations: all, attestation: read, inner };
}

async function readInside(json: Json | null, mode: Mode): Promise<Reading | null> {
  // cosign of old kept the document as text.
  const parsed = typeof textAt({ json }, 'json') === 'string' ? parseJsonText(json as string) : json;
  if (parsed === null) return null;
  const source: Source = { encoding: 'utf-8', syntax: 'json', json: parsed };
  return INSIDE.find((format) => format.claims(source))?.read(source, mode) ?? null;
}

/** A signature over bytes that are not here: a bundle with a message digest, cosign's older bundle. */
function withoutStatement(opened: Opened, version: string | null): One {
  if (opened.envelope === 'cosign-bundle' && opened.payload !== null) {
    const payload = parsePayload(opened.payload);
    if (!(payload instanceof LedgerError) && kindOf(payload) === 'simple-signing') return simpleSigning(opened, payload);
  }
  const subjects = opened.digest === undefined ? [] : [{ name: null, digests: [opened.digest] }];
  const read: Attestation = { ...without(opened), subjects, statementType: null, predicateType: null, content: null, predicate: null };
  return { version, verdict: 'valid', deviations: [], attestation: read, inner: {} };
}

/** What cosign signs for an image: its manifest's digest and the name it was signed under. */
function simpleSigning(opened: Opened, payload: Json): One {
  const digest = /^(sha256|sha512):([0-9a-f]+)$/.exec(textAt(payload, 'critical', 'image', 'docker-manifest-digest') ?? '');
  const name = textAt(payload, 'critical', 'identity', 'docker-reference') ?? null;
  const subjects = digest === null ? [] : [{ name, digests: [[digest[1] as string, digest[2] as string]] as const }];
  const deviations: Deviation[] = digest === null
    ? [{ code: 'SCHEMA_VIOLATED', pointer: '/critical/image/docker-manifest-digest', message: 'expected a digest' }]
    : [];
  const read: Attestation = { ...without(opened), subjects, statementType: null, predicateType: null, content: payload, predicate: null };
  return { version: null, verdict: digest === null ? 'invalid_schema' : 'valid', deviations, attestation: read, inner: {} };
}

function without(opened: Opened): Omit<Opened, 'digest'> {
  const { envelope, source, mediaType, payloadType, payload, signatures, certificates } = opened;
  return { envelope, source, mediaType, payloadType, payload, signatures, certificates };
}
