// One synthetic record of each regional database in its publisher's shape: made for these tests, about nothing real.
import type { REGIONAL } from '../../../scanner/import/regional.ts';

export const SYNTHETIC: Readonly<Record<keyof typeof REGIONAL, string>> = {
  euvd: JSON.stringify({ items: [{
    id: 'EUVD-2099-0001', description: 'Synthetic record', aliases: 'CVE-2099-0001\nGHSA-aaaa-bbbb-cccc\n', baseScore: 9.3,
    baseScoreVersion: '4.0', baseScoreVector: 'CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N', references: 'https://example.org/1\n',
  }], total: 1 }),
  jvn: `<?xml version="1.0" encoding="UTF-8"?>
    <rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" xmlns="http://purl.org/rss/1.0/" xmlns:sec="http://jvn.jp/rss/mod_sec/3.0/">
    <item><title>架空の脆弱性</title><description>試験用</description><sec:identifier>JVNDB-2099-000001</sec:identifier>
    <sec:references source="CVE" id="CVE-2099-0002">x</sec:references>
    <sec:cvss version="3.0" severity="High" vector="CVSS:3.0/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:N"/></item></rdf:RDF>`,
  bdu: `<?xml version="1.0" encoding="utf-8"?><vulnerabilities><vul><identifier>BDU:2099-00001</identifier><name>Вымышленная уязвимость</name>
    <description>Для проверки</description><severity>Высокий уровень опасности</severity><cvss><vector>AV:N/AC:L/Au:N/C:C/I:C/A:C</vector></cvss>
    <identifiers><identifier type="CVE">CVE-2099-0003</identifier></identifiers></vul></vulnerabilities>`,
  cnnvd: `<?xml version="1.0" encoding="UTF-8"?><cnnvd><entry><name>虚构漏洞</name><vuln-id>CNNVD-209901-001</vuln-id><severity>高危</severity>
    <other-id><cve-id>CVE-2099-0004</cve-id></other-id><vuln-descript>仅供测试</vuln-descript></entry></cnnvd>`,
  cnvd: `<?xml version="1.0" encoding="UTF-8"?><vulnerabilitys><vulnerability><number>CNVD-2099-00001</number>
    <cves><cve><cveNumber>CVE-2099-0005</cveNumber></cve></cves><title>虚构漏洞</title>
    <serverity>高</serverity><description>仅供测试</description></vulnerability></vulnerabilitys>`,
};
