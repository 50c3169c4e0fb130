// CVSS scores from vectors: FIRST's own examples, and what is no vector.
import { describe, expect, test } from 'vitest';
import { cvssScore, scoresOf } from '../../../scanner/advisories/cvss.ts';
import { severityOf } from '../../../scanner/advisories/severity.ts';

describe('score', () => {
  test.each([
    ['CVSS_V2', 'AV:N/AC:L/Au:N/C:N/I:N/A:C', '7.8'],
    ['CVSS_V2', '(AV:N/AC:L/Au:N/C:C/I:C/A:C)', '10.0'],
    ['CVSS_V2', 'AV:L/AC:H/Au:N/C:C/I:C/A:C', '6.2'],
    ['CVSS_V3', 'CVSS:3.0/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', '6.1'],
    ['CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', '9.8'],
    ['CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H', '10.0'],
    ['CVSS_V3', 'CVSS:3.1/AV:P/AC:H/PR:H/UI:R/S:U/C:N/I:N/A:N', '0.0'],
    ['CVSS_V4', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', '9.3'],
    ['CVSS_V4', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:H/SI:H/SA:H', '10.0'],
    ['CVSS_V4', 'CVSS:4.0/AV:L/AC:L/AT:P/PR:L/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', '7.3'],
  ])('%s %s is %s', (type, vector, score) => {
    expect(cvssScore(type, vector)).toBe(score);
  });

  test.each([
    ['CVSS_V3', ''],
    ['CVSS_V3', '9.8'],
    ['CVSS_V3', 'AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
    ['CVSS_V3', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H'],
    ['CVSS_V3', 'CVSS:3.1/AV:N/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
    ['CVSS_V3', 'CVSS:9.9/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
    ['CVSS_V4', 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H'],
    ['Ubuntu', 'medium'],
  ])('%s "%s" has none', (type, vector) => {
    expect(cvssScore(type, vector)).toBeNull();
  });
});

test('a record’s vectors, its packages’ too, each once and newest first', () => {
  const v3 = 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H';
  const v4 = 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N';
  const ours = { type: 'CVSS_V3', score: v3 };
  const record = { id: 'X', severity: [ours], affected: [{ severity: [ours, { type: 'CVSS_V4', score: v4 }] }] };
  expect(scoresOf(record)).toEqual([{ score: '9.3', type: 'CVSS_V4', vector: v4 }, { score: '9.8', type: 'CVSS_V3', vector: v3 }]);
});

test.each([
  ['CVSS_V3', '9.0', 'CRITICAL'], ['CVSS_V3', '8.9', 'HIGH'], ['CVSS_V3', '7.0', 'HIGH'], ['CVSS_V3', '6.9', 'MEDIUM'], ['CVSS_V3', '3.9', 'LOW'],
  ['CVSS_V3', '0.0', 'NONE'], ['CVSS_V4', '0.1', 'LOW'], ['CVSS_V2', '10.0', 'HIGH'], ['CVSS_V2', '6.9', 'MEDIUM'], ['CVSS_V2', '0.0', 'LOW'],
])('%s %s is %s', (type, score, severity) => {
  expect(severityOf(type, score)).toBe(severity);
});
