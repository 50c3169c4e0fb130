// Trust policy files: what is read, what is refused and where, and when a quorum is met.
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { formatVkey } from '../../ledger/note/keys.ts';
import { meetsQuorum, parsePolicy } from '../../ledger/note/policy.ts';
import { ed25519Signer, witnessSigner } from '../../ledger/note/signer.ts';
import { refusal } from './refusal.ts';

const seed = (n: number) => new Uint8Array(32).fill(n);
const log = formatVkey(ed25519Signer('log.example', seed(1)).key);
const witness = (n: number, name = `w${n}.example`) => formatVkey(witnessSigner(name, seed(100 + n)).key);
const listed = (n: number) => formatVkey(ed25519Signer(`w${n}.example`, seed(100 + n)).key);

const lines = (...parts: string[]) => `${parts.join('\n')}\n`;
const witnesses = (count: number) => Array.from({ length: count }, (_, i) => `witness w${i} ${witness(i)}`);

describe('what is read', () => {
  test('the example of C2SP tlog-policy, with two levels of groups', () => {
    const policy = parsePolicy(lines(
      '# the example', `log ${log} https://log.example/`, '', ...[1, 2, 3].map((n) => `witness X${n} ${witness(n)}`), 'group X-witnesses 2 X1 X2 X3',
      ...[4, 5, 6].map((n) => `\twitness  Y${n - 3}\t${witness(n)} https://y.example `),
      'group Y-witnesses any Y1 Y2 Y3', 'group X-and-Y all X-witnesses Y-witnesses',
      'quorum X-and-Y',
    ));
    expect(policy.logs).toMatchObject([{ key: { name: 'log.example' }, url: 'https://log.example/' }]);
    expect(policy.witnesses.map(({ name, url }) => [name, url])).toEqual([
      ['X1', null], ['X2', null], ['X3', null], ['Y1', 'https://y.example'], ['Y2', 'https://y.example'], ['Y3', 'https://y.example'],
    ]);
    const met = (...names: string[]) => meetsQuorum(policy.quorum, ({ name }) => names.includes(name));
    expect([met('X1', 'X2', 'Y3'), met('X1', 'X2', 'X3', 'Y1')]).toEqual([true, true]);
    expect([met(), met('X1', 'X2'), met('X1', 'Y1', 'Y2', 'Y3'), met('X1', 'X2', 'X3')]).toEqual([false, false, false, false]);
  });

  test('no quorum asks for nothing, one witness asks for that one', () => {
    expect(meetsQuorum(parsePolicy('quorum none').quorum, () => false)).toBe(true);
    const { quorum } = parsePolicy(lines(...witnesses(2), 'quorum w1'));
    expect([meetsQuorum(quorum, ({ name }) => name === 'w0'), meetsQuorum(quorum, ({ name }) => name === 'w1')]).toEqual([false, true]);
  });

  test('a witness listed with a type 0x01 key has its cosignature key', () => {
    const key = (vkey: string) => parsePolicy(lines(`witness a ${vkey}`, 'quorum a')).witnesses[0]!.key;
    expect(key(listed(1))).toEqual(key(witness(1)));
  });

  test('a key of an unknown type is kept', () => {
    const { witnesses: [one] } = parsePolicy(lines('witness a a.example+0a0b0c0d+/wECAw==', 'quorum a'));
    expect(one!.key).toEqual({ name: 'a.example', id: 0x0a0b0c0d, type: 0xff, publicKey: Uint8Array.of(1, 2, 3) });
  });

  test('32 logs, 32 witnesses and 32 groups, and a chain of groups as deep', () => {
    const many = lines(
      ...Array.from({ length: 32 }, (_, i) => `log ${formatVkey(ed25519Signer('log.example', seed(i)).key)}`), ...witnesses(32),
      'group g0 all w0', ...Array.from({ length: 31 }, (_, i) => `group g${i + 1} all g${i} w${i + 1}`), 'quorum g31',
    );
    const { quorum } = parsePolicy(many);
    expect(meetsQuorum(quorum, () => true)).toBe(true);
    expect(meetsQuorum(quorum, ({ name }) => name !== 'w0')).toBe(false);
  });

  test('octets that are no UTF-8 are opaque in names, URLs and comments', () => {
    const bytes = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
    expect(parsePolicy(bytes(`# caf\xe9\nwitness \xe9 ${witness(1)} https://\xe9\nquorum \xe9\n`)).witnesses).toHaveLength(1);
    expect(refusal(() => parsePolicy(bytes(`witness \xe9 ${witness(1)}\nquorum \xe8\n`)))).toMatch(/^INPUT_MALFORMED at/);
    const kelvin = lines(`witness K ${witness(1)}`, `witness \u212a ${witness(2)}`, 'quorum \u212a');
    expect(parsePolicy(kelvin).quorum).toMatchObject({ name: '\u212a', key: { name: 'w2.example' } });
    expect(parsePolicy(encodeUtf8(kelvin))).toEqual(parsePolicy(kelvin));
  });
});

