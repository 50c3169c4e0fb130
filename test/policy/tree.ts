// A module's syntax tree without places, comments and what only says how something was written: equal trees decide equally.
import { parseModule, type Version } from '../../policy/rego/parser.ts';
import { Num } from '../../policy/rego/number.ts';

const LEFT_OUT = new Set([
  'loc', 'pathLoc', 'module', 'annotations', 'comments', 'file', 'keywords', 'generated', 'assign', 'generatedValue', 'generatedBody', 'raw',
]);

/** Its tree as text; imports in any order. */
export function treeOf(text: string, version: Version): string {
  return JSON.stringify(plain(parseModule('m.rego', text, version)));
}

/** Comments in any order, without white space at their ends. */
export function commentsOf(text: string, version: Version): string[] {
  return parseModule('m.rego', text, version).comments.map(({ text: own }) => own.trimEnd()).sort();
}

function plain(node: unknown): unknown {
  if (node instanceof Num) return { number: node.text };
  if (typeof node === 'string') return /^\$\d+$/.test(node) ? '_' : node;
  if (Array.isArray(node)) return node.map(plain);
  if (node === null || typeof node !== 'object') return node;
  // A head of two parts has a name only where its second part was in brackets; either way it is the same rule.
  const isHead = 'ref' in node && (node.ref as unknown[]).length > 1;
  const members = Object.entries(node).filter(([key]) => !LEFT_OUT.has(key) && !(isHead && (key === 'name' || key === 'key')));
  return Object.fromEntries(members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, value]) => {
    const inner = plain(value);
    return [key, key === 'imports' ? (inner as unknown[]).map((one) => JSON.stringify(one)).sort() : inner];
  }));
}
