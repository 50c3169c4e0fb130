// METADATA comments: YAML blocks that describe the statement below them, and what `rego.metadata` answers from them.
import { parse as parseYaml } from 'yaml';
import { type Annotation, type Comment, formatRef, groundPrefix, type Location, type Module, type Rule, type Term } from './ast.ts';
import type { PolicyError } from './errors.ts';
import { fromPlain } from './json.ts';
import { ObjectBuilder, type RegoObject, type Value } from './value.ts';

type Fields = Readonly<Record<string, unknown>>;

const SCOPES = ['rule', 'document', 'package', 'subpackages'];
const isMetadata = ({ text, loc }: Comment) => loc.col === 1 && text.trim().startsWith('METADATA');
const fail = (message: string, location: Location): PolicyError => ({ code: 'rego_parse_error', message, location });

/** Reads every METADATA block: comments in the first column, line after line, from the word on. */
export function parseAnnotations(comments: readonly Comment[]): { annotations: Annotation[]; errors: PolicyError[] } {
  const annotations: Annotation[] = [];
  const errors: PolicyError[] = [];
  for (let i = 0; i < comments.length;) {
    const start = comments[i++] as Comment;
    if (!isMetadata(start)) continue;
    const block: Comment[] = [];
    for (let row = start.loc.row; i < comments.length; i++, row++) {
      const next = comments[i] as Comment;
      if (next.loc.col !== 1 || next.loc.row !== row + 1 || isMetadata(next)) break;
      block.push(next);
    }
    const read = readBlock(start, block);
    if ('message' in read) errors.push(read);
    else annotations.push(read);
  }
  return { annotations, errors };
}

function readBlock(start: Comment, block: readonly Comment[]): Annotation | PolicyError {
  const yaml = block.map(({ text }) => `${text.replace(/^ /, '')}\n`).join('');
  if (yaml.trim() === '') return fail('expected METADATA block, found whitespace', start.loc);
  let fields: unknown;
  try {
    fields = readPlain(yaml) ?? parseYaml(yaml, { intAsBigInt: true, schema: 'core' });
  } catch (cause) {
    return fail(`yaml: ${(cause as Error).message.split('\n')[0]}`, (block[0] ?? start).loc);
  }
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields)) {
    return fail('yaml: unmarshal errors:\n  line 1: cannot construct !!str into rawAnnotation', (block[0] ?? start).loc);
  }
  const wrong = checkFields(fields as Fields);
  if (wrong !== null) return fail(wrong, start.loc);
  const scope = typeof (fields as Fields)['scope'] === 'string' ? (fields as { scope: string }).scope : '';
  return { scope, fields: fields as Fields, loc: start.loc, endRow: (block.at(-1) ?? start).loc.row, target: null };
}

/**
 * Blocks of plain lines, such as `title: A title`, which nearly all are: reading YAML is a tenth of compiling otherwise.
 *
 * @returns null where the block holds anything that YAML may read in another way
 */
function readPlain(yaml: string): Fields | null {
  const fields: Record<string, unknown> = {};
  const lines = yaml.split('\n');
  for (let i = 0; i < lines.length - 1; i++) {
    const [, key, value] = PLAIN_LINE.exec(lines[i] as string) ?? [];
    if (key === undefined || value === undefined || Object.hasOwn(fields, key) || OTHER_SCALAR.test(value)) return null;
    fields[key] = value === 'true' ? true : value === 'false' ? false : value;
  }
  return fields;
}

