// Which productions of Rego's grammar, and which functions, a module uses: counted in its syntax tree.
import { isVar, isWildcard, type Module, operatorOf, plainRef, type Term } from '../../../policy/rego/ast.ts';
import { BUILTINS } from '../../../policy/builtins/registry.ts';
import { walk } from '../../../policy/rego/compile/visit.ts';
import { parseModule } from '../../../policy/rego/parser.ts';

/** Every production counted, in the order of the table. */
export const PRODUCTIONS = [
  'package', 'import', 'import alias', 'metadata', 'rule: complete', 'rule: if', 'rule: default', 'rule: else', 'rule: contains', 'rule: key and value',
  'rule: ref head', 'rule: function', 'rule: default function', 'body: several statements', 'term', 'call', 'not', 'not body', 'and', 'or', 'some', 'some in',
  'some key in', 'every', 'every key', 'with', 'assignment', 'unification', 'null', 'boolean', 'number', 'string', 'raw string', 'template', 'raw template',
  'var', 'wildcard', 'ref', 'ref with a var', 'array', 'set', 'empty set', 'object', 'array comprehension', 'set comprehension', 'object comprehension', 'in',
  'key in', '==', '!=', '<', '<=', '>', '>=', '+', '-', '*', '/', '%', '&', '|',
] as const;
type Production = (typeof PRODUCTIONS)[number];

const OPERATORS: Readonly<Record<string, Production>> = {
  equal: '==', neq: '!=', lt: '<', lte: '<=', gt: '>', gte: '>=', plus: '+', minus: '-', mul: '*', div: '/', rem: '%', and: '&', or: '|', assign: 'assignment',
  eq: 'unification', 'internal.member_2': 'in', 'internal.member_3': 'key in',
};

/** Adds what a module uses to the counts, by production and by function. */
export function countUses(text: string, uses: Map<string, number>): void {
  const add = (what: string) => uses.set(what, (uses.get(what) ?? 0) + 1);
  const module = parseModule('m.rego', text, 1);
  add('package');
  countHeads(module, add);
  for (const imported of module.imports) add(imported.alias === '' ? 'import' : 'import alias');
  for (const _ of module.annotations) add('metadata');
  for (const top of module.rules) {
    for (let rule: typeof top | null = top; rule !== null; rule = rule.otherwise) {
      const { head, body } = rule;
      if (body.length > 1) add('body: several statements');
      walk([...head.args, ...(head.key === null ? [] : [head.key]), ...(head.value === null ? [] : [head.value]), ...body], {
        term: (term) => countTerm(term, add),
        expr: (expr) => {
          const { s } = expr;
          if (expr.negated) add('not');
          if (expr.with.length > 0) add('with');
          if (s.k === 'term') add('term');
          else if (s.k === 'call') countCall(operatorOf(expr) ?? '', add);
          else if (s.k === 'some') add(s.symbols[0]?.v.t !== 'call' ? 'some' : s.symbols[0].v.terms.length === 4 ? 'some key in' : 'some in');
          else if (s.k === 'every') add(s.key === null ? 'every' : 'every key');
          else add(s.k === 'not' ? (s.explicit ? 'not body' : 'not') : s.k);
        },
      });
    }
  }
}

function countHeads({ rules }: Module, add: (what: string) => void): void {
  for (const { head, isDefault, generatedBody, otherwise } of rules) {
    if (isDefault) add(head.args.length > 0 ? 'rule: default function' : 'rule: default');
    else if (head.args.length > 0) add('rule: function');
    else if (head.value === null) add('rule: contains');
    else if (head.ref.length === 2) add('rule: key and value');
    else add(generatedBody ? 'rule: complete' : 'rule: if');
    if (head.ref.length > 2 || (head.ref.length > 1 && head.value === null)) add('rule: ref head');
    if (otherwise !== null) add('rule: else');
  }
}

function countCall(name: string, add: (what: string) => void): void {
  add(OPERATORS[name] ?? 'call');
  if (BUILTINS.has(name)) add(`${name}()`);
}

function countTerm(term: Term, add: (what: string) => void): void {
  const v = term.v;
  const source = term.loc === null ? '' : term.loc.source.text.slice(term.loc.offset, term.loc.offset + 1);
  switch (v.t) {
    case 'scalar':
      if (v.value === null) add('null');
      else if (typeof v.value === 'boolean') add('boolean');
      else add(typeof v.value !== 'string' ? 'number' : source === '`' ? 'raw string' : 'string');
      break;
    case 'var': add(isWildcard(v.name) ? 'wildcard' : 'var'); break;
    case 'ref': add(v.terms.some((part, i) => i > 0 && isVar(part)) ? 'ref with a var' : 'ref'); break;
    case 'array': case 'object': add(v.t); break;
    case 'set': add(v.terms.length === 0 ? 'empty set' : 'set'); break;
    case 'arraycomp': add('array comprehension'); break;
    case 'setcomp': add('set comprehension'); break;
    case 'objectcomp': add('object comprehension'); break;
    case 'template': add(v.raw ? 'raw template' : 'template'); break;
    case 'call': countCall(plainRef(v.terms[0]) ?? '', add);
  }
}
