// From files to packages: which files are a component's own, and so whether what was reached is one of them.
import type { OwnedPackage } from '../image/distribution.ts';
import type { EntryTrace, ScanComponent } from '../match/components.ts';
import type { TraceFiles } from './files.ts';
import type { Over, Tracer } from './tracer.ts';

/** A component's verdict, with the step that reached it, or the place of the open end that leaves it unknown. */
export interface Traced {
  readonly ref: string;
  readonly trace: EntryTrace;
  readonly step: number | null;
  /** Null also where the component's own files leave it unknown. */
  readonly end: number | null;
}

type Kind = 'composer' | 'cpan' | 'gem' | 'maven' | 'npm' | 'pypi' | null;

/** What a language loads: a distribution's package that has such files is one of that language's packages too. */
const FILES: Readonly<Record<NonNullable<Kind>, RegExp>> = {
  composer: /\.(?:php|inc)$/, cpan: /\.(?:pm|pl|al)$|\/auto\/.*\.so$/, gem: /\.rb$|\/ruby\/.*\.so$/, maven: /\.(?:jar|war|ear|class|jmod)$/,
  npm: /(?:^|\/)(?:node_modules|nodejs)\/|\.node$/, pypi: /\/(?:site|dist)-packages\/|\/python3?[\d.]*\/.*\.(?:py|so)$/,
};

export function tracePackages(tracer: Tracer, components: readonly ScanComponent[], owned: readonly OwnedPackage[]): Traced[] {
  const { files } = tracer;
  const filesOf = new Map(owned.map(({ component, files }) => [component.ref, files]));
  const ends = [...tracer.ends.values()];
  const languages = components.filter(({ ref }) => !filesOf.has(ref));
  const folders = npmFolders(languages);
  return components.map((component): Traced => {
    const own = filesOf.get(component.ref);
    const found = own !== undefined ? stepOf(tracer, own) : languageStep(tracer, component, languages, folders);
    if (typeof found === 'number') return { end: null, ref: component.ref, trace: { state: 'reached' }, step: found };
    const kind = kindOf(component);
    // What brings everything in says more than what brings in a kind.
    const at = ends.findIndex(({ over }) => covers(over, kind, own, files));
    const reason = ends[at]?.reason ?? (typeof found === 'string' ? found : own !== undefined && own.length === 0 ? 'files_not_listed' : undefined);
    const trace: EntryTrace = reason === undefined ? { state: 'not_reached' } : { reason, state: 'unknown' };
    return { end: at < 0 ? null : at, ref: component.ref, trace, step: null };
  });
}

