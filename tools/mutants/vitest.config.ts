// How tests run for each mutant: those of the room alone, in one thread, with properties cut.
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

export default defineConfig({
  resolve: { alias: [{ find: /^fast-check$/, replacement: fileURLToPath(new URL('./fast-check.ts', import.meta.url)) }] },
  test: {
    include: (process.env['STELLA_MUTANTS_TESTS'] ?? '').split(',').map((folder) => `${folder}/**/*.test.ts`),
    pool: 'threads',
    isolate: false,
    testTimeout: 30_000,
  },
});
