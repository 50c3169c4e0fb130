// What Perl, Ruby and PHP share: sources that load sources, followed until nothing new comes, and what their texts leave open.
import type { File } from '../image/files.ts';
import { textOf } from './files.ts';
import { configured } from './shell/state.ts';
import type { Item, Tracer } from './tracer.ts';

/** Lines of what is not followed; null where there is none. */
export interface ScriptEnds {
  readonly dynamic: number | null;
  readonly evaluates: number | null;
  readonly starts: number | null;
  readonly loads: number | null;
}

/** What tells one of the languages from the others. */
export interface ScriptLanguage {
  /** The package type of its packages. */
  readonly over: 'composer' | 'cpan' | 'gem';
  /** Its sources. */
  readonly files: RegExp;
  /** A word without which a source starts no program and loads no library. */
  readonly starting: RegExp;
}

/** One program in a script language: what it loads, first come first. */
export abstract class ScriptModules {
  readonly tracer: Tracer;
  readonly item: Item;
  readonly #language: ScriptLanguage;
  readonly #queue: { readonly file: File; readonly step: number }[] = [];

  constructor(tracer: Tracer, item: Item, language: ScriptLanguage) {
    this.tracer = tracer;
    this.item = item;
    this.#language = language;
  }

  /** Follows one source. @param path - absolute */
  abstract source(text: string, path: string, step: number | null): void;

  /** Whether the file comes with the interpreter: such a file does by itself only what its callers ask for. */
  abstract isStandard(path: string): boolean;

  /** The first source of the program. @returns false where there is none */
  main(path: string): boolean {
    const file = this.tracer.files.get(path);
    if (file === null) this.tracer.end('file_absent', path, this.item);
    else if (this.item.written.has(path)) this.tracer.end('file_written', path, this.item);
    else this.#take(path, file, this.item.from, 'interprets');
    return file !== null;
  }

  /** @returns whether the file is there */
  load(path: string, from: number | null): boolean {
    const file = this.tracer.files.get(path);
    if (file !== null) this.#take(path, file, from, 'import');
    return file !== null;
  }

  #take(path: string, file: File, from: number | null, why: 'import' | 'interprets'): void {
    if (/\.so(?:\.|$)/.test(file.path)) {
      this.tracer.native(`/${file.path}`, { ...this.item, from });
      return;
    }
    // What is interpreted was often started before, by its first line: its way leads through the interpreter from here on.
    const { guards, argv } = this.item;
    const { step, isNew } = this.tracer.reach(path, file, { from, why, ...(why === 'import' ? { guards: [] } : { guards, argv: argv.map(configured) }) });
    if (isNew || why === 'interprets') this.#queue.push({ file, step });
  }

  finish(): void {
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      const { file, step } = next;
      const text = textOf(file);
      if (text === null) this.tracer.end('unread', `/${file.path}`, { from: step });
      else this.source(text, `/${file.path}`, step);
    }
  }

  ends({ dynamic, evaluates, starts, loads }: ScriptEnds, path: string, step: number | null): void {
    if (this.isStandard(path)) return;
    const at = (line: number) => ({ from: step, file: path, line });
    if (dynamic !== null) this.open('a file whose name is computed', at(dynamic));
    if (evaluates !== null) this.tracer.end('evaluates_code', 'text run as code', at(evaluates), this.#beyond());
    if (starts !== null) this.tracer.end('starts_programs', 'a process', at(starts));
    if (loads !== null) this.tracer.end('loads_libraries', 'a library by its name', at(loads), 'libraries');
  }

  /** Something is loaded that nobody names. */
  open(detail: string, at: { readonly from: number | null; readonly file?: string; readonly line?: number }): void {
    this.tracer.end('dynamic_import', detail, at, this.#beyond());
  }

  /** Whether a file nobody names could do more than load others: any that is there may be it. */
  #beyond(): 'everything' | ScriptLanguage['over'] {
    const { over, files, starting } = this.#language;
    const known = beyond.get(this.tracer)?.get(over);
    if (known !== undefined) return known;
    let found: 'everything' | ScriptLanguage['over'] = over;
    for (const file of this.tracer.files.all()) {
      if (!files.test(file.path) || this.isStandard(`/${file.path}`)) continue;
      const text = textOf(file);
      if (text !== null && !starting.test(text)) continue;
      found = 'everything';
      break;
    }
    beyond.set(this.tracer, new Map([...(beyond.get(this.tracer) ?? []), [over, found]]));
    return found;
  }
}

const beyond = new WeakMap<Tracer, Map<ScriptLanguage['over'], 'everything' | ScriptLanguage['over']>>();
