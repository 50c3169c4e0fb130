// The compiler's stages, in OPA's order: each checks or rewrites every module, and an error ends the run after its stage.
import { BUILTINS } from '../../builtins/registry.ts';
import { type Expr, formatShownRef, isVar, type Module, plainRef, type Rule, type Term, variable } from '../ast.ts';
import { AnnotationSet } from '../annotations.ts';
import { type PolicyError, PolicyErrors, sortErrors } from '../errors.ts';
import {
  type Calls, checkFunctions, checkVoidCalls, isVoid, nodesOf, printsIn, rewriteMetadata, rewritePrints, rewriteTemplates, rewriteWiths, type Survey, surveyOf,
  templatesIn,
} from './calls.ts';
import { buildGraph, checkRecursion, type Graph } from './graph.ts';
import { rewriteQueryLocals, rewriteRuleLocals } from './locals.ts';
import { NameMaker } from './names.ts';
import { checkOverrides, checkDuplicateImports, checkDeprecated, isDeprecated, unusedImportErrors } from './overrides.ts';
import { isRefused, refusedInModules, refusedInQuery } from './refused.ts';
import { resolveModules, Resolver } from './resolve.ts';
import { expandBody, expandRule, flattenBody, rewriteComprehensionHeads, rewriteEquals, rewriteHeadRef, rewriteHeadValues } from './rewrite.ts';
import { type Arity, checkHeads, reorder, RESERVED, scopeNamer, unsafeErrors } from './safety.ts';
import { nameRepeatedTests, noteCases } from './tests.ts';
import { buildTree, checkConflicts, checkDataConflicts, type RuleNode } from './tree.ts';
import { checkTypes } from './type-check.ts';
import { branches, varsOf } from './visit.ts';
import type { Value } from '../value.ts';

export interface Compiled {
  readonly modules: readonly Module[];
  readonly root: RuleNode;
  readonly graph: Graph;
  /** Generated name → name as written. */
  readonly rewritten: ReadonlyMap<string, string>;
  readonly arity: Arity;
}

/** As many errors as OPA reports before it stops. */
const errorsMax = 10;

/** Compiles modules in place: they must not be used otherwise afterwards. @throws {PolicyErrors} */
export function compileModules(modules: readonly Module[], strict: boolean, data: Value | null = null, tests = false): Compiled {
  return new Compiler(modules.toSorted((a, b) => (a.file < b.file ? -1 : 1)), strict, data, tests).run();
}

class Compiler {
  readonly #modules: readonly Module[];
  readonly #strict: boolean;
  readonly #data: Value | null;
  /** Compiled for a runner of tests. */
  readonly #tests: boolean;
  readonly #errors: PolicyError[] = [];
  readonly #rewritten = new Map<string, string>();
  #root: RuleNode;
  #maker: NameMaker;

  constructor(modules: readonly Module[], strict: boolean, data: Value | null, tests: boolean) {
    this.#tests = tests;
    this.#modules = modules;
    this.#data = data;
    this.#strict = strict;
    this.#root = buildTree([]);
    this.#maker = new NameMaker(new Set());
  }

