// Statements of Rego: package, imports, rules of every kind, in the language of v0 or v1.
import {
  Expr, formatNode, formatRef, formatShownRef, type Head, type Import, isGround, isGroundRef, isRef, isVar, isWildcard,
  type Location, type Module, type Package,
  reference, type Rule, scalar, type Term, valueName, variable,
} from './ast.ts';
import { copyTerm } from './copy.ts';
import type { PolicyError } from './errors.ts';
import { BodyParser } from './parser-bodies.ts';
import { FUTURE_V0, FUTURE_V1, isKeyword, shown } from './parser-state.ts';

/** A statement of a file, in its order. */
export type Parsed = { readonly is: 'package'; readonly pkg: Package } | { readonly is: 'import'; readonly imported: Import }
  | { readonly is: 'rule'; readonly rule: Rule } | { readonly is: 'body'; readonly body: Expr[] };

const AFTER_NAME = ['assign', 'eq', 'if', 'contains', '('];
/** Keywords that, followed by one of these, can only have been meant as a rule's name. */
const NAME_FOLLOWERS: Readonly<Record<string, readonly string[]>> = {
  every: AFTER_NAME, if: AFTER_NAME, in: AFTER_NAME, some: AFTER_NAME, as: AFTER_NAME,
  package: ['assign', 'eq', '('], import: ['assign', 'eq', '('],
  not: AFTER_NAME.slice(0, 4), and: AFTER_NAME.slice(0, 4), or: AFTER_NAME.slice(0, 4), contains: ['if', 'contains'],
};

export class Parser extends BodyParser {
  get failures(): readonly PolicyError[] {
    return this.errors;
  }

  readComments() {
    return this.comments.slice(0, this.commentCount).map(({ lit, loc }) => ({ text: lit.slice(1).replace(/\r+$/, ''), loc }));
  }

  /** @param rules - false for queries, where `p := 1` is an assignment */
  statements(rules = true): Parsed[] {
    const found: Parsed[] = [];
    this.scan();
    while (!this.is('eof')) {
      if (rules && this.keywordAsName(false)) break;
      const read = this.statement(rules);
      if (read === null) break;
      found.push(...read);
    }
    return found;
  }

  private statement(rules: boolean): Parsed[] | null {
    const mark = this.save();
    for (const read of [() => this.package_(), () => this.import_(), () => (rules ? this.rules() : null)]) {
      const found = read();
      if (found !== null) return found;
      if (this.errors.length > 0) return null;
      this.restore(mark);
    }
    const body = this.query(true, 'eof');
    return body && [{ is: 'body', body }];
  }

  private package_(): Parsed[] | null {
    if (!this.is('package')) return null;
    const loc = this.loc;
    this.scan(false);
    if (this.is('.') || this.is('[')) return null;
    if (this.is('whitespace')) this.scan();
    if (!this.nameOrKeyword()) return this.illegal();
    const term = this.term();
    const path = term && this.packagePath(term);
    if (path === null) {
      if (this.errors.length === 0) this.error(this.loc, 'expected path');
      return null;
    }
    if (this.is('minus')) return this.illegal();
    return [{ is: 'package', pkg: { path, loc } }];
  }

  private packagePath(term: Term): Term[] | null {
    const data = variable('data', term.loc);
    if (isVar(term)) return [data, scalar(term.v.name, term.loc)];
    if (!isRef(term)) return this.illegal();
    const [head, ...rest] = term.v.terms as [Term, ...Term[]];
    const wrong = isVar(head) ? rest.find((part) => part.v.t !== 'scalar' || typeof part.v.value !== 'string') : head;
    if (wrong !== undefined || !isVar(head)) {
      const at = wrong as Term;
      this.error(at.loc ?? this.loc, `unexpected ${valueName(at)} token: expecting ${at === head ? 'var' : 'string'}`);
      return null;
    }
    return [data, scalar(head.v.name, head.loc), ...rest];
  }

  private nameOrKeyword(): boolean {
    if (!this.is('identifier') && !this.keywordAllowedInRef(this.type)) return false;
    this.type = 'identifier';
    return true;
  }

