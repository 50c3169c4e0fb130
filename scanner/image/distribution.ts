// Packages a distribution's manager recorded: dpkg, apk and rpm databases, with the files each package owns.
import { decodeText } from '../../ledger/text.ts';
import type { ScanComponent } from '../match/components.ts';
import { formatPurl } from '../purl/purl.ts';
import type { File, FileTree } from './files.ts';
import { readRpmDatabase } from './rpm.ts';

export interface OwnedPackage {
  readonly component: ScanComponent;
  /** Paths from the root without a leading slash. */
  readonly files: readonly string[];
}

export interface OsRelease {
  readonly id: string;
  readonly version: string | null;
}

/** `/etc/os-release` (os-release(5)); null where the tree has none. */
export function osReleaseOf(tree: FileTree): OsRelease | null {
  const file = tree.get('etc/os-release') ?? tree.get('usr/lib/os-release');
  if (file === null) return null;
  const fields = new Map(textOf(file).split('\n').flatMap((line): [string, string][] => {
    const found = /^([A-Z_]+)=(?:"([^"]*)"|'([^']*)'|(.*))$/.exec(line.trim());
    return found === null ? [] : [[found[1] as string, found[2] ?? found[3] ?? found[4] ?? '']];
  }));
  const id = fields.get('ID');
  return id === undefined || id === '' ? null : { id: id.toLowerCase(), version: fields.get('VERSION_ID') ?? null };
}

export function textOf(file: File): string {
  return decodeText(file.read()).text;
}

/** Blocks of `Field: value` lines, continuation lines folded, as dpkg writes them. */
function stanzas(text: string): ReadonlyMap<string, string>[] {
  return text.split(/\n\s*\n/).map((block) => {
    const fields = new Map<string, string>();
    let last = '';
    for (const line of block.split('\n')) {
      const found = /^([!-9;-~]+):\s*(.*)$/.exec(line);
      if (found !== null) fields.set((last = (found[1] as string).toLowerCase()), found[2] as string);
      else if (last !== '' && /^[ \t]/.test(line)) fields.set(last, `${fields.get(last)}\n${line.trim()}`);
    }
    return fields;
  });
}

/** dpkg's status file, and `status.d` where images without dpkg keep it; only what is installed. */
export function dpkgPackages(tree: FileTree, os: OsRelease | null): OwnedPackage[] {
  const files = [...tree.files()];
  const status = files.filter(({ path }) => path === 'var/lib/dpkg/status' || (path.startsWith('var/lib/dpkg/status.d/') && !path.endsWith('.md5sums')));
  return status.flatMap((file) => stanzas(textOf(file)).flatMap((fields): OwnedPackage[] => {
    const [name, version, arch] = [fields.get('package'), fields.get('version'), fields.get('architecture')];
    if (name === undefined || version === undefined || !/(^| )installed$/.test(fields.get('status') ?? 'installed')) return [];
    const source = /^(\S+)(?:\s+\(([^)]+)\))?$/.exec(fields.get('source') ?? name);
    const lists = [`info/${name}.list`, `info/${name}:${arch}.list`, `status.d/${name}.md5sums`].map((path) => tree.get(`var/lib/dpkg/${path}`));
    const lines = lists.flatMap((list) => (list === null ? [] : textOf(list).split('\n')));
    return [{
      component: component('deb', os, name, version, arch, file, { name: source?.[1] ?? name, version: source?.[2] ?? version }),
      files: lines.map((line) => line.replace(/^[0-9a-f]{32}\s+/, '').replace(/^\//, '')).filter((path) => path !== ''),
    }];
  }));
}

/** apk's `installed` database: one-letter fields, `F:` for folders and `R:` for files in them. */
export function apkPackages(tree: FileTree, os: OsRelease | null): OwnedPackage[] {
  const file = tree.get('lib/apk/db/installed') ?? tree.get('usr/lib/apk/db/installed');
  if (file === null) return [];
  return textOf(file).split(/\n\n+/).flatMap((block): OwnedPackage[] => {
    const fields = new Map<string, string>();
    const files: string[] = [];
    let folder = '';
    for (const line of block.split('\n')) {
      const [key, value] = [line.slice(0, 1), line.slice(2)];
      if (key === 'F') folder = value === '' ? '' : `${value}/`;
      else if (key === 'R') files.push(folder + value);
      else fields.set(key, value);
    }
    const [name, version] = [fields.get('P'), fields.get('V')];
    if (name === undefined || version === undefined) return [];
    const source = fields.get('o') ?? name;
    return [{ component: component('apk', os, name, version, fields.get('A'), file, { name: source, version }), files }];
  });
}

const RPM_DATABASES = [
  'var/lib/rpm/rpmdb.sqlite', 'usr/lib/sysimage/rpm/rpmdb.sqlite', 'usr/share/rpm/rpmdb.sqlite', 'usr/lib/sysimage/rpm/Packages.db',
  'var/lib/rpm/Packages.db', 'var/lib/rpm/Packages', 'usr/share/rpm/Packages',
];

export function rpmPackages(tree: FileTree, os: OsRelease | null): OwnedPackage[] {
  const file = RPM_DATABASES.map((path) => tree.get(path)).find((found) => found !== null);
  if (file === undefined || file === null) return [];
  return readRpmDatabase(file.read()).filter(({ name }) => name !== 'gpg-pubkey').map((rpm) => {
    const version = `${rpm.version}-${rpm.release}`;
    const withEpoch = (text: string) => (rpm.epoch === null || rpm.epoch === 0 ? text : `${rpm.epoch}:${text}`);
    // The source shares the epoch: SOURCERPM does not say it.
    const source = rpm.source === null ? undefined : { name: rpm.source.name, version: withEpoch(rpm.source.version) };
    const made = component('rpm', os, rpm.name, version, rpm.arch ?? undefined, file, source, rpm.epoch === null ? {} : { epoch: String(rpm.epoch) });
    return { component: { ...made, version: withEpoch(version) }, files: rpm.files.map((path) => path.replace(/^\//, '')) };
  });
}

function component(
  type: string, os: OsRelease | null, name: string, version: string, arch: string | undefined, file: File,
  source?: { name: string; version: string }, more: Record<string, string> = {},
): ScanComponent {
  const distro = os === null ? {} : { distro: os.version === null ? os.id : `${os.id}-${os.version}` };
  // Purls name Red Hat and SUSE by the vendor, os-release by the product.
  const namespace = { rhel: 'redhat', 'opensuse-leap': 'opensuse', 'opensuse-tumbleweed': 'opensuse', sles: 'suse' }[os?.id ?? ''] ?? os?.id ?? null;
  const purl = formatPurl({ type, namespace, name, version, qualifiers: { ...(arch !== undefined && { arch }), ...distro, ...more } });
  return {
    ref: purl, type: 'library', name, version, purl, paths: [`/${file.path}`], ...(file.layer !== null && { layers: [file.layer] }),
    ...(source !== undefined && { source }),
  };
}
