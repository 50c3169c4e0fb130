// Every module of the Rego corpora, printed and parsed again: the same tree, the same comments, and the same text the second time.
import { globSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { formatModule, PolicyErrors } from '../../policy/index.ts';
import { commentsOf, treeOf } from '../policy/tree.ts';
import type { Outcome, Suite } from './suite.ts';

export const policyFormat: Suite = {
  argument: 'policy-format',
  needs: ['rego'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    for (const { id, version, text } of modulesIn(corpora)) {
      const wrong = wrongOf(text, version);
      const suite = `policy-format/v${version}`;
      yield wrong === null ? { suite, id, is: 'agreed' } : { suite, id, is: 'disagreed', expected: 'the same tree, comments and text', got: wrong };
    }
  },
};

/** Every module of the corpora once, with the version of its tree. */
export function* modulesIn(corpora: string): Iterable<{ id: string; version: 0 | 1; text: string }> {
  for (const version of [0, 1] as const) {
    const folder = join(corpora, 'rego', `v${version}`);
    const seen = new Set<string>();
    for (const file of globSync('**/*.{yaml,yml}', { cwd: folder }).sort()) {
      const read = parse(readFileSync(join(folder, file), 'utf8'), { maxAliasCount: -1 }) as { cases?: { modules?: string[] }[] } | null;
      const modules = (read?.cases ?? []).flatMap((one) => one.modules ?? []);
      for (const [i, text] of modules.entries()) {
        if (!seen.has(text)) yield { id: `${dirname(file)}/${file.slice(file.lastIndexOf('/') + 1)}#${i}`, version, text };
        seen.add(text);
      }
    }
  }
}

function wrongOf(text: string, version: 0 | 1): string | null {
  try {
    const formatted = formatModule('m.rego', text, version);
    if (treeOf(formatted, version) !== treeOf(text, version)) return 'another tree';
    if (commentsOf(formatted, version).join('\n') !== commentsOf(text, version).join('\n')) return 'other comments';
    return formatModule('m.rego', formatted, version) === formatted ? null : 'another text the second time';
  } catch (error) {
    if (error instanceof PolicyErrors) return error.message;
    throw error;
  }
}
