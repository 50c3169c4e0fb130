// Hashes and HMAC of strings' bytes, in lower-case hex.
import { createHash, createHmac } from 'node:crypto';
import { bytesOfText, type Value } from '../rego/value.ts';
import { asString, type Builtin } from './builtin.ts';

const digest = (name: string): Builtin => ({
  name: `crypto.${name}`,
  type: '(string) => string',
  run: (context, given: Value) => {
    const bytes = bytesOfText(asString(given, 1));
    context.spend(bytes.length);
    return createHash(name).update(bytes).digest('hex');
  },
});

const hmac = (name: string): Builtin => ({
  name: `crypto.hmac.${name}`,
  type: '(string, string) => string',
  run: (context, given: Value, key: Value) => {
    const bytes = bytesOfText(asString(given, 1));
    context.spend(bytes.length);
    return createHmac(name, bytesOfText(asString(key, 2))).update(bytes).digest('hex');
  },
});

export const hashes: readonly Builtin[] = [
  ...['md5', 'sha1', 'sha256'].map(digest),
  ...['md5', 'sha1', 'sha256', 'sha512'].map(hmac),
  { name: 'crypto.hmac.equal', type: '(string, string) => boolean', run: (_, a: Value, b: Value) => asString(a, 1) === asString(b, 2) },
];
