// Determinism across processes: another time zone, language and order give the same bytes.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { build, observationOf } from '../snapshot/memory.ts';

const child = fileURLToPath(new URL('../../../bench/scan/child.ts', import.meta.url));

test('a scan in another process, place and language gives the same bytes', () => {
  const folder = mkdtempSync(join(tmpdir(), 'stella-scan-'));
  try {
    const names = ['i', 'I', 'ı', 'ß', 'z', 'ä', 'a', 'Z'];
    const { bytes } = build(names.map((name, i) => observationOf('s', {
      id: `X-${i}`, affected: [{ package: { ecosystem: 'npm', name }, ranges: [{ type: 'SEMVER', events: [{ introduced: '0' }] }] }],
    })));
    const components = names.map((name) => ({ 'bom-ref': name, name, version: '1.0.0', purl: `pkg:npm/${encodeURIComponent(name)}@1.0.0` }));
    writeFileSync(join(folder, 'snapshot'), bytes);
    const run = (i: number, list: readonly object[], environment: Record<string, string>) => {
      writeFileSync(join(folder, `list-${i}`), JSON.stringify({ components: list }));
      const { status, stderr } = spawnSync(process.execPath, [child, join(folder, 'snapshot'), join(folder, `list-${i}`), join(folder, `out-${i}`)], {
        encoding: 'utf8', env: { ...process.env, ...environment },
      });
      expect([status, status === 0 ? '' : stderr]).toEqual([0, '']);
      return readFileSync(join(folder, `out-${i}`), 'utf8');
    };
    const first = run(0, components, { TZ: 'UTC', LANG: 'C', LC_ALL: 'C' });
    expect(JSON.parse(first)).toMatchObject({ counts: { affected: names.length } });
    expect(run(1, components.toReversed(), { TZ: 'Pacific/Kiritimati', LANG: 'tr_TR.UTF-8', LC_ALL: 'tr_TR.UTF-8' })).toBe(first);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
