// The bench's gate: its input, the same for every run, and its policy written with indexes, naively, and with ref heads.
import { readFileSync } from 'node:fs';

const read = (name: string) => readFileSync(new URL(`./policy/gate_${name}.rego`, import.meta.url), 'utf8');

export const gatePolicies: Readonly<Record<string, string>> = { index: read('index'), naive: read('naive'), refhead: read('refhead') };

const SEVERITIES = ['LOW', 'LOW', 'MEDIUM', 'MEDIUM', 'MEDIUM', 'HIGH', 'HIGH', 'CRITICAL'];
const TYPES = ['npm', 'pypi', 'golang', 'maven', 'cargo'];
const STATUSES = ['not_affected', 'not_affected', 'fixed', 'affected', 'under_investigation'];

/** JSON of findings and VEX statements, drawn by mulberry32 from seed 42. */
export function gateInput(findings: number, statements: number): string {
  let seed = 42;
  const random = () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let t = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const below = (n: number) => Math.floor(random() * n);
  const pick = <T>(list: readonly T[]) => list[below(list.length)] as T;
  const purl = (i: number) => `pkg:${TYPES[i % 5]}/pkg-${i % 997}@${i % 7}.${i % 13}.${i % 29}`;
  const cve = (i: number) => `CVE-20${10 + (i % 16)}-${String(1000 + i)}`;
  const found = Array.from({ length: findings }, (_, i) => ({
    key: `F${String(i).padStart(6, '0')}`, id: cve(i), aliases: i % 3 === 0 ? [`GHSA-${i}`] : [], purl: purl(i), severity: pick(SEVERITIES),
    score: below(101) / 10,
  }));
  const vex = Array.from({ length: statements }, (_, i) => {
    const finding = found[below(findings)] as (typeof found)[number];
    const status = pick(STATUSES);
    const vulnerability = finding.aliases.length > 0 && random() < 0.5 ? finding.aliases[0] : finding.id;
    const products = [finding.purl, purl(below(findings))];
    const justification = status === 'not_affected' && random() < 0.9 ? 'vulnerable_code_not_in_execute_path' : '';
    return { vulnerability, products, status, justification, author: `team-${i % 9}` };
  });
  const waivers = Array.from({ length: Math.ceil(statements / 10) }, (_, i) => {
    const finding = found[below(findings)] as (typeof found)[number];
    return { vulnerability: finding.id, purl: finding.purl, expires: i % 4 === 0 ? '2026-01-01T00:00:00Z' : '2027-01-01T00:00:00Z' };
  });
  const attestations = Array.from({ length: 20 }, (_, i) => ({
    id: `att-${i}`, inclusion_proof: i % 5 === 0 ? {} : { logIndex: i, hashes: ['00'.repeat(32)] },
  }));
  const config = { fail_on: 'HIGH', max_db_age_hours: 48 };
  return JSON.stringify({ now: '2026-11-21T00:00:00Z', config, db: { built: '2026-11-20T00:00:00Z' }, findings: found, vex, waivers, attestations });
}
