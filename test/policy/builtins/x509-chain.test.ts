// Chains of certificates under the recorded clock: what Go's verifier takes, and each thing that it refuses.
import { expect, test } from 'vitest';
import { formatBase64 } from '../../../ledger/bytes.ts';
import { compile, isArray, parseJson, type RegoObject, type Value } from '../../../policy/index.ts';
import {
  basicConstraints, certificate, type CertificateParts, CODE_SIGNING, keyPair, keyUsage, purposes,
} from '../../sigstore/pki.ts';

const [from, to] = [Date.UTC(2026, 0, 1), Date.UTC(2027, 0, 1)];
const clock = BigInt(Date.UTC(2026, 5, 1)) * 1_000_000n;
const [rootKey, middleKey, leafKey, otherKey] = [keyPair(), keyPair(), keyPair(), keyPair()];
const CA = [basicConstraints(true), keyUsage(5)];
const pem = (der: Uint8Array) => `-----BEGIN CERTIFICATE-----\n${formatBase64(der)}\n-----END CERTIFICATE-----\n`;

const LEAF: CertificateParts = { subject: 'leaf', issuer: 'middle', key: leafKey, by: middleKey, from, to, extensions: [] };
const make = (parts: Partial<CertificateParts>) => pem(certificate({ ...LEAF, ...parts }));
const root = (more: Partial<CertificateParts> = {}) => make({ subject: 'root', issuer: 'root', key: rootKey, by: rootKey, extensions: CA, ...more });
const middle = (more: Partial<CertificateParts> = {}) => make({ subject: 'middle', issuer: 'root', key: middleKey, by: rootKey, extensions: CA, ...more });

const policy = compile([{ file: 'm', text: 'package m\n\np := crypto.x509.parse_and_verify_certificates(input.text)\n\n'
  + 'q := crypto.x509.parse_and_verify_certificates_with_options(input.text, input.options)\n' }]);

function verify(text: string, options?: object, at = clock): [boolean, string[]] {
  const input = parseJson(JSON.stringify({ text, ...(options === undefined ? {} : { options }) }));
  const { value } = policy.evaluate(options === undefined ? 'data.m.p' : 'data.m.q', { input, clock: at });
  const [ok, chain] = value as readonly [boolean, Value];
  const names = (isArray(chain) ? chain : []).map((one) => ((one as RegoObject).get('Subject') as RegoObject).get('CommonName') as string);
  return [ok, names];
}

test('from the leaf to the root, through what lies between', () => {
  expect(verify(root() + middle() + make({}))).toEqual([true, ['leaf', 'middle', 'root']]);
  expect(verify(root() + make({ issuer: 'root', by: rootKey }))).toEqual([true, ['leaf', 'root']]);
});

test.each<[string, string]>([
  ['one certificate', root()],
  ['no certificate', 'hello'],
  ['no way to the root', root() + make({})],
  ['another signature', root() + middle() + make({ by: otherKey })],
  ['another issuer', root() + middle() + make({ issuer: 'else' })],
  ['an issuer that is none', root() + middle({ extensions: [] }) + make({})],
  ['an issuer that may not sign', root() + middle({ extensions: [basicConstraints(true), keyUsage(0)] }) + make({})],
  ['a path that is too long', root({ extensions: [basicConstraints(true, 0), keyUsage(5)] }) + middle() + make({})],
  ['a leaf that is over', root() + middle() + make({ to: Date.UTC(2026, 1, 1) })],
  ['an issuer that is not yet', root() + middle({ from: Date.UTC(2026, 6, 1) }) + make({})],
  ['another root of the same name and key', root() + root()],
  ['a leaf for code', root() + middle() + make({ extensions: [purposes(false, CODE_SIGNING)] })],
])('%s is no chain', (_, text) => {
  expect(verify(text)).toEqual([false, []]);
});

test('options: the time, the use, the name', () => {
  const text = root() + middle() + make({ extensions: [purposes(false, CODE_SIGNING)] });
  expect(verify(text, { KeyUsages: ['KeyUsageCodeSigning'] })[0]).toBe(true);
  expect(verify(text, { KeyUsages: ['KeyUsageAny'] })[0]).toBe(true);
  expect(verify(text, { KeyUsages: ['KeyUsageClientAuth'] })[0]).toBe(false);
  expect(verify(root() + middle() + make({}), { CurrentTime: Number(BigInt(Date.UTC(2030, 0, 1)) * 1_000_000n) })[0]).toBe(false);
  expect(verify(root() + middle() + make({}), { DNSName: 'example.org' })[0]).toBe(false);
  expect(policy.evaluate('data.m.q', { input: parseJson(`{"text": "", "options": {"Else": 1}}`), clock }).defined).toBe(false);
});

test('the clock is the recorded one', () => {
  const text = root() + middle() + make({});
  expect([verify(text)[0], verify(text, undefined, BigInt(Date.UTC(2028, 0, 1)) * 1_000_000n)[0]]).toEqual([true, false]);
});
