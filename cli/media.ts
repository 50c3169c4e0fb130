// A file's media type by its name: a hint that goes on record, never a reason to treat its bytes differently.
const TYPES: Readonly<Record<string, string>> = {
  json: 'application/json', xml: 'application/xml', txt: 'text/plain', md: 'text/markdown', yaml: 'application/yaml', yml: 'application/yaml',
  sarif: 'application/sarif+json', spdx: 'text/spdx', csv: 'text/csv', html: 'text/html', pdf: 'application/pdf', rego: 'text/plain',
  zip: 'application/zip', gz: 'application/gzip', tar: 'application/x-tar',
};

export function mediaTypeOf(file: string): string {
  return TYPES[/\.([a-z]+)$/.exec(file.toLowerCase())?.[1] ?? ''] ?? 'application/octet-stream';
}
