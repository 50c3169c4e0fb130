// URIs (RFC 3986) as Go's net/url parses them.
import { ObjectBuilder, bytesOfText, textOfBytes, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError } from './builtin.ts';
import { parseAddress } from './net.ts';

export interface Uri {
  readonly scheme: string;
  /** With its port. */
  readonly host: string;
  readonly path: string;
  /** The path as it was written, if escaping it by default would write another; else empty. */
  readonly rawPath: string;
  readonly query: string;
  readonly fragment: string;
}

const PATH = /[A-Za-z0-9\-_.~$&+,/:;=@]/;
const HOST = /[A-Za-z0-9\-_.~!$&'()*+,;=:[\]<>"]/;

/** Percent escapes, undone; in a host they may stand for bytes outside ASCII alone. */
function unescape(text: string, host = false): string {
  const bytes = bytesOfText(text);
  const out: number[] = [];
  for (let i = 0; i < bytes.length; i++) {
    const c = String.fromCharCode(bytes[i] as number);
    if (c === '%') {
      const escape = String.fromCharCode(...bytes.slice(i, i + 3));
      if (!/^%[0-9a-fA-F]{2}$/.test(escape)) throw new BuiltinError(`invalid URL escape "${textOfBytes(bytes.slice(i, i + 3))}"`);
      const value = Number.parseInt(escape.slice(1), 16);
      if (host && value < 0x80 && escape !== '%25') throw new BuiltinError(`invalid URL escape "${escape}"`);
      out.push(value);
      i += 2;
    } else {
      if (host && (bytes[i] as number) < 0x80 && !HOST.test(c)) throw new BuiltinError(`invalid character ${JSON.stringify(c)} in host name`);
      out.push(bytes[i] as number);
    }
  }
  return textOfBytes(Uint8Array.from(out));
}

function escapePath(path: string): string {
  return [...bytesOfText(path)].map((byte) => {
    const c = String.fromCharCode(byte);
    return PATH.test(c) ? c : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }).join('');
}

/** The path, escaped as it was written where that is a valid way to. */
export function escapedPath({ path, rawPath }: Uri): string {
  if (rawPath !== '' && /^[A-Za-z0-9\-_.~$&+,/:;=@!'()*[\]%]*$/.test(rawPath)) return rawPath;
  return path === '*' ? path : escapePath(path);
}

function cut(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + separator.length)];
}

function schemeOf(text: string): [string, string] {
  if (text.startsWith(':')) throw new BuiltinError('missing protocol scheme');
  const found = /^([A-Za-z][A-Za-z0-9+\-.]*):/.exec(text);
  return found === null ? ['', text] : [(found[1] as string).toLowerCase(), text.slice(found[0].length)];
}

function checkPort(port: string): void {
  if (!/^(?::[0-9]*)?$/.test(port)) throw new BuiltinError(`invalid port ${JSON.stringify(port)} after host`);
}

function parseHost(scheme: string, host: string): string {
  const open = host.lastIndexOf('[');
  if (open > 0) throw new BuiltinError('invalid IP-literal');
  if (open < 0) {
    const http = scheme === 'http' || scheme === 'https';
    const colon = http ? host.indexOf(':') : host.lastIndexOf(':');
    if (colon >= 0) checkPort(host.slice(colon));
    return unescape(host, true);
  }
  const close = host.lastIndexOf(']');
  if (close < 0) throw new BuiltinError("missing ']' in host");
  checkPort(host.slice(close + 1));
  const [name, zone] = cut(host.slice(1, close), '%25');
  const address = unescape(name, true);
  const parsed = parseAddress(address);
  if (parsed === null) throw new BuiltinError(`invalid host: ParseAddr(${JSON.stringify(address)}): unable to parse IP`);
  if (parsed.bits === 32) throw new BuiltinError('invalid IP-literal');
  return `[${address}${zone === '' ? '' : `%${unescape(zone)}`}]${host.slice(close + 1)}`;
}

function parseAuthority(scheme: string, authority: string): string {
  const at = authority.lastIndexOf('@');
  const host = parseHost(scheme, authority.slice(at + 1));
  const user = authority.slice(0, Math.max(at, 0));
  if (!/^[A-Za-z0-9\-._:~!$&'()*+,;=%@]*$/.test(user)) throw new BuiltinError('net/url: invalid userinfo');
  unescape(user);
  return host;
}

function parseParts(text: string): Uri {
  // oxlint-disable-next-line no-control-regex -- control characters are what is refused
  if (/[\u0000-\u001F\u007F]/.test(text)) throw new BuiltinError('net/url: invalid control character in URL');
  const none = { scheme: '', host: '', path: '', rawPath: '', query: '', fragment: '' };
  if (text === '*') return { ...none, path: '*' };
  const [scheme, afterScheme] = schemeOf(text);
  const [whole, query] = cut(afterScheme, '?');
  let rest = whole;
  if (!rest.startsWith('/')) {
    if (scheme !== '') return { ...none, scheme, query };
    if (cut(rest, '/')[0].includes(':')) throw new BuiltinError('first path segment in URL cannot contain colon');
  }
  let host = '';
  if (rest.startsWith('//') && (scheme !== '' || !rest.startsWith('///'))) {
    const slash = rest.indexOf('/', 2);
    const authority = slash < 0 ? rest.slice(2) : rest.slice(2, slash);
    rest = slash < 0 ? '' : rest.slice(slash);
    host = parseAuthority(scheme, authority);
  }
  const path = unescape(rest);
  return { scheme, host, path, rawPath: escapePath(path) === rest ? '' : rest, query, fragment: '' };
}

/** @throws {BuiltinError} with Go's text */
export function parseUri(text: string): Uri {
  const [before, fragment] = cut(text, '#');
  let shown = before;
  try {
    const uri = parseParts(before);
    shown = text;
    return { ...uri, fragment: unescape(fragment) };
  } catch (error) {
    if (!(error instanceof BuiltinError)) throw error;
    throw new BuiltinError(`parse ${JSON.stringify(shown)}: ${error.message}`);
  }
}

function parse(text: string): Value {
  const { scheme, host, path, rawPath, query, fragment } = parseUri(text);
  const port = /:([0-9]*)$/.exec(host);
  const name = port === null ? host : host.slice(0, port.index);
  const object = new ObjectBuilder();
  const set = (key: string, value: string) => {
    if (value !== '') object.set(key, value);
  };
  set('scheme', scheme);
  set('hostname', name.startsWith('[') && name.endsWith(']') ? name.slice(1, -1) : name);
  set('port', port?.[1] ?? '');
  set('path', path);
  if (path !== '') set('raw_path', rawPath === '' ? path : rawPath);
  set('raw_query', query);
  set('fragment', fragment);
  return object.build();
}

function isValid(text: Value): boolean {
  if (typeof text !== 'string' || text === '') return false;
  try {
    parseUri(text);
    return true;
  } catch {
    return false;
  }
}

export const uri: readonly Builtin[] = [
  { name: 'uri.parse', type: '(string) => object[string: string]', run: (context, text: Value) => {
    context.spend(asString(text, 1).length);
    return parse(asString(text, 1));
  } },
  { name: 'uri.is_valid', type: '(string) => boolean', run: (_, text: Value) => isValid(text) },
];
