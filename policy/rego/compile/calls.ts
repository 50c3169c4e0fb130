// Calls: template strings, prints and metadata rewritten to what evaluates them; `with` targets, names and arities checked.
import { BUILTINS } from '../../builtins/registry.ts';
import {
  Expr, formatNode, isEquality, isGenerated, isMultiValue, isRef, isScalar, isVar, operandsOf, operatorOf, plainRef, reference, type Rule, scalar,
  Term, variable,
} from '../ast.ts';
import { type AnnotationSet, annotationValue } from '../annotations.ts';
import type { PolicyError, PolicyErrorCode } from '../errors.ts';
import { EMPTY_OBJECT } from '../value.ts';
import { append, equality, type NameMaker } from './names.ts';
import { captured } from './rewrite.ts';
import { type Arity, outputsOfBody, RESERVED } from './safety.ts';
import type { RuleNode } from './tree.ts';
import { bodiesOf, branches, closuresIn, isComprehension, needsEvaluation, type Node, SAFETY, varsOf, walk, walkExprs } from './visit.ts';

const fail = (code: PolicyErrorCode, message: string, at: { loc: Term['loc'] }): PolicyError => ({ code, message, location: at.loc });

/** Functions that answer many times; they may only stand by themselves. */
const RELATIONS = new Set(['walk']);

/** What these rewritings share. */
export interface Calls {
  readonly maker: NameMaker;
  readonly arity: Arity;
  readonly root: RuleNode;
  readonly rewritten: ReadonlyMap<string, string>;
}

export const isVoid = (name: string | null) => name !== null && BUILTINS.get(name)?.type.endsWith('=> none') === true;

/** What a rule's nodes call and hold: stages that rewrite what is rare leave the other rules alone. */
export interface Survey {
  readonly called: ReadonlySet<string>;
  readonly templates: boolean;
}

export function surveyOf(nodes: readonly (Term | Expr)[]): Survey {
  const called = new Set<string>();
  let templates = false;
  const note = (operator: Term | undefined) => {
    const name = plainRef(operator);
    if (name !== null) called.add(name);
  };
  walk(nodes, {
    term: ({ v }) => {
      if (v.t === 'call') note(v.terms[0]);
      else if (v.t === 'template') templates = true;
    },
    expr: ({ s }) => void (s.k === 'call' && note(s.terms[0])),
  });
  return { called, templates };
}

/** Template strings become calls of `internal.template_string`. */
export function rewriteTemplates(rule: Rule, calls: Calls): PolicyError[] {
  const errors: PolicyError[] = [];
  const known = varsOf(rule.head.args);
  for (const name of RESERVED) known.add(name);
  const safe = templatesIn(rule.body, known, calls, errors);
  const { head } = rule;
  for (const term of [...head.args, head.key, head.value, ...head.ref.slice(1)]) if (term !== null) templatesUnder(term, safe, calls, errors);
  return errors;
}

export function templatesIn(body: readonly Expr[], known: ReadonlySet<string>, calls: Calls, errors: PolicyError[]): Set<string> {
  const safe = outputsOfBody(body, calls.arity, known);
  for (const name of known) safe.add(name);
  templatesUnder(body, safe, calls, errors);
  return safe;
}

function templatesUnder(node: Node, safe: ReadonlySet<string>, calls: Calls, errors: PolicyError[]): void {
  walk(node, {
    term: (term) => {
      const v = term.v;
      if (isComprehension(term) && (v.t === 'arraycomp' || v.t === 'setcomp' || v.t === 'objectcomp')) {
        const inner = templatesIn(v.body, safe, calls, errors);
        for (const head of v.t === 'objectcomp' ? [v.key, v.head] : [v.head]) templatesUnder(head, inner, calls, errors);
        return true;
      }
      if (v.t === 'template') rewriteTemplate(term, v.parts, safe, calls, errors);
      return false;
    },
    expr: (expr) => {
      if (expr.s.k !== 'every') return false;
      templatesUnder(expr.s.domain, safe, calls, errors);
      const inner = new Set(safe);
      for (const term of [expr.s.key, expr.s.value]) if (term !== null) varsOf(term, {}, inner);
      templatesIn(expr.s.body, inner, calls, errors);
      return true;
    },
  });
}

