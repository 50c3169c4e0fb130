// Modules written again in one layout: the same syntax tree, every comment kept, and what is formatted stays as it is.
import { formatRef, type Import, type Location, type Module, type Rule, type Term, variable } from './ast.ts';
import { formatImport } from './format-import.ts';
import { beginsLine, closeOf, leadingUnion, placeAt, TermFormatter } from './format-terms.ts';
import { FormatWriter } from './format-writer.ts';
import { isKeyword } from './parser-state.ts';
import { parseModule, type Version } from './parser.ts';

/**
 * Formats one module; what it decides stays the same.
 *
 * @param version - 1 for the language of OPA 1.x, 0 for the one before it
 * @throws {PolicyErrors} when it does not parse
 */
export function formatModule(file: string, text: string, version: Version = 1): string {
  return new Formatter(parseModule(file, text, version)).module();
}

class Formatter extends TermFormatter {
  readonly #module: Module;
  /** `if` and `contains` are written: the language has them, or the module imports them. */
  readonly #ifs: boolean;
  readonly #contains: boolean;
  readonly #v1: boolean;
  /** Some head is longer than `p[x]`. */
  readonly #refHeads: boolean;

  constructor(module: Module) {
    super(new FormatWriter(module.comments), module.version);
    this.#module = module;
    const imported = (word: string) => module.imports.some(({ path }) => ['future.keywords', `future.keywords.${word}`].includes(formatRef(path)));
    this.#v1 = module.version === 1;
    this.#refHeads = module.rules.some(({ head }) => head.ref.length > 2 || (head.ref.length === 2 && head.key !== null && head.value === null));
    this.#ifs = module.strictLevel === 1 || imported('if');
    this.#contains = module.strictLevel === 1 || imported('contains');
  }

  module(): string {
    const { pkg } = this.#module;
    this.w.insertComments(pkg.loc);
    this.w.startLine();
    const [, first, ...rest] = pkg.path as [Term, Term, ...Term[]];
    this.w.write('package ');
    this.ref([variable(String((first.v as { value: unknown }).value), first.loc), ...rest], (word) => isKeyword(word, 1));
    this.w.endLine();
    for (const group of this.#groups()) {
      this.w.blankLine();
      if ('imports' in group) this.#imports(group.imports);
      else this.#rules(group.rules);
    }
    const before = this.w.text.length;
    this.w.finish();
    const comments = this.w.text.slice(before);
    const body = this.w.text.slice(0, before);
    return comments === '' ? body : `${body}\n${comments}`;
  }

