// What the checker knows: types of variables, of documents by their path, and of functions.
import { BUILTINS } from '../../builtins/registry.ts';
import { type Expr, formatNode, isVar, plainRef, type Term } from '../ast.ts';
import { constantOf } from '../eval/terms.ts';
import { type Key, keyOf, type Value } from '../value.ts';
import { ANY, bounded, type FunctionType, type ObjectType, or, parseFunctionType, selectKey, type Type, typeOf, valuesOf } from './types.ts';

export class TypeNode {
  type: Type | null = null;
  readonly term: Term | null;
  /** Most nodes are leaves, and most of the others hold variables alone. */
  #vars: Map<string, TypeNode> | null = null;
  #keys: Map<Key, TypeNode> | null = null;

  constructor(term: Term | null = null) {
    this.term = term;
  }

  get isLeaf(): boolean {
    return this.#vars === null && this.#keys === null;
  }

  /** Those below a constant or a term that is none. */
  get keyed(): Iterable<TypeNode> {
    return this.#keys?.values() ?? [];
  }

  get children(): Iterable<TypeNode> {
    return [...this.keyed, ...(this.#vars?.values() ?? [])];
  }

  child(term: Term): TypeNode | undefined {
    return isVar(term) ? this.#vars?.get(term.v.name) : this.#keys?.get(nodeKey(term));
  }

  make(term: Term): TypeNode {
    let node = this.child(term);
    if (node !== undefined) return node;
    node = new TypeNode(term);
    if (isVar(term)) (this.#vars ??= new Map()).set(term.v.name, node);
    else (this.#keys ??= new Map()).set(nodeKey(term), node);
    return node;
  }

  put(path: readonly Term[], type: Type): void {
    path.reduce<TypeNode>((node, term) => node.make(term), this).type = type;
  }

  /** The object a place without a type of its own is: what is known below it, and anything beside. */
  get extent(): Type | null {
    if (this.type !== null) return this.type;
    const members = new Map<Key, { key: Value; type: Type | null }>();
    for (const child of this.keyed) {
      const key = child.term === null ? undefined : constantOf(child.term);
      if (key !== undefined) members.set(keyOf(key), { key, type: child.extent });
    }
    return { k: 'object', members, open: { key: { k: 'string' }, value: ANY } };
  }
}

/** No constant's key begins like that of another term. */
function nodeKey(term: Term): Key {
  return term.v.t === 'scalar' ? keyOf(term.v.value) : `\0t${formatNode(term)}`;
}

const DOCUMENTS = ['data', 'input'];

/** What all environments of one run share. */
export interface TypeRun {
  readonly check: (env: TypeEnv, body: readonly Expr[]) => { readonly env: TypeEnv; readonly ok: boolean };
  /** How often the type of a variable was noted: as long as it stays, a body checked again gives the same. */
  notes: number;
}

/** Types of one body, over those of the rules around it. */
export class TypeEnv {
  readonly tree = new TypeNode();
  /** Where types of variables are noted; those found under a `with` outlive it. */
  #vars: TypeNode = this.tree;
  readonly next: TypeEnv | null;
  readonly #run: TypeRun;

  constructor(run: TypeRun, next: TypeEnv | null = null) {
    this.#run = run;
    this.next = next;
  }

  note(variable: Term, type: Type | null): void {
    this.#run.notes++;
    this.#vars.make(variable).type = type;
  }

  wrap(): TypeEnv {
    return new TypeEnv(this.#run, this);
  }

  wrapWith(): TypeEnv {
    const env = this.wrap();
    env.#vars = this.#vars;
    return env;
  }

  type(term: Term): Type | null {
    const v = term.v;
    if (v.t === 'scalar') return typeOf(v.value);
    switch (v.t) {
      case 'template': return { k: 'string' };
      case 'array': return bounded({ k: 'array', items: v.terms.map((part) => this.type(part)), open: null });
      case 'set': return bounded({ k: 'set', of: v.terms.reduce<Type | null>((of, part) => or(of, this.type(part)), null) });
      case 'object': return bounded(this.#object(v.pairs));
      case 'ref': return this.ref(v.terms);
      case 'var': {
        // A variable that this body knows, if without a type, hides one outside.
        const own = this.tree.child(term);
        return own === undefined ? this.next?.type(term) ?? null : own.type;
      }
      case 'call': return null;
      default: {
        const { env, ok } = this.#run.check(this, v.body);
        if (!ok) return null;
        if (v.t === 'arraycomp') return bounded({ k: 'array', items: [], open: env.type(v.head) });
        if (v.t === 'setcomp') return bounded({ k: 'set', of: env.type(v.head) });
        return bounded({ k: 'object', members: new Map(), open: { key: env.type((v as { key: Term }).key), value: env.type(v.head) } });
      }
    }
  }

  #object(pairs: readonly [Term, Term][]): Type {
    const members = new Map<Key, { key: Value; type: Type | null }>();
    let open: ObjectType['open'] = null;
    for (const [key, value] of pairs) {
      const constant = constantOf(key);
      if (constant === undefined) open = { key: this.type(key), value: this.type(value) };
      else members.set(keyOf(constant), { key: constant, type: this.type(value) });
    }
    return { k: 'object', members, open };
  }

  ref(terms: readonly Term[]): Type | null {
    const head = terms[0] as Term;
    if (!DOCUMENTS.includes(plainRef(head) ?? '')) {
      const builtin = BUILTINS.get(plainRefOf(terms));
      if (builtin !== undefined) return parseFunctionType(builtin.type);
    }
    return this.#document(terms);
  }

  #document(terms: readonly Term[]): Type | null {
    const node = this.tree.child(terms[0] as Term);
    return node === undefined ? this.#fallback(terms) : this.#below(node, terms, 1);
  }

  #fallback(terms: readonly Term[]): Type | null {
    if (this.next !== null) return this.next.#document(terms);
    return DOCUMENTS.includes(plainRef(terms[0]) ?? '') ? ANY : null;
  }

  #below(node: TypeNode, terms: readonly Term[], i: number): Type | null {
    const key = terms[i];
    if (key === undefined) return node.extent;
    const child = node.child(key);
    if (node.type !== null) return child === undefined ? selectPath(node.type, terms, i) : this.#below(child, terms, i + 1);
    if (constantOf(key) === undefined) return selectPath(node.extent, terms, i);
    return child === undefined ? this.#fallback(terms) : this.#below(child, terms, i + 1);
  }
}

export function plainRefOf(terms: readonly Term[]): string {
  const head = terms[0] as Term;
  let name = isVar(head) ? head.v.name : '';
  for (let i = 1; i < terms.length; i++) {
    const { v } = terms[i] as Term;
    name += v.t === 'scalar' && typeof v.value === 'string' ? `.${v.value}` : '[]';
  }
  return name;
}

function selectPath(type: Type | null, path: readonly Term[], from: number): Type | null {
  let found = type;
  for (let i = from; i < path.length && found !== null; i++) {
    const { v } = path[i] as Term;
    found = v.t === 'scalar' ? selectKey(found, v.value) : valuesOf(found);
  }
  return found;
}

/** Joins what several rules say of one place: sets and open objects grow, everything else becomes a union. */
export function mergeTypes(a: Type | null, b: Type | null): Type | null {
  if (a === null || b === null) return a ?? b;
  if (a.k === 'object' && b.k === 'object' && a.members.size === 0 && b.members.size === 0) {
    if (a.open === null || b.open === null) return a.open === null ? b : a;
    return { k: 'object', members: new Map(), open: { key: or(a.open.key, b.open.key), value: mergeTypes(a.open.value, b.open.value) } };
  }
  if (a.k === 'set' && b.k === 'set') return { k: 'set', of: or(a.of, b.of) };
  return or(a, b);
}

/** Notes a rule's type at its path, also within objects that rules above it define. */
export function insertType(root: TypeNode, path: readonly Term[], type: Type, env: TypeEnv): void {
  let node = root;
  for (const [i, term] of path.entries()) {
    const known = node.child(term);
    if (known?.type?.k === 'object' && i + 1 < path.length) known.type = insertInto(known.type, path.slice(i + 1), type, env);
    node = node.make(term);
  }
  node.type = mergeTypes(node.type, type);
  if (type.k !== 'object' || node.isLeaf || node.type?.k !== 'object') return;
  const below = (from: TypeNode, at: readonly Term[]): void => {
    for (const child of from.children) {
      const here = [...at, child.term as Term];
      if (child.type !== null) node.type = insertInto(node.type as ObjectType, here, child.type, env);
      else below(child, here);
    }
  };
  below(node, []);
}

function insertInto(object: ObjectType, path: readonly Term[], type: Type, env: TypeEnv): ObjectType {
  const [key, ...rest] = path;
  if (key === undefined) return object;
  const value = rest.length === 0 ? type : insertInto({ k: 'object', members: new Map(), open: null }, rest, type, env);
  const own = env.type(key);
  const open = object.open === null ? { key: own, value } : { key: or(object.open.key, own), value: or(object.open.value, value) };
  return { ...object, open };
}

export type { FunctionType };