function rewriteTemplate(term: Term, parts: readonly (Term | Expr)[], safe: ReadonlySet<string>, calls: Calls, errors: PolicyError[]): void {
  const terms = parts.length === 0 ? [scalar('', term.loc)] : [];
  for (const part of parts) {
    if (part instanceof Term) {
      terms.push(part);
      continue;
    }
    const operator = operatorOf(part);
    if (operator !== null && RELATIONS.has(operator)) {
      const message = `illegal call to relation built-in '${operator}' that may cause multiple outputs`;
      errors.push(fail('rego_compile_error', message, part));
      continue;
    }
    const s = part.s;
    const value = s.k === 'call' ? new Term({ t: 'call', terms: s.terms }, part.loc) : s.k === 'term' ? s.term : null;
    if (value === null) continue;
    if (isVar(value) || (isRef(value) && alwaysDefined(value.v.terms, calls.root))) {
      terms.push(new Term({ t: 'set', terms: [value] }, value.loc));
      continue;
    }
    for (const name of [...varsOf(value, SAFETY)].sort()) {
      if (!safe.has(name)) errors.push(fail('rego_compile_error', `var ${calls.rewritten.get(name) ?? name} is undeclared`, value));
    }
    terms.push(captured(value, calls.maker, part.with));
  }
  const operator = reference([variable('internal', term.loc), scalar('template_string', term.loc)], term.loc);
  term.v = { t: 'call', terms: [operator, new Term({ t: 'array', terms }, term.loc)] };
}

/** Whether a ref names a rule that is never undefined: a default, a set, or one constant. */
function alwaysDefined(ref: readonly Term[], root: RuleNode): boolean {
  const rules = plainRef(ref[0]) === 'data' && ref.length > 1 ? root.find(ref)?.rules ?? [] : [];
  const [first] = rules;
  if (first === undefined || first.head.args.length > 0) return false;
  if (first.isDefault || isMultiValue(first.head) || rules.some((rule) => rule.isDefault)) return true;
  const [only] = first.body;
  const bare = first.body.length === 1 && only?.s.k === 'term' && isScalar(only.s.term) && (only.s.term.v as { value: unknown }).value === true;
  return rules.length === 1 && bare && first.head.value !== null && isScalar(first.head.value);
}

/** `print(x)` becomes `internal.print([{x}])`; without a reader of prints it is removed. */
export function rewritePrints(rule: Rule, calls: Calls): PolicyError[] {
  const known = varsOf(rule.head.args);
  for (const name of RESERVED) known.add(name);
  const errors: PolicyError[] = [];
  for (const closure of closuresIn([rule.head.key, rule.head.value, ...rule.head.ref.slice(1)].filter((term) => term !== null))) {
    for (const body of bodiesOf(closure)) errors.push(...printsIn(body, known, calls));
  }
  return [...errors, ...printsIn(rule.body, known, calls)];
}

