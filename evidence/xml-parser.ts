// XML from strangers into a tree of elements: no document type, no entities of its own, bounded depth.
import { SaxesParser } from 'saxes';
import { LedgerError } from '../ledger/errors.ts';
import { jsonBytesMax, jsonDepthMax } from '../ledger/json.ts';
import { byteOffset, type Encoding } from '../ledger/text.ts';
import type { XmlElement } from './xml.ts';

/** Most elements and attributes of a document: 128 MiB of `<a/>` took all memory, and real ones take some 40 bytes each. */
const partsMax = jsonBytesMax / 32;

/**
 * Parses an XML 1.0 document with namespaces.
 *
 * A document type is refused before anything is parsed: external entities and entity bombs live there, and validators differ
 * in what they make of them.
 *
 * @throws {LedgerError} INPUT_DOCTYPE, INPUT_NOT_UTF8 for an encoding declared otherwise, INPUT_TOO_DEEP, INPUT_TOO_LARGE, INPUT_MALFORMED
 */
export function parseXml(text: string, encoding: Encoding): XmlElement {
  refusePrologue(text, encoding);
  const parser = new SaxesParser({ xmlns: true, position: true });
  type Open = { -readonly [Key in keyof XmlElement]: XmlElement[Key] } & { children: XmlElement[] };
  const open: Open[] = [];
  let root: XmlElement | null = null;
  let parts = 0;
  parser.on('error', (error) => {
    const position = byteOffset(text, parser.position, encoding);
    throw new LedgerError('INPUT_MALFORMED', `Cannot read XML at byte ${position}: ${error.message.replace(/^\d+:\d+: /, '')}`, { position });
  });
  parser.on('doctype', () => refuseDoctype(byteOffset(text, parser.position, encoding)));
  parser.on('opentag', (tag) => {
    if (open.length === jsonDepthMax) {
      throw new LedgerError('INPUT_TOO_DEEP', `Cannot read XML: nested deeper than ${jsonDepthMax}`, { position: byteOffset(text, parser.position, encoding) });
    }
    const given = Object.values(tag.attributes);
    parts += 1 + given.length;
    if (parts > partsMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read XML of more than ${partsMax} elements and attributes`);
    const attributes: Record<string, string> = {};
    for (const attribute of given) if (attribute.uri === '') attributes[attribute.local] = attribute.value;
    open.push({ name: tag.local, namespace: tag.uri, attributes, children: [], text: '' });
  });
  const addText = (more: string) => {
    const here = open.at(-1);
    if (here !== undefined) here.text += more;
  };
  parser.on('text', addText);
  parser.on('cdata', addText);
  parser.on('closetag', () => {
    const closed = open.pop() as Open;
    const parent = open.at(-1);
    if (parent === undefined) root = closed;
    else parent.children.push(closed);
  });
  parser.write(text).close();
  return root ?? refuseEmpty();
}

// A document type can stand only before the root element: white space, declaration, comments and instructions may precede it.
function refusePrologue(text: string, encoding: Encoding): void {
  const declared = /^<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(text.slice(0, 200))?.[1];
  if (declared !== undefined && !/^(?:utf-?8|utf-?16(?:le|be)?|us-ascii)$/i.test(declared)) {
    throw new LedgerError('INPUT_NOT_UTF8', `Cannot read XML: it declares the encoding "${declared}"`, { position: 0, hint: 'send the document as UTF-8' });
  }
  let at = 0;
  for (;;) {
    while (/\s/.test(text.charAt(at))) at += 1;
    if (text.startsWith('<!--', at)) at = after(text, '-->', at);
    else if (text.startsWith('<?', at)) at = after(text, '?>', at);
    else break;
  }
  if (/^<!DOCTYPE/i.test(text.slice(at, at + 9))) refuseDoctype(byteOffset(text, at, encoding));
}

function after(text: string, end: string, from: number): number {
  const found = text.indexOf(end, from);
  return found < 0 ? text.length : found + end.length;
}

function refuseDoctype(position: number): never {
  throw new LedgerError('INPUT_DOCTYPE', `Cannot read XML: a document type stands at byte ${position}`, { position, hint: 'remove the <!DOCTYPE …>' });
}

function refuseEmpty(): never {
  throw new LedgerError('INPUT_MALFORMED', 'Cannot read XML: it has no element', { position: 0 });
}
