import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/browser/**', 'test/interop/**', 'node_modules/**', 'dist/**', '.stryker-tmp/**'],
    pool: 'threads',
    reporters: ['default', './test/closing.ts'],
    // Generous: a busy machine must not fail a test. Nothing here measures time.
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
