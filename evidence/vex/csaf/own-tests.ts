// Tests of CSAF 2.0 §6 that are ours: two that the library decides otherwise, the others because it takes a fifth of a second to load each.
import type { Json, JsonObject } from '../../../ledger/json.ts';
import { below, objectsAt, textAt, textsAt } from '../../json-view.ts';
import { csafFileName } from './file-name.ts';

/** A test answers with the places where it is not met. */
export type OwnTest = (document: Json) => readonly (readonly [pointer: string, message: string])[];

type Found = [pointer: string, message: string][];

export const MANDATORY: Readonly<Record<string, OwnTest>> = {
  '6.1.21': revisionsWithoutGap,
  '6.1.26': prohibitedCategory,
  '6.1.29': (document) => inVulnerabilities(document, 'remediations', withoutProducts, 'a remediation without product'),
  '6.1.30': mixedVersions,
  '6.1.31': (document) => branchesWhere(document, 'product_version', isRange).map((pointer) => [`${pointer}/name`, 'a range where a version is expected']),
  '6.1.32': (document) => inVulnerabilities(document, 'flags', withoutProducts, 'a flag without product'),
  '6.1.33': severalJustifications,
};

export const OPTIONAL: Readonly<Record<string, OwnTest>> = {
  '6.2.1': unusedProducts,
  '6.2.2': (document) => productsWithout(document, [...AFFECTED, 'under_investigation'], 'remediations', 'missing remediation'),
  '6.2.3': (document) => productsWithout(document, AFFECTED, 'scores', 'missing score'),
  '6.2.4': (document) => inRevisions(document, (revision) => (textAt(revision, 'number') ?? '').includes('+'), 'build metadata in a revision'),
  '6.2.5': (document) => olderThan(document, 'initial_release_date', (times) => Math.min(...times)),
  '6.2.6': (document) => olderThan(document, 'current_release_date', (times) => Math.max(...times)),
  '6.2.7': (document) => inVulnerabilities(document, 'involvements', (one) => one['date'] === undefined, 'missing date'),
  '6.2.8': (document) => hashesOnlyBy(document, 'md5'),
  '6.2.10': (document) => (textAt(document, 'document', 'distribution', 'tlp', 'label') === undefined ? [['/document', 'missing TLP label']] : []),
  '6.2.11': canonicalUrl,
  '6.2.12': (document) => (textAt(document, 'document', 'lang') === undefined ? [['/document', 'missing language']] : []),
  '6.2.16': (document) => fullNames(document)
    .filter(([, full]) => full['product_identification_helper'] === undefined)
    .map(([pointer]) => [pointer, 'missing product identification helper']),
  '6.2.17': (document) => inVulnerabilities(document, 'ids', (id) => /^CVE-\d{4}-\d{4,}$/.test(textAt(id, 'text') ?? ''), 'a CVE among other ids'),
  '6.2.18': (document) => branchesWhere(document, 'product_version_range', (name) => !/^vers:[a-z.+-][a-z0-9.+-]*\/.+/.test(name))
    .map((pointer) => [pointer, 'a version range that is no vers']),
};

const AFFECTED = ['first_affected', 'known_affected', 'last_affected'];

/** 6.1.21. The library orders by date alone, so that two revisions of one instant come in the order they stand in. */
function revisionsWithoutGap(document: Json): Found {
  const revisions = objectsAt(document, 'document', 'tracking', 'revision_history').map((revision) => ({
    time: Date.parse(textAt(revision, 'date') ?? ''),
    major: Number.parseInt(textAt(revision, 'number') ?? '', 10),
  }));
  const majors = [...new Set(revisions.sort((a, b) => a.time - b.time || a.major - b.major).map((revision) => revision.major))];
  const first = majors[0] ?? 1;
  const pointer = '/document/tracking/revision_history';
  if (first !== 0 && first !== 1) return [[pointer, `the first revision is ${first}, expected 0 or 1`]];
  const gap = majors.findIndex((major, i) => major > first + i);
  return gap < 0 ? [] : [[pointer, `version ${first + gap} was left out`]];
}

