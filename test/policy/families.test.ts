// Built-in families of their own formats, against answers of OPA 1.22.0.
import { createHash, generateKeyPairSync, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, formatJson, parseJson } from '../../policy/index.ts';

const clock = 1_795_219_200_000_000_000n;

function answer(expression: string, input: unknown = {}): string {
  const { defined, value } = compile([{ file: 'p.rego', text: `package p\n\nx := ${expression}\n` }])
    .evaluate('data.p.x', { clock, input: parseJson(JSON.stringify(input)) });
  return defined ? formatJson(value) : 'undefined';
}

describe('time', () => {
  test.each([
    ['time.now_ns()', '1795219200000000000'],
    ['time.parse_rfc3339_ns("2026-11-21T01:02:03.5+02:00")', '1795215723500000000'],
    ['time.parse_rfc3339_ns("2026-02-29T00:00:00Z")', 'undefined'],
    ['time.parse_ns("Mon Jan _2 15:04:05 2006", "Sat Nov  7 01:02:03 2026")', '1794013323000000000'],
    ['time.parse_ns("2006-002 3:04PM", "2024-366 12:30AM")', '1735605000000000000'],
    ['time.format([0, "", "RFC1123Z"])', '"Thu, 01 Jan 1970 00:00:00 +0000"'],
    ['time.format([-1, "Etc/GMT-3"])', '"1970-01-01T02:59:59.999999999+03:00"'],
    ['time.format([0, "Europe/Berlin"])', 'undefined'],
    ['time.date(951782400000000000)', '[2000,2,29]'],
    ['time.clock([0, "Etc/GMT+5"])', '[19,0,0]'],
    ['time.weekday(time.now_ns())', '"Saturday"'],
    ['time.add_date(951782400000000000, 1, 0, 0)', '983404800000000000'],
    ['time.add_date(0, 300, 0, 0)', 'undefined'],
    ['time.diff(time.now_ns(), 951782400000000000)', '[26,8,21,0,0,0]'],
    ['time.parse_duration_ns("1d2h1.5s")', '93601500000000'],
    ['time.parse_duration_ns("5")', 'undefined'],
    ['time.date(1582977600 * 10e12)', 'undefined'],
  ])('%s is %s', (expression, expected) => {
    expect(answer(expression)).toBe(expected);
  });

  test('a time written in a layout is read back', () => {
    const layouts = ['RFC3339Nano', '2006-01-02 03:04:05.000000000 PM -0700'];
    fc.assert(
      fc.property(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.constantFrom(...layouts), (at, layout) => {
        expect(answer(`time.parse_ns("${layout}", time.format([${at}, "Etc/GMT+7", "${layout}"]))`)).toBe(String(at));
      }),
      { numRuns: 30 },
    );
  });
});

describe('URIs, UUIDs, globs, hashes', () => {
  test.each([
    [
      'uri.parse("https://a@[::1]:8/x%2Fy?q#f")',
      '{"fragment":"f","hostname":"::1","path":"/x/y","port":"8","raw_path":"/x%2Fy","raw_query":"q","scheme":"https"}',
    ],
    ['upper(base64.decode("4WHDqQ=="))', '"\ufffdAÉ"'],
    ['uri.is_valid("http://a b/")', 'false'],
    ['uri.is_valid("1:2")', 'false'],
    ['uuid.parse("urn:uuid:00000000-0000-4000-8000-000000000000")', '{"variant":"RFC4122","version":4}'],
    ['uuid.parse("x")', 'undefined'],
    ['regex.globs_match("a.+b", "[a-c]*z.*b")', 'true'],
    ['regex.globs_match("a+", "b*")', 'false'],
    ['regex.globs_match("a]", "b")', 'undefined'],
    ['crypto.sha256("é")', `"${createHash('sha256').update('é').digest('hex')}"`],
    ['crypto.hmac.sha1("a", "k")', '"40e7d441cadb17b07f050341aa23a6820ed81c8b"'],
    ['crypto.hmac.equal("a", "a")', 'true'],
    ['crypto.parse_private_keys("")', 'null'],
    ['crypto.x509.parse_certificates("YmFk")', 'undefined'],
    ['graphql.schema_is_valid("type Query { a: Int }")', 'true'],
    ['graphql.schema_is_valid("type Query { a: B }")', 'false'],
    ['graphql.parse_query("{")', 'undefined'],
  ])('%s is %s', (expression, expected) => {
    expect(answer(expression)).toBe(expected);
  });
});

describe('tokens', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const pem = publicKey.export({ type: 'spki', format: 'pem' });
  const base64url = (data: unknown) => Buffer.from(JSON.stringify(data)).toString('base64url');
  const token = (claims: object, header: object = { alg: 'ES256' }) => {
    const signed = `${base64url(header)}.${base64url(claims)}`;
    return `${signed}.${sign('sha256', Buffer.from(signed), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
  };
  const seconds = Number(clock / 1_000_000_000n);

  test.each([
    ['good', { exp: seconds + 1, nbf: seconds }, true],
    ['expired by the recorded clock', { exp: seconds }, false],
    ['not yet in force', { nbf: seconds + 1 }, false],
    ['for somebody else', { aud: 'x' }, false],
  ])('a token that is %s', (_, claims, expected) => {
    expect(answer('io.jwt.decode_verify(input.t, {"cert": input.k})[0]', { t: token(claims), k: pem })).toBe(String(expected));
  });

  test('one that is changed, unsigned, or signed for another algorithm or key is not verified', () => {
    const good = token({ a: 1 });
    const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).publicKey.export({ type: 'spki', format: 'pem' });
    const verified = (t: string, k: string) => answer('io.jwt.verify_es256(input.t, input.k)', { t, k });
    expect(verified(good, pem as string)).toBe('true');
    expect(verified(good, other as string)).toBe('false');
    expect(verified(good.replace(base64url({ a: 1 }), base64url({ a: 2 })), pem as string)).toBe('false');
    expect(answer('io.jwt.verify_rs256(input.t, input.k)', { t: good, k: pem })).toBe('false');
    expect(answer('io.jwt.decode_verify(input.t, {"cert": input.k})[0]', { t: `${base64url({ alg: 'none' })}.${base64url({})}.`, k: pem })).toBe('false');
    expect(answer('io.jwt.decode_verify(input.t, {"secret": input.k})[0]', { t: good, k: pem })).toBe('false');
  });
});
