// The syntax tree of Rego: terms, expressions, rules, modules, each with the place it was read from.
import { compareStrings, compareValues, type Value } from './value.ts';
import { formatTerm } from './term.ts';

export interface Source {
  readonly file: string;
  readonly text: string;
}

/** A place in a source: row and column count from one, columns in code points; offsets are UTF-16 indexes. */
export interface Location {
  readonly source: Source;
  readonly row: number;
  readonly col: number;
  readonly offset: number;
  readonly end: number;
}

export function textAt(location: Location): string {
  return location.source.text.slice(location.offset, location.end);
}

export function compareLocations(a: Location | null, b: Location | null): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  if (a.source.file !== b.source.file) return a.source.file < b.source.file ? -1 : 1;
  return a.row - b.row || a.col - b.col;
}

export type TermValue =
  | { readonly t: 'scalar'; readonly value: Value }
  | { readonly t: 'var'; readonly name: string }
  | { readonly t: 'ref'; terms: Term[] }
  | { readonly t: 'call'; terms: Term[] }
  | { readonly t: 'array'; terms: Term[] }
  | { readonly t: 'set'; terms: Term[] }
  | { readonly t: 'object'; pairs: [Term, Term][] }
  | { readonly t: 'arraycomp' | 'setcomp'; head: Term; body: Expr[] }
  | { readonly t: 'objectcomp'; key: Term; head: Term; body: Expr[] }
  | { readonly t: 'template'; parts: (Term | Expr)[]; readonly raw: boolean };

/** Rewriting replaces a term's value in place, so that whoever holds the term sees it. */
export class Term {
  v: TermValue;
  loc: Location | null;

  constructor(v: TermValue, loc: Location | null = null) {
    this.v = v;
    this.loc = loc;
  }
}

export interface With {
  target: Term;
  value: Term;
  loc: Location;
}

export type Statement =
  | { readonly k: 'term'; term: Term }
  /** The operator, then the operands. */
  | { readonly k: 'call'; terms: Term[] }
  | { readonly k: 'some'; symbols: Term[]; readonly loc: Location }
  | { readonly k: 'every'; key: Term | null; value: Term; domain: Term; body: Expr[]; readonly loc: Location }
  | { readonly k: 'not'; body: Expr[]; readonly explicit: boolean }
  | { readonly k: 'and' | 'or'; lhs: Expr[]; rhs: Expr[]; readonly explicitLhs: boolean; readonly explicitRhs: boolean };

export class Expr {
  s: Statement;
  with: With[] = [];
  negated = false;
  generated = false;
  /** It was `:=` before rewriting: its left side may not make its right side safe. */
  fromAssignment = false;
  loc: Location | null;

  constructor(s: Statement, loc: Location | null = null) {
    this.s = s;
    this.loc = loc;
  }
}

export interface Head {
  /** Empty for heads of two terms and more, as `p.q`. */
  name: string;
  ref: Term[];
  args: Term[];
  key: Term | null;
  value: Term | null;
  assign: boolean;
  generatedValue: boolean;
  readonly keywords: Set<'if' | 'contains'>;
  loc: Location;
}

export interface Rule {
  head: Head;
  body: Expr[];
  isDefault: boolean;
  generatedBody: boolean;
  otherwise: Rule | null;
  loc: Location;
  module: Module;
  annotations: Annotation[];
}

export interface Import {
  readonly path: Term[];
  readonly pathLoc: Location;
  readonly alias: string;
  readonly loc: Location;
}

export interface Comment {
  readonly text: string;
  readonly loc: Location;
}

export interface Package {
  readonly path: Term[];
  readonly loc: Location;
}

export interface Module {
  file: string;
  pkg: Package;
  imports: Import[];
  rules: Rule[];
  comments: readonly Comment[];
  annotations: Annotation[];
  /** 0: the old language throughout; 1: v1, or raised to it by `import rego.v1` (or `rego.v2`). */
  strictLevel: 0 | 1;
  /** The version it was parsed for. */
  version: 0 | 1;
}

export interface Annotation {
  scope: string;
  /** The block as YAML gave it. */
  readonly fields: Readonly<Record<string, unknown>>;
  readonly loc: Location;
  readonly endRow: number;
  /** Package path, or the rule's ref. */
  target: { pkg: Package } | { rule: Rule } | null;
}

export const scalar = (value: Value, loc: Location | null = null) => new Term({ t: 'scalar', value }, loc);
export const variable = (name: string, loc: Location | null = null) => new Term({ t: 'var', name }, loc);
export const reference = (terms: Term[], loc: Location | null = null) => new Term({ t: 'ref', terms }, loc);

export function isVar(term: Term | null | undefined): term is Term & { v: { t: 'var'; name: string } } {
  return term?.v.t === 'var';
}

export function isRef(term: Term | null | undefined): term is Term & { v: { t: 'ref'; terms: Term[] } } {
  return term?.v.t === 'ref';
}

export function isScalar(term: Term): boolean {
  return term.v.t === 'scalar';
}

