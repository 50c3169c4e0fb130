// The references inside a CycloneDX document, which no schema can check: each name once, each reference to a name.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { isJsonObject } from '../../../ledger/json.ts';
import type { Deviation } from '../../document.ts';
import { at, below, objectsAt, textAt, textsAt } from '../../json-view.ts';

/**
 * Finds every `bom-ref` that stands twice, and every dependency and affected product that names none.
 *
 * `merged` are repeats by what is plainly the same component again: tools list the described product among its components.
 */
export function referenceProblems(bom: Json): { repeated: Deviation[]; merged: Deviation[]; dangling: Deviation[] } {
  const repeated: Deviation[] = [];
  const merged: Deviation[] = [];
  const dangling: Deviation[] = [];
  const known = new Map<string, JsonObject>();
  // The place is a path that grows and shrinks: a pointer for each value took a third of the time of reading a document.
  const path: (string | number)[] = [];
  const visit = (value: Json) => {
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length; i++) {
        const item = value[i] as Json;
        if (typeof item !== 'object') continue;
        path.push(i);
        visit(item);
        path.pop();
      }
    } else if (isJsonObject(value)) {
      const ref = value['bom-ref'];
      if (typeof ref === 'string') {
        const pointer = () => below('', ...path, 'bom-ref');
        const before = known.get(ref);
        const same = before !== undefined && ['type', 'group', 'name', 'version', 'purl'].every((key) => before[key] === value[key]);
        if (before === undefined) known.set(ref, value);
        else (same ? merged : repeated).push({ code: 'IDENTIFIER_REPEATED', pointer: pointer(), message: 'this bom-ref stands twice' });
      }
      for (const key in value) {
        if (typeof value[key] !== 'object') continue;
        path.push(key);
        visit(value[key] as Json);
        path.pop();
      }
    }
  };
  visit(bom);

  const check = (ref: string | undefined, ...place: readonly (string | number)[]) => {
    // A BOM-Link names something in another document.
    if (ref === undefined || known.has(ref) || ref.startsWith('urn:cdx:')) return;
    dangling.push({ code: 'REFERENCE_DANGLING', pointer: below('', ...place), message: 'this reference leads nowhere in the document' });
  };
  objectsAt(bom, 'dependencies').forEach((dependency, i) => {
    check(textAt(dependency, 'ref'), 'dependencies', i, 'ref');
    for (const name of ['dependsOn', 'provides']) textsAt(dependency, name).forEach((ref, j) => check(ref, 'dependencies', i, name, j));
  });
  objectsAt(bom, 'vulnerabilities').forEach((vulnerability: JsonObject, i) => {
    if (at(bom, 'components') === undefined) return; // A document of vulnerabilities alone names another one's components.
    objectsAt(vulnerability, 'affects').forEach((affected, j) => check(textAt(affected, 'ref'), 'vulnerabilities', i, 'affects', j, 'ref'));
  });
  return { repeated, merged, dangling };
}
