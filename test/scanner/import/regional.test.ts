// Regional connectors, each on one synthetic record in its publisher's shape.
import { describe, expect, test } from 'vitest';
import { encodeUtf8 } from '../../../ledger/bytes.ts';
import { importRegional, REGIONAL } from '../../../scanner/import/regional.ts';
import { SYNTHETIC } from './synthetic.ts';

const vector = (type: string, score: string) => [{ type, score }];

const EXPECTED: Readonly<Record<keyof typeof REGIONAL, object>> = {
  euvd: {
    osv: {
      id: 'EUVD-2099-0001', aliases: ['CVE-2099-0001', 'GHSA-aaaa-bbbb-cccc'], summary: 'Synthetic record',
      severity: vector('CVSS_V4', 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N'),
    },
    facts: { severity: '9.3' },
  },
  jvn: {
    osv: {
      id: 'JVNDB-2099-000001', aliases: ['CVE-2099-0002'], summary: '架空の脆弱性', details: '試験用',
      severity: vector('CVSS_V3', 'CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N'),
    },
    facts: { severity: 'High' },
  },
  bdu: {
    osv: {
      id: 'BDU:2099-00001', aliases: ['CVE-2099-0003'], summary: 'Вымышленная уязвимость', details: 'Для проверки',
      severity: vector('CVSS_V2', 'AV:N/AC:L/Au:N/C:C/I:C/A:C'),
    },
    facts: { severity: 'Высокий уровень опасности' },
  },
  cnnvd: {
    osv: { id: 'CNNVD-209901-001', aliases: ['CVE-2099-0004'], summary: '虚构漏洞', details: '仅供测试', severity: [] },
    facts: { severity: '高危' },
  },
  cnvd: {
    osv: { id: 'CNVD-2099-00001', aliases: ['CVE-2099-0005'], summary: '虚构漏洞', details: '仅供测试', severity: [] },
    facts: { severity: '高' },
  },
};

describe.each(Object.keys(REGIONAL) as (keyof typeof REGIONAL)[])('%s', (name) => {
  const read = (text: string) => [...importRegional([{ path: 'feed', bytes: encodeUtf8(text) }], REGIONAL[name])];

  test('becomes a linked record in its own language, with its own word for severity', () => {
    const became = read(SYNTHETIC[name]).map((one) => one.is === 'observation' && { osv: one.observation.osv, facts: one.observation.facts });
    expect(became).toEqual([EXPECTED[name]]);
  });

  test('that is cut or another document is refused by name', () => {
    expect(read(SYNTHETIC[name].slice(0, -20))).toMatchObject([{ is: 'refused', where: 'feed' }]);
    const other = read(name === 'euvd' ? '{}' : '<a/>');
    expect(other).toMatchObject([{ is: 'refused', where: 'feed', why: expect.stringContaining('holds no record') as string }]);
  });
});
