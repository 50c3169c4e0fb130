// Which rule reads which, and the rules that read themselves.
import { formatRef, isVar, type Module, type Rule, type Term } from '../ast.ts';
import { ruleRef } from '../annotations.ts';
import type { PolicyError } from '../errors.ts';
import { type RuleNode, rulesFor } from './tree.ts';
import { branches, headTerms, walk } from './visit.ts';

export type Graph = Map<Rule, Set<Rule>>;

/** Every rule and `else` branch with the rules it may read. */
export function buildGraph(modules: readonly Module[], root: RuleNode): Graph {
  const graph: Graph = new Map();
  for (const module of modules) {
    for (const rule of module.rules) {
      for (const branch of branches(rule)) {
        const reads = new Set<Rule>();
        walk([...branch.body, ...headTerms(branch)], {
          term: ({ v }) => {
            if (v.t !== 'ref' || !isVar(v.terms[0])) return;
            for (const read of rulesFor(root, v.terms)) for (const other of branches(read)) reads.add(other);
          },
        });
        graph.set(branch, reads);
      }
    }
  }
  return graph;
}

/** One pass over all rules, since nearly no policy has a cycle; those that have are searched from each rule. */
function isAcyclic(graph: Graph): boolean {
  const state = new Map<Rule, 'open' | 'done'>();
  const visit = (rule: Rule): boolean => {
    const known = state.get(rule);
    if (known !== undefined) return known === 'done';
    state.set(rule, 'open');
    for (const read of graph.get(rule) ?? []) if (!visit(read)) return false;
    state.set(rule, 'done');
    return true;
  };
  for (const rule of graph.keys()) if (!visit(rule)) return false;
  return true;
}

/** A path from a rule back to itself, or null. */
function cycle(graph: Graph, rule: Rule): Rule[] | null {
  const visited = new Set<Rule>();
  const search = (from: Rule): Rule[] | null => {
    if (visited.has(from)) return null;
    visited.add(from);
    for (const next of graph.get(from) ?? []) {
      if (next === rule) return [from, next];
      const rest = search(next);
      if (rest !== null) return [from, ...rest];
    }
    return null;
  };
  return search(rule);
}

export function checkRecursion(graph: Graph, root: RuleNode, shown: (ref: readonly Term[]) => string): PolicyError[] {
  if (isAcyclic(graph)) return [];
  const errors: PolicyError[] = [];
  const name = (rule: Rule) => shown(ruleRef(rule));
  root.visit((node) => {
    for (const rule of node.rules) {
      for (const branch of branches(rule)) {
        const path = cycle(graph, branch);
        if (path === null) continue;
        const message = `rule ${name(branch)} is recursive: ${path.map(name).join(' -> ')}`;
        errors.push({ code: 'rego_recursion_error', message, location: branch.loc });
      }
    }
  });
  return errors;
}

/** Rules so that each comes after those it reads; only for graphs without cycles. */
export function sortedRules(graph: Graph): Rule[] {
  const sorted: Rule[] = [];
  const done = new Set<Rule>();
  const visit = (rule: Rule): void => {
    if (done.has(rule)) return;
    done.add(rule);
    for (const other of [...(graph.get(rule) ?? [])].sort(byPlace)) visit(other);
    sorted.push(rule);
  };
  for (const rule of [...graph.keys()].sort(byPlace)) visit(rule);
  return sorted;
}

function byPlace(a: Rule, b: Rule): number {
  const [x, y] = [a.loc, b.loc];
  if (x.source.file !== y.source.file) return x.source.file < y.source.file ? -1 : 1;
  return x.row - y.row || x.col - y.col || (formatRef(a.head.ref) < formatRef(b.head.ref) ? -1 : 1);
}