  private import_(): Parsed[] | null {
    if (!this.is('import')) return null;
    const loc = this.loc;
    this.scan(false);
    if (this.is('.') || this.is('[')) return null;
    if (this.is('whitespace')) this.scan();
    if (!this.nameOrKeyword()) return this.illegal();
    const path = this.importPath();
    if (path === null) return null;
    const [root] = path.v.terms as [Term];
    const rootName = isVar(root) ? root.v.name : '';
    if (!['data', 'input', 'future', 'rego'].includes(rootName)) {
      this.hint('if this is unexpected, try updating OPA');
      this.error(path.loc as Location, `unexpected import path, must begin with one of: {data, future, input, rego}, got: ${formatNode(root)}`);
      return null;
    }
    let alias = '';
    let aliasLoc: Location | null = null;
    if (this.is('as')) {
      this.scan();
      if (!this.is('identifier')) return this.illegal('expected var');
      const term = this.term();
      if (isRef(term) && term.v.terms.length === 1) {
        this.error(term.loc as Location, `unexpected import alias, must not be a reserved name, got: ${formatNode(term)}`);
        return null;
      }
      if (!isVar(term)) return this.illegal('expected var');
      alias = term.v.name;
      aliasLoc = term.loc;
    } else if (!this.importTail(path.v.terms, rootName)) return null;
    const imported = { path: path.v.terms, pathLoc: path.loc as Location, alias, loc };
    if (this.is('minus')) return this.illegal();
    if (rootName === 'rego') this.regoImport(imported, aliasLoc);
    else if (rootName === 'future') this.futureImport(imported, aliasLoc);
    if (this.is('identifier') && this.isWord(this.token.lit)) this.type = this.token.lit;
    return [{ is: 'import', imported }];
  }

  /** The path, read as if no future keyword were known: `import future.keywords.in` where `in` is one already. */
  private importPath(): (Term & { v: { t: 'ref'; terms: Term[] } }) | null {
    const { keywords } = this;
    this.keywords = new Set();
    const term = this.term();
    this.keywords = keywords;
    // The token after the path was classified without the keywords.
    if (this.is('identifier') && this.isWord(this.token.lit)) this.type = this.token.lit;
    const path = isVar(term) ? reference([term], term.loc) : term;
    if (!isRef(path)) {
      if (this.errors.length === 0 || path !== null) this.error(this.loc, 'expected path');
      return null;
    }
    const wrong = path.v.terms.find((part, i) => i > 0 && !(part.v.t === 'scalar' && typeof part.v.value === 'string'));
    if (wrong !== undefined) {
      this.error(wrong.loc ?? this.loc, `unexpected ${valueName(wrong)} token: expecting string`);
      return null;
    }
    return path;
  }

  private importTail(path: readonly Term[], root: string): boolean {
    const last = path.at(-1) as Term;
    const name = isVar(last) ? last.v.name : last.v.t === 'scalar' ? String(last.v.value) : '';
    if ((path.length > 1 && root === 'future') || !isKeyword(name, this.version)) return true;
    this.hint('import a different path or use an alias');
    this.error(last.loc ?? this.loc, `unexpected import path, must not end with a keyword, got: ${name}`);
    return false;
  }

  private regoImport({ path, pathLoc }: Import, alias: Location | null): void {
    const name = formatRef(path);
    if (name !== 'rego.v1' && name !== 'rego.v2') {
      this.error(pathLoc, `invalid import \`${name}\`, must be one of: \`rego.v1\`, \`rego.v2\``);
    } else if (alias !== null) this.error(alias, '`rego` imports cannot be aliased');
    else {
      for (const word of FUTURE_V0) this.addKeyword(word);
      if (name === 'rego.v2') for (const word of FUTURE_V1) this.addKeyword(word);
      if (name === 'rego.v2') this.notBodies = true;
    }
  }

  private futureImport({ path, pathLoc }: Import, alias: Location | null): void {
    const words = [...FUTURE_V0, ...FUTURE_V1].sort() as string[];
    const part = (i: number) => (path[i]?.v.t === 'scalar' ? (path[i].v as { value: unknown }).value : undefined);
    if (part(1) !== 'keywords') this.error(pathLoc, 'invalid import, must be `future.keywords`');
    else if (alias !== null) this.error(alias, '`future` imports cannot be aliased');
    else if (path.length === 3 && !words.includes(String(part(2)))) {
      this.error(pathLoc, `unexpected keyword, must be one of [${words.join(' ')}]`);
    } else {
      for (const word of path.length === 3 ? [String(part(2))] : words) {
        if (word === 'not') this.notBodies = true;
        this.addKeyword(word);
      }
    }
  }

  /** Reports a keyword used as a rule's name. @param isDefault - after `default` only a rule can follow */
  private keywordAsName(isDefault: boolean): boolean {
    const followers = NAME_FOLLOWERS[this.type];
    if (followers === undefined) return false;
    const { loc, type } = this;
    if (!isDefault) {
      const mark = this.save();
      this.scan();
      const next = this.type;
      this.restore(mark);
      if (!followers.includes(next)) return false;
    }
    this.error(loc, `${shown(type)} keyword cannot be used for rule name`);
    return true;
  }

