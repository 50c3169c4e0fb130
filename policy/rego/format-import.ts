// An import as it is written.
import { formatRef, type Import } from './ast.ts';

export function formatImport({ path, alias }: Import): string {
  return `import ${formatRef(path)}${alias === '' ? '' : ` as ${alias}`}`;
}
