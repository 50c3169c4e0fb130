// Chains of certificates (RFC 5280 §6, as Go's crypto/x509 has it): the first is the root, the last the leaf, at the recorded clock.
import { X509Certificate } from 'node:crypto';
import { fromPlain } from '../rego/json.ts';
import { Num } from '../rego/number.ts';
import { isArray, isNumber, type RegoObject, RegoSet, type Value } from '../rego/value.ts';
import { asObject, asString, type Builtin, BuiltinError, type Context } from './builtin.ts';
import type { Der } from './der.ts';
import { parseTime } from './time-layout.ts';
import { certificateFields, certificateValue, readCertificates } from './x509.ts';

const SERVER_AUTH = 1;
const ANY = 0;
const CERT_SIGN = 1 << 5;
/** MD2, MD5 and SHA-1: no chain rests on them. */
const INSECURE = new Set([0, 1, 2, 3, 7, 9]);
/** Go stops there as well. */
const signaturesMax = 100;

const USAGES = [
  'KeyUsageAny', 'KeyUsageServerAuth', 'KeyUsageClientAuth', 'KeyUsageCodeSigning', 'KeyUsageEmailProtection', 'KeyUsageIPSECEndSystem',
  'KeyUsageIPSECTunnel', 'KeyUsageIPSECUser', 'KeyUsageTimeStamping', 'KeyUsageOCSPSigning', 'KeyUsageMicrosoftServerGatedCrypto',
  'KeyUsageNetscapeServerGatedCrypto', 'KeyUsageMicrosoftCommercialCodeSigning', 'KeyUsageMicrosoftKernelCodeSigning',
];

interface Options {
  /** Nanoseconds since 1970. */
  readonly at: bigint;
  readonly usages: readonly number[];
  readonly dnsName: string | null;
}

interface Certificate {
  readonly der: Der;
  readonly fields: Readonly<Record<string, unknown>>;
}

export const x509Chains: readonly Builtin[] = [
  {
    name: 'crypto.x509.parse_and_verify_certificates',
    type: '(string) => array<boolean, array[object[string: any]]>',
    mark: 'clock',
    run: (context, text: Value) => verified(context, asString(text, 1), () => ({ at: context.clock, usages: [SERVER_AUTH], dnsName: null })),
  },
  {
    name: 'crypto.x509.parse_and_verify_certificates_with_options',
    type: '(string, object[string: any]) => array<boolean, array[object[string: any]]>',
    mark: 'clock',
    // OPA shows these as Go has them, without the texts of their URIs.
    run: (context, text: Value, options: Value) =>
      verified(context, asString(text, 1), () => readOptions(asObject(options, 2), context.clock), asGo),
  },
];

function asGo({ fields }: Certificate): Value {
  return fromPlain(Object.fromEntries(Object.entries(fields).filter(([key]) => key !== 'URIStrings')));
}

function readOptions(given: RegoObject, clock: bigint): Options {
  let options: Options = { at: clock, usages: [SERVER_AUTH], dnsName: null };
  for (const [key, value] of given) {
    if (key === 'DNSName' && typeof value === 'string') options = { ...options, dnsName: value === '' ? null : value };
    else if (key === 'CurrentTime' && isNumber(value)) {
      const at = Num.toBigInt(value);
      if (at === null) throw new BuiltinError('CurrentTime should be an integer');
      options = { ...options, at };
    } else if (key === 'KeyUsages' && (isArray(value) || value instanceof RegoSet)) {
      const usages = (isArray(value) ? value : value.sorted).map(usageOf);
      options = { ...options, usages: usages.length === 0 ? [SERVER_AUTH] : usages };
    }
    else if (key !== 'MaxConstraintComparisons' || !isNumber(value)) throw new BuiltinError('invalid key option');
  }
  return options;
}

function usageOf(name: Value): number {
  const usage = typeof name === 'string' ? USAGES.indexOf(name) : -1;
  return usage < 0 ? fail("invalid entries for 'KeyUsages' found") : usage;
}

const fail = (message: string): never => {
  throw new BuiltinError(message);
};

/** @param optionsOf - read behind the certificates, as OPA does: what holds none is an answer whatever the options are */
function verified(context: Context, text: string, optionsOf: () => Options, show = ({ der }: Certificate): Value => certificateValue(der)): Value {
  context.spend(text.length);
  const all = certificatesIn(text);
  if (all === null) return [false, []];
  const options = optionsOf();
  try {
    const chain = all.length < 2 ? null : chainOf(context, all, options);
    if (chain !== null) return [true, chain.map(show)];
  } catch (error) {
    // Whatever is wrong with the certificates is an answer here, as in OPA; a limit is none.
    if (error instanceof Error && error.name === 'EvaluationError') throw error;
  }
  return [false, []];
}

