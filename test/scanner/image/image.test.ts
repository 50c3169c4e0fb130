// Images and root file systems: what lies where after all layers, which packages that makes, whose files are whose.
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import {
  analyzeFiles, LayeredFiles, readImageArchive, readTar, scan, Snapshot, type FindingsDocument, type ImageOptions, type ScanComponent,
} from '../../../scanner/index.ts';
import { goBuildInfo } from '../../../scanner/image/go.ts';
import { readRpmDatabase, readRpmHeader } from '../../../scanner/image/rpm.ts';
import { build, fileOf, observationOf } from '../snapshot/memory.ts';
import { bytesOf, goBinary, ociArchive, rpmBerkeley, rpmHeader, rpmNdb, rpmSqlite, sha256, tar, type Member } from './make.ts';

function filesOf(...layers: Member[][]): LayeredFiles {
  const files = new LayeredFiles();
  layers.forEach((members, i) => files.apply(`sha256:${i}`, readTar(tar(members))));
  return files;
}

const text = (files: LayeredFiles, path: string) => {
  const file = files.get(path);
  return file === null ? null : new TextDecoder().decode(file.read());
};
const short = (components: readonly ScanComponent[]) =>
  components.map(({ purl, source, ownedBy }) => [purl, source?.name, ownedBy].filter((one) => one !== undefined));

describe('layers', () => {
  test('whiteouts hide what is below, links are followed within the tree', () => {
    const files = filesOf(
      [
        { path: 'a/1', content: 'one' }, { path: 'a/2', content: 'two' }, { path: 'b/3', content: 'three' }, { path: 'bin', link: 'usr/bin' },
        { path: 'usr/bin/sh', content: 'sh' },
      ],
      [
        { path: 'a/.wh.1' }, { path: 'b/.wh..wh..opq' }, { path: 'b/4', content: 'four' }, { path: 'up', link: '../../etc/../a/2' },
        { path: 'loop', link: 'loop' },
      ],
    );
    const found = { 'a/1': null, 'a/2': 'two', 'b/3': null, 'b/4': 'four', 'bin/sh': 'sh', up: 'two', loop: null, '/a//2': 'two' };
    expect(Object.fromEntries(Object.keys(found).map((path) => [path, text(files, path)]))).toEqual(found);
    expect([...files.files()].map(({ path, layer }) => [path, layer])).toEqual([['a/2', 'sha256:0'], ['b/4', 'sha256:1'], ['usr/bin/sh', 'sha256:0']]);
  });

  test('a file in place of a folder takes its contents away; hard links are files', () => {
    const files = filesOf([{ path: 'd/x', content: 'x' }, { path: 'e', content: 'e' }], [{ path: 'd', content: 'file' }, { path: 'f', link: 'e', type: '1' }]);
    expect(['d/x', 'd', 'f'].map((path) => text(files, path))).toEqual([null, 'file', 'e']);
  });

  test('a path out of the root, a long name and a damaged header', () => {
    const long = `${'folder/'.repeat(30)}file`;
    const members = tar([{ path: '../evil', content: 'x' }, { path: './ok/../fine', content: 'y' }, { path: long, content: 'z' }]);
    expect([...readTar(members)].map(({ path }) => path)).toEqual(['fine', long]);
    const damaged = tar([{ path: 'a', content: 'x' }]);
    damaged[0] = 0x62;
    expect(() => [...readTar(damaged)]).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED', position: 0 }) as Error);
  });
});

