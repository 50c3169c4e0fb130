// What the prose of SPDX 3.0.1 asks for and its schema cannot say.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { isJsonObject } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { below, textAt } from '../../json-view.ts';
import { equalValues } from '../../schemas/text.ts';
import { SPDX_CLASSES } from '../../vex/words.ts';
import { type Graph, idOf, refOf } from './graph.ts';

/**
 * Finds what the schema cannot: a name for two things, a blank node that is not there, and the constraints of the VEX classes.
 *
 * An element that stands twice in the same words says nothing more than once: JSON-LD merges both into one node.
 */
export function rulesBroken(graph: Graph): { broken: Deviation[]; deviations: Deviation[] } {
  const broken: Deviation[] = [];
  const deviations: Deviation[] = [];
  const seen = new Map<string, JsonObject>();
  const blanks = new Set<string>();
  for (const { element, pointer } of graph.elements) {
    const id = idOf(element);
    const before = id === undefined ? undefined : seen.get(id);
    if (before !== undefined) {
      const same = equalValues(before, element);
      const message = `this spdxId stands twice${same ? ', in the same words' : ''}`;
      (same ? deviations : broken).push({ code: 'IDENTIFIER_REPEATED', pointer, message });
    }
    if (id !== undefined) seen.set(id, element);
    collectBlanks(element, blanks);
  }
  for (const { element, pointer } of graph.elements) {
    broken.push(...danglingBlanks(element, pointer, blanks), ...vexRules(graph, element, pointer));
  }
  return { broken, deviations };
}

/** Nodes named `_:x` exist in this document only, inside other elements too. */
function collectBlanks(value: Json, blanks: Set<string>): void {
  if (Array.isArray(value)) for (const item of value) collectBlanks(item, blanks);
  else if (isJsonObject(value)) {
    const id = idOf(value);
    if (id?.startsWith('_:') === true) blanks.add(id);
    for (const member of Object.values(value)) if (typeof member === 'object') collectBlanks(member, blanks);
  }
}

function danglingBlanks(element: JsonObject, pointer: string, blanks: ReadonlySet<string>): Deviation[] {
  return Object.entries(element).flatMap(([key, value]): Deviation[] => {
    const here = below(pointer, key);
    const items = Array.isArray(value) ? value : [value];
    return items.flatMap((item): Deviation[] => {
      if (typeof item === 'string' && item.startsWith('_:') && REFERS.has(key) && !blanks.has(item)) {
        return [{ code: 'REFERENCE_DANGLING', pointer: here, message: `the blank node "${item}" is not in the document` }];
      }
      return isJsonObject(item) ? danglingBlanks(item, here, blanks) : [];
    });
  });
}

/** Members that hold references and may name a blank node. */
const REFERS = new Set(['creationInfo', 'from', 'to', 'createdBy', 'createdUsing', 'element', 'rootElement', 'security_assessedElement', 'suppliedBy']);

function vexRules(graph: Graph, element: JsonObject, pointer: string): Deviation[] {
  const type = textAt(element, 'type') ?? '';
  const rule = Object.hasOwn(SPDX_CLASSES, type) ? SPDX_CLASSES[type] : undefined;
  if (rule === undefined) return [];
  const broken: Deviation[] = [];
  const violate = (member: string, message: string) => broken.push({ code: 'RULE_VIOLATED', pointer: below(pointer, member), message });
  if (textAt(element, 'relationshipType') !== rule.type) violate('relationshipType', `expected "${rule.type}" for this class`);
  const from = refOf(element['from']);
  const source = from === undefined ? undefined : graph.get(from);
  if (source !== undefined && textAt(source, 'type') !== 'security_Vulnerability') violate('from', 'expected a vulnerability');
  const has = (member: string) => (textAt(element, member) ?? '') !== '';
  if (rule.status === 'not_affected' && !has('security_justificationType') && !has('security_impactStatement')) {
    violate('security_justificationType', 'expected a justification or an impact statement');
  }
  if (rule.status === 'affected' && !has('security_actionStatement')) violate('security_actionStatement', 'expected an action statement');
  if (rule.status !== 'not_affected' && has('security_justificationType')) violate('security_justificationType', 'only "not affected" has one');
  return broken;
}
