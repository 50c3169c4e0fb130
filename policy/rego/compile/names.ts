// Generated variables, and which written name each stands for.
import { Expr, type Module, reference, type Term, variable } from '../ast.ts';
import { headTerms, branches, varsOf } from './visit.ts';

/** Makes names `__local0__`, `__local1__`, … that no module uses. */
export class NameMaker {
  readonly #taken: ReadonlySet<string>;
  readonly #prefix: string;
  #next = 0;
  /** The term that a generated name replaced, for messages. */
  readonly subjects = new Map<string, Term>();

  constructor(taken: ReadonlySet<string>, prefix = '__local') {
    this.#taken = taken;
    this.#prefix = prefix;
  }

  static forModules(modules: readonly Module[]): NameMaker {
    const names = new Set<string>();
    for (const module of modules) {
      for (const rule of module.rules) {
        for (const branch of branches(rule)) {
          varsOf(headTerms(branch), {}, names);
          varsOf(branch.body, {}, names);
        }
      }
    }
    return new NameMaker(names);
  }

  make(): string {
    for (;;) {
      const name = `${this.#prefix}${this.#next++}__`;
      if (!this.#taken.has(name)) return name;
    }
  }

  /** `__localN__ = other`, marked as generated. */
  equal(other: Term): { expr: Expr; local: Term } {
    const local = variable(this.make(), other.loc);
    const expr = equality(local, other);
    expr.generated = true;
    expr.loc = other.loc;
    return { expr, local };
  }
}

export function equality(a: Term, b: Term): Expr {
  return new Expr({ k: 'call', terms: [reference([variable('eq')]), a, b] });
}

/** Adds expressions to a body; a body that is only `true` gives way to the first. */
export function append(body: Expr[], exprs: readonly Expr[]): Expr[] {
  if (exprs.length === 0) return body;
  const [only] = body;
  const empty = body.length === 1 && only?.s.k === 'term' && only.s.term.v.t === 'scalar' && only.s.term.v.value === true;
  return empty ? [...exprs] : [...body, ...exprs];
}
