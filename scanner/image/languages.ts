// Packages of languages by the files they leave: npm, Python, Java archives and Go binaries.
import { isJsonObject } from '../../ledger/json.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { readJson } from '../advisories/observation.ts';
import { readZip } from '../import/zip.ts';
import type { ScanComponent } from '../match/components.ts';
import { formatPurl } from '../purl/purl.ts';
import { textOf } from './distribution.ts';
import type { File, FileTree } from './files.ts';
import { goBuildInfo } from './go.ts';
import type { LayerCache } from './layer-cache.ts';

/** A file that looked like a package and could not be read: named, never passed over. */
export interface Unreadable {
  readonly path: string;
  readonly why: string;
}

export interface Found {
  readonly components: readonly ScanComponent[];
  readonly unreadable: readonly Unreadable[];
}

/** Nested archives (a jar in a war) are opened to this depth. */
const archiveDepthMax = 3;

/** @param cache - what is known of layers' files; looked up for files that need reading */
export function languagePackages(tree: FileTree, cache: LayerCache | null = null): Found {
  const components: ScanComponent[] = [];
  const unreadable: Unreadable[] = [];
  for (const file of tree.files()) {
    if (!mayHold(file)) continue;
    const found = cache === null ? foundIn(file) : cache.of(file, foundIn);
    components.push(...found.components);
    unreadable.push(...found.unreadable);
  }
  cache?.keep();
  return { components, unreadable };
}

/** Whether a file's name or mode says that there may be packages in it. */
function mayHold({ path, mode }: File): boolean {
  return (mode & 0o111) !== 0 || /(?:\/package\.json|\.dist-info\/METADATA|\.egg-info(?:\/PKG-INFO)?|\.jar|\.war|\.ear)$/.test(path);
}

function foundIn(file: File): Found {
  try {
    return { components: packagesIn(file), unreadable: [] };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return { components: [], unreadable: [{ path: `/${file.path}`, why: error.message }] };
  }
}

function packagesIn(file: File): ScanComponent[] {
  const { path } = file;
  if (/(?:^|\/)node_modules\/(?:@[^/]+\/)?[^/]+\/package\.json$/.test(path)) return npmPackage(file);
  if (/\.(?:dist-info\/METADATA|egg-info\/PKG-INFO|egg-info)$/.test(path)) return pythonPackage(file);
  if (/\.(?:jar|war|ear)$/.test(path)) return javaPackages(file, file.read(), `/${path}`, 0);
  return (file.mode & 0o111) !== 0 ? goPackages(file) : [];
}

function npmPackage(file: File): ScanComponent[] {
  const read = readJson(file.read());
  if (!isJsonObject(read) || typeof read.name !== 'string' || typeof read.version !== 'string') return [];
  const [namespace, name] = read.name.startsWith('@') ? (read.name.split('/', 2) as [string, string | undefined]) : [null, read.name];
  return name === undefined ? [] : [component(file, formatPurl({ type: 'npm', namespace, name, version: read.version }), read.name, read.version)];
}

/** Core metadata: headers up to the first empty line. */
function pythonPackage(file: File): ScanComponent[] {
  const head = textOf(file).split(/\r?\n\r?\n/, 1)[0] as string;
  const [name, version] = ['Name', 'Version'].map((field) => new RegExp(`^${field}:[ \\t]*(\\S+)`, 'im').exec(head)?.[1]);
  return name === undefined || version === undefined ? [] : [component(file, formatPurl({ type: 'pypi', name, version }), name, version)];
}

/** Maven writes `META-INF/maven/GROUP/ARTIFACT/pom.properties` into what it builds; nested archives are opened too. */
function javaPackages(file: File, bytes: Uint8Array, place: string, depth: number): ScanComponent[] {
  const found: ScanComponent[] = [];
  for (const member of readZip(bytes)) {
    if (/^META-INF\/maven\/[^/]+\/[^/]+\/pom\.properties$/.test(member.name)) {
      const fields = new Map(new TextDecoder().decode(member.bytes).split(/\r?\n/).map((line) => line.split('=', 2) as [string, string]));
      const [namespace, name, version] = [fields.get('groupId'), fields.get('artifactId'), fields.get('version')];
      if (namespace === undefined || name === undefined || version === undefined) continue;
      found.push({ ...component(file, formatPurl({ type: 'maven', namespace, name, version }), name, version, place), group: namespace });
    } else if (depth < archiveDepthMax && /\.(?:jar|war)$/.test(member.name)) {
      found.push(...javaPackages(file, member.bytes, `${place}!/${member.name}`, depth + 1));
    }
  }
  return found;
}

/** The main module, its dependencies as replaced, and the toolchain's standard library. */
function goPackages(file: File): ScanComponent[] {
  const build = goBuildInfo(file.read());
  if (build === null) return [];
  const modules = build.modules.map(({ path, version }) => component(file, moduleName(path, version), path, version));
  const standard = build.goVersion.replace(/^go/, '').split(' ', 1)[0] as string;
  return [...modules, component(file, formatPurl({ type: 'golang', name: 'stdlib', version: standard }), 'stdlib', standard)];
}

function moduleName(path: string, version: string): string {
  const slash = path.lastIndexOf('/');
  return formatPurl({ type: 'golang', namespace: slash < 0 ? null : path.slice(0, slash), name: path.slice(slash + 1), version });
}

function component(file: File, purl: string, name: string, version: string, place = `/${file.path}`): ScanComponent {
  return { ref: `${purl} in ${place}`, type: 'library', name, version, purl, paths: [place], ...(file.layer !== null && { layers: [file.layer] }) };
}