function covers(over: Over, kind: Kind, own: readonly string[] | undefined, files: TraceFiles): boolean {
  switch (over) {
    case 'everything':
      return true;
    case 'libraries':
      return (own ?? []).some((path) => /\.so(?:\.|$)/.test(path)) || kind === 'npm' || kind === 'pypi' ? own !== undefined || hasNative(kind, files) : false;
    case 'system_libraries':
      return (own ?? []).some((path) => /\/libnss_|\/gconv\//.test(`/${path}`));
    default:
      return kind === over || (own ?? []).some((path) => FILES[over].test(path));
  }
}

/** Whether packages of a language here bring libraries at all. */
function hasNative(kind: Kind, files: TraceFiles): boolean {
  for (const { path } of files.all()) if (kind === 'npm' ? path.endsWith('.node') : path.endsWith('.so') && /-packages\//.test(path)) return true;
  return false;
}

function kindOf({ purl = '' }: ScanComponent): Kind {
  const type = /^pkg:([a-z]+)\//.exec(purl)?.[1];
  return type !== undefined && Object.hasOwn(FILES, type) ? (type as Kind) : null;
}

/** A distribution's files as the tree names them: `/bin/sh` may lie in `usr/bin`. */
function stepOf(tracer: Tracer, paths: readonly string[]): number | null {
  let first: number | null = null;
  for (const path of paths) {
    const at = path.lastIndexOf('/');
    const folder = tracer.files.resolve(path.slice(0, Math.max(0, at)));
    const real = folder === null || folder.links.length === 0 ? path : `${folder.path}/${path.slice(at + 1)}`;
    const step = tracer.reached.get(path) ?? tracer.reached.get(real);
    if (step !== undefined && (first === null || step < first)) first = step;
  }
  return first;
}

function npmFolders(components: readonly ScanComponent[]): ReadonlySet<string> {
  return new Set(components.flatMap((one) => (kindOf(one) === 'npm' ? (one.paths ?? []).map((path) => path.replace(/^\/|\/package\.json$/g, '')) : [])));
}

/** @returns the step, null for none, or why it cannot be said */
function languageStep(tracer: Tracer, component: ScanComponent, all: readonly ScanComponent[], folders: ReadonlySet<string>): number | string | null {
  const path = component.paths?.[0] ?? '';
  const kind = kindOf(component);
  if (kind === 'npm') return folderStep(tracer, path.replace(/^\/|\/package\.json$/g, ''), folders);
  if (kind === 'pypi') return pythonStep(tracer, path.slice(1));
  if (kind === 'maven') {
    const step = tracer.reached.get(path.slice(1));
    if (step === undefined) return null;
    const together = all.filter((one) => one.paths?.[0] === path && kindOf(one) === 'maven');
    // An archive made of several packages: its classes do not say whose they are.
    const archive = path.slice(path.lastIndexOf('/') + 1);
    return together.length === 1 || archive.startsWith(`${component.name}-`) || archive === `${component.name}.jar` ? step : 'shared_archive';
  }
  return tracer.reached.get(path.slice(1)) ?? null;
}

/** The first file that was reached in a folder, but for packages inside of it. */
function folderStep(tracer: Tracer, folder: string, folders: ReadonlySet<string>): number | null {
  for (const [path, step] of tracer.reached) {
    if (!path.startsWith(`${folder}/`)) continue;
    let at = path.slice(0, path.lastIndexOf('/'));
    while (at !== folder && !folders.has(at)) at = at.slice(0, at.lastIndexOf('/'));
    if (at === folder) return step;
  }
  return null;
}

/** RECORD lists a wheel's files (PEP 376), installed-files.txt and top_level.txt those of older packages. */
function pythonStep(tracer: Tracer, metadata: string): number | string | null {
  const folder = metadata.slice(0, metadata.lastIndexOf('/'));
  const base = /\.(?:dist|egg)-info$/.test(folder) ? folder.slice(0, Math.max(0, folder.lastIndexOf('/'))) : folder;
  const record = tracer.files.text(`${folder}/RECORD`);
  const installed = tracer.files.text(`${folder}/installed-files.txt`);
  if (record !== null || installed !== null) {
    const names = record !== null ? record.split('\n').map((line) => csvFirst(line)) : (installed as string).split('\n');
    const root = record !== null ? base : folder;
    return stepOf(tracer, names.filter((name) => name !== '').map((name) => tracer.files.resolve(`${root}/${name.trim()}`)?.path ?? name));
  }
  const tops = tracer.files.text(`${folder}/top_level.txt`)?.split('\n').filter((name) => name !== '');
  if (tops === undefined || tops.length === 0) return 'files_not_listed';
  for (const top of tops) {
    for (const [path, step] of tracer.reached) if (path.startsWith(`${base}/${top}/`) || path === `${base}/${top}.py`
      || path.startsWith(`${base}/${top}.`)) return step;
  }
  return null;
}

/** The first field of a line of comma-separated values. */
function csvFirst(line: string): string {
  const quoted = /^"((?:[^"]|"")*)"/.exec(line)?.[1];
  return quoted === undefined ? (line.split(',', 1)[0] as string) : quoted.replaceAll('""', '"');
}
