// Certificates and requests (RFC 5280), shown as Go's crypto/x509 shows its own in JSON; nothing is verified here.
import { fromPlain } from '../rego/json.ts';
import { Num } from '../rego/number.ts';
import { bytesOfText, textOfBytes, type Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError } from './builtin.ts';
import { bitsOf, childrenOf, type Der, DerError, expectTag, readAll, readInteger, readOid, readOne } from './der.ts';
import { decodeBase64, encodeBase64 } from './encoding.ts';
import { readPem } from './pem.ts';
import { ellipticPoint, parseKeyPair, rsaPublic } from './private-keys.ts';
import { parseUri } from './uri.ts';

type Fields = Record<string, unknown>;

const base64 = (bytes: Uint8Array) => encodeBase64(bytes);
const orNull = <T>(list: readonly T[]): readonly T[] | null => list.length === 0 ? null : list;
const dotted = (oid: readonly number[]) => oid.join('.');

const SIGNATURES: ReadonlyMap<string, number> = new Map([
  ['1.2.840.113549.1.1.2', 1],
  ['1.2.840.113549.1.1.4', 2],
  ['1.2.840.113549.1.1.5', 3],
  ['1.2.840.113549.1.1.11', 4],
  ['1.2.840.113549.1.1.12', 5],
  ['1.2.840.113549.1.1.13', 6],
  ['1.2.840.10040.4.3', 7],
  ['2.16.840.1.101.3.4.3.2', 8],
  ['1.2.840.10045.4.1', 9],
  ['1.2.840.10045.4.3.2', 10],
  ['1.2.840.10045.4.3.3', 11],
  ['1.2.840.10045.4.3.4', 12],
  ['1.3.101.112', 16],
]);
const PSS = new Map([['2.16.840.1.101.3.4.2.1', 13], ['2.16.840.1.101.3.4.2.2', 14], ['2.16.840.1.101.3.4.2.3', 15]]);
const USAGES: ReadonlyMap<string, number> = new Map([
  ['2.5.29.37.0', 0],
  ...Array.from({ length: 9 }, (_, i): [string, number] => [`1.3.6.1.5.5.7.3.${i + 1}`, i + 1]),
  ['1.3.6.1.4.1.311.10.3.3', 10],
  ['2.16.840.1.113730.4.1', 11],
  ['1.3.6.1.4.1.311.2.1.22', 12],
  ['1.3.6.1.4.1.311.61.1.1', 13],
]);
const NAMES: ReadonlyMap<string, string> = new Map([
  ['2.5.4.6', 'Country'],
  ['2.5.4.7', 'Locality'],
  ['2.5.4.8', 'Province'],
  ['2.5.4.9', 'StreetAddress'],
  ['2.5.4.10', 'Organization'],
  ['2.5.4.11', 'OrganizationalUnit'],
  ['2.5.4.17', 'PostalCode'],
]);

function signatureAlgorithm(value: Der | undefined): number {
  const [oid, parameters] = childrenOf(value);
  const name = dotted(readOid(oid));
  if (name !== '1.2.840.113549.1.1.10') return SIGNATURES.get(name) ?? 0;
  const hash = parameters === undefined ? undefined : childrenOf(parameters).find(({ tag }) => tag === 0xa0);
  return hash === undefined ? 0 : PSS.get(dotted(readOid(childrenOf(readOne(hash.content))[0]))) ?? 0;
}

function stringOf({ tag, content }: Der): string {
  if (tag === 0x1e) return new TextDecoder('utf-16be').decode(content);
  return tag === 0x14 ? String.fromCharCode(...content) : textOfBytes(content);
}

