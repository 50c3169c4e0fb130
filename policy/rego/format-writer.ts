// Lines of formatted Rego: indentation by tabs, and comments kept until the line they stand on ends.
import type { Comment, Location } from './ast.ts';

export class FormatWriter {
  readonly #comments: readonly Comment[];
  #next = 0;
  #text = '';
  #level = 0;
  /** Something was written on this line. */
  #inline = false;
  /** Comments that stand at the end of the line being written. */
  #trailing: string[] = [];
  /** The end of the first line of a list: its trailing comment waits for a line of its elements. */
  #delay = false;

  constructor(comments: readonly Comment[]) {
    this.#comments = comments;
  }

  get text(): string {
    return this.#text;
  }

  get hasTrailing(): boolean {
    return this.#trailing.length > 0;
  }

  /** Whether a comment above a row is still to be written. */
  commentBefore(row: number): boolean {
    const next = this.#comments[this.#next];
    return next !== undefined && next.loc.row < row;
  }

  write(text: string): void {
    this.#text += text;
  }

  startLine(): void {
    this.#inline = true;
    this.#text += '\t'.repeat(this.#level);
  }

  /** Begins a line, unless one has been begun. */
  ensureLine(): void {
    if (!this.#inline) this.startLine();
  }

  endLine(): void {
    this.#inline = false;
    const [first, ...more] = this.#delay ? [] : this.#trailing.splice(0);
    this.#delay = false;
    if (first !== undefined) this.#text += ` ${first}`;
    this.#text += '\n';
    // Two lines became one: their comments follow it.
    for (const comment of more) this.#text += `${'\t'.repeat(this.#level)}${comment}\n`;
  }

  line(text: string): void {
    this.ensureLine();
    this.write(text);
    this.endLine();
  }

  blankLine(): void {
    this.#text += '\n';
  }

  up(): void {
    this.#level++;
  }

  down(): void {
    this.#level--;
  }

  /**
   * Begins the first line of a list that takes several.
   *
   * @param row - of the list's first term: a comment at the bracket goes there, unless that line has its own
   */
  startList(row: number): void {
    this.#delay = this.#comments[this.#next]?.loc.row !== row;
    this.endLine();
    this.up();
    this.startLine();
  }

  /** Writes the comments above a place on lines of their own; one on its row stands at the end of the line. */
  insertComments(loc: Pick<Location, 'row'>): void {
    let last: Comment | null = null;
    while (this.commentBefore(loc.row)) {
      const comment = this.#comments[this.#next++] as Comment;
      if (last !== null && comment.loc.row - last.loc.row > 1) this.blankLine();
      this.line(lineOf(comment));
      last = comment;
    }
    if (last !== null && loc.row - last.loc.row > 1) this.blankLine();
    for (let next = this.#comments[this.#next]; next?.loc.row === loc.row; next = this.#comments[this.#next]) {
      this.#trailing.push(lineOf(next));
      this.#next++;
    }
  }

  /** Every comment that is left. */
  finish(): void {
    for (const comment of this.#comments.slice(this.#next)) this.line(lineOf(comment));
    this.#next = this.#comments.length;
  }
}

/** White space at a comment's end goes. */
const lineOf = ({ text }: Comment) => `#${text.replace(/\p{White_Space}+$/u, '')}`;
