// Calls whose answers no record could give back: refused where the policy is compiled, naming its line.
import { BUILTINS } from '../../builtins/registry.ts';
import { type Expr, isRef, isVar, type Module, operatorOf, plainRef, type Rule } from '../ast.ts';
import type { PolicyError } from '../errors.ts';
import { nodesOf } from './calls.ts';
import { type RuleNode, rulesFor } from './tree.ts';
import { type Node, walk, walkExprs } from './visit.ts';

export const isRefused = (name: string) => BUILTINS.get(name)?.mark === 'refused';
const replaces = (expr: Expr, name: string) => expr.with.some(({ target }) => plainRef(target) === name);

/** Unreplaced calls of refused functions. */
function callsIn(node: Node): { name: string; expr: Expr }[] {
  const found: { name: string; expr: Expr }[] = [];
  walkExprs(node, (expr) => {
    const name = operatorOf(expr) ?? '';
    if (isRefused(name) && !replaces(expr, name)) found.push({ name, expr });
  });
  return found;
}

const refusal = ({ name, expr }: { name: string; expr: Expr }): PolicyError => ({
  code: 'rego_type_error',
  message: `unsafe built-in function calls in expression: ${name} (its answer could not be replayed; replace it using \`with\`)`,
  location: expr.loc,
});

export function refusedInQuery(body: readonly Expr[]): PolicyError[] {
  return callsIn(body).map(refusal);
}

/**
 * Refused calls that some reader reaches without replacing the function.
 *
 * A rule that only tests read, each under a `with`, may call what it likes: nobody else ever sees its answer.
 */
export function refusedInModules(modules: readonly Module[], root: RuleNode): PolicyError[] {
  const rules = modules.flatMap((module) => module.rules);
  const direct = rules.flatMap((rule) => callsIn(nodesOf(rule)).map((call) => ({ rule, call })));
  if (direct.length === 0) return [];
  const readers = new Map<Rule, { rule: Rule; expr: Expr }[]>();
  for (const rule of rules) {
    const note = (expr: Expr) => walk(expr, {
      term: (term) => {
        if (!isRef(term) || !isVar(term.v.terms[0])) return;
        for (const read of rulesFor(root, term.v.terms)) readers.set(read, [...(readers.get(read) ?? []), { rule, expr }]);
      },
    });
    walkExprs(nodesOf(rule), note);
  }
  const exposed = (rule: Rule, name: string, seen: Set<Rule>): boolean => {
    if (seen.has(rule)) return false;
    seen.add(rule);
    const all = readers.get(rule) ?? [];
    return all.length === 0 || all.some((reader) => !replaces(reader.expr, name) && exposed(reader.rule, name, seen));
  };
  return direct.filter(({ rule, call }) => exposed(rule, call.name, new Set())).map(({ call }) => refusal(call));
}