export const isWildcard = (name: string) => name.startsWith('$');
export const isGenerated = (name: string) => name.startsWith('__local');

/** The text of a ref that holds only a name and strings, such as `io.jwt.decode`; else null. */
export function plainRef(term: Term | undefined): string | null {
  if (isVar(term)) return term.v.name;
  if (!isRef(term)) return null;
  const { terms } = term.v;
  const [head] = terms;
  if (!isVar(head)) return terms.length === 0 ? '' : null;
  let text = head.v.name;
  for (let i = 1; i < terms.length; i++) {
    const { v } = terms[i] as Term;
    if (v.t !== 'scalar' || typeof v.value !== 'string') return null;
    text += `.${v.value}`;
  }
  return text;
}

/** The operator's name of a call expression, or null. */
export function operatorOf(expr: Expr): string | null {
  return expr.s.k === 'call' ? plainRef(expr.s.terms[0]) : null;
}

export function operandsOf(expr: Expr): Term[] {
  return expr.s.k === 'call' ? expr.s.terms.slice(1) : [];
}

export const isEquality = (expr: Expr) => expr.s.k === 'call' && isName(expr.s.terms[0] as Term, 'eq');
export const isAssignment = (expr: Expr) => expr.s.k === 'call' && isName(expr.s.terms[0] as Term, 'assign');

/** Whether a term is one name: asked of every expression, over and over, so that it makes no text. */
function isName({ v }: Term, name: string): boolean {
  if (v.t === 'var') return v.name === name;
  if (v.t !== 'ref' || v.terms.length !== 1) return false;
  const [head] = v.terms as [Term];
  return head.v.t === 'var' && head.v.name === name;
}

/** What OPA calls the kind of a value in its messages. */
export function valueName(term: Term): string {
  switch (term.v.t) {
    case 'scalar': {
      const value = term.v.value;
      return value === null ? 'null' : typeof value === 'string' ? 'string' : typeof value === 'boolean' ? 'boolean' : 'number';
    }
    case 'arraycomp': return 'arraycomprehension';
    case 'setcomp': return 'setcomprehension';
    case 'objectcomp': return 'objectcomprehension';
    case 'template': return 'templatestring';
    default: return term.v.t;
  }
}

/** Whether a head makes a set (or sets below a ref) rather than one value. */
export function isMultiValue(head: Head): boolean {
  return head.value === null && head.key !== null;
}

export function isGround(term: Term): boolean {
  switch (term.v.t) {
    case 'scalar': return true;
    case 'array': case 'set': case 'call': return term.v.terms.every(isGround);
    case 'ref': return term.v.terms.every((part, i) => i === 0 || isGround(part));
    case 'object': return term.v.pairs.every(([key, value]) => isGround(key) && isGround(value));
    default: return false;
  }
}

export function isGroundRef(terms: readonly Term[]): boolean {
  return terms.every((term, i) => i === 0 || isGround(term));
}

/** The terms before the first that is not ground. */
export function groundPrefix(terms: readonly Term[]): Term[] {
  const end = terms.findIndex((term, i) => i > 0 && !isGround(term));
  return end < 0 ? [...terms] : terms.slice(0, end);
}

const RANK = ['scalar', 'template', 'var', 'ref', 'array', 'object', 'set', 'arraycomp', 'objectcomp', 'setcomp', 'call'] as const;

/** OPA's order over terms: scalars first, then variables, refs, arrays, objects, sets and comprehensions. */
export function compareTerms(a: Term, b: Term): number {
  if (a.v.t !== b.v.t) return RANK.indexOf(a.v.t) - RANK.indexOf(b.v.t);
  const v = a.v;
  switch (v.t) {
    case 'scalar': return compareValues(v.value, (b.v as { value: Value }).value);
    case 'ref': case 'array': case 'call': return compareLists(v.terms, (b.v as { terms: Term[] }).terms);
    case 'set': return compareLists(v.terms.toSorted(compareTerms), (b.v as { terms: Term[] }).terms.toSorted(compareTerms));
    case 'object': return compareLists(sortedMembers(v.pairs), sortedMembers((b.v as { pairs: [Term, Term][] }).pairs));
    case 'var': return compareStrings(v.name, (b.v as { name: string }).name);
    case 'template': return compareLists(v.parts, (b.v as { parts: (Term | Expr)[] }).parts);
    default: return compareStrings(formatNode(a), formatNode(b));
  }
}

