// The rule tree: rules by their ground path from `data`, and the conflicts it shows.
import {
  compareLocations, formatRef, groundPrefix, isGroundRef, isMultiValue, isVar, type Module, plainRef, reference, type Rule,
  type Term, variable,
} from '../ast.ts';
import { ruleRef } from '../annotations.ts';
import type { PolicyError } from '../errors.ts';
import { compareValues, type Key, keyOf, RegoObject, type Value } from '../value.ts';

/** One place under `data`: the rules defined exactly there, and what lies below. */
export class RuleNode {
  readonly key: Value;
  readonly rules: Rule[] = [];
  readonly children = new Map<Key, RuleNode>();

  constructor(key: Value) {
    this.key = key;
  }

  child(term: Term): RuleNode | undefined {
    if (isVar(term)) return term.v.name === 'data' ? this.children.get('data') : undefined;
    return term.v.t === 'scalar' ? this.children.get(keyOf(term.v.value)) : undefined;
  }

  find(ref: readonly Term[]): RuleNode | undefined {
    const [term, ...rest] = ref;
    return term === undefined ? this : this.child(term)?.find(rest);
  }

  /** Children in the order of their keys. */
  get sorted(): RuleNode[] {
    return [...this.children.values()].sort((a, b) => compareValues(a.key, b.key));
  }

  /** This node, then everything below; a callback's true stops below it. */
  visit(f: (node: RuleNode) => boolean | void): void {
    if (f(this) === true) return;
    for (const child of this.sorted) child.visit(f);
  }
}

/** @returns a root whose only child is `data` */
export function buildTree(modules: readonly Module[]): RuleNode {
  const root = new RuleNode('');
  for (const module of modules) {
    if (module.rules.length === 0) place(root, module.pkg.path);
    for (const rule of module.rules) place(root, groundPrefix(ruleRef(rule))).rules.push(rule);
  }
  return root;
}

function place(root: RuleNode, path: readonly Term[]): RuleNode {
  let node = root;
  for (const term of path) {
    const value: Value = isVar(term) ? term.v.name : term.v.t === 'scalar' ? term.v.value : null;
    const key = keyOf(value);
    let child = node.children.get(key);
    if (child === undefined) node.children.set(key, (child = new RuleNode(value)));
    node = child;
  }
  return node;
}

const at = ({ loc }: Rule) => `${loc.source.file}:${loc.row}`;

/** Rules that cannot stand together. */
export function checkConflicts(root: RuleNode, modules: readonly Module[], shown: (ref: readonly Term[]) => string): PolicyError[] {
  const errors: PolicyError[] = [];
  root.visit((node) => {
    if (node.rules.length === 0) return;
    const found = conflictAt(node, shown);
    if (found !== null) errors.push(found);
  });
  for (const module of modules) {
    for (const rule of module.rules) {
      if (!isGroundRef(rule.head.ref)) continue;
      const path = plainRef(reference(ruleRef(rule)));
      for (const other of modules) {
        const name = plainRef(reference(other.pkg.path));
        if (path === null || name !== path || other === module) continue;
        const message = `package ${packageName(other)} conflicts with rule ${formatRef(rule.head.ref)} defined at ${at(rule)}`;
        errors.push({ code: 'rego_type_error', message, location: module.pkg.loc });
      }
    }
  }
  return errors;
}

/** Rules where the data has a value already, or a value that is no object on the way: OPA refuses them whatever the value is. */
export function checkDataConflicts(root: RuleNode, data: Value): PolicyError[] {
  const errors: PolicyError[] = [];
  /** @param value - what the data has there; undefined where it has nothing, and nothing below */
  const go = (node: RuleNode, path: readonly string[], value: Value): void => {
    const [rule] = node.rules;
    if (rule !== undefined) {
      errors.push({ code: 'rego_compile_error', message: `conflicting rule for data path ${path.join('/')} found`, location: rule.loc });
    }
    for (const child of node.sorted) {
      if (typeof child.key !== 'string') continue;
      const below = value instanceof RegoObject ? value.get(child.key) : value;
      if (below !== undefined) go(child, [...path, child.key], below);
    }
  };
  const top = root.children.get('data');
  if (top !== undefined) go(top, [], data);
  return errors;
}

