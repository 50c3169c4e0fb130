// Images for traces: a distribution's packages with their files, as OCI layouts, and what their traces say.
import { expect } from 'vitest';
import { analyzeFiles, readImageArchive, type ScanComponent } from '../../../scanner/index.ts';
import { chainTo, entryPointOf, traceEntryPoint, type TraceDocument } from '../../../scanner/trace/trace.ts';
import { ociArchive, tar, type Member } from '../image/make.ts';
import { program, type Config } from './make.ts';

export interface Traced {
  readonly document: TraceDocument;
  /** By package name: `reached`, `not_reached`, or why it is not known. */
  readonly packages: Readonly<Record<string, string>>;
  readonly reasons: readonly string[];
}

export async function imageTrace(layers: readonly (readonly Member[])[], config: Config): Promise<Traced> {
  const image = await readImageArchive(tar(ociArchive(layers.map((layer) => tar(layer)), { config })));
  const analysis = analyzeFiles(image.files);
  const document = traceEntryPoint(entryPointOf(image.config), image.files, analysis);
  const names = new Map(analysis.components.map((one: ScanComponent) => [one.ref, one.name]));
  const packages = Object.fromEntries(document.packages.map(({ ref, trace }) => [names.get(ref) as string, trace.state === 'unknown' ? trace.reason
    : trace.state]));
  // Steps that are named lead back to the entry point.
  for (const { step } of document.packages) if (step !== null) expect(chainTo(document, step)[0]?.from).toBeNull();
  return { document, packages, reasons: document.ends.map(({ reason, detail }) => `${reason}: ${detail}`) };
}

/** Debian's records of packages with their files. */
export function dpkg(packages: Readonly<Record<string, readonly string[]>>): Member[] {
  const status = Object.keys(packages).map((name) => `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1.0-1\n`).join('\n');
  return [
    { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' }, { path: 'var/lib/dpkg/status', content: status },
    ...Object.entries(packages).map(([name, files]) => ({ path: `var/lib/dpkg/info/${name}.list`,
      content: `/.\n${files.map((file) => `/${file}\n`).join('')}` })),
  ];
}

export function apk(packages: Readonly<Record<string, readonly string[]>>): Member[] {
  const installed = Object.entries(packages).map(([name, files]) =>
    `P:${name}\nV:1.0-r0\nA:x86_64\no:${name}\n${files.map((file) =>
      `F:${file.slice(0, file.lastIndexOf('/'))}\nR:${file.slice(file.lastIndexOf('/') + 1)}\n`).join('')}`);
  return [{ path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.20.1\n' }, { path: 'lib/apk/db/installed', content: installed.join('\n') }];
}

export const passwd: Member = { path: 'etc/passwd',
  content: 'root:x:0:0:root:/root:/bin/sh\nstore:x:999:999::/var/lib/store:/bin/sh\nkeep:x:999:1000::/data:/sbin/nologin\n' };
const libc = program('lib/x86_64-linux-gnu/libc.so.6', { imports: ['dlopen'] });
export const debian = (packages: Readonly<Record<string, readonly string[]>>): Member[] => [
  ...dpkg({ libc6: ['lib/x86_64-linux-gnu/libc.so.6'], ...packages }), libc, passwd, { path: 'bin', link: 'usr/bin' },
  ...['mkdir', 'chown', 'chmod', 'id', 'find', 'env', 'cat', 'rm'].map((name) => program(`usr/bin/${name}`, { needed: ['libc.so.6'] })),
  program('usr/bin/bash', { needed: ['libc.so.6', 'libtinfo.so.6'] }), program('usr/bin/dash', { needed: ['libc.so.6'] }), { path: 'usr/bin/sh', link: 'dash' },
  program('usr/lib/x86_64-linux-gnu/libtinfo.so.6'),
];
export const base = {
  bash: ['bin/bash'], dash: ['bin/dash', 'bin/sh'], coreutils: ['bin/mkdir', 'bin/chown', 'bin/chmod', 'usr/bin/id', 'usr/bin/env', 'bin/cat', 'bin/rm'],
  findutils: ['usr/bin/find'], libtinfo6: ['usr/lib/x86_64-linux-gnu/libtinfo.so.6'],
};