describe('an image', () => {
  const layers = [tar([{ path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.18.4\n' }]), tar([{ path: 'x', content: 'y' }])];

  test.each([
    ['plain', (layer: Uint8Array) => layer],
    ['gzip', (layer: Uint8Array) => new Uint8Array(gzipSync(layer))],
    ['zstd', (layer: Uint8Array) => new Uint8Array(zstdCompressSync(layer))],
  ])('as an OCI layout with %s layers', async (_, pack) => {
    const image = await readImageArchive(tar(ociArchive(layers, { config: { Entrypoint: ['/x'] } }, pack)));
    expect(image.layers).toEqual(layers.map((layer) => `sha256:${sha256(layer)}`));
    expect(image.config).toMatchObject({ config: { Entrypoint: ['/x'] } });
    expect(text(image.files, 'x')).toBe('y');
  });

  test('as docker writes it', async () => {
    const config = JSON.stringify({ rootfs: { diff_ids: layers.map((layer) => `sha256:${sha256(layer)}`) } });
    const members = [
      { path: 'manifest.json', content: JSON.stringify([{ Config: 'c.json', RepoTags: null, Layers: ['0/layer.tar', '1/layer.tar'] }]) },
      { path: 'c.json', content: config }, { path: '0/layer.tar', content: layers[0] as Uint8Array },
      { path: '1/layer.tar', content: layers[1] as Uint8Array },
    ];
    expect(text((await readImageArchive(tar(members))).files, 'x')).toBe('y');
    const digest = `sha256:${sha256(bytesOf(config))}`;
    expect((await readImageArchive(tar(members), { digest })).digest).toBe(digest);
    await expect(readImageArchive(tar(members), { digest: `sha256:${'ab'.repeat(32)}` })).rejects.toMatchObject({
      code: 'SUBJECT_MISMATCH', message: expect.stringContaining(`it is ${digest}`) as string, hint: expect.stringContaining('OCI layout') as string,
    });
  });

  /** Several layouts as one: their images side by side, or in an index of platforms that the layout's own leads to. */
  const several = (isNested: boolean) => {
    const platforms = ['amd64', 'arm64'];
    const layouts = platforms.map((architecture) => ociArchive([tar([{ path: 'on', content: architecture }])]));
    const manifests = layouts.map((members, i) => {
      const content = members.find(({ path }) => path === 'index.json')?.content ?? '';
      const { manifests: [one] } = JSON.parse(new TextDecoder().decode(bytesOf(content))) as { manifests: [{ digest: string }] };
      return { ...one, platform: { os: 'linux', architecture: platforms[i] as string } };
    });
    const index = JSON.stringify({ schemaVersion: 2, manifests: [...manifests, { digest: `sha256:${'0'.repeat(64)}`, platform: { os: 'unknown' } }] });
    const named = `sha256:${sha256(bytesOf(index))}`;
    const top = isNested ? JSON.stringify({ schemaVersion: 2, manifests: [{ digest: named, size: index.length }] }) : index;
    const blobs = layouts.flatMap((members) => members.filter(({ path }) => path.startsWith('blobs/')));
    const archive = tar([{ path: 'index.json', content: top }, { path: `blobs/${named.replace(':', '/')}`, content: index }, ...blobs]);
    return { archive, index: named, amd64: manifests[0]?.digest as string, arm64: manifests[1]?.digest as string };
  };

  test.each([false, true])('is read under its own digest, or that of one of its platforms, and no other (nested: %s)', async (isNested) => {
    const { archive, index, amd64, arm64 } = several(isNested);
    const on = async (options: ImageOptions) => {
      const image = await readImageArchive(archive, options);
      return [image.digest, text(image.files, 'on')];
    };
    expect(await on({ digest: arm64 })).toEqual([arm64, 'arm64']);
    expect(await on({ digest: amd64, platform: { os: 'linux', architecture: 'amd64' } })).toEqual([amd64, 'amd64']);
    const names = `${amd64} (linux/amd64), ${arm64} (linux/arm64)`;
    const other = `sha256:${'ab'.repeat(32)}`;
    await expect(on({ digest: other })).rejects.toMatchObject({ code: 'SUBJECT_MISMATCH', hint: `name one of ${names}` });
    await expect(on({ digest: other, platform: { os: 'linux', architecture: 'arm64' } })).rejects.toMatchObject({
      code: 'SUBJECT_MISMATCH', message: `Cannot take the image for ${other}: it is ${arm64}`,
    });
    await expect(on({ digest: amd64, platform: { os: 'linux', architecture: 'arm64' } })).rejects.toMatchObject({ code: 'INPUT_MALFORMED' });
    if (isNested) await expect(on({ digest: index })).rejects.toMatchObject({ code: 'SUBJECT_MISMATCH', hint: `name one of its platforms: ${names}` });
  });

  test('whose blob has another content is refused', async () => {
    const members = ociArchive(layers);
    const name = sha256(layers[1] as Uint8Array);
    const changed = members.map((member) => (member.path.endsWith(name) ? { ...member, content: tar([]) } : member));
    await expect(readImageArchive(tar(changed))).rejects.toThrowError(/has another content/);
    await expect(readImageArchive(tar([{ path: 'a', content: '' }]))).rejects.toThrowError(/neither index.json nor manifest.json/);
  });
});

describe('the rpm database', () => {
  const many = Array.from({ length: 2_000 }, (_, i) => `/usr/share/doc/folder-${i % 40}/file-${i}`);
  const rpms = [
    { name: 'bash', version: '5.1.8', release: '6.el9' },
    {
      name: 'python3-urllib3', version: '1.24.2', release: '5.el8', epoch: 1, source: 'python-urllib3-1.24.2-5.el8.src.rpm',
      files: ['/usr/lib/python3/x.dist-info/METADATA'],
    },
    { name: 'big', version: '1', release: '1', files: many },
  ];
  const headers = rpms.map(rpmHeader);

  test.each([['SQLite', rpmSqlite(headers)], ['ndb', rpmNdb(headers)], ['Berkeley DB', rpmBerkeley(headers)],
    ['Berkeley DB, big-endian', rpmBerkeley(headers, false)]])('in %s: names, epochs, sources and all files', (_, bytes) => {
    const read = readRpmDatabase(bytes);
    expect(read.map(({ name, epoch, version, release, arch, source }) => [name, epoch, version, release, arch, source?.name, source?.version])).toEqual([
      ['bash', null, '5.1.8', '6.el9', 'x86_64', 'bash', '5.1.8-6.el9'],
      ['python3-urllib3', 1, '1.24.2', '5.el8', 'x86_64', 'python-urllib3', '1.24.2-5.el8'],
      ['big', null, '1', '1', 'x86_64', 'big', '1-1'],
    ]);
    expect(read[2]?.files).toEqual(many);
  });

  test('many packages in SQLite go over interior pages', () => {
    const list = Array.from({ length: 700 }, (_, i) => rpmHeader({ name: `p${i}`, version: '1', release: '1', files: many.slice(0, 20) }));
    expect(readRpmDatabase(rpmSqlite(list)).map(({ name }) => name)).toEqual(Array.from({ length: 700 }, (_, i) => `p${i}`));
  });

  test('damaged anywhere is refused or read, never more', () => {
    const whole = [rpmSqlite(headers.slice(0, 2)), rpmNdb(headers.slice(0, 2)), rpmBerkeley(headers.slice(0, 2))];
    for (const bytes of whole) {
      for (let i = 0; i < Math.min(bytes.length, 9_000); i += 7) {
        const changed = bytes.slice();
        changed[i] = (changed[i] as number) ^ 0xff;
        try {
          readRpmDatabase(changed);
        } catch (error) {
          expect((error as { code?: string }).code ?? (error as Error).stack).toBe('INPUT_MALFORMED');
        }
      }
    }
    expect(() => readRpmHeader(new Uint8Array(4))).toThrowError(expect.objectContaining({ code: 'INPUT_MALFORMED' }) as Error);
  });
});

describe('packages', () => {
  test('of Debian: source names and versions, and what is not installed is not there', () => {
    const status = `Package: libssl3
Status: install ok installed
Architecture: amd64
Source: openssl (3.0.11-1)
Version: 3.0.11-1+b1
Description: text
 with a second line

Package: gone
Status: deinstall ok config-files
Version: 1
Architecture: amd64
`;
    const files = filesOf([
      { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' }, { path: 'var/lib/dpkg/status', content: status },
      { path: 'var/lib/dpkg/status.d/tzdata', content: 'Package: tzdata\nVersion: 2024a-0+deb12u1\nArchitecture: all\n' },
    ]);
    const { components } = analyzeFiles(files);
    expect(components.map(({ purl, source }) => [purl, source])).toEqual([
      ['pkg:deb/debian/libssl3@3.0.11-1%2Bb1?arch=amd64&distro=debian-12', { name: 'openssl', version: '3.0.11-1' }],
      ['pkg:deb/debian/tzdata@2024a-0%2Bdeb12u1?arch=all&distro=debian-12', { name: 'tzdata', version: '2024a-0+deb12u1' }],
    ]);
  });

  test('of Alpine: origins, and files of its packages are its own', () => {
    const folder = 'usr/lib/python3.11/site-packages/requests-2.31.0.dist-info';
    const python = `P:py3-requests\nV:2.31.0-r0\nA:x86_64\no:py3-requests\nF:${folder}\nR:METADATA\n`;
    const installed = `${python}\nP:libcrypto3\nV:3.1.4-r1\nA:x86_64\no:openssl\nF:lib\nR:libcrypto.so.3\n`;
    const files = filesOf([
      { path: 'usr/lib/os-release', content: 'ID=alpine\nVERSION_ID=3.18.4\n' }, { path: 'etc/os-release', link: '../usr/lib/os-release' },
      { path: 'lib/apk/db/installed', content: installed },
      { path: `${folder}/METADATA`, content: 'Metadata-Version: 2.1\nName: requests\nVersion: 2.31.0\n\nVersion: 9\n' },
      { path: 'app/venv/requests-2.30.0.dist-info/METADATA', content: 'Name: requests\nVersion: 2.30.0\n' },
    ]);
    expect(short(analyzeFiles(files).components)).toEqual([
      ['pkg:apk/alpine/py3-requests@2.31.0-r0?arch=x86_64&distro=alpine-3.18.4', 'py3-requests'],
      ['pkg:apk/alpine/libcrypto3@3.1.4-r1?arch=x86_64&distro=alpine-3.18.4', 'openssl'],
      ['pkg:pypi/requests@2.30.0'],
      ['pkg:pypi/requests@2.31.0', 'pkg:apk/alpine/py3-requests@2.31.0-r0?arch=x86_64&distro=alpine-3.18.4'],
    ]);
  });

  test('of npm, Java and Go', () => {
    const replaced = 'dep\tgolang.org/x/net\tv0.1.0\n=>\tgolang.org/x/net\tv0.2.0\th1:b\ndep\tlocal\tv1.0.0\n=>\t./local\t\n';
    const modules = `path\tx\nmod\texample.com/x\tv1.0.0\th1:a\n${replaced}`;
    const files = filesOf([
      { path: 'app/node_modules/@babel/core/package.json', content: '{"name":"@babel/core","version":"7.0.0"}' },
      { path: 'app/node_modules/x/test/package.json', content: '{"name":"inner","version":"1.0.0"}' },
      { path: 'app/node_modules/bad/package.json', content: '{"name":' },
      { path: 'bin/x', content: goBinary('go1.22.3', modules), mode: 0o755 },
      { path: 'bin/not-executable', content: goBinary('go1.22.3', modules) },
    ]);
    const { components, unreadable } = analyzeFiles(files);
    expect(short(components)).toEqual([
      ['pkg:npm/%40babel/core@7.0.0'], ['pkg:golang/example.com/x@v1.0.0'], ['pkg:golang/golang.org/x/net@v0.2.0'], ['pkg:golang/stdlib@1.22.3'],
    ]);
    expect(unreadable.map(({ path }) => path)).toEqual(['/app/node_modules/bad/package.json']);
  });

  test('build information stands in its own section, not among constants', () => {
    expect(goBuildInfo(goBinary('go1.22.3', ''))).toEqual({ goVersion: 'go1.22.3', modules: [] });
    const hidden = goBinary('go1.22.3', '');
    hidden.set(new TextEncoder().encode('.rodata\0'), hidden.length - 3 * 64 - 32 + 11);
    expect(goBuildInfo(hidden)).toBeNull();
    for (let end = 0; end < hidden.length - 3 * 64; end += 13) expect(goBuildInfo(goBinary('go1.22.3', '').subarray(0, end))).toBeNull();
  });
});

describe('scanned', () => {
  const range = (ecosystem: string, name: string, fixed: string) => {
    return { package: { ecosystem, name }, ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, { fixed }] }] };
  };
  const { bytes } = build([
    observationOf('pypa', { id: 'PYSEC-1', aliases: ['CVE-2024-1'], affected: [range('PyPI', 'urllib3', '1.26.18')] }),
    observationOf('alma', { id: 'ALSA-1', upstream: ['CVE-2024-1'], affected: [range('AlmaLinux:8', 'python3-urllib3', '1:1.24.2-5.el8')] }),
    observationOf('debian', { id: 'DSA-2', upstream: ['CVE-2024-2'], affected: [range('Debian:12', 'openssl', '1:3.0.13-1')] }),
  ]);
  const findings = (files: LayeredFiles) => {
    const document = scan({ components: analyzeFiles(files).components }, new Snapshot(fileOf(bytes)), { engineVersion: '1' }) as FindingsDocument;
    return document.findings.map(({ id, component }) => [id, component.purl]);
  };
  const alma = (release: string) => filesOf([
    { path: 'etc/os-release', content: 'ID="almalinux"\nVERSION_ID="8.9"\n' },
    { path: 'var/lib/rpm/rpmdb.sqlite', content: rpmSqlite([rpmHeader({
      name: 'python3-urllib3', version: '1.24.2', release, epoch: 1, source: `python-urllib3-1.24.2-${release}.src.rpm`,
      files: ['/usr/lib/python3.6/urllib3-1.24.2.egg-info/PKG-INFO'],
    })]) },
    { path: 'usr/lib/python3.6/urllib3-1.24.2.egg-info/PKG-INFO', content: 'Name: urllib3\nVersion: 1.24.2\n' },
  ]);

  test('a Python module owned by an rpm with the backported fix is not affected; before the fix both are', () => {
    expect(findings(alma('5.el8'))).toEqual([]);
    expect(findings(alma('4.el8'))).toEqual([
      ['CVE-2024-1', 'pkg:pypi/urllib3@1.24.2'],
      ['ALSA-1', 'pkg:rpm/almalinux/python3-urllib3@1.24.2-4.el8?arch=x86_64&distro=almalinux-8.9&epoch=1'],
    ]);
  });

  test('a Debian binary is found by its source, with the epoch', () => {
    const debian = (version: string) => filesOf([
      { path: 'etc/os-release', content: 'ID=debian\nVERSION_ID="12"\n' },
      { path: 'var/lib/dpkg/status', content: `Package: libssl3\nStatus: install ok installed\nArchitecture: amd64\nSource: openssl\nVersion: ${version}\n` },
    ]);
    expect(findings(debian('1:3.0.11-1'))).toEqual([['DSA-2', 'pkg:deb/debian/libssl3@1:3.0.11-1?arch=amd64&distro=debian-12']]);
    expect(findings(debian('1:3.0.13-1'))).toEqual([]);
    expect(findings(debian('2:1.0-1'))).toEqual([]);
  });
});
