// Calls of built-in functions that have an answer, as Rego text: from the vectors of the unit tests, and made here with fresh keys.
import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { encodeUtf8, formatBase64 } from '../../../ledger/bytes.ts';
import { formatTerm } from '../../../policy/index.ts';
import { parseJson } from '../../../policy/rego/json.ts';
import { isArray, type Value } from '../../../policy/rego/value.ts';
import { bits, certificate, integer, type KeyPair, keyPair, name, oid, seq, signWith, tagged } from '../../sigstore/pki.ts';

/** Argument lists by function. */
export type Seeds = ReadonlyMap<string, readonly string[]>;

const vectors = fileURLToPath(new URL('../../policy/builtins/vectors/', import.meta.url));

export function readSeeds(): Seeds {
  const seeds = new Map<string, string[]>();
  const add = (call: string, ...lists: string[]) => seeds.set(call, [...(seeds.get(call) ?? []), ...lists]);
  for (const file of globSync('*.json', { cwd: vectors }).sort()) {
    for (const row of JSON.parse(readFileSync(vectors + file, 'utf8')) as { call: string; args: unknown[]; value?: unknown }[]) {
      // Read by the lossless reader, so that numbers stay as the vector has them.
      const args = parseJson(JSON.stringify(row.args));
      if (row.value !== undefined && isArray(args)) add(row.call, args.map((arg: Value) => regoText(arg)).join(', '));
    }
  }
  for (const [call, ...lists] of OWN) add(call, ...lists);
  for (const [call, list] of [...tokens(), ...certificates()]) add(call, list);
  return seeds;
}

/** A value as source: `formatTerm` escapes as Go does, which Rego's own strings do not read. */
function regoText(value: Value): string {
  const text = formatTerm(value);
  return /\\[xUav]/.test(text) ? `json.unmarshal(${JSON.stringify(JSON.stringify(null))})` : text;
}

const OWN: readonly (readonly [string, ...string[]])[] = [
  ['count', '{1, 2, "a"}', '"héllo"'], ['all', '[true, true]', '{true}'], ['any', '[false, true]', '{false}'],
  ['plus', '1, 2.5'], ['mul', '3, 0.1'], ['div', '1, 3'], ['rem', '7, -3'], ['and', '{1, 2}, {2, 3}'], ['or', '{1}, {"a"}'],
  ['set_diff', '{1, 2}, {2}'], ['intersection', '{{1, 2}, {2}}'], ['union', '{{1}, {2, 3}}'], ['minus', '3, 1', '{1, 2}, {1}'],
  ['is_array', '[1]'], ['is_boolean', 'true'], ['is_null', 'null'], ['is_number', '1.0'], ['is_object', '{"a": 1}'], ['is_set', '{1}'],
  ['is_string', '"a"'], ['type_name', '{1}', 'null'], ['cast_array', '{2, 1}'], ['cast_set', '[2, 1, 2]'], ['cast_boolean', 'false'],
  ['cast_null', 'null'], ['cast_string', '"a"'], ['cast_object', '{"a": 1}'], ['walk', 'input.o', '[1, {"a": {2}}]'],
  ['graph.reachable', '{"a": ["b"], "b": ["c"], "c": []}, {"a"}'], ['graph.reachable_paths', '{"a": ["b", "c"], "b": [], "c": ["a"]}, ["a"]'],
  ['crypto.md5', '"é"'], ['crypto.sha1', '""'], ['crypto.sha256', '"abc"'], ['crypto.hmac.equal', '"a", "a"', '"a", "b"'],
  ...['md5', 'sha1', 'sha256', 'sha512'].map((hash) => [`crypto.hmac.${hash}`, '"message", "key"'] as const),
  ['net.cidr_overlap', '"10.0.0.0/8", "10.1.2.3"'], ['re_match', '"^a+$", "aaa"'], ['trace', '"noted"'], ['print', '"noted", 1'],
  ['graphql.is_valid', '"{ a }", "type Query { a: Int }"'],
  ['graphql.parse_and_verify', '"{ a }", "type Query { a: Int }"', '"{ b }", "type Query { a: Int }"'],
  ['time.add_date', '1700000000000000000, 1, -2, 30'],
  ['rego.metadata.rule', ''], ['rego.metadata.chain', ''], ['net.cidr_contains', '"10.0.0.0/8", "10.1.0.0/16"'],
  ['providers.aws.sign_req', '{"method": "get", "url": "https://s3.amazonaws.com/b"}, {"aws_access_key": "k", "aws_secret_access_key": "s", '
    + '"aws_service": "s3", "aws_region": "r"}, 1451610551000000000'],
  ['rego.parse_module', '"m.rego", "package m\\n\\np := 1"'],
  ['strings.render_template', '"a {{.x}}", {"x": 1}', '"{{range .xs}}<{{.}}>{{end}}", {"xs": [1, 2]}'],
];

