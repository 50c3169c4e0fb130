// A stranger's changes to packs of each kind: any byte of any member that the manifest names, and any member that it does not name.
import { describe, expect, test } from 'vitest';
import { encodeUtf8, equalBytes } from '../../ledger/bytes.ts';
import { manifestName, memorySource, parseManifest, signatureName, verifyPack } from '../../verify/pack/index.ts';
import { MEMBER_ROLES } from '../../verify/pack/manifest.ts';
import { image } from '../actions/kit.ts';
import { effort } from '../effort.ts';
import { Dice } from '../projections/history.ts';
import { gated, membersOf, packed, scanned, trust, verdictOf, zipped } from './kit.ts';

/** A ledger with a sealed bill of materials, a real scan and a decision; packs with all that each kind can hold. */
const bench = await scanned({ seal: true });
const decision = await gated(bench);
const now = bench.world.clock.now();
const programs = new Map(['verify.mjs', 'replay.mjs'].map((name) => [name, encodeUtf8(`console.log(${JSON.stringify(name)});\n`)]));
const options = { programs, open: true };
const PACKS = {
  artifact: await packed(bench, { kind: 'artifact', artifact: `sha256:${image}` }, options),
  decision: await packed(bench, { kind: 'decision', decision }, options),
  period: await packed(bench, { kind: 'period', from: 0, to: now }, options),
};
const kinds = Object.entries(PACKS);
const first = Number(process.env['STELLA_SEED'] ?? Date.now() % 1_000_000);

const replaced = (members: ReadonlyMap<string, Uint8Array>, name: string, bytes: Uint8Array) => zipped(new Map([...members, [name, bytes]]));

/** The codes that a change of a member may have: one, but for the signature, where it depends on what of it was hit. */
function expected(name: string): readonly string[] {
  if (name === manifestName) return ['PACK_SIGNATURE_INVALID'];
  return name === signatureName ? ['EVIDENCE_MALFORMED', 'PACK_SIGNATURE_INVALID', 'PACK_SIGNER_UNKNOWN'] : ['PACK_MEMBER_CHANGED'];
}

/** Who holds every entry of this small log has read all of it. */
const LEVELS: Readonly<Record<string, string>> = { artifact: 'AUDITED', decision: 'HEAD', period: 'AUDITED' };

describe.each(kinds)('a pack of one %s', (kind, bytes) => {
  const members = membersOf(bytes);

  test('verifies, and holds members of every role that it can have', () => {
    expect(verdictOf(bytes)).toBe(LEVELS[kind]);
    const { members: named } = parseManifest(members.get(manifestName) as Uint8Array);
    expect([...new Set(named.map(({ role }) => role))].sort()).toEqual([...MEMBER_ROLES].sort());
  });

  test('any byte of any member: the first, one in the middle, the last; one more, one less, none, the member gone', async () => {
    for (const [name, content] of members) {
      const changes = [0, Math.floor(content.length / 2), content.length - 1].map((at) => content.map((byte, i) => (i === at ? byte ^ 1 : byte)));
      for (const changed of [...changes, new Uint8Array([...content, 10]), content.subarray(1), new Uint8Array()]) {
        const code = verdictOf(await replaced(members, name, changed));
        expect([name, changed.length, expected(name)]).toEqual([name, changed.length, expect.arrayContaining([code])]);
      }
      const without = verdictOf(await zipped(new Map([...members].filter(([other]) => other !== name))));
      expect([name, without]).toEqual([name, name === manifestName || name === signatureName ? 'EVIDENCE_MALFORMED' : 'PACK_MEMBER_MISSING']);
    }
  });

  test('any two members exchanged for each other', async () => {
    const named = [...members].filter(([name]) => name !== manifestName && name !== signatureName);
    for (const [i, [name, content]] of named.entries()) {
      const [other, theirs] = named[(i + 1) % named.length] as [string, Uint8Array];
      if (equalBytes(content, theirs)) continue;
      expect([name, verdictOf(await zipped(new Map([...members, [name, theirs], [other, content]])))]).toEqual([name, 'PACK_MEMBER_CHANGED']);
    }
  });

  test('every member that the manifest does not name, wherever it lies: it counts for nothing and is reported', async () => {
    const receipt = members.get('receipts/0.json') as Uint8Array;
    const names = [
      'A', 'extra.txt', 'manifest.json.bak', `opened/${'0'.repeat(64)}`, `payloads/${'0'.repeat(64)}`, 'payloads/00', 'receipts/1000.json',
      'shards/1.part', 'verify2.mjs', 'zz',
    ];
    for (const name of names) {
      expect([name, verdictOf(await replaced(members, name, encodeUtf8('hidden')))]).toEqual([name, 'PACK_UNNAMED']);
      // Nor does what would hold if it were named.
      expect([name, verdictOf(await replaced(members, name, receipt))]).toEqual([name, 'PACK_UNNAMED']);
    }
    const two = verifyPack(memorySource(await zipped(new Map([...members, ['A', receipt], ['zz', receipt]]))), trust);
    expect(two.ok ? '' : two.message).toContain('"A" and 1 more');
  });

  test(`bits anywhere in the file (STELLA_SEED=${first})`, () => {
    const dice = new Dice(first);
    for (let i = 0; i < effort(60, 20); i++) {
      const at = dice.roll(bytes.length);
      const changed = bytes.slice();
      changed[at] = (changed[at] as number) ^ (1 << dice.roll(8));
      const codes = ['EVIDENCE_MALFORMED', 'PACK_MEMBER_CHANGED', 'PACK_SIGNATURE_INVALID', 'PACK_SIGNER_UNKNOWN', 'PACK_MEMBER_MISSING'];
      expect([first, at, codes]).toEqual([first, at, expect.arrayContaining([verdictOf(changed)])]);
    }
  });
});
