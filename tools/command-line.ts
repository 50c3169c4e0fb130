// The command line as it is published: few chunks for each command, where a scan would open 450 modules.
import { readFileSync, rmSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

/**
 * Writes `cli/main.ts` and all that it loads, with each command and each further `import()` in a file of its own.
 *
 * Packages stay packages: whoever installs the ledger gets theirs, at the versions that his lockfile says.
 *
 * @param folder - emptied first; threads and schemas are found beside it, as beside `dist/cli`
 */
export async function writeCommandLine(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  await build({
    absWorkingDir: root, entryPoints: ['cli/main.ts'], outdir: folder, bundle: true, splitting: true, chunkNames: '[name]-[hash]',
    format: 'esm', platform: 'node', target: 'node22', charset: 'utf8', logLevel: 'silent', minifySyntax: true, minifyWhitespace: true,
    plugins: [modules],
  });
}

const modules: Plugin = {
  name: 'modules',
  setup({ onLoad, onResolve, resolve }) {
    onResolve({ filter: /^[^./]/ }, ({ path, kind }) => (kind === 'entry-point' ? undefined : { path, external: true, sideEffects: false }));
    onResolve({ filter: /^\.\.?\// }, async ({ path, importer, kind, resolveDir, pluginData }) => {
      if (pluginData === modules) return undefined;
      // Half a megabyte each, published as they lie in their folder.
      if (kind === 'dynamic-import' && path.endsWith('.generated.js')) return { path: `../${relative(root, join(resolveDir, path))}`, external: true };
      // No module does anything by being loaded: what a command takes nothing from stays out of its chunks.
      return { ...await resolve(path, { importer, kind, resolveDir, pluginData: modules }), sideEffects: false };
    });
    onLoad({ filter: /\.ts$/ }, ({ path }) => ({ contents: sourceOf(path), loader: 'ts', resolveDir: dirname(path) }));
  },
};

/** A module as it is bundled. */
function sourceOf(path: string): string {
  const source = readFileSync(path, 'utf8').replaceAll(/^import \{([^}]*)\} from '(\.[^']*\/index\.ts)';$/gm, (whole, names: string, door: string) => {
    const rooms = roomsBehind(join(dirname(path), door));
    return rooms === null ? whole : throughDoor(names, dirname(path), rooms);
  });
  // A module that asks where it lies (for a thread's file, for package.json) is told where tsc's output of it lies.
  const place = `new URL(${JSON.stringify(`../${relative(root, path).replace(/\.ts$/, '.js')}`)}, import.meta.url).href`;
  return source.replaceAll('import.meta.url', place);
}

/**
 * Imports from a door as imports from the rooms behind it: a chunk that shares a door with others would hold all that any of
 * them takes through it.
 */
function throughDoor(names: string, from: string, rooms: ReadonlyMap<string, string>): string {
  return specifiers(names).map((specifier) => {
    const file = relative(from, rooms.get(specifier.split(' ')[0] as string) as string);
    return `import { ${specifier} } from '${file.startsWith('.') ? file : `./${file}`}';`;
  }).join(' ');
}

/** The file of each value that a door only passes on; null for a module that does anything else. */
function roomsBehind(door: string): ReadonlyMap<string, string> | null {
  const rooms = new Map<string, string>();
  const source = readFileSync(door, 'utf8').replaceAll(/^\/\/.*$/gm, '');
  const rest = source.replaceAll(/export (type )?\{([^}]*)\} from '([^']+)';/g, (_, type, names: string, file: string) => {
    if (type === undefined) for (const name of specifiers(names)) rooms.set(name, join(dirname(door), file));
    return '';
  });
  return rest.trim() === '' && [...rooms.keys()].every((name) => !name.includes(' ')) ? rooms : null;
}

function specifiers(names: string): string[] {
  return names.split(',').map((name) => name.trim()).filter((name) => name !== '' && !name.startsWith('type '));
}
