// The data document as evaluation sees it: rules at their places in a tree, base data under them.
import { isVar, type Term } from '../ast.ts';
import type { RuleNode } from '../compile/tree.ts';
import { charge, ENTRY_CELLS, OBJECT_CELLS } from '../meter.ts';
import { type Key, ObjectBuilder, RegoObject, type Value } from '../value.ts';
import { keyOf } from '../value.ts';
import { RuleGroup } from './groups.ts';
import type { Machine } from './machine.ts';

export class DocumentNode {
  readonly key: Value;
  readonly group: RuleGroup | null;
  readonly children = new Map<Key, DocumentNode>();
  /** In the order of their keys; `data.system` is left out of whole documents. */
  readonly visible: readonly DocumentNode[];

  constructor(tree: RuleNode, isRoot = false) {
    this.key = tree.key;
    for (const [key, child] of tree.children) this.children.set(key, new DocumentNode(child));
    this.group = tree.rules.length === 0 ? null : new RuleGroup(tree);
    this.visible = tree.sorted.filter(({ key }) => !(isRoot && key === 'system')).map(({ key }) => this.children.get(keyOf(key)) as DocumentNode);
  }

  child(key: Value): DocumentNode | undefined {
    return this.children.get(keyOf(key));
  }

  /** The node at a path of constants, or undefined. */
  at(path: readonly Term[]): DocumentNode | undefined {
    const [term, ...rest] = path;
    if (term === undefined) return this;
    return isVar(term) || term.v.t !== 'scalar' ? undefined : this.child(term.v.value)?.at(rest);
  }

  /** The whole document from here: what rules define, merged with base data. */
  document(m: Machine, base: Value | undefined): Value | undefined {
    const virtual = this.#virtual(m);
    if (base === undefined) return virtual;
    return mergeDocuments(base, virtual);
  }

  #virtual(m: Machine): RegoObject {
    charge(OBJECT_CELLS + ENTRY_CELLS * this.visible.length);
    const object = new ObjectBuilder();
    for (const child of this.visible) {
      if (m.hidden?.has(child) === true) continue;
      const value = child.group === null ? child.#virtual(m) : child.group.value(m);
      if (value !== undefined) object.set(child.key, value);
    }
    return object.build();
  }
}

/** Objects merge; anything else in base data stands before what rules define. */
function mergeDocuments(base: Value, virtual: Value): Value {
  if (!(base instanceof RegoObject) || !(virtual instanceof RegoObject) || virtual.size === 0) return base;
  charge(OBJECT_CELLS + ENTRY_CELLS * (base.size + virtual.size));
  const merged = new ObjectBuilder();
  for (const [key, value] of base) merged.set(key, value);
  for (const [key, value] of virtual) {
    const old = merged.get(key);
    merged.set(key, old === undefined ? value : mergeDocuments(old, value));
  }
  return merged.build();
}