export function printsIn(body: Expr[], known: ReadonlySet<string>, calls: Calls): PolicyError[] {
  const errors: PolicyError[] = [];
  for (const [i, expr] of body.entries()) {
    const isPrint = operatorOf(expr) === 'print';
    const closures = closuresIn(expr);
    if (!isPrint && closures.length === 0) continue;
    const safe = outputsOfBody(body.slice(0, i), calls.arity, known);
    for (const name of known) safe.add(name);
    for (const closure of closures) {
      if ('expr' in closure && closure.expr.s.k === 'every') {
        for (const term of [closure.expr.s.key, closure.expr.s.value]) if (term !== null) varsOf(term, {}, safe);
      }
      for (const inner of bodiesOf(closure)) errors.push(...printsIn(inner, safe, calls));
    }
    if (!isPrint) continue;
    for (const name of varsOf(body.slice(0, i))) if (isGenerated(name)) safe.add(name);
    const operands = operandsOf(expr);
    for (const operand of operands) {
      for (const name of [...varsOf(operand, SAFETY)].sort()) {
        if (!safe.has(name)) errors.push(fail('rego_compile_error', `var ${calls.rewritten.get(name) ?? name} is undeclared`, operand));
      }
    }
    const operator = reference([variable('internal', expr.loc), scalar('print', expr.loc)], expr.loc);
    const list = new Term({ t: 'array', terms: operands.map((operand) => captured(operand, calls.maker)) }, expr.loc);
    const call = new Expr({ k: 'call', terms: [operator, list] }, expr.loc);
    body[i] = call;
  }
  return errors;
}

/** `rego.metadata.chain()` and `rule()` become constants of the rule they stand in. */
export function rewriteMetadata(rule: Rule, annotations: AnnotationSet, maker: NameMaker): void {
  const values: Readonly<Record<string, () => Term>> = {
    'rego.metadata.chain': () => scalar(annotations.chain(rule)),
    'rego.metadata.rule': () => {
      const primary = annotations.primary(rule);
      return scalar(primary === null ? EMPTY_OBJECT : annotationValue(primary));
    },
  };
  const locals = new Map<string, Term>();
  const front: Expr[] = [];
  walkExprs([...rule.body, ...[rule.head.key, rule.head.value].filter((term) => term !== null)], (expr) => {
    const name = operatorOf(expr) ?? '';
    const make = values[name];
    if (make === undefined || expr.s.k !== 'call') return;
    let local = locals.get(name);
    if (local === undefined) {
      const value = make();
      value.loc = expr.loc;
      const made = maker.equal(value);
      locals.set(name, (local = made.local));
      front.push(made.expr);
    }
    const [output] = operandsOf(expr);
    expr.s = output === undefined ? { k: 'term', term: local } : equality(output, local).s;
    expr.generated = true;
  });
  if (front.length > 0) rule.body = [...append([], front), ...rule.body];
}

/** Calls of functions without a result, used as values. */
export function checkVoidCalls(node: Node): PolicyError[] {
  const errors: PolicyError[] = [];
  walk(node, {
    term: (term) => {
      if (term.v.t === 'call' && isVoid(plainRef(term.v.terms[0]))) errors.push(fail('rego_type_error', `${formatNode(term)} used as value`, term));
    },
  });
  return errors;
}

/** Values of `with` that must be evaluated move before the expression; wrong targets are refused. */
export function rewriteWiths(body: Expr[], calls: Calls, errors: PolicyError[]): Expr[] {
  for (const closure of closuresIn(body)) {
    const replaced = bodiesOf(closure).map((inner) => rewriteWiths(inner, calls, errors));
    setBodies(closure, replaced);
  }
  return body.flatMap((expr) => {
    const before: Expr[] = [];
    for (const w of expr.with) {
      const evaluate = checkWith(w, calls, errors);
      if (!evaluate) continue;
      const { expr: eq, local } = calls.maker.equal(w.value);
      before.push(eq);
      w.value = local;
    }
    return [...before, expr];
  });
}

export function setBodies(closure: ReturnType<typeof closuresIn>[number], bodies: Expr[][]): void {
  const [first, second] = bodies as [Expr[], Expr[]?];
  if ('term' in closure) (closure.term.v as { body: Expr[] }).body = first;
  else if (closure.expr.s.k === 'every' || closure.expr.s.k === 'not') closure.expr.s.body = first;
  else if (closure.expr.s.k === 'and' || closure.expr.s.k === 'or') {
    closure.expr.s.lhs = first;
    closure.expr.s.rhs = second as Expr[];
  }
}

