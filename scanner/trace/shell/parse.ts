// Parses scripts of sh and bash (POSIX.1-2017 XCU 2.10, bash's compound commands) to the grammar in syntax.ts.
import { type Arm, type Assignment, type Condition, type Node, type Redirect, type Word, literalOf } from './syntax.ts';
import { Words } from './words.ts';

/** @throws {ShellSyntax} for what is no script, or uses what is not understood here */
export function parseShell(text: string): Node {
  return new Parser(text).script();
}

const OPENING = new Set(['if', 'while', 'until', 'for', 'case', '{', 'function', '[[', 'select', 'coproc']);
const CLOSING = new Set(['then', 'elif', 'else', 'fi', 'do', 'done', 'esac', '}', ']]']);
const UNARY = /^-[abcdefghknoprstuvwxzGLNORS]$/;
const BINARY = new Set(['=', '==', '!=', '=~', '<', '>', '-eq', '-ne', '-lt', '-le', '-gt', '-ge', '-nt', '-ot', '-ef']);

interface Document {
  readonly end: string;
  readonly strip: boolean;
  readonly literal: boolean;
  readonly fill: (text: Word) => void;
}

class Parser extends Words {
  #documents: Document[] = [];

  script(): Node {
    const body = this.commands();
    if (this.at < this.text.length) this.fail(`an unexpected "${this.char()}"`);
    return body;
  }

  protected inner(text: string): Node {
    return new Parser(text).script();
  }

  protected reader(text: string): Words {
    return new Parser(text);
  }

  protected commands(): Node {
    const items: Node[] = [];
    for (;;) {
      this.#blank(true);
      const next = this.char();
      if (next === '' || next === ')' || (next === ';' && this.char(1) === ';') || (next === ';' && this.char(1) === '&')) break;
      if (CLOSING.has(this.#reserved())) break;
      const item = this.#andOr();
      this.#blank(false);
      const separator = this.char();
      if (separator === '&' && this.char(1) !== '&') {
        items.push({ is: 'background', body: item, redirects: [] });
        this.at += 1;
      } else {
        items.push(item);
        if (separator === ';' && this.char(1) !== ';' && this.char(1) !== '&') this.at += 1;
        else if (separator !== '\n') {
          this.#blank(true);
          break;
        }
      }
    }
    return items.length === 1 ? (items[0] as Node) : { is: 'sequence', items };
  }

  /** Passes over blanks, comments and continued lines. @param lines - line feeds too */
  #blank(lines: boolean): void {
    for (;;) {
      const char = this.char();
      if (char === ' ' || char === '\t' || (char === '\r' && this.char(1) === '\n')) this.at += 1;
      else if (char === '\\' && this.char(1) === '\n') this.at += 2;
      else if (char === '#') {
        const end = this.text.indexOf('\n', this.at);
        this.at = end < 0 ? this.text.length : end;
      } else if (char === '\n' && lines) this.#lineFeed();
      else return;
    }
  }

  #lineFeed(): void {
    this.at += 1;
    for (const document of this.#documents.splice(0)) this.#document(document);
  }

  #document({ end, strip, literal, fill }: Document): void {
    let body = '';
    for (;;) {
      if (this.at >= this.text.length) break;
      const stop = this.text.indexOf('\n', this.at);
      let line = this.text.slice(this.at, stop < 0 ? this.text.length : stop);
      this.at = stop < 0 ? this.text.length : stop + 1;
      if (strip) line = line.replace(/^\t+/, '');
      if (line === end) break;
      body += `${line}\n`;
    }
    fill(literal ? { parts: [{ is: 'text', text: body, quoted: true }] } : this.wordOf(body));
  }

