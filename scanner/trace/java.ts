// Java programs: the main class of a command line, and the classes it refers to, over the class path (java(1), JAR File Specification).
import { LedgerError } from '../../ledger/errors.ts';
import type { File } from '../image/files.ts';
import { listZip, type ListedMember } from '../import/zip.ts';
import { referencesOf } from './class-file.ts';
import { absolute } from './shell/host.ts';
import { configured } from './shell/state.ts';
import { wordsOf } from './supervisors.ts';
import type { Item, Tracer } from './tracer.ts';

const classesMax = 100_000;
const VALUED = new Set(['-cp', '-classpath', '--class-path', '-p', '--module-path', '--add-modules', '--add-exports', '--add-opens', '--add-reads',
  '--upgrade-module-path']);
const REFLECTING = new Set([
  'java/lang/Class.forName', 'java/lang/ClassLoader.loadClass', 'java/util/ServiceLoader.load', 'java/util/ServiceLoader.loadInstalled',
  'java/lang/reflect/Method.invoke', 'java/lang/invoke/MethodHandles$Lookup.findClass', 'java/lang/invoke/MethodHandles$Lookup.defineClass',
  'java/lang/ClassLoader.defineClass', 'java/net/URLClassLoader.<init>', 'java/io/ObjectInputStream.readObject',
]);
const STARTING = new Set(['java/lang/Runtime.exec', 'java/lang/ProcessBuilder.<init>', 'java/lang/ProcessBuilder.start']);
const LOADING = new Set(['java/lang/System.load', 'java/lang/System.loadLibrary', 'java/lang/Runtime.load', 'java/lang/Runtime.loadLibrary']);

/** An archive or a folder of the class path, with where components of archives inside it are named: `/app.jar!/BOOT-INF/lib/x.jar`. */
interface Place {
  readonly path: string;
  readonly file: File | null;
  find(name: string): (() => Uint8Array) | null;
  classes(): Iterable<() => Uint8Array>;
}

export function followJava(tracer: Tracer, item: Item): void {
  const cwd = configured(item.cwd);
  const variables = ['JAVA_TOOL_OPTIONS', 'JDK_JAVA_OPTIONS'].flatMap((name) => {
    const value = item.env.get(name);
    return typeof value === 'string' ? (wordsOf(value) ?? []) : [];
  });
  const args = [...variables, ...item.argv.slice(1).map((arg) => configured(arg))];
  if (cwd === null || args.includes(null)) {
    tracer.end('interpreter_options', 'java', item);
    return;
  }
  const java = new JavaClasses(tracer, item, cwd);
  const variable = item.env.get('CLASSPATH');
  let path = typeof variable === 'string' && variable !== '' ? variable : '.';
  for (let i = 0; i < args.length; i++) {
    const arg = args[i] as string;
    const [name, inline] = arg.startsWith('--') && arg.includes('=') ? [arg.slice(0, arg.indexOf('=')), arg.slice(arg.indexOf('=') + 1)] : [arg, null];
    if (arg === '-jar') {
      const jar = args[i + 1] ?? '';
      java.jar(absolute(jar, cwd));
      return java.finish();
    }
    if (VALUED.has(name)) {
      const value = inline ?? args[++i] ?? '';
      if (/^(?:-cp|-classpath|--class-path)$/.test(name)) path = value;
      else if (/module-path|^-p$/.test(name)) tracer.end('interpreter_options', `java ${name}`, item);
    } else if (arg.startsWith('-javaagent:')) java.agent(absolute(arg.slice(11).split('=', 1)[0] as string, cwd));
    else if (arg.startsWith('-agentpath:') || arg.startsWith('-agentlib:')) tracer.end('loads_libraries', `java ${arg.split(':', 1)[0]}`, item, 'libraries');
    else if (arg.startsWith('@') || arg === '-m' || arg === '--module') {
      tracer.end('interpreter_options', `java ${arg.startsWith('@') ? '@file' : arg}`, item);
      return;
    } else if (!arg.startsWith('-')) {
      for (const part of path.split(':')) java.add(part === '' ? '.' : part);
      if (arg.endsWith('.java')) tracer.end('interpreter_options', 'java with a source file', item);
      else java.main(arg);
      return java.finish();
    }
  }
  tracer.end('interactive', 'java without a class', item);
}

