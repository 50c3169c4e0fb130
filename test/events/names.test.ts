// The grammars of names: examples from where the names come from, the longest of each, and what a grammar ends at.
import { describe, expect, test } from 'vitest';
import { compile } from '../../ledger/events/compile.ts';
import * as names from '../../ledger/events/names.ts';

const { streamsMax: _streams, streamNameBytesMax: _bytes, ...grammars } = names;
const accepts = (grammar: keyof typeof grammars, text: string): boolean => compile(grammars[grammar]).check(text) === null;

/** Good examples, the longest last: with one more of its last character it is refused. */
const examples: Readonly<Record<keyof typeof grammars, readonly string[]>> = {
  streamName: ['ledger', 'trust', `key:${'0'.repeat(64)}`, 'feed:osv/npm', `artifact:sha256:${'a'.repeat(64)}`, `vuln:${'A'.repeat(127)}`,
    `waiver:${'7'.repeat(63)}`,
    `policy:${'r'.repeat(127)}`],
  hostName: ['log', 'log2024.rekor.sigstore.dev', '1.example', `${'a'.repeat(63)}.${'b'.repeat(63)}.${'c'.repeat(63)}.${'d'.repeat(63)}`],
  vulnerabilityId: ['CVE-2026-1234', 'RHSA-2026:1234', 'GHSA-f82v-jwr5-mffw', `G${'O'.repeat(126)}`],
  slugName: ['release/prod', 'a', `0${'.'.repeat(126)}`],
  entrypointName: ['data.main', 'data.release["v1.2/x"].deny_2', 'data["a"]["b"]', `data.${'x'.repeat(122)}`],
  recordId: ['w-2026-001', '7', `a${'-'.repeat(62)}`],
  mediaType: ['application/vnd.in-toto+json', 'text/plain', `${'a'.repeat(127)}/${'b'.repeat(127)}`],
  eventType: ['document.stored', 'ledger.clock_set', `${'a'.repeat(20)}.${'b'.repeat(20)}_${'c'.repeat(20)}`],
  payloadRole: ['document', 'rule-results', `${'a'.repeat(20)}-${'b'.repeat(20)}`],
  verdictCode: ['SIGNATURE_INVALID', 'A1_2', 'AB_C_D_E_F_G_H', `${'A'.repeat(31)}_${'B'.repeat(30)}`],
  inputMember: ['findings', 'effective_time', `${'a'.repeat(20)}_${'b'.repeat(20)}`],
  timeText: ['2026-01-31T09:00:00Z', '2026-01-31 09:00:00,5 +02:00', '2026', `2026-01-31T09:00:00.${'0'.repeat(20)}`],
  platformName: ['linux', 'v8', `a${'_'.repeat(31)}`],
  purlName: ['pkg:npm/%40angular/core', 'pkg:deb/debian/curl?arch=amd64&distro=trixie', `pkg:npm/${'a'.repeat(127)}`],
  versionRange: ['vers:npm/*', 'vers:npm/>=1.2.0|<2.0.0', 'vers:pypi/1.0|!=1.1|=1.2', `vers:npm/${'1'.repeat(246)}`],
};

describe.each(Object.entries(examples) as [keyof typeof grammars, readonly string[]][])('%s', (grammar, good) => {
  test.each(good.map((text) => [text]))('%s', (text) => {
    expect(accepts(grammar, text)).toBe(true);
    expect(accepts(grammar, `\n${text}`), 'something before it').toBe(false);
    expect(accepts(grammar, `${text}\n`), 'something behind it').toBe(false);
  });

  test('one more than the longest', () => {
    const longest = good.at(-1) as string;
    expect(accepts(grammar, longest + longest.at(-1))).toBe(false);
  });
});

test.each<[keyof typeof grammars, readonly string[]]>([
  ['streamName', ['Ledger', 'artifact:sha256:0', `artifact:sha512:${'a'.repeat(64)}`, `key:${'A'.repeat(64)}`, 'feed:', 'waiver:A', 'person:ann', 'vuln:-1',
    'ledger:x']],
  ['hostName', ['-a', 'a-', 'a..b', '.a', 'a.', 'A', '10.0.0.1', 'example.1', '1', `${'a'.repeat(64)}`, 'a_b']],
  ['vulnerabilityId', ['', '-A', 'CVE 2026']],
  ['slugName', ['-a', '.a', '_a', '/a', 'A', 'a b']],
  ['entrypointName', ['data', 'data.', 'input.x', 'data.1x', 'data.x-y', 'data[""]', 'data["a b"]', "data['a']", 'data.x[0]']],
  ['recordId', ['-a', 'a.b', 'A', 'a_b']],
  ['mediaType', ['text', 'text/', '/plain', 'text/plain; charset=utf-8', 'Text/plain', '-text/plain', 'text/-plain', `${'a'.repeat(128)}/b`,
    `a/${'b'.repeat(128)}`]],
  ['eventType', ['document', 'd.stored', 'document.s', 'document.stored_x', 'a2.stored', 'document.stored_again_now', `${'a'.repeat(21)}.stored`,
    'document.clock-set']],
  ['payloadRole', ['d', 'rule-', 'rule-r', 'Rule', 'rule_results', 'a-bb-cc', 'rule2', `${'a'.repeat(21)}`]],
  ['verdictCode', ['SIGNATURE', 'A_B', '1A_B', 'AB_', 'AB_c', 'aB_C', `${'A'.repeat(32)}_B`, `AB_${'C'.repeat(31)}`, 'AB_C_D_E_F_G_H_I']],
  ['inputMember', ['f', 'findings_', 'findings_f', 'Findings', 'effective-time', 'findings2']],
  ['timeText', ['now', '202', 'T2026', '2026_01', 'Tuesday 31']],
  ['platformName', ['', 'Linux', '-a', '.a', 'a b']],
  ['purlName', ['npm/a', 'pkg:npm', 'pkg:npm/', 'pkg:NPM/a', 'pkg:npm/a@1', 'pkg:npm/a?', 'pkg:npm/a?x', 'pkg:npm/a?x=', 'pkg:npm/a?x=1&', 'pkg:npm/a#b',
    'pkg:n/a',
    `pkg:npm${'/a'.repeat(9)}`]],
  ['versionRange', ['npm/*', 'vers:npm', 'vers:npm/', 'vers:npm/**', 'vers:npm/>', 'vers:npm/1|', 'vers:npm/|1', 'vers:NPM/*', 'vers:npm/1 2',
    'vers:npm/*|1', 'vers:npm/==1']],
])('%s refuses', (grammar, bad) => {
  for (const text of bad) expect(accepts(grammar, text), text).toBe(false);
});