  /** Errors that end the run now. */
  #stop(errors: readonly PolicyError[]): void {
    this.#note(errors);
    if (errors.length > 0) this.#throw();
  }

  #note(errors: readonly PolicyError[]): void {
    this.#errors.push(...errors);
    if (this.#errors.length >= errorsMax) this.#throw();
  }

  #throw(): never {
    const found = sortErrors(this.#errors.slice(0, errorsMax));
    const more: PolicyError[] = this.#errors.length >= errorsMax ? [{ code: 'rego_compile_error', message: 'error limit reached', location: null }] : [];
    throw new PolicyErrors([...found, ...more]);
  }

  #rules(visit: (rule: Rule) => void): void {
    for (const module of this.#modules) for (const rule of module.rules) visit(rule);
  }

  #branches(visit: (rule: Rule) => void): void {
    this.#rules((rule) => {
      for (const branch of branches(rule)) visit(branch);
    });
  }

  #shown = (ref: readonly Term[]): string =>
    formatShownRef(ref.map((term) => (isVar(term) ? variable(this.#rewritten.get(term.v.name) ?? term.v.name) : term)));

  run(): Compiled {
    if (this.#tests) nameRepeatedTests(this.#modules);
    const resolved = resolveModules(this.#modules);
    this.#stop(resolved.errors);
    if (this.#strict) this.#note(unusedImportErrors(resolved.unused));
    this.#maker = NameMaker.forModules(this.#modules);
    this.#rules((rule) => rewriteHeadRef(rule, this.#maker));
    const checked = this.#modules.filter(({ strictLevel }) => this.#strict || strictLevel === 1);
    this.#note(checked.flatMap(checkOverrides));
    this.#note(checked.flatMap(checkDuplicateImports));
    this.#root = buildTree(this.#modules);
    this.#locals();
    if (this.#tests) this.#rules(noteCases);
    const calls: Calls = { maker: this.#maker, arity: arityIn(this.#root), root: this.#root, rewritten: this.#rewritten };
    const called = this.#expand(calls);
    const graph = buildGraph(this.#modules, this.#root);
    this.#heads(calls);
    const besideData = this.#data === null ? [] : checkDataConflicts(this.#root, this.#data);
    this.#stop([...checkConflicts(this.#root, this.#modules, this.#shown), ...besideData]);
    this.#stop(this.#collect((rule) => checkFunctions(nodesOf(rule), calls)));
    this.#stop(this.#modules.flatMap((module) => checkHeads(module, this.#rewritten)));
    this.#safety(calls.arity);
    this.#branches((rule) => {
      rewriteEquals(rule.body);
      rule.body = flattenBody(rule.body, this.#maker);
    });
    this.#stop(checkRecursion(graph, this.#root, this.#shown));
    this.#note(checkTypes(graph, this.#root, { rewritten: this.#rewritten, subjects: this.#maker.subjects }));
    if ([...called].some(isRefused)) this.#note(refusedInModules(this.#modules, this.#root));
    if ([...called].some(isDeprecated)) this.#note(checked.flatMap(checkDeprecated));
    if (this.#errors.length > 0) this.#throw();
    return { modules: this.#modules, root: this.#root, graph, rewritten: this.#rewritten, arity: calls.arity };
  }

  #collect(check: (rule: Rule) => PolicyError[]): PolicyError[] {
    const errors: PolicyError[] = [];
    this.#rules((rule) => errors.push(...check(rule)));
    return errors;
  }

  #locals(): void {
    const errors: PolicyError[] = [];
    const unused: PolicyError[] = [];
    this.#rules((rule) => {
      const found = rewriteRuleLocals(rule, this.#maker, this.#rewritten, this.#strict);
      errors.push(...found.errors);
      unused.push(...found.unused);
    });
    this.#note(unused);
    this.#stop(errors);
  }

  /** @returns the names of all functions that are called */
  #expand(calls: Calls): ReadonlySet<string> {
    const errors: PolicyError[] = [];
    const surveys = new Map<Rule, Survey>();
    const called = new Set<string>();
    this.#rules((rule) => {
      const survey = surveyOf(nodesOf(rule));
      surveys.set(rule, survey);
      for (const name of survey.called) called.add(name);
    });
    const where = (test: (survey: Survey) => boolean, visit: (branch: Rule) => void) => this.#rules((rule) => {
      if (test(surveys.get(rule) as Survey)) for (const branch of branches(rule)) visit(branch);
    });
    where(({ templates }) => templates, (branch) => errors.push(...rewriteTemplates(branch, calls)));
    this.#stop(errors);
    if ([...called].some(isVoid)) this.#stop(this.#collect((rule) => checkVoidCalls(nodesOf(rule))));
    where((survey) => survey.called.has('print'), (branch) => errors.push(...rewritePrints(branch, calls)));
    this.#stop(errors);
    this.#branches((rule) => expandRule(rule, this.#maker));
    const annotations = new AnnotationSet(this.#modules);
    this.#stop(annotations.errors);
    const asks = (survey: Survey) => survey.called.has('rego.metadata.chain') || survey.called.has('rego.metadata.rule');
    where(asks, (branch) => rewriteMetadata(branch, annotations, this.#maker));
    return called;
  }

  #heads(calls: Calls): void {
    const errors: PolicyError[] = [];
    this.#branches((rule) => {
      const { head } = rule;
      rewriteComprehensionHeads([...rule.body, ...head.args, ...[head.key, head.value].filter((term) => term !== null)], this.#maker);
      rewriteHeadValues(rule, this.#maker);
      rule.body = rewriteWiths(rule.body, calls, errors);
    });
    this.#stop(errors);
  }

  #safety(arity: Arity): void {
    const errors: PolicyError[] = [];
    for (const module of this.#modules) {
      const scope = scopeNamer(module);
      for (const rule of module.rules) {
        for (const branch of branches(rule)) {
          const known = varsOf(branch.head.args, {}, new Set(RESERVED));
          const { body, unsafe } = reorder(arity, known, branch.body);
          if (unsafe.size > 0) errors.push(...unsafeErrors(unsafe, this.#rewritten, scope(branch)));
          branch.body = body;
        }
      }
    }
    this.#stop(errors);
  }
}

export function arityIn(root: RuleNode): Arity {
  return (operator) => {
    const builtin = BUILTINS.get(plainRef(operator) ?? '');
    if (builtin !== undefined) return operandCount(builtin.type);
    const rules = operator.v.t === 'ref' ? root.find(operator.v.terms)?.rules ?? [] : [];
    return rules[0]?.head.args.length ?? -1;
  };
}

const counts = new Map<string, number>();

/** The number of operands in a type's notation. */
function operandCount(type: string): number {
  let n = counts.get(type);
  if (n !== undefined) return n;
  let depth = 0;
  n = type.startsWith('()') ? 0 : 1;
  for (let i = 1; i < type.length; i++) {
    const c = type[i] as string;
    if (depth === 0 && c === ')') break;
    if (c === '<' || c === '[' || c === '(') depth++;
    else if (c === '>' || c === ']') depth--;
    else if (c === ',' && depth === 0) n++;
  }
  if (type.includes('...')) n = 0;
  counts.set(type, n);
  return n;
}

/** A query, compiled against modules; its variables keep their names. @throws {PolicyErrors} */
export function compileQuery(body: readonly Expr[], compiled: Compiled): Expr[] {
  const stop = (errors: readonly PolicyError[]) => {
    if (errors.length > 0) throw new PolicyErrors(sortErrors(errors));
  };
  const maker = new NameMaker(varsOf(body), '__localq');
  const rewritten = new Map(compiled.rewritten);
  const resolved = new Resolver(new Map(), []).body(body);
  const locals = rewriteQueryLocals(resolved, maker, rewritten);
  stop(locals.errors);
  const calls: Calls = { maker, arity: compiled.arity, root: compiled.root, rewritten };
  let query = locals.body;
  const errors: PolicyError[] = [];
  templatesIn(query, RESERVED, calls, errors);
  stop(errors);
  stop(checkVoidCalls(query));
  stop(printsIn(query, RESERVED, calls));
  query = expandBody(query, maker);
  rewriteComprehensionHeads(query, maker);
  query = rewriteWiths(query, calls, errors);
  stop(errors);
  stop(checkFunctions(query, calls));
  const ordered = reorder(calls.arity, RESERVED, query);
  if (ordered.unsafe.size > 0) stop(unsafeErrors(ordered.unsafe, rewritten, ''));
  query = flattenBody(ordered.body, maker);
  stop(refusedInQuery(query));
  return query;
}