class JavaClasses {
  readonly #tracer: Tracer;
  readonly #item: Item;
  readonly #cwd: string;
  readonly #places: Place[] = [];
  readonly #seen = new Set<string>();
  readonly #queue: { name: string; step: number | null }[] = [];
  #reflects: { step: number | null; detail: string } | null = null;

  constructor(tracer: Tracer, item: Item, cwd: string) {
    this.#tracer = tracer;
    this.#item = item;
    this.#cwd = cwd;
  }

  /** `-jar`: the manifest says the class and the class path. */
  jar(path: string): void {
    const place = this.#archive(path);
    if (place === null) return;
    const manifest = this.#manifest(place);
    // Spring Boot starts its own launcher, which loads what lies inside.
    const start = manifest.get('Start-Class');
    const main = manifest.get('Main-Class');
    if (main === undefined) {
      this.#tracer.end('interpreter_options', `no Main-Class in ${path}`, this.#item);
      return;
    }
    this.#want(main, this.#item.from);
    if (start !== undefined) this.#want(start, this.#item.from);
  }

  /** An agent is started before the program, and may change any class. */
  agent(path: string): void {
    const place = this.#archive(path);
    const name = place === null ? undefined : this.#manifest(place).get('Premain-Class');
    if (name !== undefined) this.#want(name, this.#item.from);
  }

  main(name: string): void {
    this.#want(name, this.#item.from);
  }