const base64url = (text: string | Uint8Array) => formatBase64(typeof text === 'string' ? encodeUtf8(text) : text)
  .replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
const pem = (label: string, bytes: Uint8Array) => `-----BEGIN ${label}-----\n${formatBase64(bytes)}\n-----END ${label}-----\n`;

function* tokens(): Iterable<readonly [string, string]> {
  const signed = (alg: string, make: (message: Uint8Array) => Uint8Array) => {
    const message = `${base64url(`{"alg":"${alg}","typ":"JWT"}`)}.${base64url('{"iss":"i","sub":"s","n":1.50,"exp":4000000000}')}`;
    return `${message}.${base64url(make(encodeUtf8(message)))}`;
  };
  for (const bitsOf of ['256', '384', '512']) {
    const hs = signed(`HS${bitsOf}`, (message) => createHmac(`sha${bitsOf}`, 'secret').update(message).digest());
    yield [`io.jwt.verify_hs${bitsOf}`, `"${hs}", "secret"`];
    yield ['io.jwt.decode', `"${hs}"`];
    yield ['io.jwt.decode_verify', `"${hs}", {"secret": "secret", "alg": "HS${bitsOf}", "time": 1700000000000000000}`];
  }
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const pss = { padding: 6, saltLength: 32 };
  for (const bitsOf of ['256', '384', '512']) {
    const key = JSON.stringify(rsa.publicKey.export({ type: 'spki', format: 'pem' }));
    yield [`io.jwt.verify_rs${bitsOf}`, `"${signed(`RS${bitsOf}`, (m) => sign(`sha${bitsOf}`, m, rsa.privateKey))}", ${key}`];
    const saltLength = Number(bitsOf) / 8;
    yield [`io.jwt.verify_ps${bitsOf}`, `"${signed(`PS${bitsOf}`, (m) => sign(`sha${bitsOf}`, m, { key: rsa.privateKey, ...pss, saltLength }))}", ${key}`];
  }
  for (const [bitsOf, curve] of [['256', 'P-256'], ['384', 'P-384'], ['512', 'P-521']] as const) {
    const { secret, spki } = keyPair(curve);
    const es = signed(`ES${bitsOf}`, (m) => sign(`sha${bitsOf}`, m, { key: secret, dsaEncoding: 'ieee-p1363' }));
    yield [`io.jwt.verify_es${bitsOf}`, `"${es}", ${JSON.stringify(pem('PUBLIC KEY', spki))}`];
  }
  const ed = generateKeyPairSync('ed25519');
  const edPem = JSON.stringify(ed.publicKey.export({ type: 'spki', format: 'pem' }));
  yield ['io.jwt.verify_eddsa', `"${signed('EdDSA', (m) => sign(null, m, ed.privateKey))}", ${edPem}`];
  const pkcs1 = JSON.stringify(rsa.privateKey.export({ type: 'pkcs1', format: 'pem' }));
  yield ['crypto.x509.parse_rsa_private_key', pkcs1];
  yield ['crypto.parse_private_keys', pkcs1];
}

function* certificates(): Iterable<readonly [string, string]> {
  const root = keyPair();
  const leaf = keyPair();
  const [from, to] = [Date.UTC(2020, 0, 1), Date.UTC(2040, 0, 1)];
  const made = certificate({ subject: 'leaf', issuer: 'root', key: leaf, by: root, from, to, extensions: [] });
  const text = pem('CERTIFICATE', made);
  yield ['crypto.x509.parse_certificates', JSON.stringify(text)];
  yield ['crypto.x509.parse_keypair', `${JSON.stringify(text)}, ${JSON.stringify(exported(leaf.secret))}`];
  yield ['crypto.x509.parse_certificate_request', JSON.stringify(pem('CERTIFICATE REQUEST', request(leaf)))];
  yield ['crypto.parse_private_keys', JSON.stringify(exported(leaf.secret))];
}

const exported = (key: KeyObject) => key.export({ type: 'pkcs8', format: 'pem' }) as string;

/** PKCS #10 (RFC 2986). */
function request(key: KeyPair): Uint8Array {
  const info = seq(integer(0), name('asked'), key.spki, tagged(0));
  return seq(info, seq(oid('1.2.840.10045.4.3.2')), bits(signWith(key, info)));
}
