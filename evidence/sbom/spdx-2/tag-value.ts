// SPDX 2 in tag-value form, turned into the shape of its JSON so that one schema and one reader serve both.
import { clip, LedgerError } from '../../../ledger/errors.ts';
import type { Json, JsonObject } from '../../../ledger/json.ts';

interface Tag {
  readonly name: string;
  readonly value: string;
}

/** What a tag does to the section it stands in. */
type Rule = (section: JsonObject, value: string) => void;

const set = (member: string): Rule => (section, value) => {
  section[member] = value;
};
const add = (member: string, make: (value: string) => Json = (value) => value): Rule => (section, value) => {
  const list = section[member];
  if (Array.isArray(list)) list.push(make(value));
  else section[member] = [make(value)];
};
/** A tag that belongs to the newest item of a list, such as the comment of the last external reference. */
const onLast = (list: string, member: string): Rule => (section, value) => {
  const items = section[list];
  const last = Array.isArray(items) ? items.at(-1) : undefined;
  if (typeof last === 'object' && last !== null && !Array.isArray(last)) last[member] = value;
};

function checksum(value: string): Json {
  const mark = value.indexOf(':');
  return { algorithm: value.slice(0, mark).trim().replace(/^SHA-/, 'SHA'), checksumValue: value.slice(mark + 1).trim() };
}

function externalReference(value: string): Json {
  const [category = '', type = '', ...locator] = value.split(/\s+/);
  return { referenceCategory: category.replaceAll('_', '-'), referenceType: type, referenceLocator: locator.join(' ') };
}

function verificationCode(section: JsonObject, value: string): void {
  const match = /^(\S+)(?:\s*\(excludes:\s*(.*)\))?$/.exec(value);
  const excluded = match?.[2]?.split(',').map((file) => file.trim());
  section['packageVerificationCode'] = {
    packageVerificationCodeValue: match?.[1] ?? value,
    ...(excluded === undefined ? {} : { packageVerificationCodeExcludedFiles: excluded }),
  };
}

const PACKAGE: Readonly<Record<string, Rule>> = {
  PackageName: set('name'),
  SPDXID: set('SPDXID'),
  PackageVersion: set('versionInfo'),
  PackageFileName: set('packageFileName'),
  PackageSupplier: set('supplier'),
  PackageOriginator: set('originator'),
  PackageDownloadLocation: set('downloadLocation'),
  FilesAnalyzed: (section, value) => {
    section['filesAnalyzed'] = value.toLowerCase() === 'true';
  },
  PackageVerificationCode: verificationCode,
  PackageChecksum: add('checksums', checksum),
  PackageHomePage: set('homepage'),
  PackageSourceInfo: set('sourceInfo'),
  PackageLicenseConcluded: set('licenseConcluded'),
  PackageLicenseInfoFromFiles: add('licenseInfoFromFiles'),
  PackageLicenseDeclared: set('licenseDeclared'),
  PackageLicenseComments: set('licenseComments'),
  PackageCopyrightText: set('copyrightText'),
  PackageSummary: set('summary'),
  PackageDescription: set('description'),
  PackageComment: set('comment'),
  PackageAttributionText: add('attributionTexts'),
  PrimaryPackagePurpose: set('primaryPackagePurpose'),
  ReleaseDate: set('releaseDate'),
  BuiltDate: set('builtDate'),
  ValidUntilDate: set('validUntilDate'),
  ExternalRef: add('externalRefs', externalReference),
  ExternalRefComment: onLast('externalRefs', 'comment'),
};

const FILE: Readonly<Record<string, Rule>> = {
  FileName: set('fileName'),
  SPDXID: set('SPDXID'),
  FileType: add('fileTypes'),
  FileChecksum: add('checksums', checksum),
  LicenseConcluded: set('licenseConcluded'),
  LicenseInfoInFile: add('licenseInfoInFiles'),
  LicenseComments: set('licenseComments'),
  FileCopyrightText: set('copyrightText'),
  FileComment: set('comment'),
  FileNotice: set('noticeText'),
  FileContributor: add('fileContributors'),
  FileAttributionText: add('attributionTexts'),
};

const SNIPPET: Readonly<Record<string, Rule>> = {
  SnippetSPDXID: set('SPDXID'),
  SnippetFromFileSPDXID: set('snippetFromFile'),
  SnippetLicenseConcluded: set('licenseConcluded'),
  LicenseInfoInSnippet: add('licenseInfoInSnippets'),
  SnippetLicenseComments: set('licenseComments'),
  SnippetCopyrightText: set('copyrightText'),
  SnippetComment: set('comment'),
  SnippetName: set('name'),
};

