// Sealed payloads after entries came back: links, secrets and marks return, and what was erased does not.
import { expect, test } from 'vitest';
import { restoreSealed } from '../../actions/restore-sealed.ts';
import { dropSealed, openSealed } from '../../actions/sealed-payload.ts';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import { prepareDraft } from '../../ledger/events/index.ts';
import { by, sha256 } from '../log/kit.ts';
import { Bench, image, imageDigest, memoryPayloads, memorySecrets } from './kit.ts';

const seal = { seal: true, subjects: [imageDigest] };

async function filled() {
  const bench = await Bench.begin();
  const [kept, gone] = [await bench.addOne('minutes', seal), await bench.addOne('names', seal)];
  const [commitments, backup] = [[kept.commitment, gone.commitment] as [Uint8Array, Uint8Array], memorySecrets()];
  for (const [name, secret] of bench.secrets.held) backup.held.set(name, secret);
  const data = {
    entry: 2, role: 'document', commitment: ['sha256', commitments[1]] as const, basis: 'unlawful' as const, streams: [`artifact:sha256:${image}`],
  };
  await bench.log.appendOne({ drafts: [prepareDraft({ type: 'payload.erased', by, data }, sha256)], forgets: [commitments[1]] });
  await dropSealed(bench, commitments[1]);
  return { bench, commitments, backup };
}

/** A new machine: the entries and the payload files are there, and nothing else. */
async function recovered(bench: Bench) {
  const payloads = memoryPayloads();
  for (const [name, bytes] of bench.payloads.held) payloads.held.set(name, bytes);
  bench.world.state.marks.clear();
  const log = await bench.world.open();
  return { log, store: bench.world.ports().store, payloads, secrets: memorySecrets(), pepper: bench.pepper };
}

test('with the secrets\' backup: what was not erased opens and is recognised, and the erased one stays away', async () => {
  const { bench, commitments, backup } = await filled();
  const place = await recovered(bench);
  expect(await restoreSealed(place, { payloads: bench.payloads, secrets: backup })).toEqual({ named: 1, secrets: 1, erased: 1, marks: 1 });
  expect(decodeUtf8((await openSealed(place, commitments[0])) as Uint8Array)).toBe('minutes');
  expect(await openSealed(place, commitments[1])).toBeNull();
  expect([...place.secrets.held.keys()]).toHaveLength(1);
  const again = new Bench(place.log, bench.world, place);
  expect((await again.addOne('minutes', seal)).events).toMatchObject([{ outcome: { index: 1, repeated: true } }]);
  expect((await again.addOne('names', seal)).events).toMatchObject([{ outcome: { index: 4, repeated: false } }]);
});

test('without secrets nothing opens, nothing is recognised, and nothing is invented', async () => {
  const { bench, commitments } = await filled();
  const place = await recovered(bench);
  expect(await restoreSealed(place, { payloads: bench.payloads, secrets: null })).toEqual({ named: 1, secrets: 0, erased: 0, marks: 0 });
  expect(await openSealed(place, commitments[0])).toBeNull();
  expect(await restoreSealed(place, { payloads: null, secrets: null })).toEqual({ named: 0, secrets: 0, erased: 0, marks: 0 });
});

test('a secret of an erased payload that a restored folder brought back is destroyed', async () => {
  const { bench, commitments, backup } = await filled();
  const place = { ...(await recovered(bench)), secrets: backup };
  expect(await restoreSealed(place, { payloads: bench.payloads, secrets: null })).toMatchObject({ erased: 1, marks: 1 });
  expect(await backup.get(commitments[1])).toBeNull();
  expect(await backup.get(commitments[0])).not.toBeNull();
});