/** One value on its line: no quotes, no marks of YAML, no space at its end. */
const PLAIN_LINE = /^([a-z][a-z_]*): ([A-Za-z](?:[\w ,.;()/'+=-]*[\w.)])?)$/;
/** What the core schema takes for something else than text. */
const OTHER_SCALAR = /^(?:null|True|TRUE|False|FALSE|Null|NULL)$/;

function checkFields(fields: Fields): string | null {
  for (const author of asList(fields['authors'])) {
    if (typeof author === 'string' && author.trim() === '') return `invalid author definition ${author}: author is an empty string`;
  }
  for (const related of asList(fields['related_resources'])) {
    if (related === '') return `invalid related-resource definition ${related}: ref URL may not be empty string`;
    const named = typeof related === 'object' && related !== null ? (related as Fields)['ref'] : related;
    if (named === undefined || named === '') return "invalid related-resource definition map[]: 'ref' value required in object";
  }
  return null;
}

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : []);

/** Ties each block to the first statement below it. */
export function attachAnnotations(module: Module): PolicyError[] {
  const errors: PolicyError[] = [];
  const below = (row: number) => {
    const statements = [{ pkg: module.pkg, loc: module.pkg.loc }, ...module.imports, ...module.rules.map((rule) => ({ rule, loc: rule.loc }))];
    return statements.filter(({ loc }) => loc.row > row).sort((a, b) => a.loc.row - b.loc.row)[0];
  };
  for (const annotation of module.annotations) {
    const found = below(annotation.loc.row);
    const kind = found === undefined ? null : 'pkg' in found ? 'package' : 'rule' in found ? 'rule' : 'import';
    if (found !== undefined && 'pkg' in found) annotation.target = { pkg: found.pkg };
    if (found !== undefined && 'rule' in found) annotation.target = { rule: found.rule };
    const entrypoint = annotation.fields['entrypoint'] === true;
    if (annotation.scope === '' && kind !== null) annotation.scope = kind === 'rule' && entrypoint ? 'document' : kind;
    const wanted = annotation.scope === 'rule' || annotation.scope === 'document' ? 'rule' : 'package';
    if (!SCOPES.includes(annotation.scope)) {
      errors.push(fail(`invalid annotation scope '${annotation.scope}'. Use one of 'rule', 'document', 'package', or 'subpackages'`, annotation.loc));
    } else if (kind !== wanted) {
      const have = kind === null ? '' : ` (have ${kind})`;
      errors.push(fail(`annotation scope '${annotation.scope}' must be applied to ${wanted}${have}`, annotation.loc));
    }
    if (entrypoint && annotation.scope !== 'document' && annotation.scope !== 'package') {
      errors.push(fail(`annotation entrypoint applied to non-document or package scope '${annotation.scope}'`, annotation.loc));
    }
  }
  return errors;
}

/** A block as `rego.metadata.rule()` shows it. */
export function annotationValue({ scope, fields }: Annotation): RegoObject {
  const object = new ObjectBuilder().set('scope', scope);
  const text = (key: string) => (typeof fields[key] === 'string' && fields[key] !== '' ? object.set(key, fields[key]) : undefined);
  text('title');
  if (fields['entrypoint'] === true) object.set('entrypoint', true);
  text('description');
  const lists: [string, (item: unknown) => Value][] = [
    ['organizations', fromPlain], ['related_resources', relatedValue], ['authors', authorValue], ['schemas', schemaValue],
  ];
  for (const [key, show] of lists) {
    const items = asList(fields[key]);
    if (items.length > 0) object.set(key, items.map(show));
  }
  for (const key of ['custom', 'labels']) {
    const value = fields[key];
    if (typeof value === 'object' && value !== null && Object.keys(value).length > 0) object.set(key, fromPlain(value));
  }
  return object.build();
}

function shown(pairs: [string, unknown][]): RegoObject {
  const object = new ObjectBuilder();
  for (const [key, value] of pairs) if (typeof value === 'string' && value.trim() !== '') object.set(key, value.trim());
  return object.build();
}

function relatedValue(item: unknown): Value {
  if (typeof item === 'string') return shown([['ref', item]]);
  const { ref, description } = item as Fields;
  return shown([['ref', ref], ['description', description]]);
}

/** `Name Surname <mail>`, or an object with both. */
function authorValue(item: unknown): Value {
  if (typeof item !== 'string') return shown([['name', (item as Fields)['name']], ['email', (item as Fields)['email']]]);
  const words = item.split(/\s+/).filter((word) => word !== '');
  const mail = /^<(.*)>$/.exec(words.at(-1) ?? '');
  return shown([['name', (mail === null ? words : words.slice(0, -1)).join(' ')], ['email', mail?.[1]]]);
}

function schemaValue(item: unknown): Value {
  const [path, schema] = Object.entries(item as Fields)[0] ?? ['', ''];
  const parts = (ref: string) => ref.split('.').filter((part) => part !== '');
  const object = new ObjectBuilder().set('path', parts(path));
  if (typeof schema === 'string') object.set('schema', parts(schema));
  else object.set('definition', fromPlain(schema));
  return object.build();
}

/** Blocks of all modules, by what they describe. */
export class AnnotationSet {
  readonly #byRule = new Map<Rule, Annotation[]>();
  readonly #byPath = new Map<string, Annotation>();
  readonly #byPackage = new Map<string, Annotation>();
  readonly errors: PolicyError[] = [];

  constructor(modules: readonly Module[]) {
    for (const module of modules) for (const annotation of module.annotations) this.#add(annotation);
  }

  #add(annotation: Annotation): void {
    const { scope, target } = annotation;
    if (target === null) return;
    if (scope === 'rule' && 'rule' in target) {
      this.#byRule.set(target.rule, [...(this.#byRule.get(target.rule) ?? []), annotation]);
      return;
    }
    const path = formatRef('rule' in target ? rulePath(target.rule) : target.pkg.path);
    const map = scope === 'package' ? this.#byPackage : this.#byPath;
    const exists = map.get(path);
    if (exists !== undefined) {
      const at = `${exists.loc.source.file}:${exists.loc.row}`;
      this.errors.push({ code: 'rego_type_error', message: `${scope} annotation redeclared: ${at}`, location: annotation.loc });
    } else map.set(path, annotation);
  }

  /** The block nearest above a rule, or null. */
  primary(rule: Rule): Annotation | null {
    return this.#byRule.get(rule)?.toSorted((a, b) => a.loc.row - b.loc.row)[0] ?? null;
  }

  /** What `rego.metadata.chain()` answers in a rule: from its own block outwards to its packages. */
  chain(rule: Rule): Value {
    const link = (path: readonly Term[], annotation: Annotation | null) => {
      const names = path.slice(1).map((term) => (term.v.t === 'scalar' ? term.v.value : null));
      const object = new ObjectBuilder().set('path', names);
      if (annotation !== null) object.set('annotations', annotationValue(annotation));
      return object.build();
    };
    const path = rulePath(rule);
    const own = (this.#byRule.get(rule) ?? []).toSorted((a, b) => b.loc.row - a.loc.row);
    const links: Value[] = own.length > 0 ? own.map((annotation) => link(path, annotation)) : [link(path, null)];
    const document = this.#byPath.get(formatRef(path));
    if (document !== undefined) links.push(link(path, document));
    const { path: pkg } = rule.module.pkg;
    const inner = this.#byPackage.get(formatRef(pkg));
    if (inner !== undefined) links.push(link(pkg, inner));
    for (let n = pkg.length; n > 0; n--) {
      const outer = this.#byPath.get(formatRef(pkg.slice(0, n)));
      if (outer !== undefined) links.push(link(pkg.slice(0, n), outer));
    }
    return links;
  }
}

/** A rule's full path up to its first variable. */
export function rulePath(rule: Rule): Term[] {
  return groundPrefix(ruleRef(rule));
}

export function ruleRef(rule: Rule): Term[] {
  const [first, ...rest] = rule.head.ref as [Term, ...Term[]];
  const name = first.v.t === 'var' ? first.v.name : rule.head.name;
  return [...rule.module.pkg.path, { v: { t: 'scalar', value: name }, loc: first.loc }, ...rest];
}