  private rules(): Parsed[] | null {
    const rules = this.ruleChain();
    return rules && rules.map((rule) => ({ is: 'rule', rule }));
  }

  private newRule(head: Head, loc: Location): Rule {
    // `module` is set when the module is assembled.
    const module = null as unknown as Module;
    return { head, body: [], isDefault: false, generatedBody: false, otherwise: null, loc, module, annotations: [] };
  }

  private ruleChain(): Rule[] | null {
    const start = this.loc;
    this.keywordAsRef();
    let isDefault = false;
    if (this.is('default')) {
      this.scan();
      isDefault = true;
      this.keywordAsRef();
    }
    if (!this.is('identifier')) {
      if (isDefault) this.keywordAsName(true);
      return null;
    }
    const head = this.head(isDefault);
    if (head === null) return null;
    const usesContains = head.keywords.has('contains');
    const rule = this.newRule(head, start);
    if (isDefault) {
      rule.isDefault = true;
      if (!this.checkDefault(rule)) return null;
      rule.body = trueBody(start);
      return [rule];
    }
    const hasIf = this.is('if');
    this.settleHead(head, hasIf, usesContains);
    if (hasIf) {
      head.keywords.add('if');
      if (!this.ifBody(rule)) return null;
    } else if (this.is('{')) {
      if (!this.bracedBody(rule)) return null;
    } else if (usesContains) {
      rule.body = trueBody(start);
      rule.generatedBody = true;
      rule.loc = head.loc;
      return [rule];
    } else return null;
    if (this.is('else') && !this.keywordAsRef()) {
      if (!this.elseChain(rule)) return null;
    }
    rule.loc = this.span(start);
    return this.chained(rule);
  }

  /** What `if`, `contains` and their absence make of `p[x]`. */
  private settleHead(head: Head, hasIf: boolean, usesContains: boolean): void {
    const [name, second] = head.ref;
    if (usesContains || head.ref.length !== 2 || second === undefined) return;
    if (hasIf) {
      if ((!isGround(second) || second.v.t === 'ref') && head.args.length === 0) head.key = second;
      if (head.value === null) {
        head.generatedValue = true;
        head.value = scalar(true, head.loc);
      } else if (isVar(name)) head.name = name.v.name;
    } else if (head.args.length === 0 && isVar(name)) {
      head.name = name.v.name;
      head.key = second;
      if (head.value === null) head.ref = [name];
    }
  }

  private ifBody(rule: Rule): boolean {
    this.scan();
    const mark = this.save();
    // A set is never false, so braces that read as one were meant as a body.
    const brace = this.is('{');
    const expr = this.literal();
    if (expr !== null && !(brace && expr.s.k === 'term' && expr.s.term.v.t === 'set')) {
      rule.body = [expr];
      return true;
    }
    if (!brace) return false;
    this.restore(mark);
    return this.bracedBody(rule);
  }

  private bracedBody(rule: Rule): boolean {
    this.scan();
    const body = this.body('}');
    if (body === null) return false;
    rule.body = body;
    this.scan();
    return true;
  }

  private elseChain(rule: Rule): boolean {
    const { head } = rule;
    if (head.ref.length > 1 && !isGroundRef(head.ref)) {
      this.error(this.loc, 'else keyword cannot be used on rules with variables in head');
    } else if (head.key !== null) this.error(this.loc, 'else keyword cannot be used on multi-value rules');
    else {
      rule.otherwise = this.otherwise(head);
      return rule.otherwise !== null;
    }
    return false;
  }

  private otherwise(original: Head): Rule | null {
    const start = this.loc;
    const head = this.copyHead(original);
    head.generatedValue = false;
    head.loc = start;
    const rule = this.newRule(head, start);
    this.scan();
    if (this.is('{') || this.is('if')) {
      head.generatedValue = true;
      head.value = scalar(true, null);
    } else if (this.is('assign') || this.is('eq')) {
      head.assign = this.is('assign');
      this.scan();
      head.value = this.infix();
      if (head.value === null) return null;
      head.loc = this.span(start);
    } else return this.illegal('expected else value term or rule body');
    const hasIf = this.is('if');
    if (!hasIf && !this.is('{')) {
      rule.body = trueBody(head.loc);
      rule.generatedBody = true;
      return rule;
    }
    if (hasIf) {
      head.keywords.add('if');
      this.scan();
    }
    if (this.is('{')) {
      if (!this.bracedBody(rule)) return null;
    } else if (this.is('eof')) return this.illegal('rule body expected');
    else {
      const expr = this.literal();
      if (expr === null) return null;
      rule.body = [expr];
    }
    rule.loc = this.span(start);
    if (this.is('else')) {
      rule.otherwise = this.otherwise(original);
      if (rule.otherwise === null) return null;
    }
    return rule;
  }