function nameOf(value: Der | undefined): Fields {
  const name: Fields = { CommonName: '', SerialNumber: '', ExtraNames: null };
  for (const field of NAMES.values()) name[field] = null;
  const names = childrenOf(value).flatMap((set) => childrenOf(set, 0x31)).map((pair) => {
    const [type, text] = childrenOf(pair);
    if (text === undefined) throw new DerError('structure error: sequence truncated');
    const [oid, shown] = [readOid(type), stringOf(text)];
    const field = NAMES.get(dotted(oid));
    if (field !== undefined) name[field] = [...(name[field] as string[] | null ?? []), shown];
    if (dotted(oid) === '2.5.4.3') name['CommonName'] = shown;
    if (dotted(oid) === '2.5.4.5') name['SerialNumber'] = shown;
    return { Type: oid, Value: shown };
  });
  name['Names'] = orNull(names);
  return name;
}

function publicKey(info: Der): { algorithm: number; key: unknown } {
  const [algorithm, bits] = childrenOf(info);
  const [oid] = childrenOf(algorithm);
  switch (dotted(readOid(oid))) {
    case '1.2.840.113549.1.1.1': return { algorithm: 1, key: rsaPublic(bitsOf(bits)) };
    case '1.2.840.10045.2.1': return { algorithm: 3, key: ellipticPoint(bitsOf(bits)) };
    case '1.3.101.112': return { algorithm: 4, key: base64(bitsOf(bits)) };
    default: return { algorithm: 0, key: null };
  }
}

function timeOf(value: Der | undefined): string {
  const { tag, content } = expectTag(value, 0x17, 0x18);
  const text = textOfBytes(content);
  const full = tag === 0x18 ? text : `${Number(text.slice(0, 2)) >= 50 ? '19' : '20'}${text}`;
  const found = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/.exec(full);
  if (found === null) throw new DerError('structure error: malformed time');
  const [, year, month, day, hour, minute, second] = found;
  return `${year}-${month}-${day}T${hour}:${minute}:${second}Z`;
}

interface Alternatives {
  readonly DNSNames: string[];
  readonly EmailAddresses: string[];
  readonly IPAddresses: string[];
  readonly uris: string[];
}

function alternatives(extension: Uint8Array): Alternatives {
  const names: Alternatives = { DNSNames: [], EmailAddresses: [], IPAddresses: [], uris: [] };
  for (const { tag, content } of childrenOf(readOne(extension))) {
    if (tag === 0x82) names.DNSNames.push(textOfBytes(content));
    else if (tag === 0x81) names.EmailAddresses.push(textOfBytes(content));
    else if (tag === 0x86) names.uris.push(textOfBytes(content));
    else if (tag === 0x87) names.IPAddresses.push(addressOf(content));
  }
  return names;
}

function addressOf(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join('.');
  if (bytes.length !== 16) throw new DerError(`x509: cannot parse IP address of length ${bytes.length}`);
  const groups = Array.from({ length: 8 }, (_, i) => (((bytes[2 * i] as number) << 8) | (bytes[2 * i + 1] as number)).toString(16));
  const runs = [...groups.map((group) => (group === '0' ? '0' : 'x')).join('').matchAll(/0{2,}/g)];
  const longest = runs.reduce<RegExpMatchArray | null>((best, run) => best === null || run[0].length > best[0].length ? run : best, null);
  if (longest === null) return groups.join(':');
  const end = (longest.index as number) + longest[0].length;
  return `${groups.slice(0, longest.index).join(':')}::${groups.slice(end).join(':')}`;
}