function packageName({ pkg }: Module): string {
  const [, first, ...rest] = pkg.path as [Term, Term, ...Term[]];
  return formatRef([variable(String((first.v as { value: unknown }).value)), ...rest]);
}

function conflictAt(node: RuleNode, shown: (ref: readonly Term[]) => string): PolicyError | null {
  const { rules } = node;
  const [first] = rules as [Rule];
  const name = shown(ruleRef(rules.at(-1) as Rule));
  const ground = (rule: Rule) => isGroundRef(rule.head.ref);
  const below = (keep: (rule: Rule) => boolean) => {
    const found: Rule[] = [];
    for (const child of node.children.values()) child.visit((inner) => void found.push(...inner.rules.filter(keep)));
    return withoutExtensions(found);
  };
  let conflicts: Rule[] = [];
  if (node.children.size > 0) {
    if (rules.some(ground)) conflicts = below(() => true);
    else conflicts = below((rule) => rule.head.args.length > 0);
  }
  const fail = (message: string, location = first.loc): PolicyError => ({ code: 'rego_type_error', message, location });
  if (conflicts.length > 0) {
    return fail(`rule ${name} conflicts with:\n${conflicts.map((rule) => `  rule ${shown(ruleRef(rule))} at ${at(rule)}`).join('\n')}`);
  }
  const multi = rules.filter(({ head }) => isMultiValue(head));
  const complete = rules.filter((rule) => !isMultiValue(rule.head) && ground(rule)).length;
  const mixed = (multi.length > 0 && multi.length < rules.length) || new Set(rules.map(({ head }) => head.args.length)).size > 1
    || (complete > 0 && complete < rules.length) || (multi.some(ground) && multi.some((rule) => !ground(rule)));
  if (mixed) return fail(`conflicting rules ${name} found`);
  const defaults = rules.filter(({ isDefault }) => isDefault);
  if (defaults.length < 2) return null;
  return fail(`multiple default rules ${name} found at ${defaults.map(at).join(', ')}`, (defaults[0] as Rule).module.pkg.loc);
}

/** Of rules whose refs begin with one another, only the shortest. */
function withoutExtensions(rules: readonly Rule[]): Rule[] {
  let kept: { rule: Rule; text: string[] }[] = [];
  for (const rule of rules) {
    const text = ruleRef(rule).map((term) => formatRef([term]));
    const extends_ = (long: string[], short: string[]) => short.every((part, i) => long[i] === part);
    if (kept.some((other) => extends_(text, other.text))) continue;
    kept = [{ rule, text }, ...kept.filter((other) => !extends_(other.text, text))];
  }
  return kept.map(({ rule }) => rule).sort((a, b) => {
    const [x, y] = [formatRef(ruleRef(a)), formatRef(ruleRef(b))];
    return x < y ? -1 : x > y ? 1 : compareLocations(a.loc, b.loc);
  });
}

/** Rules a ref may read: those on its way, those below its end; what is not known may be anything. */
export function rulesFor(root: RuleNode, ref: readonly Term[]): Set<Rule> {
  const found = new Set<Rule>();
  const known = (term: Term | undefined) => term !== undefined && term.v.t === 'scalar';
  const add = (rules: readonly Rule[], from: number) => {
    for (const rule of rules) {
      const own = ruleRef(rule);
      let possible = true;
      for (let i = from; i < own.length && i < ref.length; i++) {
        const [x, y] = [own[i] as Term, ref[i] as Term];
        if (x.v.t === 'scalar' && y.v.t === 'scalar' && compareValues(x.v.value, y.v.value) !== 0) possible = false;
      }
      if (possible) found.add(rule);
    }
  };
  const go = (node: RuleNode, i: number): void => {
    if (i >= ref.length) return node.visit((inner) => void inner.rules.forEach((rule) => found.add(rule)));
    const term = ref[i] as Term;
    const children = i === 0 || known(term) ? [node.child(term)] : [...node.children.values()];
    for (const child of children) {
      if (child === undefined) continue;
      add(child.rules, i + 1);
      go(child, i + 1);
    }
  };
  if (ref.length > 0 && isVar(ref[0]) && ref[0].v.name === 'data') go(root, 0);
  return found;
}

