// What v1 and strict mode forbid: shadowing `input` and `data`, importing a name twice or for nothing, deprecated calls.
import { type Import, isAssignment, isRef, type Module, operandsOf, operatorOf, plainRef, type Term } from '../ast.ts';
import { formatImport } from '../format-import.ts';
import type { PolicyError } from '../errors.ts';
import { nodesOf } from './calls.ts';
import { importName } from './resolve.ts';
import { branches, walkExprs } from './visit.ts';

const RESERVED = ['data', 'input'];
const fail = (message: string, at: { loc: Term['loc'] }): PolicyError => ({ code: 'rego_compile_error', message, location: at.loc });

export function checkOverrides(module: Module): PolicyError[] {
  const errors: PolicyError[] = [];
  for (const rule of module.rules) {
    for (const branch of branches(rule)) {
      if (branch !== rule) continue;
      const name = plainRef(branch.head.ref[0]) ?? branch.head.name;
      if (RESERVED.includes(name)) errors.push(fail(`rules must not shadow ${name} (use a different rule name)`, branch));
      for (const arg of branch.head.args) {
        const root = plainRef(arg);
        if (isRef(arg) && RESERVED.includes(root ?? '')) errors.push(fail(`args must not shadow ${root} (use a different variable name)`, arg));
      }
    }
    walkExprs(nodesOf(rule), (expr) => {
      const name = plainRef(operandsOf(expr)[0]);
      if (isAssignment(expr) && RESERVED.includes(name ?? '')) {
        errors.push(fail(`variables must not shadow ${name} (use a different variable name)`, expr));
      }
    });
  }
  return errors;
}

export function checkDuplicateImports(module: Module): PolicyError[] {
  const seen = new Map<string, Import>();
  const errors: PolicyError[] = [];
  for (const imported of module.imports) {
    const name = importName(imported);
    const before = seen.get(name);
    if (before === undefined) seen.set(name, imported);
    else errors.push(fail(`import must not shadow ${formatImport(before)}`, imported));
  }
  return errors;
}

export function unusedImportErrors(imports: readonly Import[]): PolicyError[] {
  return imports.map((imported) => fail(`${formatImport(imported)} unused`, imported));
}

/** Functions that OPA keeps for v0 alone. */
const DEPRECATED = new Set(['all', 'any', 'cast_array', 'cast_boolean', 'cast_null', 'cast_object', 'cast_set', 'cast_string', 'net.cidr_overlap',
  're_match', 'set_diff']);

export const isDeprecated = (name: string) => DEPRECATED.has(name);

export function checkDeprecated(module: Module): PolicyError[] {
  const errors: PolicyError[] = [];
  for (const rule of module.rules) {
    walkExprs(nodesOf(rule), (expr) => {
      const name = operatorOf(expr);
      if (name === null || !isDeprecated(name)) return;
      errors.push({ code: 'rego_type_error', message: `deprecated built-in function calls in expression: ${name}`, location: expr.loc });
    });
  }
  return errors;
}
