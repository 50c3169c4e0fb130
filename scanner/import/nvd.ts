// What speaks of vulnerabilities and not of packages: NVD's CVE records, CISA's list of exploited ones, EPSS scores.
import { decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { isJsonObject, type Json, type JsonObject } from '../../ledger/json.ts';
import { readJson, type Observation } from '../advisories/observation.ts';
import { attempt, refuseRecord, type FeedFile, type Imported } from './feed.ts';

const CVE = /^CVE-\d{4}-\d{4,19}$/;

/**
 * NVD's API 2.0 pages. CPE configurations stay in the raw record and match nothing: names of products are no package names, and
 * matching by them is the largest source of false findings in other scanners.
 */
export function* importNvd(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    yield* members(path, bytes, 'vulnerabilities', (member) => {
      const cve = member.cve;
      if (!isJsonObject(cve)) return refuseRecord('vulnerabilities[].cve is missing');
      return enrichment(source, member, idOf(cve.id), {
        ...dated('published', cve.published),
        ...dated('modified', cve.lastModified),
        details: list(cve.descriptions).find(({ lang }) => lang === 'en')?.value ?? '',
        severity: severitiesOf(cve.metrics),
        references: list(cve.references).flatMap(({ url }) => (typeof url === 'string' ? [{ type: 'WEB', url }] : [])),
      }, cve.vulnStatus === 'Rejected' ? ['NVD calls this record rejected'] : []);
    });
  }
}

/** NVD's times carry no zone; its documentation says UTC. */
function dated(name: string, value: Json | undefined): JsonObject {
  return typeof value === 'string' ? { [name]: /(?:Z|[+-]\d\d:\d\d)$/.test(value) ? value : `${value}Z` } : {};
}

const METRICS: Readonly<Record<string, string>> = { cvssMetricV2: 'CVSS_V2', cvssMetricV30: 'CVSS_V3', cvssMetricV31: 'CVSS_V3', cvssMetricV40: 'CVSS_V4' };

function severitiesOf(metrics: Json | undefined): JsonObject[] {
  if (!isJsonObject(metrics)) return [];
  return Object.entries(METRICS).flatMap(([metric, type]) => list(metrics[metric]).flatMap(({ cvssData }) =>
    isJsonObject(cvssData) && typeof cvssData.vectorString === 'string' ? [{ type, score: cvssData.vectorString }] : []));
}

/** CISA's Known Exploited Vulnerabilities catalogue (JSON). */
export function* importKev(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    yield* members(path, bytes, 'vulnerabilities', (member) => {
      const { cveID, ...kev } = member;
      return { ...enrichment(source, member, idOf(cveID), {}, []), facts: { kev: kev as JcsValue } };
    });
  }
}

const PROBABILITY = /^(?:0(?:\.\d+)?|1(?:\.0+)?|\d(?:\.\d+)?e-\d+)$/;

/** FIRST's EPSS scores: CSV with a comment line of model and date, columns `cve,epss,percentile`. */
export function* importEpss(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    let date: string | null = null;
    for (const [i, line] of decodeUtf8(bytes).split(/\r?\n/).entries()) {
      date ??= /^#.*score_date:(\d{4}-\d\d-\d\d)/.exec(line)?.[1] ?? null;
      if (line === '' || line.startsWith('#') || line.startsWith('cve,')) continue;
      yield* attempt(`${path}:${i + 1}`, () => {
        const [id, score, percentile] = line.split(',') as [string, string?, string?];
        if (![score, percentile].every((text) => PROBABILITY.test(text ?? ''))) refuseRecord('a score is no number from 0 to 1');
        // Text, as published: a score that went through a double may come out with other digits.
        const epss = { score: score as string, percentile: percentile as string, ...(date !== null && { date }) };
        return { source, raw: encodeUtf8(line), osv: { id: idOf(id) }, facts: { epss } };
      });
    }
  }
}

function* members(path: string, bytes: Uint8Array, name: string, read: (member: JsonObject) => Observation): Generator<Imported> {
  let document: Json = null;
  const failed = attempt(path, () => {
    document = readJson(bytes);
    return null;
  });
  yield* failed;
  if (failed.length > 0) return;
  const found: Json | undefined = isJsonObject(document) ? (document as JsonObject)[name] : undefined;
  if (!Array.isArray(found)) {
    yield* attempt(path, () => refuseRecord(`"${name}" is no list`));
    return;
  }
  for (const [i, member] of found.entries()) {
    yield* attempt(`${path}#${name}/${i}`, () => (isJsonObject(member) ? read(member) : refuseRecord('it is no object')));
  }
}

/** One record of a document of many: its own part, in canonical form, is its raw bytes; the document's digest stands at the source. */
function enrichment(source: string, member: JsonObject, id: string, osv: JsonObject, notes: readonly string[]): Observation {
  return { source, raw: encodeJcs(member as JcsValue), osv: { id, ...(osv as Record<string, JcsValue>) }, notes };
}

function idOf(value: Json | undefined): string {
  return typeof value === 'string' && CVE.test(value) ? value : refuseRecord('its CVE id is missing');
}

function list(value: Json | undefined): JsonObject[] {
  return Array.isArray(value) ? value.filter((entry) => isJsonObject(entry)) : [];
}
