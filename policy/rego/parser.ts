// Modules and queries of Rego, read from their text in the language of v0 or v1.
import { type Expr, formatRef, isVar, type Location, type Module, type Package, type Rule, type Source } from './ast.ts';
import { attachAnnotations, parseAnnotations } from './annotations.ts';
import { type PolicyError, PolicyErrors } from './errors.ts';
import { expressionAsRule, headKeywordHint } from './expression-rules.ts';
import { type Parsed, Parser } from './parser-statements.ts';
import { checkRegoV1 } from './strict-v1.ts';

export type Version = 0 | 1;

/**
 * Reads one module.
 *
 * @param version - 1 for the language of OPA 1.x, 0 for the one before it
 * @param annotated - whether METADATA is read
 * @throws {PolicyErrors} with every error the parser reports
 */
export function parseModule(file: string, text: string, version: Version, annotated = true): Module {
  const source = { file, text };
  const parser = new Parser(source, version);
  const statements = parser.statements();
  const errors: PolicyError[] = [...parser.failures];
  if (errors.length > 0) throw new PolicyErrors(errors);
  return assemble(source, statements, parser, version, annotated);
}

/** Reads a query: one body in the language of v1. @throws {PolicyErrors} when it is none */
export function parseQuery(text: string, version: Version = 1): Expr[] {
  const parser = new Parser({ file: '', text }, version);
  const statements = parser.statements(false);
  if (parser.failures.length > 0) throw new PolicyErrors(parser.failures);
  const body = statements.flatMap((statement) => (statement.is === 'body' ? statement.body : []));
  if (body.length === 0) throw new PolicyErrors([{ code: 'rego_parse_error', message: 'empty query', location: null }]);
  return body;
}

function assemble(source: Source, statements: readonly Parsed[], parser: Parser, version: Version, annotated: boolean): Module {
  const start = { source, row: 0, col: 0, offset: 0, end: 0 };
  const fail = (message: string, location: Location) => ({ code: 'rego_parse_error' as const, message, location });
  const first = statements[0];
  if (first === undefined) throw new PolicyErrors([fail('empty module', start)]);
  const errors: PolicyError[] = [];
  const pkg: Package = first.is === 'package' ? first.pkg : { path: [], loc: start };
  if (first.is !== 'package') errors.push(fail('package expected', placeOf(first)));
  const comments = parser.readComments();
  const module: Module = { file: source.file, pkg, imports: [], rules: [], comments, annotations: [], strictLevel: version, version };
  for (const [i, statement] of statements.entries()) {
    if (i === 0) continue;
    if (statement.is === 'package') errors.push(fail('unexpected package', statement.pkg.loc));
    else if (statement.is === 'import') {
      module.imports.push(statement.imported);
      if (/^rego\.v[12]$/.test(formatRef(statement.imported.path))) module.strictLevel = 1;
    } else if (statement.is === 'rule') module.rules.push(statement.rule);
    else {
      const made = expressionAsRule(module, statement.body);
      if (typeof made === 'string') {
        const hint = module.strictLevel === 0 ? headKeywordHint(statement.body, wordOf(statements[i + 1], statement.body)) : '';
        errors.push(fail(made + hint, (statement.body[0] as Expr).loc as Location));
      } else module.rules.push(made);
    }
  }
  for (const rule of module.rules) for (let r: Rule | null = rule; r !== null; r = r.otherwise) r.module = module;
  if (module.strictLevel === 1) {
    for (const rule of module.rules) for (let r: Rule | null = rule; r !== null; r = r.otherwise) errors.push(...checkRegoV1(r));
  }
  if (errors.length === 0 && annotated) {
    const read = parseAnnotations(comments);
    module.annotations = read.annotations;
    errors.push(...read.errors, ...(read.errors.length === 0 ? attachAnnotations(module) : []));
  }
  if (errors.length > 0) throw new PolicyErrors(errors);
  return module;
}

function placeOf(statement: Parsed): Location {
  if (statement.is === 'package') return statement.pkg.loc;
  if (statement.is === 'import') return statement.imported.loc;
  return statement.is === 'rule' ? statement.rule.loc : (statement.body[0] as Expr).loc as Location;
}

/** The name a following statement on the same line consists of or begins with. */
function wordOf(next: Parsed | undefined, body: readonly Expr[]): string | null {
  if (next === undefined || placeOf(next).row !== (body[0] as Expr).loc?.row) return null;
  if (next.is === 'rule') return next.rule.head.name;
  const [only] = next.is === 'body' ? next.body : [];
  return only?.s.k === 'term' && isVar(only.s.term) ? only.s.term.v.name : null;
}