  /** Imports and rules as they follow one another: most modules have one group of each. */
  #groups(): ({ readonly imports: Import[] } | { readonly rules: Rule[] })[] {
    const { imports, rules } = this.#module;
    const groups: ({ readonly imports: Import[] } | { readonly rules: Rule[] })[] = [];
    for (const one of [...imports, ...rules].sort((a, b) => a.loc.offset - b.loc.offset)) {
      const last = groups.at(-1);
      if ('head' in one) {
        if (last !== undefined && 'rules' in last) last.rules.push(one);
        else groups.push({ rules: [one] });
      } else if (last !== undefined && 'imports' in last) last.imports.push(one);
      else groups.push({ imports: [one] });
    }
    return groups;
  }

  #rules(rules: readonly Rule[]): void {
    for (const [i, rule] of rules.entries()) {
      this.w.insertComments(rule.loc);
      this.#rule(rule, false);
      const next = rules[i + 1];
      if (next === undefined) continue;
      const together = this.#isOneLine(rule) && this.#isOneLine(next) && next.loc.row === rule.loc.row + 1;
      if (!together) this.w.blankLine();
    }
  }

  #imports(imports: readonly Import[]): void {
    const groups: Import[][] = [];
    let last = 0;
    for (const imported of imports) {
      if (groups.length === 0 || imported.loc.row - last > 1) groups.push([]);
      last = imported.loc.row;
      (groups.at(-1) as Import[]).push(imported);
    }
    for (const [i, group] of groups.entries()) {
      if (i > 0) this.w.blankLine();
      const [first] = group;
      if (first !== undefined) this.w.insertComments(first.loc);
      const sorted = group.toSorted((a, b) => (formatImport(a) < formatImport(b) ? -1 : 1));
      for (const imported of sorted) {
        this.w.insertComments(imported.loc);
        this.w.ensureLine();
        this.w.write('import ');
        this.ref(imported.path, (word) => isKeyword(word, 1));
        if (imported.alias !== '') this.w.write(` as ${imported.alias}`);
        this.w.endLine();
      }
    }
  }

  #isOneLine(rule: Rule): boolean {
    return rule.body.length <= 1 && !rule.isDefault && rule.otherwise === null && !isLoneSet(rule) && this.#ifs
      && (this.#contains || rule.head.value !== null);
  }

  #rule(rule: Rule, isElse: boolean): void {
    const { head, body, loc } = rule;
    if (!isElse) this.w.startLine();
    if (rule.isDefault) this.w.write('default ');
    const [only] = body;
    const constant = body.length === 1 && only?.s.k === 'term' && only.s.term.v.t === 'scalar' && only.s.term.v.value === true && !only.negated
      && only.with.length === 0 && rule.otherwise === null;
    this.#head(rule, constant, isElse);
    if (constant || only === undefined) {
      this.w.endLine();
      return;
    }
    if (this.#ifs && (this.#contains || head.value !== null)) {
      this.w.write(' if');
      if (body.length === 1 && only.loc?.row === closeOf(head.loc).row && !isLoneSet(rule)) {
        this.w.write(' ');
        this.expr(only);
        if (rule.otherwise !== null) this.#otherwise(rule, rule.otherwise);
        else this.w.endLine();
        return;
      }
      if (!isElse) this.leading = leadingUnion(only);
    }
    this.w.write(' ');
    this.braced(body, bodyEnd(rule) ?? loc);
    if (rule.otherwise !== null) this.#otherwise(rule, rule.otherwise);
    else this.w.endLine();
  }

  #otherwise(rule: Rule, otherwise: Rule): void {
    const inline = otherwise.loc.row > rule.loc.row && !beginsLine(otherwise.loc);
    const commented = this.w.commentBefore(otherwise.loc.row) || this.w.hasTrailing;
    if (!commented && inline) this.w.write(' ');
    else {
      this.w.endLine();
      this.w.blankLine();
    }
    this.w.insertComments(otherwise.loc);
    this.w.ensureLine();
    this.#rule(otherwise, true);
  }

  #head({ head, isDefault, generatedBody }: Rule, constant: boolean, isElse: boolean): void {
    const { ref, args, value } = head;
    if (isElse) this.w.write('else');
    else {
      const [name, key] = ref as [Term, Term?];
      // As `opa fmt`: a module whose heads are no longer than this writes `p["a"] := 1`, also where it said `p.a := 1`.
      if (ref.length === 2 && key !== undefined && value !== null && !this.#refHeads) {
        this.term(name);
        this.w.write('[');
        this.term(key, false, true);
        this.w.write(']');
      } else this.ref(ref, (word) => isKeyword(word, 1));
      if (args.length > 0) {
        this.w.write('(');
        this.list(args, head.loc, null, (arg) => this.term(arg));
        this.w.write(')');
      }
      if (head.key !== null && value === null) {
        this.w.write(this.#contains ? ' contains ' : '[');
        this.term(head.key);
        if (!this.#contains) this.w.write(']');
      }
    }
    if (value === null) return;
    const isTrue = value.v.t === 'scalar' && value.v.value === true;
    // With a key of its own in the language before; written again without one, so only what was written decides.
    const keyed = head.key !== null && !(ref.length === 2 && this.#ifs);
    if (!keyed && isTrue && !constant && !isDefault) return;
    const refConstant = constant && head.key === null && args.length === 0 && (this.#v1 || ref.length !== 2);
    // Of a fact such as `f(1)` the value stands at the place of the head; `f(1) if { true }` is one whose value is written.
    const generated = args.length > 0 ? generatedBody && value.loc === head.loc : head.generatedValue || value.loc === head.loc;
    if (generated && !isElse && !refConstant) return;
    if (isElse && head.generatedValue) return;
    this.w.write(head.assign || this.#v1 ? ' := ' : ' = ');
    this.term(value);
  }
}

/** Without its braces it would be read as a body itself. */
function isLoneSet({ body }: Rule): boolean {
  const [only] = body;
  return body.length === 1 && only?.s.k === 'term' && !only.negated && only.s.term.v.t === 'set';
}

/** The place of a rule's closing brace, its `else` branches left out. */
function bodyEnd(rule: Rule): Location | null {
  const { loc, otherwise } = rule;
  const end = otherwise === null ? loc.end : otherwise.loc.offset;
  const close = loc.source.text.lastIndexOf('}', end - 1);
  return close < loc.offset ? null : { ...placeAt(loc, loc.offset), end: close + 1 };
}

