// The command line as it is published: few chunks for each command, where a scan would open 450 modules.
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type BuildResult, type Plugin } from 'esbuild';

const root = fileURLToPath(new URL('../', import.meta.url));

const style = { format: 'esm', platform: 'node', target: 'node22', charset: 'utf8', logLevel: 'silent', minifySyntax: true, minifyWhitespace: true } as const;

/**
 * Writes `cli/main.ts` and all that it loads, with each command and each further `import()` in a file of its own.
 *
 * Packages stay packages: whoever installs the ledger gets theirs, at the versions that his lockfile says.
 *
 * @param folder - emptied first; threads and schemas are found beside it, as beside `dist/cli`
 */
export async function writeCommandLine(folder: string): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  const { outputFiles, metafile } = await build({
    absWorkingDir: root, entryPoints: ['cli/main.ts'], outdir: folder, bundle: true, splitting: true, chunkNames: '[name]-[hash]', ...style,
    metafile: true, write: false, plugins: [modules],
  });
  const outputs = new Map(Object.entries(metafile.outputs).map(([path, output]) => [basename(path), output]));
  const texts = new Map(outputFiles.map(({ path, text }) => [basename(path), text]));
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of await withCore(outputs, texts)) writeFileSync(join(folder, name), text);
}

type Output = BuildResult<{ metafile: true }>['metafile']['outputs'][string];

/**
 * Joins what `stella scan` of a bill of materials takes into one file: opening thirty small ones is a quarter of what the shortest
 * command takes, and most commands take most of them.
 */
async function withCore(outputs: ReadonlyMap<string, Output>, texts: ReadonlyMap<string, string>): Promise<Map<string, string>> {
  const core = new Set<string>();
  const add = (name: string) => {
    for (const { path, kind } of outputs.get(name)?.imports ?? []) {
      const found = basename(path);
      if (kind !== 'import-statement' || core.has(found) || !outputs.has(found) || outputs.get(found)?.entryPoint !== undefined) continue;
      core.add(found);
      add(found);
    }
  };
  for (const [name, { entryPoint }] of outputs) if (entryPoint === 'cli/main.ts' || entryPoint === 'cli/commands/scan.ts') add(name);
  const chunks = [...core].sort();
  // Two chunks may have an export of one name.
  const prefix = (chunk: string) => `c${chunks.indexOf(chunk)}_`;
  const doors = chunks.map((chunk) => {
    const names = outputs.get(chunk)?.exports.map((name) => `${name} as ${prefix(chunk)}${name}`) ?? [];
    return `export { ${names.join(', ')} } from './${chunk}';`;
  });
  const { outputFiles } = await build({
    ...style, bundle: true, write: false, stdin: { contents: doors.join('\n'), resolveDir: root },
    plugins: [{
      name: 'chunks',
      setup({ onLoad, onResolve }) {
        onResolve({ filter: /.*/ }, ({ path, kind }) => {
          const isJoined = kind !== 'dynamic-import' && core.has(basename(path));
          return isJoined ? { path: basename(path), namespace: 'chunk', sideEffects: false } : { path, external: true };
        });
        onLoad({ filter: /.*/, namespace: 'chunk' }, ({ path }) => ({ contents: texts.get(path) ?? '', loader: 'js' }));
      },
    }],
  });
  const joined = new Map([['core.js', outputFiles[0]?.text ?? '']]);
  for (const [name, text] of texts) if (!core.has(name)) joined.set(name, throughCore(text, core, prefix));
  return joined;
}

/** A file that imports from `core.js` what it imported from the chunks in it. */
function throughCore(text: string, core: ReadonlySet<string>, prefix: (chunk: string) => string): string {
  return text.replaceAll(/\b(import|export)(?:\{([^}]*)\}from)?"\.\/([^"]+)"/g, (whole, verb: string, names: string | undefined, chunk: string) => {
    if (!core.has(chunk)) return whole;
    if (names === undefined) return `${verb}"./core.js"`;
    const renamed = names.split(',').map((name) => {
      const [from, as = from] = name.split(' as ') as [string, string?];
      return `${prefix(chunk)}${from} as ${as}`;
    });
    return `${verb}{${renamed.join(',')}}from"./core.js"`;
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