describe('what is refused', () => {
  const two = lines(...witnesses(2));
  const twin = formatVkey(ed25519Signer('b.example', seed(1)).key);
  const chain = (groups: number) => lines(`witness g0 ${witness(0)}`, ...Array.from({ length: groups }, (_, i) => `group g${i + 1} all g${i}`));
  test.each([
    ['nothing', '', 'INPUT_MALFORMED at 0'],
    ['no quorum line', `${two}# end\n`, `INPUT_MALFORMED at ${two.length + 6}`],
    ['two quorum lines', 'quorum none\nquorum none\n', 'INPUT_MALFORMED at 12'],
    ['a quorum that is not defined', 'quorum w0\n', 'INPUT_MALFORMED at 0'],
    ['a quorum before its witness', `quorum w0\n${two}`, 'INPUT_MALFORMED at 0'],
    ['an unknown line', 'quorum none\nwitnes a b\n', 'INPUT_MALFORMED at 12'],
    ['a line in upper case', 'QUORUM none\n', 'INPUT_MALFORMED at 0'],
    ['a carriage return', 'quorum none\r\n', 'INPUT_MALFORMED at 0'],
    ['a delete character', '# \x7f\nquorum none\n', 'INPUT_MALFORMED at 0'],
    ['a log without a key', 'log\nquorum none\n', 'INPUT_MALFORMED at 0'],
    ['a log with three words', `log ${log} a b\nquorum none\n`, 'INPUT_MALFORMED at 0'],
    ['a log with a bad key', 'log nonsense\nquorum none\n', 'INPUT_MALFORMED at 0'],
    ['a log listed twice under other names', `log ${log}\nlog ${twin}\nquorum none\n`, `INPUT_MALFORMED at ${log.length + 5}`],
    ['a witness without a key', 'witness a\nquorum none\n', 'INPUT_MALFORMED at 0'],
    ['a witness with four words', `witness a ${witness(0)} b c\nquorum none\n`, 'INPUT_MALFORMED at 0'],
    ['a witness listed twice under other names', `${two}witness x ${witness(0, 'x.example')}\nquorum none\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a witness listed twice under types 1 and 4', `${two}witness x ${listed(0)}\nquorum none\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a name taken by a witness', `${two}witness w0 ${witness(3)}\nquorum none\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a name taken by a group', `${two}group w0 any w1\nquorum none\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a witness named none', `witness none ${witness(3)}\nquorum none\n`, 'INPUT_MALFORMED at 0'],
    ['none in a group', `${two}group g any none\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a group without members', `${two}group g any\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a group of itself', `${two}group g any g\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a member twice in a group', `${two}group g any w0 w0\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a member of two groups', `${two}group g any w0\ngroup h any w0\nquorum g\n`, `INPUT_MALFORMED at ${two.length + 15}`],
    ['a threshold of 0', `${two}group g 0 w0\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a threshold above the members', `${two}group g 3 w0 w1\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a threshold with a leading zero', `${two}group g 01 w0 w1\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a group by another word', `${two}grp g any w0\nquorum w0\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a group with a name alone', `${two}group g\nquorum w0\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a quorum of two words', `${two}quorum w0 w1\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a quorum without a word', `${two}quorum\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a threshold with a letter behind it', `${two}group g 1x w0 w1\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a word with a comment sign at its end', `${two}what#\nquorum w0\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a threshold in words', `${two}group g most w0 w1\nquorum g\n`, `INPUT_MALFORMED at ${two.length}`],
    ['a key name that is no UTF-8', Uint8Array.from('log \xe9+00000000+AQ==\n', (c) => c.charCodeAt(0)), 'INPUT_NOT_UTF8 at 0'],
    ['more bytes than a policy may have', `#${'x'.repeat(1_048_576)}`, 'INPUT_TOO_LARGE'],
    ['more members than a policy may have', `${chain(512)}quorum g512\n`, `INPUT_TOO_LARGE at ${chain(511).length}`],
    ['a log beyond them', `${chain(511)}log ${log}\nquorum g511\n`, `INPUT_TOO_LARGE at ${chain(511).length}`],
  ])('%s', (_, text, expected) => {
    expect(refusal(() => parsePolicy(text))).toBe(expected);
  });

  test('512 members are read, logs counted among them', () => {
    expect(parsePolicy(`${chain(511)}quorum g511\n`).quorum).toMatchObject({ is: 'group', name: 'g511' });
    expect(parsePolicy(`log ${log}\n${chain(510)}# end\n\nquorum g510\n`).quorum).toMatchObject({ is: 'group', name: 'g510' });
  });

  test('the bounds themselves are read', () => {
    const padded = `# ${'x'.repeat(1_048_576 - 15)}\nquorum none\n`.slice(-1_048_576);
    expect(parsePolicy(`#${padded.slice(1)}`).quorum).toBe(null);
    const ten = lines(...witnesses(10), `group g 10 ${Array.from({ length: 10 }, (_, i) => `w${i}`).join(' ')}`, 'quorum g');
    expect(parsePolicy(ten).quorum).toMatchObject({ is: 'group', name: 'g', threshold: 10 });
    expect(() => parsePolicy('nonsense')).toThrow('Cannot read policy: "nonsense" is no line of a policy');
  });

  test('a threshold equal to the members is all of them', () => {
    expect(parsePolicy(`${two}group g 2 w0 w1\nquorum g\n`).quorum).toMatchObject({ threshold: 2 });
    expect(parsePolicy(`${two}group g all w0 w1\nquorum g\n`).quorum).toMatchObject({ threshold: 2 });
  });
});