function certificatesIn(text: string): Certificate[] | null {
  try {
    return readCertificates(text).map((der) => ({ der, fields: certificateFields(der) }));
  } catch (error) {
    if (error instanceof Error && error.name === 'EvaluationError') throw error;
    return null;
  }
}

/** From the leaf up to the root, or null. */
function chainOf(context: Context, all: readonly Certificate[], options: Options): readonly Certificate[] | null {
  const [root, leaf] = [all[0] as Certificate, all.at(-1) as Certificate];
  if (!isValid(leaf, options.at)) return null;
  if (options.dnsName !== null && !names(leaf, options.dnsName)) return null;
  let left = signaturesMax;
  const up = (chain: readonly Certificate[]): readonly Certificate[] | null => {
    const child = chain.at(-1) as Certificate;
    for (const issuer of [root, ...all.slice(1, -1)]) {
      if (issuer.fields['RawSubject'] !== child.fields['RawIssuer'] || chain.some((one) => isSame(one, issuer))) continue;
      if (!isValid(issuer, options.at) || !mayIssue(issuer, chain.length - 1)) continue;
      if (left-- <= 0) return null;
      context.spend(10_000);
      if (!signs(issuer, child)) continue;
      const longer = [...chain, issuer];
      if (issuer === root) {
        if (serves(longer, options.usages)) return longer;
        continue;
      }
      const found = up(longer);
      if (found !== null) return found;
    }
    return null;
  };
  // A leaf that is the very root is trusted as it is; another with its name and key leads nowhere.
  return leaf.fields['Raw'] === root.fields['Raw'] && serves([leaf], options.usages) ? [leaf] : up([leaf]);
}

const isSame = (a: Certificate, b: Certificate) =>
  ['RawSubject', 'RawSubjectPublicKeyInfo'].every((key) => a.fields[key] === b.fields[key]);

function isValid({ fields }: Certificate, at: bigint): boolean {
  const time = (key: string) => parseTime('RFC3339', fields[key] as string);
  return fields['UnhandledCriticalExtensions'] === null && at >= time('NotBefore') && at <= time('NotAfter');
}

/** @param below - intermediates between the issuer and the leaf */
function mayIssue({ fields }: Certificate, below: number): boolean {
  if (fields['Version'] === 3 && fields['BasicConstraintsValid'] !== true) return false;
  if (fields['BasicConstraintsValid'] === true && fields['IsCA'] !== true) return false;
  const usage = Number(fields['KeyUsage']);
  if (usage !== 0 && (usage & CERT_SIGN) === 0) return false;
  const longest = Number(fields['MaxPathLen']);
  const bounded = fields['BasicConstraintsValid'] === true && (longest > 0 || fields['MaxPathLenZero'] === true);
  return !bounded || below <= longest;
}

function signs(issuer: Certificate, child: Certificate): boolean {
  if (INSECURE.has(Number(child.fields['SignatureAlgorithm']))) return false;
  try {
    return new X509Certificate(child.der.raw).verify(new X509Certificate(issuer.der.raw).publicKey);
  } catch {
    return false;
  }
}

/** Whether every certificate of a chain permits one of the uses; one without any permits all. */
function serves(chain: readonly Certificate[], usages: readonly number[]): boolean {
  if (usages.includes(ANY)) return true;
  return usages.some((usage) => chain.every(({ fields }) => {
    const [known, unknown] = [fields['ExtKeyUsage'], fields['UnknownExtKeyUsage']] as [readonly number[] | null, readonly unknown[] | null];
    if ((known === null || known.length === 0) && (unknown === null || unknown === undefined || unknown.length === 0)) return true;
    return known !== null && (known.includes(usage) || known.includes(ANY));
  }));
}

/** Whether the leaf is for a host: an exact name, or one with a wildcard for its first label. */
function names({ fields }: Certificate, host: string): boolean {
  const wanted = host.toLowerCase().replace(/\.$/, '');
  return ((fields['DNSNames'] as readonly string[] | null) ?? []).some((name) => {
    const own = name.toLowerCase().replace(/\.$/, '');
    return own === wanted || (own.startsWith('*.') && wanted.includes('.') && wanted.slice(wanted.indexOf('.')) === own.slice(1));
  });
}
