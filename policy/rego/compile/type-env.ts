// What the checker knows: types of variables, of documents by their path, and of functions.
import { BUILTINS } from '../../builtins/registry.ts';
import { type Expr, formatNode, isVar, plainRef, type Term } from '../ast.ts';
import { constantOf } from '../eval/terms.ts';
import { type Key, keyOf, type Value } from '../value.ts';
import { ANY, type FunctionType, type ObjectType, or, parseFunctionType, selectKey, type Type, typeOf, valuesOf } from './types.ts';

export class TypeNode {
  type: Type | null = null;
  readonly term: Term | null;
  readonly children = new Map<string, TypeNode>();

  constructor(term: Term | null = null) {
    this.term = term;
  }

  child(term: Term): TypeNode | undefined {
    return this.children.get(nodeKey(term));
  }

  make(term: Term): TypeNode {
    const key = nodeKey(term);
    let node = this.children.get(key);
    if (node === undefined) this.children.set(key, (node = new TypeNode(term)));
    return node;
  }

  put(path: readonly Term[], type: Type): void {
    path.reduce<TypeNode>((node, term) => node.make(term), this).type = type;
  }

  /** The object a place without a type of its own is: what is known below it, and anything beside. */
  get extent(): Type | null {
    if (this.type !== null) return this.type;
    const members = new Map<Key, { key: Value; type: Type | null }>();
    for (const child of this.children.values()) {
      const key = child.term === null ? undefined : constantOf(child.term);
      if (key !== undefined) members.set(keyOf(key), { key, type: child.extent });
    }
    return { k: 'object', members, open: { key: { k: 'string' }, value: ANY } };
  }
}

function nodeKey(term: Term): string {
  return isVar(term) ? `var ${term.v.name}` : formatNode(term);
}

const DOCUMENTS = ['data', 'input'];

/** Types of one body, over those of the rules around it. */
export class TypeEnv {
  tree = new TypeNode();
  /** Where types of variables are noted; those found under a `with` outlive it. */
  vars: TypeNode = this.tree;
  readonly next: TypeEnv | null;
  readonly #check: (env: TypeEnv, body: readonly Expr[]) => { env: TypeEnv; ok: boolean };

  constructor(check: TypeEnv['check'], next: TypeEnv | null = null) {
    this.#check = check;
    this.next = next;
  }

  get check(): (env: TypeEnv, body: readonly Expr[]) => { env: TypeEnv; ok: boolean } {
    return this.#check;
  }

  wrap(): TypeEnv {
    return new TypeEnv(this.#check, this);
  }

  wrapWith(): TypeEnv {
    const env = this.wrap();
    env.vars = this.vars;
    return env;
  }

  type(term: Term): Type | null {
    const v = term.v;
    if (v.t === 'scalar') return typeOf(v.value);
    switch (v.t) {
      case 'template': return { k: 'string' };
      case 'array': return { k: 'array', items: v.terms.map((part) => this.type(part)), open: null };
      case 'set': return { k: 'set', of: v.terms.reduce<Type | null>((of, part) => or(of, this.type(part)), null) };
      case 'object': return this.#object(v.pairs);
      case 'ref': return this.ref(v.terms);
      case 'var': return this.tree.child(term)?.type ?? this.#beyond(term);
      case 'call': return null;
      default: {
        const { env, ok } = this.#check(this, v.body);
        if (!ok) return null;
        if (v.t === 'arraycomp') return { k: 'array', items: [], open: env.type(v.head) };
        if (v.t === 'setcomp') return { k: 'set', of: env.type(v.head) };
        return { k: 'object', members: new Map(), open: { key: env.type((v as { key: Term }).key), value: env.type(v.head) } };
      }
    }
  }

  #beyond(term: Term): Type | null {
    return this.tree.child(term) === undefined ? this.next?.type(term) ?? null : null;
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
    const [head, ...rest] = terms as [Term, ...Term[]];
    const builtin = BUILTINS.get(plainRefOf(terms));
    if (builtin !== undefined && !DOCUMENTS.includes(plainRef(head) ?? '')) return parseFunctionType(builtin.type);
    const node = this.tree.child(head);
    return node === undefined ? this.#fallback(terms) : this.#below(node, terms, rest);
  }

  #fallback(terms: readonly Term[]): Type | null {
    if (this.next !== null) return this.next.ref(terms);
    return DOCUMENTS.includes(plainRef(terms[0]) ?? '') ? ANY : null;
  }

  #below(node: TypeNode, terms: readonly Term[], tail: readonly Term[]): Type | null {
    const [key, ...rest] = tail;
    if (key === undefined) return node.extent;
    const child = node.child(key);
    if (node.type !== null) return child === undefined ? selectPath(node.type, tail) : this.#below(child, terms, rest);
    if (constantOf(key) === undefined) return selectPath(node.extent, tail);
    return child === undefined ? this.#fallback(terms) : this.#below(child, terms, rest);
  }
}

export function plainRefOf(terms: readonly Term[]): string {
  const [head, ...rest] = terms as [Term, ...Term[]];
  let name = isVar(head) ? head.v.name : '';
  for (const part of rest) name += part.v.t === 'scalar' && typeof part.v.value === 'string' ? `.${part.v.value}` : '[]';
  return name;
}

function selectPath(type: Type | null, path: readonly Term[]): Type | null {
  const [key, ...rest] = path;
  if (type === null || key === undefined) return type;
  const constant = key.v.t === 'scalar' ? key.v.value : undefined;
  return selectPath(constant === undefined ? valuesOf(type) : selectKey(type, constant), rest);
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
  if (type.k !== 'object' || node.children.size === 0 || node.type?.k !== 'object') return;
  const below = (from: TypeNode, at: readonly Term[]): void => {
    for (const child of from.children.values()) {
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
