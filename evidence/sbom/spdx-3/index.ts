// SPDX 3.0.1 as compact JSON-LD: recognised, checked against the official schema and the rules of its prose, read into our models.
import type { Json } from '../../../ledger/json.ts';
import { type Format, type Reading, type Source, verdictOf } from '../../document.ts';
import { at, objectsAt, textAt } from '../../json-view.ts';
import { violationOf } from '../../schemas/index.ts';
import { Graph } from './graph.ts';
import { readGraph } from './read.ts';
import { rulesBroken } from './rules.ts';
import { vexOfGraph } from './vex.ts';

/** The one context that is read. It is compared, never fetched: what a name means is fixed here. */
export const CONTEXT = 'https://spdx.org/rdf/3.0.1/spdx-context.jsonld';

export const spdx3: Format = {
  name: 'spdx-3',
  claims(source) {
    if (source.syntax !== 'json') return false;
    if (contextOf(source.json)?.startsWith('https://spdx.org/rdf/3') === true) return true;
    return objectsAt(source.json, '@graph').some((element) => textAt(element, 'type') === 'SpdxDocument');
  },
  read,
};

async function read(source: Source): Promise<Reading> {
  const document = source.syntax === 'json' ? source.json : null;
  const context = contextOf(document);
  const version = /^https:\/\/spdx\.org\/rdf\/(?:v)?([0-9.]+)\//.exec(context ?? '')?.[1] ?? null;
  if (context !== CONTEXT) {
    const message = `expected the context "${CONTEXT}"`;
    const verdict = version === null || version === '3.0.1' ? 'invalid_schema' : 'unsupported_version';
    return { version, verdict, deviations: [{ code: 'SCHEMA_VIOLATED', pointer: '/@context', message }], view: {} };
  }
  const violation = await violationOf('spdx-3.0.1', document);
  if (violation !== null) return { version, verdict: 'invalid_schema', deviations: [violation], view: {} };
  const graph = new Graph(document);
  const { broken, deviations } = rulesBroken(graph);
  if (broken.length > 0) return { version, verdict: 'invalid_semantic', deviations: [...broken, ...deviations], view: {} };
  const sbom = readGraph(graph);
  const vex = vexOfGraph(graph, sbom);
  return { version, verdict: verdictOf(deviations), deviations, view: vex === null ? { sbom } : { sbom, vex } };
}

function contextOf(document: Json): string | undefined {
  const context = at(document, '@context');
  return typeof context === 'string' ? context : textAt({ first: Array.isArray(context) ? (context[0] ?? null) : null }, 'first');
}