const PROFILES = ['csaf_security_incident_response', 'csaf_informational_advisory', 'csaf_security_advisory', 'csaf_vex'];

/** 6.1.26. A category that only looks like a profile's name; the library forgets the name with its prefix run together. */
function prohibitedCategory(document: Json): Found {
  const category = textAt(document, 'document', 'category') ?? '';
  if (category === 'csaf_base' || PROFILES.includes(category)) return [];
  const folded = category.toLowerCase().replace(/[-_\s]+/g, '');
  const taken = PROFILES.map((profile) => profile.replaceAll('_', '')).flatMap((name) => [name, name.slice('csaf'.length)]);
  if (category.toLowerCase().startsWith('csaf_')) return [['/document/category', 'the prefix "csaf_" is reserved']];
  return taken.includes(folded) ? [['/document/category', 'this is the name of another profile']] : [];
}

/** 6.1.30. One document counts in whole numbers or in semantic versions. */
function mixedVersions(document: Json): Found {
  const numbers = objectsAt(document, 'document', 'tracking', 'revision_history').map((revision) => textAt(revision, 'number') ?? '');
  const whole = [textAt(document, 'document', 'tracking', 'version') ?? '', ...numbers].map((number) => /^\d+$/.test(number));
  return new Set(whole).size > 1 ? [['/document/tracking', 'whole numbers and semantic versions']] : [];
}

function isRange(name: string): boolean {
  const words = name.toLowerCase().split(/\s/);
  return /[<>]/.test(name) || ['after', 'all', 'before', 'earlier', 'later', 'prior', 'versions'].some((word) => words.includes(word));
}

/** 6.1.33. Every flag of CSAF 2.0 is a VEX justification: a product has one at most. */
function severalJustifications(document: Json): Found {
  const groups = groupsOf(document);
  return objectsAt(document, 'vulnerabilities').flatMap((vulnerability, i) => {
    const seen = new Set<string>();
    return objectsAt(vulnerability, 'flags').flatMap((flag, j): Found => {
      const products = productsNamed(flag, groups);
      const again = products.some((product) => seen.has(product));
      for (const product of products) seen.add(product);
      return again ? [[below('', 'vulnerabilities', i, 'flags', j), 'a second justification for a product']] : [];
    });
  });
}

/** 6.2.1. */
function unusedProducts(document: Json): Found {
  if (textAt(document, 'document', 'category') === 'csaf_informational_advisory') return [];
  const used = new Set<string>();
  const collect = (value: Json, key: string): void => {
    if (typeof value === 'string') {
      if (/^(?:product_ids|products|product_reference|relates_to_product_reference)$/.test(key)) used.add(value);
    } else if (Array.isArray(value)) for (const item of value) collect(item, key);
    else if (typeof value === 'object' && value !== null) {
      // Lists of a product status are named by the status.
      for (const [name, inner] of Object.entries(value)) collect(inner, key === 'product_status' ? 'products' : name);
    }
  };
  collect(document, '');
  return fullNames(document)
    .filter(([, full]) => !used.has(textAt(full, 'product_id') ?? ''))
    .map(([pointer]) => [`${pointer}/product_id`, 'is not referenced']);
}

function productsWithout(document: Json, statuses: readonly string[], member: 'remediations' | 'scores', message: string): Found {
  const groups = groupsOf(document);
  return objectsAt(document, 'vulnerabilities').flatMap((vulnerability, i) => {
    const named = new Set(objectsAt(vulnerability, member).flatMap((one) => (member === 'scores' ? textsAt(one, 'products') : productsNamed(one, groups))));
    return statuses.flatMap((status) => textsAt(vulnerability, 'product_status', status).flatMap((product, j): Found => (
      named.has(product) ? [] : [[below('', 'vulnerabilities', i, 'product_status', status, j), message]])));
  });
}

/** 6.2.5 and 6.2.6. */
function olderThan(document: Json, member: string, bound: (times: readonly number[]) => number): Found {
  const times = objectsAt(document, 'document', 'tracking', 'revision_history').map((revision) => Date.parse(textAt(revision, 'date') ?? ''));
  const older = Date.parse(textAt(document, 'document', 'tracking', member) ?? '') < bound(times);
  return older ? [[below('', 'document', 'tracking', member), 'older than the revision history says']] : [];
}