function uriFields(text: string): Fields {
  const { scheme, host, path, rawPath, query, fragment } = parseUri(text);
  const opaque = host === '' && path === '' ? text.slice(scheme.length + 1).replace(/[?#].*$/s, '') : '';
  return {
    Scheme: scheme, Opaque: opaque, User: /^[^/]*\/\/[^/]*@/.test(text) ? {} : null, Host: host, Path: path, RawPath: rawPath,
    RawQuery: query, Fragment: fragment, RawFragment: '', ForceQuery: false, OmitHost: host === '' && path !== '' && scheme !== '',
  };
}

function alternativeFields({ DNSNames, EmailAddresses, IPAddresses, uris }: Alternatives): Fields {
  return {
    DNSNames: orNull(DNSNames), EmailAddresses: orNull(EmailAddresses), IPAddresses: orNull(IPAddresses),
    URIs: orNull(uris.map(uriFields)),
  };
}

interface Extension {
  readonly oid: readonly number[];
  readonly critical: boolean;
  readonly value: Uint8Array;
}

function readExtension(der: Der): Extension {
  const [oid, second, third] = childrenOf(der);
  const critical = second?.tag === 0x01 && second.content[0] !== 0;
  return { oid: readOid(oid), critical, value: expectTag(second?.tag === 0x01 ? third : second, 0x04).content };
}

const shown = ({ oid, critical, value }: Extension) => ({ Id: oid, Critical: critical, Value: base64(value) });

/** What an extension adds to a certificate; null is one nobody here knows. */
function extend(name: string, value: Uint8Array): Fields | null {
  const parts = () => childrenOf(readOne(value));
  switch (name) {
    case '2.5.29.14': return { SubjectKeyId: base64(expectTag(readOne(value), 0x04).content) };
    case '2.5.29.15': return { KeyUsage: usageOf(readOne(value)) };
    case '2.5.29.17': {
      const names = alternatives(value);
      return { ...alternativeFields(names), URIStrings: orNull(names.uris.map((uri) => uri.replace(/#.*$/s, ''))) };
    }
    case '2.5.29.19': return constraintsOf(parts());
    case '2.5.29.31': return { CRLDistributionPoints: orNull(parts().flatMap(distributionPoints)) };
    case '2.5.29.32': {
      const policies = parts().map((policy) => readOid(childrenOf(policy)[0]));
      return { PolicyIdentifiers: policies, Policies: policies.map(dotted) };
    }
    case '2.5.29.35': {
      const id = parts().find(({ tag }) => tag === 0x80);
      return id === undefined ? {} : { AuthorityKeyId: base64(id.content) };
    }
    case '2.5.29.37': {
      const oids = parts().map(readOid);
      const [known, unknown] = [oids.filter((oid) => USAGES.has(dotted(oid))), oids.filter((oid) => !USAGES.has(dotted(oid)))];
      return { ExtKeyUsage: orNull(known.map((oid) => USAGES.get(dotted(oid)))), UnknownExtKeyUsage: orNull(unknown) };
    }
    case '1.3.6.1.5.5.7.1.1': {
      const urls = (method: string) => parts().map((part) => childrenOf(part)).flatMap(([oid, at]) =>
        dotted(readOid(oid)) === method && at?.tag === 0x86 ? [textOfBytes(at.content)] : []);
      return { OCSPServer: orNull(urls('1.3.6.1.5.5.7.48.1')), IssuingCertificateURL: orNull(urls('1.3.6.1.5.5.7.48.2')) };
    }
    case '2.5.29.30': case '2.5.29.33': case '2.5.29.36': case '2.5.29.54': throw new BuiltinError(`x509: extension ${name} is not supported`);
    default: return null;
  }
}

function usageOf(bits: Der): number {
  const bytes = bitsOf(bits);
  return Array.from({ length: 9 }, (_, i) => (((bytes[i >> 3] ?? 0) >> (7 - (i & 7))) & 1) << i).reduce((sum, bit) => sum | bit, 0);
}

function constraintsOf(parts: readonly Der[]): Fields {
  const isCa = parts[0]?.tag === 0x01 && parts[0].content[0] !== 0;
  const length = parts.find(({ tag }) => tag === 0x02);
  const longest = length === undefined ? -1 : Number(readInteger(length));
  return { BasicConstraintsValid: true, IsCA: isCa, MaxPathLen: longest, MaxPathLenZero: longest === 0 };
}

function distributionPoints(point: Der): string[] {
  const name = childrenOf(point).find(({ tag }) => tag === 0xa0);
  const full = name === undefined ? undefined : readAll(name.content).find(({ tag }) => tag === 0xa0);
  return full === undefined ? [] : readAll(full.content).filter(({ tag }) => tag === 0x86).map(({ content }) => textOfBytes(content));
}

const ABSENT = [
  'AuthorityKeyId', 'CRLDistributionPoints', 'DNSNames', 'EmailAddresses', 'ExcludedDNSDomains', 'ExcludedEmailAddresses',
  'ExcludedIPRanges', 'ExcludedURIDomains', 'ExtKeyUsage', 'Extensions', 'ExtraExtensions', 'IPAddresses', 'IssuingCertificateURL',
  'OCSPServer', 'PermittedDNSDomains', 'PermittedEmailAddresses', 'PermittedIPRanges', 'PermittedURIDomains', 'Policies',
  'PolicyIdentifiers', 'PolicyMappings', 'SubjectKeyId', 'URIStrings', 'URIs', 'UnhandledCriticalExtensions', 'UnknownExtKeyUsage',
];
const NONE: Fields = {
  ...Object.fromEntries(ABSENT.map((name) => [name, null])),
  BasicConstraintsValid: false, IsCA: false, KeyUsage: 0, MaxPathLen: 0, MaxPathLenZero: false, PermittedDNSDomainsCritical: false,
  InhibitAnyPolicy: 0, InhibitAnyPolicyZero: false, InhibitPolicyMapping: 0, InhibitPolicyMappingZero: false,
  RequireExplicitPolicy: 0, RequireExplicitPolicyZero: false,
};

export function certificateFields(der: Der): Fields {
  const [body, algorithm, signature] = childrenOf(der);
  const parts = childrenOf(body);
  const version = parts[0]?.tag === 0xa0 ? Number(readInteger(readOne((parts.shift() as Der).content))) + 1 : 1;
  const [serial, , issuer, validity, subject, info, ...rest] = parts;
  if (info === undefined) throw new DerError('structure error: sequence truncated');
  const [from, to] = childrenOf(validity);
  const { algorithm: keyAlgorithm, key } = publicKey(info);
  const list = rest.find(({ tag }) => tag === 0xa3);
  const extensions = list === undefined ? [] : childrenOf(readOne(list.content)).map(readExtension);
  const added = extensions.map(({ oid, value }) => extend(dotted(oid), value));
  const unhandled = extensions.filter(({ critical }, i) => critical && added[i] === null).map(({ oid }) => oid);
  return Object.assign({}, NONE, ...added, {
    Raw: base64(der.raw), RawTBSCertificate: base64((body as Der).raw), RawSubjectPublicKeyInfo: base64(info.raw),
    RawSubject: base64((subject as Der).raw), RawIssuer: base64((issuer as Der).raw), Signature: base64(bitsOf(signature)),
    SignatureAlgorithm: signatureAlgorithm(algorithm), PublicKeyAlgorithm: keyAlgorithm, PublicKey: key, Version: version,
    SerialNumber: Num.fromBigInt(readInteger(serial)), Issuer: nameOf(issuer), Subject: nameOf(subject),
    NotBefore: timeOf(from), NotAfter: timeOf(to), Extensions: orNull(extensions.map(shown)),
    UnhandledCriticalExtensions: orNull(unhandled),
  }) as Fields;
}

function requestFields(der: Der): Fields {
  const [body, algorithm, signature] = childrenOf(der);
  const [version, subject, info, attributes] = childrenOf(body);
  if (info === undefined) throw new DerError('structure error: sequence truncated');
  const { algorithm: keyAlgorithm, key } = publicKey(info);
  const wanted = attributes === undefined ? undefined : readAll(attributes.content).map((attribute) => childrenOf(attribute))
    .find(([oid]) => dotted(readOid(oid)) === '1.2.840.113549.1.9.14');
  const extensions = wanted === undefined ? [] : childrenOf(childrenOf(wanted[1], 0x31)[0]).map(readExtension);
  const names = extensions.find(({ oid }) => dotted(oid) === '2.5.29.17');
  return {
    ...alternativeFields(names === undefined ? { DNSNames: [], EmailAddresses: [], IPAddresses: [], uris: [] } : alternatives(names.value)),
    Raw: base64(der.raw), RawTBSCertificateRequest: base64((body as Der).raw), RawSubjectPublicKeyInfo: base64(info.raw),
    RawSubject: base64((subject as Der).raw), Version: Number(readInteger(version)), Signature: base64(bitsOf(signature)),
    SignatureAlgorithm: signatureAlgorithm(algorithm), PublicKeyAlgorithm: keyAlgorithm, PublicKey: key, Subject: nameOf(subject),
    Attributes: null, Extensions: orNull(extensions.map(shown)), ExtraExtensions: null,
  };
}

/** @throws {BuiltinError} */
function refusing<T>(read: () => T, message: (error: DerError) => string): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof DerError)) throw error;
    throw new BuiltinError(message(error));
  }
}

/** The DER of certificates in PEM, in base64 of PEM, or in base64 of DER. */
export function readCertificates(text: string): Der[] {
  const pem = text.startsWith('-----BEGIN') ? text : null;
  const bytes = pem === null ? decodeBase64(text) : bytesOfText(pem);
  const inner = textOfBytes(bytes);
  if (!inner.startsWith('-----BEGIN')) return refusing(() => readAll(bytes), () => 'x509: malformed certificate');
  const found: Der[] = [];
  for (let block = readPem(inner); block !== null; block = readPem(block.rest)) {
    if (block.type !== 'CERTIFICATE') throw new BuiltinError(`PEM block type is '${block.type}', expected CERTIFICATE`);
    found.push(...refusing(() => readAll((block as { der: Uint8Array }).der), () => 'x509: malformed certificate'));
  }
  return found;
}

export const certificateValue = (der: Der): Value => fromPlain(refusing(() => certificateFields(der), () => 'x509: malformed certificate'));

function leafOf(der: Uint8Array): { value: unknown; publicKey: Uint8Array } {
  const fields = refusing(() => certificateFields(readOne(der)), () => 'x509: malformed certificate');
  const { URIStrings: _, ...value } = fields;
  return { value, publicKey: decodeBase64(fields['RawSubjectPublicKeyInfo'] as string) };
}

function parseRequest(text: string): Value {
  const bytes = text.startsWith('-----BEGIN CERTIFICATE REQUEST-----') ? bytesOfText(text) : decodeBase64(text);
  const block = readPem(textOfBytes(bytes));
  if (block !== null && block.type !== 'CERTIFICATE REQUEST') throw new BuiltinError('invalid PEM-encoded certificate signing request');
  return fromPlain(refusing(() => requestFields(readOne(block?.der ?? bytes)), (error) => `asn1: ${error.message}`));
}

export const x509: readonly Builtin[] = [
  {
    name: 'crypto.x509.parse_certificates',
    type: '(string) => array[object[string: any]]',
    run: (context, text: Value) => {
      context.spend(asString(text, 1).length);
      return readCertificates(asString(text, 1)).map(certificateValue);
    },
  },
  {
    name: 'crypto.x509.parse_keypair',
    type: '(string, string) => object[string: any]',
    run: (context, certificate: Value, key: Value) => {
      const [first, second] = [asString(certificate, 1), asString(key, 1)];
      context.spend(first.length + second.length);
      return parseKeyPair(first, second, leafOf);
    },
  },
  {
    name: 'crypto.x509.parse_certificate_request',
    type: '(string) => object[string: any]',
    run: (context, text: Value) => {
      context.spend(asString(text, 1).length);
      return parseRequest(asString(text, 1));
    },
  },
];