const LICENCE: Readonly<Record<string, Rule>> = {
  LicenseID: set('licenseId'),
  ExtractedText: set('extractedText'),
  LicenseName: set('name'),
  LicenseCrossReference: add('seeAlsos'),
  LicenseComment: set('comment'),
};

const CREATION: Readonly<Record<string, Rule>> = {
  Creator: add('creators'),
  Created: set('created'),
  CreatorComment: set('comment'),
  LicenseListVersion: set('licenseListVersion'),
};

const DOCUMENT: Readonly<Record<string, Rule>> = {
  SPDXVersion: set('spdxVersion'),
  DataLicense: set('dataLicense'),
  SPDXID: set('SPDXID'),
  DocumentName: set('name'),
  DocumentNamespace: set('documentNamespace'),
  DocumentComment: set('comment'),
  ExternalDocumentRef: add('externalDocumentRefs', (value) => {
    const [id = '', uri = '', ...sum] = value.split(/\s+/);
    return { externalDocumentId: id, spdxDocument: uri, checksum: checksum(sum.join(' ')) };
  }),
  Relationship: add('relationships', (value) => {
    const [from = '', word = '', to = ''] = value.split(/\s+/);
    return { spdxElementId: from, relationshipType: word.toUpperCase(), relatedSpdxElement: to };
  }),
  RelationshipComment: onLast('relationships', 'comment'),
};

/** The tag that opens a section, the list it goes into, and what may stand in it. */
const SECTIONS: readonly [opens: string, list: string, rules: Readonly<Record<string, Rule>>][] = [
  ['PackageName', 'packages', PACKAGE],
  ['FileName', 'files', FILE],
  ['SnippetSPDXID', 'snippets', SNIPPET],
  ['LicenseID', 'hasExtractedLicensingInfos', LICENCE],
];

/**
 * Reads tag-value text.
 *
 * @throws {LedgerError} INPUT_MALFORMED for a line that is no `Tag: value`, or a `<text>` that never ends
 * @see SPDX 2.3, annex on tag-value; the sections follow one another and a file belongs to the package before it
 */
export function parseTagValue(text: string): Json {
  const document: JsonObject = {};
  const creation: JsonObject = {};
  /** Which package a file stood under. */
  const owners = new Map<JsonObject, JsonObject>();
  let section = document;
  let rules = DOCUMENT;
  let inPackage: JsonObject | null = null;
  for (const { name, value } of tagsOf(text)) {
    const opened = SECTIONS.find(([opens]) => opens === name);
    if (opened !== undefined) {
      section = {};
      rules = opened[2];
      add(opened[1], () => section)(document, '');
      if (name === 'PackageName') inPackage = section;
      if (name === 'FileName' && inPackage !== null) owners.set(section, inPackage);
    }
    if (Object.hasOwn(CREATION, name)) CREATION[name]?.(creation, value);
    else if (name === 'Relationship' || name === 'RelationshipComment') DOCUMENT[name]?.(document, value);
    else (Object.hasOwn(rules, name) ? rules[name] : undefined)?.(section, value);
  }
  if (Object.keys(creation).length > 0) document['creationInfo'] = creation;
  for (const [file, owner] of owners) if (typeof file['SPDXID'] === 'string') add('hasFiles')(owner, file['SPDXID']);
  // Snippets state ranges that this form spells differently; nothing of ours reads them.
  delete document['snippets'];
  return document;
}

function* tagsOf(text: string): Iterable<Tag> {
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] as string;
    if (line.trim() === '' || line.trimStart().startsWith('#')) continue;
    const match = /^\s*([A-Za-z]+):\s*(.*)$/.exec(line);
    if (match === null) throw new LedgerError('INPUT_MALFORMED', `Cannot read SPDX line ${i + 1}: "${clip(line)}" is no tag with a value`);
    let value = match[2] as string;
    if (value.startsWith('<text>')) {
      const start = i;
      const parts = [value.slice('<text>'.length)];
      while (!(parts.at(-1) as string).includes('</text>')) {
        i += 1;
        if (i === lines.length) throw new LedgerError('INPUT_MALFORMED', `Cannot read SPDX line ${start + 1}: its <text> never ends`);
        parts.push(lines[i] as string);
      }
      value = parts.join('\n').replace(/<\/text>[\s\S]*$/, '');
    } else value = value.trim();
    yield { name: match[1] as string, value };
  }
}
