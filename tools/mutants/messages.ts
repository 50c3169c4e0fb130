// A Stryker plugin that leaves the text of messages out: a reader acts on a code and a position, and no test should hold a
// sentence word for word. What it leaves out is counted apart, under this reason.
export const reason = 'message';

/** Functions of ours that take a message among their arguments without throwing it. */
const SAYING = ['no', 'sameRoot', 'refuse', '#find'];

/** `refuse(…)`, or `this.#find(…)`. */
interface Callee {
  readonly name?: string;
  readonly property?: { readonly type: string; readonly id?: { readonly name: string } };
}

/** The part of a Babel path that is used. */
interface Path {
  readonly node: { readonly type: string; readonly value?: unknown; readonly callee?: Callee; readonly key?: { readonly name?: string } };
  readonly parentPath: Path | null;
  /** Where this node stands in its parent, such as `arguments`. */
  readonly listKey?: string;
  readonly key: string | number;
}

const isText = ({ node }: Path): boolean => node.type === 'TemplateLiteral' || (node.type === 'StringLiteral' && !/^[A-Z0-9_]+$/.test(String(node.value)));

/** Whether an expression is only a part of what stands around it: one side of a choice, of a sum, of an object's values. */
const isPart = ({ node, key }: Path): boolean =>
  ['ConditionalExpression', 'LogicalExpression', 'BinaryExpression', 'ObjectExpression'].includes(node.type) ||
  (node.type === 'ObjectProperty' && key !== 'key');

function isMessage(path: Path): boolean {
  let at = path;
  while (at.parentPath !== null && isPart(at.parentPath)) at = at.parentPath;
  const call = at.parentPath;
  if (call === null || at.listKey !== 'arguments') return false;
  const { callee } = call.node;
  const name = callee?.property?.type === 'PrivateName' ? `#${callee.property.id?.name}` : (callee?.name ?? '');
  if (call.node.type === 'NewExpression') return name.endsWith('Error');
  return call.node.type === 'CallExpression' && (SAYING.includes(name) || call.parentPath?.node.type === 'ThrowStatement');
}

export const strykerPlugins = [
  {
    kind: 'Ignore',
    name: 'messages',
    value: { shouldIgnore: (path: Path): string | undefined => (isText(path) && isMessage(path) ? reason : undefined) },
  },
];
