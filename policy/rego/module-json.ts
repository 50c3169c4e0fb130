// A module's syntax tree as JSON, member for member as OPA's encoder writes it: what `rego.parse_module` answers.
import { encodeUtf8, formatBase64 } from '../../ledger/bytes.ts';
import { type Comment, compareTerms, type Expr, type Import, type Module, type Rule, Term, type With } from './ast.ts';
import { EMPTY_OBJECT, RegoObject, typeName, type Value } from './value.ts';

/** Members that are undefined are left out, as Go's `omitempty` does. */
function object(members: Readonly<Record<string, Value | undefined>>): RegoObject {
  return RegoObject.of(Object.entries(members).filter((member): member is [string, Value] => member[1] !== undefined));
}

const some = (list: readonly Value[]): readonly Value[] | undefined => (list.length === 0 ? undefined : list);
const flag = (on: boolean): true | undefined => (on ? true : undefined);

export function moduleJson({ pkg, imports, rules, comments }: Module): Value {
  return object({
    package: object({ path: pkg.path.map(termJson) }),
    imports: some(imports.map(importJson)),
    rules: some(rules.map(ruleJson)),
    comments: some(comments.map(commentJson)),
  });
}

function importJson({ path, alias }: Import): Value {
  return object({ path: typed('ref', path.map(termJson)), alias: alias === '' ? undefined : alias });
}

function commentJson({ text, loc }: Comment): Value {
  return object({ Text: formatBase64(encodeUtf8(text)), Location: object({ file: loc.source.file, row: loc.row, col: loc.col }) });
}

function ruleJson({ head, body, isDefault, generatedBody, otherwise }: Rule): Value {
  const { name, ref, args, key, value, assign } = head;
  return object({
    default: flag(isDefault),
    head: object({
      name: name === '' ? undefined : name, ref: ref.map(termJson), args: some(args.map(termJson)), key: key === null ? undefined : termJson(key),
      value: value === null ? undefined : termJson(value), assign: flag(assign),
    }),
    body: bodyJson(body, generatedBody || isDefault),
    else: otherwise === null ? undefined : ruleJson(otherwise),
  });
}

function bodyJson(body: readonly Expr[], generated = false): Value {
  return body.map((expr, index) => exprJson(expr, index, generated));
}

function exprJson(expr: Expr, index: number, generated = false): Value {
  const terms = statementJson(expr.s);
  return object({ generated: flag(generated), index, negated: flag(expr.negated), terms, with: some(expr.with.map(withJson)) });
}

function withJson({ target, value }: With): Value {
  return object({ target: termJson(target), value: termJson(value) });
}

function statementJson(s: Expr['s']): Value {
  switch (s.k) {
    case 'term': return termJson(s.term);
    case 'call': return s.terms.map(termJson);
    case 'some': return object({ symbols: s.symbols.map(termJson) });
    case 'every': return object({
      key: s.key === null ? null : termJson(s.key), value: termJson(s.value), domain: termJson(s.domain), body: bodyJson(s.body),
    });
    case 'not': return object({ type: 'not', explicit_body: s.explicit, body: bodyJson(s.body) });
    default: return object({
      type: s.k, lhs: bodyJson(s.lhs), rhs: bodyJson(s.rhs), explicit_lhs: flag(s.explicitLhs), explicit_rhs: flag(s.explicitRhs),
    });
  }
}

const typed = (type: string, value: Value) => object({ type, value });

function termJson(term: Term): Value {
  const v = term.v;
  switch (v.t) {
    // Go has no other way to write its empty struct.
    case 'scalar': return typed(typeName(v.value), v.value === null ? EMPTY_OBJECT : v.value);
    case 'var': return typed('var', v.name);
    case 'ref': case 'call': case 'array': return typed(v.t, v.terms.map(termJson));
    case 'set': return typed('set', v.terms.toSorted(compareTerms).map(termJson));
    case 'object': return typed('object', members(v.pairs));
    case 'arraycomp': return typed('arraycomprehension', object({ term: termJson(v.head), body: bodyJson(v.body) }));
    case 'setcomp': return typed('setcomprehension', object({ term: termJson(v.head), body: bodyJson(v.body) }));
    case 'objectcomp': return typed('objectcomprehension', object({ key: termJson(v.key), value: termJson(v.head), body: bodyJson(v.body) }));
    case 'template': {
      const parts = v.parts.map((part) => (part instanceof Term ? termJson(part) : exprJson(part, 0)));
      return typed('templatestring', object({ parts: some(parts) ?? null, multi_line: v.raw }));
    }
  }
}

/** By the order of their keys; a key written twice stays twice. */
function members(pairs: readonly (readonly [Term, Term])[]): Value {
  return pairs.toSorted(([a], [b]) => compareTerms(a, b)).map(([key, value]) => [termJson(key), termJson(value)]);
}
