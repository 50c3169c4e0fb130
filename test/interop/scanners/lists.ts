// Real bills of materials as lists for the scanners: libraries out of documents of the corpora that tools of others wrote.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { readEvidence } from '../../../actions/read-evidence.ts';
import { LedgerError } from '../../../ledger/errors.ts';
import { decodeList, parsePurl, type Purl } from '../../../scanner/index.ts';
import type { ListedComponent } from './programs.ts';

/** Package types that all three databases hold, and what joins namespace and name there. */
const TYPES: Readonly<Record<string, string>> = { npm: '/', pypi: '/', golang: '/', cargo: '/', gem: '/', maven: ':', composer: '/' };

/** Syft's own documents first: images of Consul, MongoDB, Neo4j, nginx, Redis and UBI; then those of other tools. */
const DOCUMENTS = /syft-|topdh-|juice-shop_v|keycloak|laravel|proton-bridge_/;

export interface RealList {
  readonly title: string;
  readonly components: readonly ListedComponent[];
}

/** Documents without a library are left out. */
export async function realLists(corpora: string): Promise<RealList[]> {
  const folder = join(corpora, 'scanner/sboms');
  if (!existsSync(folder)) return [];
  const lists: RealList[] = [];
  for (const file of readdirSync(folder).filter((name) => DOCUMENTS.test(name)).sort()) {
    const bytes = readFileSync(join(folder, file));
    const { facts } = await readEvidence(new Uint8Array(file.endsWith('.gz') ? gunzipSync(bytes) : bytes));
    const components = new Map<string, ListedComponent>();
    for (const { purl } of facts === null ? [] : decodeList(facts).components) {
      const parsed = purl === undefined ? null : parsedOf(purl);
      const separator = parsed === null ? undefined : TYPES[parsed.type];
      if (parsed === null || separator === undefined || parsed.version === null) continue;
      const { namespace, name, version } = parsed;
      const bare = (purl as string).replace(/[?#].*$/, '');
      components.set(bare, { name: namespace === null ? name : `${namespace}${separator}${name}`, version, purl: bare });
    }
    if (components.size > 0) lists.push({ title: file.replace(/^.*?__/, '').replace(/\.json.*$|\.bom.*$/, ''), components: [...components.values()] });
  }
  return lists;
}

function parsedOf(purl: string): Purl | null {
  try {
    return parsePurl(purl, { tolerant: true });
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}
