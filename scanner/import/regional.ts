// Regional databases through one connector shape: where each publisher's document holds its records, ids, aliases and words.
import { decodeText } from '../../ledger/text.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { isJsonObject, type Json } from '../../ledger/json.ts';
import { parseXml } from '../../evidence/xml-parser.ts';
import type { XmlElement } from '../../evidence/xml.ts';
import { readJson, type Observation } from '../advisories/observation.ts';
import { attempt, refuseRecord, type FeedFile, type Imported } from './feed.ts';

/**
 * A publisher's document, described: paths are names joined by `/`, and every element of a list on the way counts.
 *
 * Products stay in the raw record: these databases name products and vendors in their own words, not packages. Their words are
 * kept in the language they are in.
 */
export interface Connector {
  /** The source's name, such as `euvd`. */
  readonly source: string;
  readonly format: 'json' | 'xml';
  /** To each record, from the document's root. */
  readonly record: string;
  /** From the record; an attribute of an XML element is written `@name`. */
  readonly id: string;
  readonly aliases: readonly string[];
  readonly summary: string;
  readonly details?: string;
  readonly vectors: readonly string[];
  /** The publisher's own word for how bad it is, kept as it is. */
  readonly severity: string;
}

/**
 * - ENISA EUVD: the API's `/api/search`, "EUVD API documentation" (aliases and references are lines of one text).
 * - JVN iPedia: the MyJVN API's `getVulnOverviewList`, RSS 1.0 with the `sec:` extension ("MyJVN API reference").
 * - BDU: FSTEC's `vulxml` export of the Bank of security threats.
 * - CNNVD: the XML export of the China National Vulnerability Database of Information Security.
 * - CNVD: the shared-vulnerability XML of the China National Vulnerability Database.
 */
export const REGIONAL: Readonly<Record<'euvd' | 'jvn' | 'bdu' | 'cnnvd' | 'cnvd', Connector>> = {
  euvd: {
    source: 'euvd', format: 'json', record: 'items', id: 'id', aliases: ['aliases'], summary: 'description', vectors: ['baseScoreVector'],
    severity: 'baseScore',
  },
  jvn: {
    source: 'jvn', format: 'xml', record: 'item', id: 'identifier', aliases: ['references/@id'], summary: 'title', details: 'description',
    vectors: ['cvss/@vector'], severity: 'cvss/@severity',
  },
  bdu: {
    source: 'bdu', format: 'xml', record: 'vul', id: 'identifier', aliases: ['identifiers/identifier'], summary: 'name', details: 'description',
    vectors: ['cvss3/vector', 'cvss/vector'], severity: 'severity',
  },
  cnnvd: {
    source: 'cnnvd', format: 'xml', record: 'entry', id: 'vuln-id', aliases: ['other-id/cve-id'], summary: 'name', details: 'vuln-descript', vectors: [],
    severity: 'severity',
  },
  cnvd: {
    source: 'cnvd', format: 'xml', record: 'vulnerability', id: 'number', aliases: ['cves/cve/cveNumber'], summary: 'title', details: 'description',
    vectors: [], severity: 'serverity',
  },
};

/** Reads a publisher's documents through its connector. */
export function* importRegional(files: Iterable<FeedFile>, connector: Connector): Generator<Imported> {
  for (const { path, bytes } of files) {
    let records: readonly Node[] = [];
    const failed = attempt(path, () => {
      records = follow(rootOf(bytes, connector), connector.record);
      return records.length === 0 ? refuseRecord(`"${connector.record}" holds no record`) : null;
    });
    yield* failed;
    if (failed.length > 0) continue;
    for (const [i, record] of records.entries()) yield* attempt(`${path}#${connector.record}/${i}`, () => observationOf(record, connector));
  }
}

/** Either kind of document as one kind of tree. */
interface Node {
  name: string;
  text: string;
  children: readonly Node[];
  /** The node's own part of the document. */
  raw: () => Uint8Array;
}

function observationOf(record: Node, connector: Connector): Observation {
  const textsAt = (path: string) => follow(record, path).map(({ text }) => text.trim()).filter((text) => text !== '');
  const id = textsAt(connector.id)[0] ?? refuseRecord(`"${connector.id}" is missing`);
  // Several ids may stand in one text, one a line; only what looks like an id is one.
  const aliases = connector.aliases.flatMap(textsAt).flatMap((text) => text.match(/\b(?:CVE-\d{4}-\d{4,19}|GHSA(?:-[a-z0-9]{4}){3})\b/g) ?? []);
  const details = connector.details === undefined ? undefined : textsAt(connector.details)[0];
  const word = textsAt(connector.severity)[0];
  const osv = {
    id,
    aliases: [...new Set(aliases)].filter((alias) => alias !== id).sort(),
    summary: textsAt(connector.summary)[0] ?? '',
    ...(details !== undefined && { details }),
    severity: connector.vectors.flatMap(textsAt).flatMap(vectorOf),
  };
  return { source: connector.source, raw: record.raw(), osv, ...(word !== undefined && { facts: { severity: word } }) };
}

function vectorOf(text: string): { type: string; score: string }[] {
  if (text.startsWith('CVSS:4.0/')) return [{ type: 'CVSS_V4', score: text }];
  if (/^CVSS:3\.[01]\//.test(text)) return [{ type: 'CVSS_V3', score: text }];
  if (/^AV:[LAN]\/AC:[LH]\/PR:/.test(text)) return [{ type: 'CVSS_V3', score: `CVSS:3.1/${text}` }];
  return /^\(?AV:[LAN]\/AC:[LMH]\/Au:/.test(text) ? [{ type: 'CVSS_V2', score: text }] : [];
}

function follow(from: Node, path: string): Node[] {
  return path.split('/').reduce<Node[]>((nodes, name) => nodes.flatMap(({ children }) => children.filter((child) => child.name === name)), [from]);
}

function rootOf(bytes: Uint8Array, { format }: Connector): Node {
  if (format === 'json') return jsonNode('', readJson(bytes));
  const { text, encoding } = decodeText(bytes);
  return xmlNode(parseXml(text, encoding));
}

/** A list is as many children of one name, as in XML. */
function jsonNode(name: string, value: Json): Node {
  const children = isJsonObject(value)
    ? Object.entries(value).flatMap(([key, member]) => (Array.isArray(member) ? member.map((one) => jsonNode(key, one)) : [jsonNode(key, member)]))
    : [];
  const text = typeof value === 'object' ? '' : String(value);
  return { name, text, children, raw: () => encodeJcs(value as JcsValue) };
}

function xmlNode(element: XmlElement): Node {
  const attributes = Object.entries(element.attributes).map(([key, text]): Node => ({ name: `@${key}`, text, children: [], raw: () => encodeUtf8(text) }));
  return {
    name: element.name,
    text: element.text,
    children: [...attributes, ...element.children.map(xmlNode)],
    raw: () => encodeJcs(element as unknown as JcsValue),
  };
}
