// A compiled policy as it runs: the tree of documents, and every rule that was compiled, by number.
import type { Location, Rule } from '../ast.ts';
import type { Compiled } from '../compile/compile.ts';
import type { RuleNode } from '../compile/tree.ts';
import { DocumentNode } from './documents.ts';
import type { RuleGroup } from './groups.ts';
import type { Layout } from './scope.ts';

export interface RegisteredRule {
  readonly rule: Rule;
  readonly layout: Layout;
}

export class Program {
  readonly compiled: Compiled;
  readonly root: DocumentNode;
  readonly rules: RegisteredRule[] = [];
  readonly #groups = new Map<RuleNode, RuleGroup>();

  /** Each expression that is evaluated is noted. */
  readonly traced: boolean;

  constructor(compiled: Compiled, traced = false) {
    this.compiled = compiled;
    this.traced = traced;
    const data = compiled.root.children.get('data');
    this.root = data === undefined ? EMPTY : new DocumentNode(data, true);
    if (data !== undefined) this.#attach(data, this.root);
  }

  #attach(tree: RuleNode, node: DocumentNode): void {
    if (node.group !== null) {
      node.group.attach(this);
      this.#groups.set(tree, node.group);
    }
    for (const [key, child] of tree.children) this.#attach(child, node.children.get(key) as DocumentNode);
  }

  groupOf(node: RuleNode): RuleGroup | undefined {
    return this.#groups.get(node);
  }

  /** The function at a name such as `data.p.f`, or undefined. */
  functionAt(path: readonly { v: { t: string } }[]): RuleGroup | undefined {
    return this.root.at(path.slice(1) as never)?.group ?? undefined;
  }

  register(rule: Rule, layout: Layout): number {
    return this.rules.push({ rule, layout }) - 1;
  }

  placeOf(id: number): Location {
    return (this.rules[id] as RegisteredRule).rule.loc;
  }
}

const EMPTY = new DocumentNode({ key: 'data', rules: [], children: new Map(), sorted: [] } as unknown as RuleNode);