  /** An element of the class path: an archive, a folder, or all archives of a folder. */
  add(part: string): void {
    const path = absolute(part, this.#cwd);
    if (part.endsWith('*')) {
      const folder = path.slice(0, -2);
      for (const name of this.#tracer.files.list(folder)) if (/\.jar$/i.test(name)) this.#archive(`${folder}/${name}`);
    } else if (this.#tracer.files.get(path) !== null) this.#archive(path);
    else if (this.#tracer.files.isFolder(path)) this.#folder(path);
    // What is not there is passed over by Java too; a volume may bring it.
    else if (part !== '.') this.#tracer.end('file_absent', path, this.#item, 'maven');
  }

  #folder(path: string): void {
    const { files } = this.#tracer;
    this.#places.push({
      path, file: null,
      find: (name) => {
        const file = files.get(`${path}/${name}.class`);
        return file === null ? null : () => file.read();
      },
      *classes() {
        const prefix = `${files.resolve(path)?.path ?? path.slice(1)}/`;
        for (const file of files.all()) if (file.path.startsWith(prefix) && file.path.endsWith('.class')) yield () => file.read();
      },
    });
  }

  #archive(path: string): Place | null {
    const file = this.#tracer.files.get(path);
    if (file === null) {
      this.#tracer.end('file_absent', path, this.#item, 'maven');
      return null;
    }
    if (this.#seen.has(`archive ${file.path}`)) return this.#places.find((place) => place.path === `/${file.path}`) ?? null;
    this.#seen.add(`archive ${file.path}`);
    return this.#members(`/${file.path}`, file, file.read(), 0);
  }

  #members(path: string, file: File, bytes: Uint8Array, depth: number): Place | null {
    let members: ReadonlyMap<string, ListedMember>;
    try {
      members = new Map([...listZip(bytes)].map((member) => [member.name, member]));
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#tracer.end('unread', path, this.#item);
      return null;
    }
    const place: Place = {
      path, file,
      // Spring Boot and web archives keep their own classes in folders.
      find: (name) => {
        const found = ['', 'BOOT-INF/classes/', 'WEB-INF/classes/'].map((prefix) => members.get(`${prefix}${name}.class`)).find((one) => one !== undefined);
        return found === undefined ? null : () => found.read();
      },
      *classes() {
        for (const member of members.values()) if (member.name.endsWith('.class')) yield () => member.read();
      },
    };
    this.#places.push(place);
    for (const member of members.values()) {
      if (depth >= 3 || !/^(?:BOOT-INF|WEB-INF)\/lib\/[^/]+\.jar$/.test(member.name)) continue;
      const inner = this.#read(member.read, `${path}!/${member.name}`);
      if (inner !== null) this.#members(`${path}!/${member.name}`, file, inner, depth + 1);
    }
    if (!path.includes('!')) {
      for (const part of (this.#manifest(place, members).get('Class-Path') ?? '').split(/\s+/)) {
        // Names are URLs: an escape that is none stands as it is.
        const name = /%(?![0-9a-fA-F]{2})/.test(part) ? part : part.replace(/%([0-9a-fA-F]{2})/g, (_, hex: string) =>
          String.fromCharCode(Number.parseInt(hex, 16)));
        if (part !== '') this.add(absolute(name.replace(/^file:/, ''), path.replace(/\/[^/]*$/, '')));
      }
    }
    return place;
  }

  /** Bytes of an archive's member; null, and an open end, where it does not unpack. */
  #read(read: () => Uint8Array, path: string): Uint8Array | null {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      this.#tracer.end('unread', path, this.#item);
      return null;
    }
  }

  readonly #manifests = new Map<string, ReadonlyMap<string, string>>();

  /** Main attributes; a line goes on where the next begins with a blank. */
  #manifest({ path }: Place, members?: ReadonlyMap<string, ListedMember>): ReadonlyMap<string, string> {
    const known = this.#manifests.get(path);
    if (known !== undefined) return known;
    const member = members?.get('META-INF/MANIFEST.MF');
    const bytes = (member === undefined ? null : this.#read(member.read, `${path}!/META-INF/MANIFEST.MF`)) ?? new Uint8Array();
    const text = new TextDecoder().decode(bytes).replace(/\r\n?/g, '\n').replace(/\n /g, '').split('\n\n', 1)[0] as string;
    const found = new Map(text.split('\n').map((line) => line.split(/:\s*(.*)/s) as [string, string]));
    this.#manifests.set(path, found);
    return found;
  }

  #want(name: string, step: number | null): void {
    const internal = name.replaceAll('.', '/');
    if (this.#seen.has(internal)) return;
    this.#seen.add(internal);
    this.#queue.push({ name: internal, step });
  }

  finish(): void {
    for (let next = this.#queue.shift(), count = 0; next !== undefined; next = this.#queue.shift(), count++) {
      if (count > classesMax) {
        this.#tracer.end('limit', 'more classes than are followed', this.#item, 'maven');
        return;
      }
      const { name } = next;
      const place = this.#places.find((one) => one.find(name) !== null);
      // Classes of the Java runtime itself lie in no place of the class path.
      if (place === undefined) continue;
      const step = this.#reach(place, next.step);
      const bytes = this.#read(place.find(name) as () => Uint8Array, `${place.path} ${name}`);
      if (bytes === null) continue;
      const references = referencesOf(bytes);
      if (references === null) {
        this.#tracer.end('unread', `${place.path} ${name}`, this.#item);
        continue;
      }
      for (const other of [...references.classes].sort()) this.#want(other, step);
      for (const method of [...references.methods].sort()) this.#note(method, name, step);
    }
    if (this.#reflects !== null) this.#reflection(this.#reflects);
  }

  #note(method: string, name: string, step: number | null): void {
    const at = { from: step };
    if (STARTING.has(method)) this.#tracer.end('starts_programs', `${name} calls ${method}`, at);
    else if (LOADING.has(method)) this.#tracer.end('loads_libraries', `${name} calls ${method}`, at, 'libraries');
    else if (REFLECTING.has(method)) this.#reflects ??= { step, detail: `${name} calls ${method}` };
  }

  /** Any class that is there may be meant, and with it what it does. */
  #reflection({ step, detail }: { step: number | null; detail: string }): void {
    let starts = false;
    for (const place of this.#places) {
      for (const read of place.classes()) {
        const bytes = starts ? null : this.#read(read, place.path);
        const references = bytes === null ? null : referencesOf(bytes);
        if (references !== null && [...references.methods].some((method) => STARTING.has(method) || LOADING.has(method))) starts = true;
      }
    }
    this.#tracer.end('reflection', detail, { from: step }, starts ? 'everything' : 'maven');
  }

  #reach({ path, file }: Place, from: number | null): number | null {
    if (file === null) return from;
    const { step } = this.#tracer.reach(path.split('!/', 1)[0] as string, file, { from, why: 'class', guards: [] });
    // Archives in archives are places of their own.
    if (path.includes('!/') && !this.#tracer.reached.has(path.slice(1))) this.#tracer.reached.set(path.slice(1), step);
    return step;
  }
}
