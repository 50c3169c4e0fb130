// JSON Schema's formats as OPA checks them; one it does not know passes everything.
import { RE2JS } from 're2js';
import { BuiltinError } from '../builtin.ts';
import { parseAddress } from '../net.ts';
import { parseTime } from '../time-layout.ts';
import { parseUri, type Uri } from '../uri.ts';

const HOSTNAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?)*$/;
const UUID = /^[a-f0-9]{8}(?:-[a-f0-9]{4}){3}-[a-f0-9]{12}$/i;
const POINTER = /^(?:\/(?:[^~/]|~0|~1)*)*$/;
const RELATIVE_POINTER = /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~0|~1)*)*)$/;
/** Braces in pairs; linear, where a pattern of nested repetitions would not be. */
const TEMPLATE = /^[^{]*(?:\{[^}]*\}[^{]*)*$/;

const isTime = (...layouts: string[]) => (text: string) => layouts.some((layout) => succeeds(() => parseTime(layout, text)));

const FORMATS: Readonly<Record<string, (text: string) => boolean>> = {
  date: isTime('2006-01-02'),
  time: isTime('15:04:05Z07:00', '15:04:05'),
  'date-time': isTime('15:04:05', '15:04:05Z07:00', '2006-01-02', '2006-01-02T15:04:05Z07:00'),
  hostname: (text) => text.length < 256 && HOSTNAME.test(text),
  email: isMailbox,
  'idn-email': isMailbox,
  ipv4: (text) => text.includes('.') && parseAddress(text) !== null,
  ipv6: (text) => text.includes(':') && parseAddress(text) !== null,
  uri: (text) => (uriOf(text)?.scheme ?? '') !== '',
  iri: (text) => (uriOf(text)?.scheme ?? '') !== '',
  'uri-reference': (text) => uriOf(text) !== null,
  'iri-reference': (text) => uriOf(text) !== null,
  'uri-template': (text) => {
    const uri = uriOf(text);
    return uri !== null && TEMPLATE.test(uri.path);
  },
  uuid: (text) => UUID.test(text),
  regex: (text) => {
    try {
      RE2JS.compile(text);
      return true;
    } catch {
      return false;
    }
  },
  'json-pointer': (text) => POINTER.test(text),
  'relative-json-pointer': (text) => RELATIVE_POINTER.test(text),
};

/** Whether a text has the format; one that is not known fits. */
export function hasFormat(format: string, text: string): boolean {
  return !Object.hasOwn(FORMATS, format) || (FORMATS[format] as (text: string) => boolean)(text);
}

function succeeds(run: () => unknown): boolean {
  try {
    run();
    return true;
  } catch (cause) {
    if (cause instanceof BuiltinError) return false;
    throw cause;
  }
}

/** Null where Go cannot parse it, or a backslash is in it. */
function uriOf(text: string): Uri | null {
  if (text.includes('\\')) return null;
  try {
    return parseUri(text);
  } catch (cause) {
    if (cause instanceof BuiltinError) return null;
    throw cause;
  }
}

const ATOM = "[A-Za-z0-9!#$%&'*+/=?^_`{|}~\\u0080-\\u{10FFFF}-]+";
const QUOTED = '"(?:[^"\\\\\\r\\n]|\\\\[^\\r\\n])*"';
const ADDRESS = `(?:${ATOM}(?:\\.${ATOM})*|${QUOTED})@(?:${ATOM}(?:\\.${ATOM})*|\\[[^\\[\\]\\\\\\s]*\\])`;
/** One character or one quoted text at a time: a repetition inside a repetition would take exponential time on a miss. */
const WORDS = `(?:[A-Za-z0-9!#$%&'*+/=?^_\`{|}~\\u0080-\\u{10FFFF}. \\t-]|${QUOTED})*`;
const COMMENT = '(?:\\([^()\\r\\n]*\\)[ \\t]*)?';
const MAILBOX = new RegExp(`^[ \\t]*(?:${ADDRESS}|${WORDS}<${ADDRESS}>)[ \\t]*${COMMENT}$`, 'u');

/** One mailbox with or without a name before it (RFC 5322, section 3.4). */
function isMailbox(text: string): boolean {
  return text.length <= 4_096 && MAILBOX.test(text);
}