/** @returns whether the value must be evaluated before the expression */
function checkWith(w: Expr['with'][number], { root }: Calls, errors: PolicyError[]): boolean {
  const { target, value } = w;
  const asRef = (term: Term) => {
    const { v } = term;
    if (v.t === 'var' && BUILTINS.has(v.name)) term.v = { t: 'ref', terms: [variable(v.name, term.loc)] };
  };
  asRef(value);
  const isFunction = (term: Term) => BUILTINS.has(plainRef(term) ?? '') || (isRef(term) && root.find(term.v.terms) !== undefined);
  const name = plainRef(target);
  const head = isRef(target) ? plainRef(target.v.terms[0]) : null;
  if (isRef(target) && head === 'data') {
    const { terms } = target.v;
    for (let i = 1; i < terms.length; i++) {
      const outer = root.find(terms.slice(0, i));
      if (outer === undefined) break;
      if (outer.rules.length > 0) {
        errors.push(fail('rego_compile_error', 'with keyword cannot partially replace virtual document(s)', target));
        return false;
      }
    }
    if (root.find(terms)?.rules.some((rule) => rule.head.args.length > 0) === true && isFunction(value)) return false;
    if (isRef(value) && root.find(value.v.terms)?.rules.some((rule) => rule.head.args.length > 0) === true) return false;
  } else if (head !== 'input') {
    const builtin = BUILTINS.get(name ?? '');
    if (builtin === undefined) {
      errors.push(fail('rego_type_error', 'with keyword target must reference existing input, data, or a function', target));
      return false;
    }
    asRef(target);
    const wrong = invalidMock(builtin.name);
    if (wrong !== null) {
      errors.push(fail('rego_compile_error', `with keyword replacing built-in function: ${wrong}`, target));
      return false;
    }
    if (isFunction(value)) return false;
  }
  return needsEvaluation(value);
}

function invalidMock(name: string): string | null {
  if (['eq', 'rego.metadata.chain', 'rego.metadata.rule'].includes(name)) return `replacement of "${name}" invalid`;
  if (name.startsWith('internal.')) return `replacement of internal function "${name}" invalid`;
  if (RELATIONS.has(name)) return 'target must not be a relation';
  return isVoid(name) ? 'target must not be a void function' : null;
}

/** Calls of what does not exist, or with the wrong number of operands. */
export function checkFunctions(node: Node, calls: Calls): PolicyError[] {
  const errors: PolicyError[] = [];
  walkExprs(node, (expr) => {
    if (expr.s.k !== 'call') return false;
    const operator = expr.s.terms[0] as Term;
    const n = calls.arity(operator);
    const operands = expr.s.terms.length - 1;
    const shown = isVar(operator) ? operator.v.name : formatNode(renamed(operator, calls.rewritten));
    if (n < 0) {
      errors.push(fail('rego_type_error', `undefined function ${shown}`, expr));
      return true;
    }
    const given = expr.generated ? operands - 1 : operands;
    const wrong = expr.generated ? !isEquality(expr) && operands !== n + 1 : operands !== n && operands !== n + 1;
    if (!wrong) return false;
    const own = `function ${shown} has arity ${n}, got ${given} argument${given === 1 ? '' : 's'}`;
    errors.push(fail('rego_type_error', BUILTINS.has(shown) ? `${shown}: arity mismatch` : own, expr));
    return true;
  });
  return errors;
}

function renamed(term: Term, rewritten: ReadonlyMap<string, string>): Term {
  if (!isRef(term)) return term;
  const terms = term.v.terms.map((part) => (isVar(part) ? variable(rewritten.get(part.v.name) ?? part.v.name, part.loc) : part));
  return reference(terms, term.loc);
}

/** Every body of a rule's branches, and terms of its head, for checks over a whole rule. */
export function nodesOf(rule: Rule): (Term | Expr)[] {
  const nodes: (Term | Expr)[] = [];
  for (const { head, body } of branches(rule)) {
    nodes.push(...head.args, ...head.ref.slice(1), ...[head.key, head.value].filter((term) => term !== null), ...body);
  }
  return nodes;
}