  private copyHead(head: Head): Head {
    const args = head.args.map((arg) => (isVar(arg) && isWildcard(arg.v.name) ? variable(`$${this.wildcard++}`, arg.loc) : copyTerm(arg)));
    const { name, assign, generatedValue, loc } = head;
    const copied = { name, assign, generatedValue, loc, args, keywords: new Set(head.keywords) };
    return { ...copied, ref: head.ref.map(copyTerm), key: head.key && copyTerm(head.key), value: head.value && copyTerm(head.value) };
  }

  /** `p { … } { … }`: further bodies under the same head. */
  private chained(rule: Rule): Rule[] | null {
    const rules = [rule];
    while (this.is('{')) {
      if (rule.otherwise !== null) {
        this.error(this.loc, 'expected else keyword');
        return null;
      }
      const start = this.loc;
      const next = this.newRule(this.copyHead(rule.head), start);
      if (!this.bracedBody(next)) return null;
      next.loc = this.span(start);
      next.head.loc = next.loc;
      rules.push(next);
    }
    return rules;
  }

  private head(isDefault: boolean): Head | null {
    const start = this.loc;
    const term = this.headFinish(this.name());
    if (term === null) return this.illegal('expected rule head name');
    const operator = term.v.t === 'call' ? term.v.terms[0] as Term : term;
    const ref = isVar(operator) ? [operator] : isRef(operator) ? operator.v.terms : null;
    if (ref === null) return null;
    const [first] = ref as [Term];
    if (!isVar(first)) return this.illegal(`rule head ref ${formatShownRef(ref)} invalid`);
    const args = term.v.t === 'call' ? term.v.terms.slice(1) : [];
    const name = ref.length < 2 ? first.v.name : '';
    const head: Head = { name, ref, args, key: null, value: null, assign: false, generatedValue: false, keywords: new Set(), loc: start };
    const text = formatShownRef(ref);
    if (this.is('contains')) {
      if (term.v.t === 'call') {
        this.illegal(`the contains keyword can only be used with multi-value rule definitions (e.g., ${text} contains <VALUE> { ... })`);
      }
      this.scan();
      head.key = this.infix();
      if (head.key === null) this.illegal(`expected rule key term (e.g., ${text} contains <VALUE> { ... })`);
      head.keywords.add('contains');
    } else if (this.is('eq') || this.is('assign')) {
      head.assign = this.is('assign');
      const what = !head.assign ? `rule value term (e.g., ${text}[<nil>] = <VALUE> { ... })`
        : args.length > 0 ? `function value term (e.g., ${text}(...) := <VALUE> { ... })`
          : isDefault ? `default rule value term (e.g., default ${text} := <VALUE>)` : `rule value term (e.g., ${text} := <VALUE> { ... })`;
      this.scan();
      head.value = this.infix();
      if (head.value === null) this.illegal(`expected ${what}`);
    }
    head.loc = this.span(start);
    if (head.value === null && head.key === null && (head.ref.length !== 2 || args.length > 0)) {
      head.generatedValue = true;
      head.value = scalar(true, head.loc);
    }
    return head;
  }

  private checkDefault(rule: Rule): boolean {
    const { head, loc } = rule;
    if (head.value === null) {
      this.error(loc, 'illegal default rule (must have a value)');
      return false;
    }
    const before = this.errors.length;
    const visit = (term: Term): void => {
      if (term.v.t === 'ref' || term.v.t === 'var' || term.v.t === 'call') {
        this.error(loc, `illegal default rule (value cannot contain ${term.v.t})`);
      } else if (term.v.t === 'array' || term.v.t === 'set') term.v.terms.forEach(visit);
      else if (term.v.t === 'object') term.v.pairs.flat().forEach(visit);
    };
    visit(head.value);
    const seen = new Set<string>();
    for (const arg of head.args) {
      if (!isVar(arg)) this.error(loc, `illegal default rule (arguments cannot contain ${valueName(arg)})`);
      else if (seen.has(arg.v.name)) this.error(loc, `illegal default rule (arguments cannot be repeated ${arg.v.name})`);
      if (isVar(arg)) seen.add(arg.v.name);
    }
    return this.errors.length === before;
  }
}

function trueBody(loc: Location | null): Expr[] {
  const expr = new Expr({ k: 'term', term: scalar(true, loc) }, loc);
  expr.generated = true;
  return [expr];
}
