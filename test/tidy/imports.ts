// What a file imports, read from its syntax tree: static, dynamic, re-exports, types and require.
import { parseSync } from 'oxc-parser';

/** Every module specifier a file names. A computed one is given as `<computed>`, which no room may import. */
export function specifiersOf(file: string, code: string): string[] {
  const parsed = parseSync(file, code);
  if (parsed.errors.length > 0) throw new Error(`Cannot parse ${file}: ${parsed.errors[0]?.message}`);
  const found: string[] = [];
  walk(parsed.program, (node) => {
    switch (node['type']) {
      case 'ImportDeclaration':
      case 'ExportAllDeclaration':
      case 'ExportNamedDeclaration':
      case 'ImportExpression':
      case 'TSImportType':
        if (node['source']) found.push(literal(node['source']));
        break;
      case 'TSExternalModuleReference':
        found.push(literal(node['expression']));
        break;
      case 'CallExpression':
        if (isRequire(node['callee'])) found.push(literal((node['arguments'] as unknown[])[0]));
        break;
      default:
    }
  });
  return found;
}

type Node = Record<string, unknown>;

function walk(value: unknown, visit: (node: Node) => void): void {
  if (Array.isArray(value)) for (const item of value) walk(item, visit);
  else if (typeof value === 'object' && value !== null) {
    if ('type' in value) visit(value as Node);
    for (const item of Object.values(value)) walk(item, visit);
  }
}

function literal(node: unknown): string {
  const { type, value, quasis, expressions } = node as { type: string; value?: unknown; quasis?: { value: { cooked: string } }[]; expressions?: unknown[] };
  if (type === 'Literal' && typeof value === 'string') return value;
  if (type === 'TemplateLiteral' && expressions?.length === 0) return quasis?.[0]?.value.cooked ?? '<computed>';
  return '<computed>';
}

function isRequire(callee: unknown): boolean {
  const { type, name, callee: inner } = callee as { type: string; name?: string; callee?: { name?: string } };
  return (type === 'Identifier' && name === 'require') || (type === 'CallExpression' && inner?.name === 'createRequire');
}