  /** The reserved word that stands here; empty where none does. */
  #reserved(): string {
    const found = /^(?:\[\[|\]\]|[{}!]|[a-z]+)(?=[\s;&|()<>]|$)/.exec(this.text.slice(this.at, this.at + 16))?.[0] ?? '';
    return OPENING.has(found) || CLOSING.has(found) || found === '!' || found === 'time' ? found : '';
  }

  #expect(word: string): void {
    this.#blank(true);
    if (this.#reserved() !== word) this.fail(`expected "${word}"`);
    this.at += word.length;
  }

  #andOr(): Node {
    let left = this.#pipeline();
    for (;;) {
      this.#blank(false);
      const operator = this.text.slice(this.at, this.at + 2);
      if (operator !== '&&' && operator !== '||') return left;
      this.at += 2;
      this.#blank(true);
      left = { is: operator === '&&' ? 'and' : 'or', left, right: this.#pipeline() };
    }
  }

  #pipeline(): Node {
    let negated = false;
    for (;;) {
      const word = this.#reserved();
      if (word !== '!' && word !== 'time') break;
      if (word === '!') negated = !negated;
      this.at += word.length;
      this.#blank(false);
      if (word === 'time' && this.text.startsWith('-p', this.at)) this.at += 2;
      this.#blank(false);
    }
    const items = [this.#command()];
    for (;;) {
      this.#blank(false);
      if (this.char() !== '|' || this.char(1) === '|') break;
      this.at += this.char(1) === '&' ? 2 : 1;
      this.#blank(true);
      items.push(this.#command());
    }
    return items.length === 1 && !negated ? (items[0] as Node) : { is: 'pipeline', items, negated };
  }

  #command(): Node {
    if (++this.depth > 200) this.fail('too deep');
    const node = this.#compound() ?? this.#simple();
    this.depth -= 1;
    return node;
  }

  #compound(): Node | null {
    const { line } = this;
    if (this.char() === '(' && this.char(1) === '(') {
      const end = this.text.indexOf('))', this.at);
      if (end >= 0 && !this.text.slice(this.at + 2, end).includes(';')) {
        const body = this.wordOf(this.text.slice(this.at + 2, end));
        this.at = end + 2;
        return { is: 'arithmetic', body, line };
      }
    }
    if (this.char() === '(') {
      this.at += 1;
      const body = this.commands();
      if (this.char() !== ')') this.fail('an unclosed parenthesis');
      this.at += 1;
      return { is: 'subshell', body, redirects: this.#redirects() };
    }
    const word = this.#reserved();
    if (word === '' || !OPENING.has(word)) return null;
    this.at += word.length;
    switch (word) {
      case '{': {
        const body = this.commands();
        this.#expect('}');
        return { is: 'group', body, redirects: this.#redirects() };
      }
      case 'if':
        return this.#if();
      case 'while':
      case 'until': {
        const test = this.commands();
        this.#expect('do');
        const body = this.commands();
        this.#expect('done');
        return { is: 'while', until: word === 'until', test, body, redirects: this.#redirects() };
      }
      case 'for':
        return this.#for(line);
      case 'case':
        return this.#case(line);
      case 'function': {
        this.#blank(false);
        const name = this.word();
        this.#blank(false);
        if (this.char() === '(') this.at += 2;
        return this.#function(name === null ? null : literalOf(name));
      }
      case '[[': {
        const of = this.#condition();
        this.#expect(']]');
        return { is: 'condition', of, line };
      }
      default:
        return this.fail(`"${word}"`);
    }
  }

  #function(name: string | null): Node {
    if (name === null || name === '') return this.fail('a function without name');
    this.#blank(true);
    return { is: 'function', name, body: this.#command() };
  }

  #if(): Node {
    const branches: { test: Node; body: Node; line: number }[] = [];
    for (;;) {
      const { line } = this;
      const test = this.commands();
      this.#expect('then');
      branches.push({ test, body: this.commands(), line });
      this.#blank(true);
      const word = this.#reserved();
      this.at += word.length;
      if (word === 'elif') continue;
      if (word === 'fi') return this.#wrapped({ is: 'if', branches, otherwise: null });
      if (word !== 'else') return this.fail('expected "fi"');
      const otherwise = this.commands();
      this.#expect('fi');
      return this.#wrapped({ is: 'if', branches, otherwise });
    }
  }

  /** A compound command with redirections is a group of it. */
  #wrapped(node: Node): Node {
    const redirects = this.#redirects();
    return redirects.length === 0 ? node : { is: 'group', body: node, redirects };
  }

  #for(line: number): Node {
    this.#blank(false);
    if (this.text.startsWith('((', this.at)) {
      const end = this.text.indexOf('))', this.at);
      const parts = this.text.slice(this.at + 2, end).split(';');
      if (end < 0 || parts.length !== 3) return this.fail('a loop of an unknown form');
      const [init, test, step] = parts.map((part) => this.wordOf(part)) as [Word, Word, Word];
      this.at = end + 2;
      this.#blank(true);
      if (this.char() === ';') this.at += 1;
      return this.#wrapped({ is: 'loop', init, test, step, body: this.#do() });
    }
    const word = this.word();
    const name = word === null ? null : literalOf(word);
    if (name === null || !/^[A-Za-z_]\w*$/.test(name)) return this.fail('a loop without variable');
    this.#blank(true);
    let words: Word[] | null = null;
    if (/^in(?=[\s;])/.test(this.text.slice(this.at, this.at + 3))) {
      this.at += 2;
      words = this.#wordList();
    }
    this.#blank(true);
    if (this.char() === ';') this.at += 1;
    return this.#wrapped({ is: 'for', name, words, body: this.#do(), line });
  }

  #do(): Node {
    this.#blank(true);
    if (this.#reserved() === '{') {
      this.at += 1;
      const body = this.commands();
      this.#expect('}');
      return body;
    }
    this.#expect('do');
    const body = this.commands();
    this.#expect('done');
    return body;
  }

  #wordList(): Word[] {
    const words: Word[] = [];
    for (;;) {
      this.#blank(false);
      const word = this.word();
      if (word === null) return words;
      words.push(word);
    }
  }

  #case(line: number): Node {
    this.#blank(true);
    const word = this.word() ?? this.fail('a case of nothing');
    this.#blank(true);
    if (!/^in\s/.test(this.text.slice(this.at, this.at + 3))) this.fail('expected "in"');
    this.at += 2;
    const arms: Arm[] = [];
    for (;;) {
      this.#blank(true);
      if (this.#reserved() === 'esac') {
        this.at += 4;
        return this.#wrapped({ is: 'case', word, arms, line });
      }
      if (this.char() === '(') this.at += 1;
      const patterns: Word[] = [];
      do {
        if (patterns.length > 0) this.at += 1;
        this.#blank(true);
        patterns.push(this.word() ?? this.fail('a case without pattern'));
        this.#blank(true);
      } while (this.char() === '|');
      if (this.char() !== ')') this.fail('a case without parenthesis');
      this.at += 1;
      const body = this.commands();
      this.#blank(true);
      const end = /^;;&|^;;|^;&/.exec(this.text.slice(this.at, this.at + 3))?.[0] as Arm['end'] | undefined;
      arms.push({ patterns, body, end: end ?? ';;' });
      this.at += end?.length ?? 0;
      if (end === undefined && this.#reserved() !== 'esac') this.fail('a case without end');
    }
  }

  #condition(): Condition {
    let left = this.#conjunction();
    for (this.#blank(true); this.text.startsWith('||', this.at); this.#blank(true)) {
      this.at += 2;
      left = { is: 'or', left, right: this.#conjunction() };
    }
    return left;
  }

  #conjunction(): Condition {
    let left = this.#primary();
    for (this.#blank(true); this.text.startsWith('&&', this.at); this.#blank(true)) {
      this.at += 2;
      left = { is: 'and', left, right: this.#primary() };
    }
    return left;
  }

  #primary(): Condition {
    this.#blank(true);
    if (this.char() === '!' && /\s/.test(this.char(1))) {
      this.at += 1;
      return { is: 'not', of: this.#primary() };
    }
    if (this.char() === '(') {
      this.at += 1;
      const inner = this.#condition();
      if (this.char() !== ')') this.fail('an unclosed parenthesis');
      this.at += 1;
      return inner;
    }
    const first = this.word() ?? this.fail('a condition without operand');
    const literal = literalOf(first);
    this.#blank(true);
    const unary = literal !== null && UNARY.test(literal) && this.#reserved() !== ']]' && !/^(?:&&|\|\|)/.test(this.text.slice(this.at, this.at + 2));
    if (unary) return { is: 'unary', operator: literal, operand: this.word() ?? this.fail('a condition without operand') };
    const operator = /^(?:=~|==|!=|=|<|>|-[a-z]{2})(?=\s)/.exec(this.text.slice(this.at, this.at + 4))?.[0];
    if (operator === undefined || !BINARY.has(operator)) return { is: 'unary', operator: '-n', operand: first };
    this.at += operator.length;
    this.#blank(true);
    return { is: 'binary', operator, left: first, right: operator === '=~' ? this.#expression() : (this.word() ?? this.fail('a condition without operand')) };
  }

  /** A regular expression runs up to a blank outside of parentheses. */
  #expression(): Word {
    const start = this.at;
    for (let depth = 0; this.char() !== '' && (depth > 0 || !/\s/.test(this.char())); this.at++) {
      if (this.char() === '(') depth += 1;
      else if (this.char() === ')') depth -= 1;
      else if (this.char() === '\\') this.at += 1;
    }
    return { parts: [{ is: 'text', text: this.text.slice(start, this.at), quoted: false }] };
  }

  #redirects(): Redirect[] {
    const redirects: Redirect[] = [];
    for (;;) {
      this.#blank(false);
      const redirect = this.#redirect();
      if (redirect === null) return redirects;
      redirects.push(redirect);
    }
  }

  #redirect(): Redirect | null {
    const found = /^(\d*|\{\w+\})(<<<|<<-|<<|<>|<&|>>|>&|>\||&>>|&>|<(?!\()|>(?!\())/.exec(this.text.slice(this.at, this.at + 24));
    if (found === null || (found[2]?.startsWith('&') && found[1] !== '')) return null;
    this.at += found[0].length;
    const operator = found[2] as string;
    const fd = found[1] === '' ? null : Number(found[1]);
    this.#blank(false);
    const target = this.word() ?? this.fail('a redirection without file');
    if (!/^<<-?$/.test(operator)) return { operator, fd, target };
    const redirect: { operator: string; fd: number | null; target: Word } = { operator: '<<', fd, target: { parts: [] } };
    const literal = target.parts.some((part) => part.is === 'text' && part.quoted);
    const end = literalOf(target) ?? this.fail('a here-document without end');
    this.#documents.push({ end, strip: operator === '<<-', literal, fill: (text) => (redirect.target = text) });
    return redirect;
  }

  #simple(): Node {
    const { line } = this;
    const [assignments, words, redirects]: [Assignment[], Word[], Redirect[]] = [[], [], []];
    for (;;) {
      this.#blank(false);
      const redirect = this.#redirect();
      if (redirect !== null) {
        redirects.push(redirect);
        continue;
      }
      const declares = words.length > 0 && DECLARING.has(literalOf(words[0] as Word) ?? '');
      const assignment = words.length === 0 || declares ? this.#assignment(declares) : null;
      if (assignment !== null) {
        assignments.push(assignment);
        continue;
      }
      const word = this.word();
      if (word === null) break;
      words.push(word);
      this.#blank(false);
      if (words.length === 1 && assignments.length === 0 && this.char() === '(') {
        this.at += 1;
        this.#blank(false);
        if (this.char() !== ')') this.fail('an unexpected "("');
        this.at += 1;
        return this.#function(literalOf(word));
      }
    }
    if (words.length + assignments.length + redirects.length === 0) this.fail(`an unexpected "${this.char()}"`);
    return { is: 'simple', assignments, words, redirects, line };
  }

  /** @param arrays - only those that a declaring command's words cannot say */
  #assignment(arrays: boolean): Assignment | null {
    const found = /^([A-Za-z_]\w*)(?:\[([^\]\s]*)\])?(\+?=)/.exec(this.text.slice(this.at, this.at + 400));
    if (found === null) return null;
    const [whole, name, index, operator] = found as unknown as [string, string, string | undefined, string];
    const array = this.text[this.at + whole.length] === '(';
    if (arrays && !array) return null;
    this.at += whole.length;
    const more = { name, append: operator === '+=', index: index === undefined ? null : this.wordOf(index) };
    if (!array) return { ...more, value: this.word() ?? { parts: [] } };
    this.at += 1;
    const elements: Word[] = [];
    for (;;) {
      this.#blank(true);
      if (this.char() === ')') break;
      elements.push(this.word() ?? this.fail('an unclosed parenthesis'));
    }
    this.at += 1;
    return { ...more, value: { elements } };
  }
}

const DECLARING = new Set(['local', 'declare', 'typeset', 'readonly', 'export']);