/** 6.2.8. */
function hashesOnlyBy(document: Json, algorithm: string): Found {
  return fullNames(document).flatMap(([pointer, full]) => objectsAt(full, 'product_identification_helper', 'hashes').flatMap((file, i): Found => {
    const algorithms = objectsAt(file, 'file_hashes').map((hash) => textAt(hash, 'algorithm') ?? '');
    const place = below(`${pointer}/product_identification_helper/hashes`, i, 'file_hashes');
    return algorithms.length > 0 && algorithms.every((one) => one === algorithm) ? [[place, `hashed by ${algorithm} alone`]] : [];
  }));
}

/** 6.2.11. */
function canonicalUrl(document: Json): Found {
  const name = csafFileName(textAt(document, 'document', 'tracking', 'id') ?? '');
  const found = objectsAt(document, 'document', 'references').some((reference) => {
    const url = textAt(reference, 'url') ?? '';
    return reference['category'] === 'self' && url.startsWith('https://') && url.endsWith(name);
  });
  return found ? [] : [['/document/references', 'missing canonical URL']];
}

// What the tests above look through.

function withoutProducts(one: JsonObject): boolean {
  return one['product_ids'] === undefined && one['group_ids'] === undefined;
}

function inVulnerabilities(document: Json, member: string, is: (one: JsonObject) => boolean, message: string): Found {
  return objectsAt(document, 'vulnerabilities').flatMap((vulnerability, i) => objectsAt(vulnerability, member).flatMap((one, j): Found => (
    is(one) ? [[below('', 'vulnerabilities', i, member, j), message]] : [])));
}

function inRevisions(document: Json, is: (revision: JsonObject) => boolean, message: string): Found {
  return objectsAt(document, 'document', 'tracking', 'revision_history').flatMap((revision, i): Found => (
    is(revision) ? [[below('', 'document', 'tracking', 'revision_history', i, 'number'), message]] : []));
}

function groupsOf(document: Json): ReadonlyMap<string, readonly string[]> {
  return new Map(objectsAt(document, 'product_tree', 'product_groups').map((group) => [textAt(group, 'group_id') ?? '', textsAt(group, 'product_ids')]));
}

function productsNamed(one: JsonObject, groups: ReadonlyMap<string, readonly string[]>): readonly string[] {
  return [...new Set([...textsAt(one, 'product_ids'), ...textsAt(one, 'group_ids').flatMap((group) => groups.get(group) ?? [])])];
}

/** Every full product name with its place: of branches, of the list, of relationships. */
function fullNames(document: Json): [pointer: string, full: JsonObject][] {
  const found: [string, JsonObject][] = [];
  const visit = (branches: readonly JsonObject[], pointer: string): void => branches.forEach((branch, i) => {
    const place = below(pointer, i);
    if (branch['product'] !== undefined) found.push([`${place}/product`, branch['product'] as JsonObject]);
    visit(objectsAt(branch, 'branches'), `${place}/branches`);
  });
  visit(objectsAt(document, 'product_tree', 'branches'), '/product_tree/branches');
  objectsAt(document, 'product_tree', 'full_product_names').forEach((full, i) => found.push([below('/product_tree/full_product_names', i), full]));
  objectsAt(document, 'product_tree', 'relationships').forEach((one, i) => {
    found.push([below('/product_tree/relationships', i, 'full_product_name'), one['full_product_name'] as JsonObject]);
  });
  return found;
}

function branchesWhere(document: Json, category: string, is: (name: string) => boolean): string[] {
  const found: string[] = [];
  const visit = (branches: readonly JsonObject[], pointer: string): void => branches.forEach((branch, i) => {
    if (branch['category'] === category && is(textAt(branch, 'name') ?? '')) found.push(below(pointer, i));
    visit(objectsAt(branch, 'branches'), below(pointer, i, 'branches'));
  });
  visit(objectsAt(document, 'product_tree', 'branches'), '/product_tree/branches');
  return found;
}
