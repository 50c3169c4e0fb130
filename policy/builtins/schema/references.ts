// Where a JSON Schema's `$ref` leads: into the document itself, into a part that names itself by `$id`, or to a draft's own
// schema. Nothing is ever fetched. @see JSON Schema core, draft 7, section 8
import { isArray, RegoObject, type Value } from '../../rego/value.ts';
import { BuiltinError } from '../builtin.ts';
import { parseUri } from '../uri.ts';
import { type Draft, draftOf, metaSchema } from './drafts.ts';

export interface Place {
  readonly node: Value;
  /** Null where nothing says which draft: the referring schema's holds. */
  readonly draft: Draft | null;
}

/** Text that is interpreted literally, and maps whose keys are names rather than keywords. */
const LITERAL = new Set(['const', 'enum']);
const NAMES = new Set(['properties', 'dependencies', 'patternProperties']);

export class References {
  readonly #places = new Map<string, Place>();
  /** Each `$ref` as it is to be followed: resolved against the `$id`s around it. */
  readonly #absolute = new Map<RegoObject, string>();

  constructor(root: Value) {
    this.#add(root, '');
  }

  /** @throws {BuiltinError} where it is no URI */
  of(schema: RegoObject, written: string): string {
    parseUri(written);
    return this.#absolute.get(schema) ?? normal(written);
  }

  /** @throws {BuiltinError} where it leads nowhere, or out of the document */
  follow(reference: string): Place {
    const known = this.#places.get(reference);
    if (known !== undefined) return known;
    const { base, fragment } = split(reference);
    let document = this.#places.get(base);
    if (document === undefined) {
      const { scheme, authority, path } = parts(base);
      const isWhole = scheme === 'file' ? path.startsWith('/') : scheme !== '' && authority !== null && authority !== '';
      if (!isWhole) throw new BuiltinError(`Reference ${reference} must be canonical`);
      const meta = metaSchema(base);
      if (meta === null) throw new BuiltinError(`remote reference loading disabled: ${reference}`);
      this.#add(meta, base);
      document = this.#places.get(base) as Place;
    }
    const place = { node: at(document.node, fragment), draft: document.draft };
    this.#places.set(reference, place);
    return place;
  }

  #add(document: Value, base: string): void {
    if (this.#places.has(base)) throw alreadyThere(base);
    const draft = draftOf(document);
    this.#scan(document, base, draft);
    this.#places.set(base, { node: document, draft });
  }

  #scan(node: Value, base: string, draft: Draft | null): void {
    if (isArray(node)) for (const element of node) this.#scan(element, base, draft);
    if (!(node instanceof RegoObject)) return;
    const id = node.get(node.has('id') ? 'id' : '$id');
    let scope = base;
    if (typeof id === 'string' && isUri(id)) {
      scope = resolve(base, id);
      if (this.#places.has(scope)) throw alreadyThere(scope);
      this.#places.set(scope, { node, draft });
    }
    const ref = node.get('$ref');
    if (typeof ref === 'string' && isUri(ref)) this.#absolute.set(node, resolve(scope, ref));
    for (const [key, value] of node) {
      if (typeof key === 'string' && LITERAL.has(key)) continue;
      if (typeof key === 'string' && NAMES.has(key)) {
        if (value instanceof RegoObject) for (const [, child] of value) this.#scan(child, scope, draft);
      } else this.#scan(value, scope, draft);
    }
  }
}

function isUri(text: string): boolean {
  try {
    parseUri(text);
    return true;
  } catch (cause) {
    if (cause instanceof BuiltinError) return false;
    throw cause;
  }
}

/** @see RFC 6901; a fragment that is no pointer means the whole document, as OPA has it */
function at(document: Value, fragment: string): Value {
  if (!fragment.startsWith('/')) return document;
  let node = document;
  for (const token of fragment.slice(1).split('/')) {
    if (node instanceof RegoObject) {
      const key = token.replaceAll('~1', '/').replaceAll('~0', '~');
      const found = node.get(key);
      if (found === undefined) throw new BuiltinError(`Object has no key '${key}'`);
      node = found;
    } else if (isArray(node)) {
      if (!/^[-+]?\d{1,18}$/.test(token)) throw new BuiltinError(`Invalid array index '${token}'`);
      const index = Number(token);
      const found: Value | undefined = index < 0 ? undefined : node[index];
      if (found === undefined) throw new BuiltinError(`Out of bound array[0,${node.length}] index '${index}'`);
      node = found;
    } else throw new BuiltinError(`Invalid token reference '${token}'`);
  }
  return node;
}

interface Parts {
  readonly scheme: string;
  readonly authority: string | null;
  readonly path: string;
  readonly query: string | null;
  readonly fragment: string;
}

/** @see RFC 3986, appendix B */
function parts(uri: string): Parts {
  const found = /^(?:([A-Za-z][A-Za-z0-9+.-]*):)?(?:\/\/([^/?#]*))?([^?#]*)(?:\?([^#]*))?(?:#([^]*))?$/.exec(uri);
  const [, scheme, authority, path, query, fragment] = found ?? [];
  return { scheme: (scheme ?? '').toLowerCase(), authority: authority ?? null, path: path ?? '', query: query ?? null, fragment: fragment ?? '' };
}

function join({ scheme, authority, path, query, fragment }: Parts): string {
  const before = (scheme === '' ? '' : `${scheme}:`) + (authority === null ? '' : `//${authority}`) + path;
  return before + (query === null ? '' : `?${query}`) + (fragment === '' ? '' : `#${fragment}`);
}

const normal = (uri: string) => join(parts(uri));

function split(reference: string): { base: string; fragment: string } {
  const whole = parts(reference);
  return { base: join({ ...whole, fragment: '' }), fragment: parseUri(`#${whole.fragment}`).fragment };
}

/** @see RFC 3986, section 5.2.2; every path that is resolved begins with a slash, as Go has it */
function resolve(base: string, reference: string): string {
  const [b, r] = [parts(base), parts(reference)];
  if (r.scheme !== '' || (r.authority !== null && r.authority !== '')) {
    const isOpaque = r.scheme !== '' && r.authority === null && !r.path.startsWith('/');
    return join({ ...r, scheme: r.scheme === '' ? b.scheme : r.scheme, path: isOpaque ? r.path : withoutDots(r.path) });
  }
  const query = r.path === '' && r.query === null ? b.query : r.query;
  const fragment = r.path === '' && r.query === null && r.fragment === '' ? '' : r.fragment;
  const isOpaque = b.scheme !== '' && b.authority === null && !b.path.startsWith('/');
  if (r.path === '' && isOpaque) return join({ ...b, query, fragment });
  const directory = b.path.slice(0, b.path.lastIndexOf('/') + 1);
  const full = r.path === '' ? b.path : r.path.startsWith('/') ? r.path : directory + r.path;
  return join({ ...b, path: withoutDots(full), query, fragment });
}

function withoutDots(path: string): string {
  if (path === '') return '';
  const kept: string[] = [];
  const segments = path.replace(/^\//, '').split('/');
  for (const [i, segment] of segments.entries()) {
    if (segment === '..') kept.pop();
    if (segment !== '.' && segment !== '..') kept.push(segment);
    else if (i === segments.length - 1) kept.push('');
  }
  return `/${kept.join('/')}`;
}

/** What an address holds beyond ASCII is shown as Go's URLs show it. */
function alreadyThere(reference: string): BuiltinError {
  return new BuiltinError(`Reference already exists: "${reference.toWellFormed().replace(/[^!-~]+/g, encodeURIComponent)}"`);
}