function compareLists(a: readonly (Term | Expr)[], b: readonly (Term | Expr)[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = compareParts(a[i] as Term | Expr, b[i] as Term | Expr);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Terms come before expressions. */
function compareParts(a: Term | Expr, b: Term | Expr): number {
  if (a instanceof Term && b instanceof Term) return compareTerms(a, b);
  if (a instanceof Term || b instanceof Term) return a instanceof Term ? -1 : 1;
  if (a.s.k === 'term' && b.s.k === 'term') return compareTerms(a.s.term, b.s.term);
  return compareStrings(formatExpr(a), formatExpr(b));
}

/** Each key, in order, before its value. */
const sortedMembers = (pairs: readonly [Term, Term][]): Term[] => pairs.toSorted(([x], [y]) => compareTerms(x, y)).flat();

export const sameTerm = (a: Term, b: Term) => compareTerms(a, b) === 0;

/** Terms of a set as it is written: what stands there twice is in it once. */
export function distinctTerms(terms: Term[]): Term[] {
  const sorted = terms.toSorted(compareTerms);
  const again = new Set(sorted.filter((term, i) => i > 0 && sameTerm(term, sorted[i - 1] as Term)));
  return again.size === 0 ? terms : terms.filter((term) => !again.has(term));
}

const INFIX: Readonly<Record<string, string>> = {
  plus: '+', minus: '-', mul: '*', div: '/', rem: '%', and: '&', or: '|', eq: '=', equal: '==', assign: ':=', neq: '!=',
  gt: '>', lt: '<', gte: '>=', lte: '<=', 'internal.member_2': 'in',
};

/** A term as OPA prints it in messages. */
export function formatNode(term: Term): string {
  const v = term.v;
  switch (v.t) {
    case 'scalar': return formatTerm(v.value);
    case 'var': return isWildcard(v.name) ? '_' : v.name;
    case 'ref': return formatRef(v.terms);
    case 'array': return `[${v.terms.map(formatNode).join(', ')}]`;
    case 'set': return v.terms.length === 0 ? 'set()' : `{${v.terms.toSorted(compareTerms).map(formatNode).join(', ')}}`;
    case 'object': {
      const pairs = v.pairs.toSorted(([a], [b]) => compareTerms(a, b));
      return `{${pairs.map(([key, value]) => `${formatNode(key)}: ${formatNode(value)}`).join(', ')}}`;
    }
    case 'arraycomp': return `[${formatNode(v.head)} | ${formatBody(v.body)}]`;
    case 'setcomp': return `{${formatNode(v.head)} | ${formatBody(v.body)}}`;
    case 'objectcomp': return `{${formatNode(v.key)}: ${formatNode(v.head)} | ${formatBody(v.body)}}`;
    case 'template': return `$"${v.parts.map((part) => (part instanceof Term ? formatNode(part) : `{${formatExpr(part)}}`)).join('')}"`;
    case 'call': return formatCall(v.terms);
  }
}

function formatCall(terms: readonly Term[]): string {
  const [operator, ...operands] = terms as [Term, ...Term[]];
  return `${formatNode(operator)}(${operands.map(formatNode).join(', ')})`;
}

export function formatRef(terms: readonly Term[]): string {
  const [head, ...rest] = terms as [Term, ...Term[]];
  let text = formatNode(head);
  for (const part of rest) {
    const value = part.v.t === 'scalar' ? part.v.value : null;
    text += typeof value === 'string' && /^[A-Za-z_]\w*$/.test(value) ? `.${value}` : `[${formatNode(part)}]`;
  }
  return text;
}

/** A ref as OPA's messages show it: a key without controls and backslashes stands between quotes as it is, even with quotes in it. */
export function formatShownRef(terms: readonly Term[]): string {
  const [head, ...rest] = terms as [Term, ...Term[]];
  const shown = rest.map((part) => {
    const value = part.v.t === 'scalar' ? part.v.value : null;
    if (typeof value !== 'string' || /[\p{Cc}\\]/u.test(value) || !value.includes('"')) return formatRef([head, part]).slice(formatRef([head]).length);
    return `["${value}"]`;
  });
  return `${formatRef([head])}${shown.join('')}`;
}

export function formatBody(body: readonly Expr[]): string {
  return body.map(formatExpr).join('; ');
}

export function formatExpr(expr: Expr): string {
  const s = expr.s;
  let text = expr.negated ? 'not ' : '';
  switch (s.k) {
    case 'term': text += formatNode(s.term); break;
    case 'call': {
      const infix = INFIX[operatorOf(expr) ?? ''];
      text += infix !== undefined && s.terms.length === 3
        ? `${formatNode(s.terms[1] as Term)} ${infix} ${formatNode(s.terms[2] as Term)}` : formatCall(s.terms);
      break;
    }
    case 'some': text += `some ${s.symbols.map(formatNode).join(', ')}`; break;
    case 'every': text += `every ${s.key === null ? '' : `${formatNode(s.key)}, `}${formatNode(s.value)} in ${formatNode(s.domain)}`
      + ` { ${formatBody(s.body)} }`; break;
    case 'not': text += s.explicit ? `not { ${formatBody(s.body)} }` : `not ${formatBody(s.body)}`; break;
    default: {
      const side = (body: readonly Expr[], explicit: boolean) => (explicit ? `{ ${formatBody(body)} }` : formatBody(body));
      text += `${side(s.lhs, s.explicitLhs)} ${s.k} ${side(s.rhs, s.explicitRhs)}`;
    }
  }
  return text + expr.with.map((w) => ` with ${formatNode(w.target)} as ${formatNode(w.value)}`).join('');
}
