// OpenVEX 0.2.0: strict by its schema and go-vex's rules, tolerant of the older dialect with every repair listed.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { type Deviation, type Format, type Mode, type Reading, type Source, verdictOf } from '../../document.ts';
import { at, below, copyJson, objectsAt, textAt, textsAt } from '../../json-view.ts';
import { hashName } from '../../sbom/names.ts';
import { violationOf } from '../../schemas/index.ts';
import type { Vex, VexProduct, VexStatement } from '../model.ts';
import { JUSTIFICATIONS, STATUSES } from '../words.ts';
import { ABSENT, CONTEXT, repairOpenvex } from './repair.ts';

export const openvex: Format = {
  name: 'openvex',
  claims: (source) => source.syntax === 'json' && textAt(source.json, '@context')?.startsWith('https://openvex.dev/ns') === true,
  read,
};

async function read(source: Source, mode: Mode): Promise<Reading> {
  const given = source.syntax === 'json' ? source.json : null;
  const context = textAt(given, '@context') ?? '';
  // Without a version the context means the first one (OpenVEX 0.2.0, "The OpenVEX format").
  const version = /^https:\/\/openvex\.dev\/ns\/v([0-9.]+)$/.exec(context)?.[1] ?? (context === 'https://openvex.dev/ns' ? '0.0.1' : null);
  const readable = context === CONTEXT || (mode === 'tolerant' && (version === '0.0.1' || version === '0.0.0'));
  if (!readable) {
    const deviation: Deviation = { code: 'SCHEMA_VIOLATED', pointer: '/@context', message: `expected "${CONTEXT}"` };
    return { version, verdict: 'unsupported_version', deviations: [deviation], view: {} };
  }
  let document = given;
  const repairs: Deviation[] = [];
  let broken = (await violationOf('openvex-0.2.0', document)) ?? justificationProblem(document);
  if (broken !== null && mode === 'tolerant') {
    document = copyJson(given);
    repairs.push(...repairOpenvex(document));
    broken = (await violationOf('openvex-0.2.0', document)) ?? justificationProblem(document);
  }
  if (broken !== null) {
    return { version, verdict: broken.code === 'SCHEMA_VIOLATED' ? 'invalid_schema' : 'invalid_semantic', deviations: [...repairs, broken], view: {} };
  }
  const deviations = [...repairs, ...nameProblems(document)];
  return { version, verdict: verdictOf(deviations), deviations, view: { vex: vexOf(document) } };
}

/** go-vex refuses a justification beside any other status; the schema does not look. */
function justificationProblem(document: Json): Deviation | null {
  const i = objectsAt(document, 'statements').findIndex((one) => one['justification'] !== undefined && one['status'] !== 'not_affected');
  if (i < 0) return null;
  return { code: 'RULE_VIOLATED', pointer: below('', 'statements', i, 'justification'), message: 'only "not_affected" has a justification' };
}

/** Names that the schema lets pass: an identifier that is no IRI (RFC 3987), and `pkg:purl/…`, which no package URL is. */
function nameProblems(document: Json): Deviation[] {
  const id = textAt(document, '@id') ?? '';
  const isIri = /^[a-zA-Z][a-zA-Z0-9+.-]*:[^\s<>"{}|\\^`]*$/.test(id);
  const problems: Deviation[] = isIri ? [] : [{ code: 'RULE_VIOLATED', pointer: '/@id', message: 'not an IRI' }];
  return [...problems, ...purlProblems(document)];
}

function purlProblems(document: Json): Deviation[] {
  return objectsAt(document, 'statements').flatMap((statement, i) => objectsAt(statement, 'products').flatMap((product, j): Deviation[] => {
    const id = textAt(product, '@id') ?? '';
    if (!id.startsWith('pkg:purl/')) return [];
    return [{ code: 'RULE_VIOLATED', pointer: below('', 'statements', i, 'products', j, '@id'), message: '"purl" is no type of a package URL' }];
  }));
}

function vexOf(document: Json): Vex {
  const created = present(textAt(document, 'timestamp'));
  return {
    identity: present(textAt(document, '@id')),
    version: String(at(document, 'version') ?? 1),
    author: textAt(document, 'author') ?? null,
    created,
    statements: objectsAt(document, 'statements').flatMap((statement) => statementsOf(statement, created)),
  };
}

function statementsOf(statement: JsonObject, created: string | null): VexStatement[] {
  const [status, justification] = [textAt(statement, 'status') ?? '', textAt(statement, 'justification') ?? null];
  const common = {
    vulnerability: textAt(statement, 'vulnerability', 'name') ?? '',
    aliases: textsAt(statement, 'vulnerability', 'aliases'),
    status: STATUSES.find((one) => one === status) ?? null,
    justification: JUSTIFICATIONS.find((one) => one === justification) ?? null,
    words: { status, justification },
    stated: textAt(statement, 'timestamp') ?? created,
    impact: textAt(statement, 'impact_statement') ?? null,
    action: textAt(statement, 'action_statement') ?? null,
    notes: textAt(statement, 'status_notes') ?? null,
  };
  const products = objectsAt(statement, 'products');
  if (products.length === 0) return [{ ...common, product: null, parts: [] }];
  return products.map((product) => ({ ...common, product: productOf(product), parts: objectsAt(product, 'subcomponents').map((part) => productOf(part)) }));
}

function productOf(product: JsonObject): VexProduct {
  const id = textAt(product, '@id') ?? '';
  const purls = [id, textAt(product, 'identifiers', 'purl') ?? ''].filter((text) => text.startsWith('pkg:'));
  const cpes = ['cpe22', 'cpe23'].map((name) => textAt(product, 'identifiers', name) ?? '').filter((text) => text !== '');
  const hashes = at(product, 'hashes');
  return {
    id: id !== '' ? id : (purls[0] ?? cpes[0] ?? ''),
    purls: [...new Set(purls)],
    cpes,
    hashes: Object.entries((hashes ?? {}) as JsonObject).map(([name, value]) => [hashName(name), String(value).toLowerCase()] as const),
    versions: [],
  };
}

function present(text: string | undefined): string | null {
  return text === undefined || text === ABSENT ? null : text;
}

