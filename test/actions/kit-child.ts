// Imports an update kit in a process of its own and stops it dead at one step: `kit-child.ts KIT BUILDER STEP`.
import { importKit } from '../../actions/import-kit.ts';
import { randomBytes } from 'node:crypto';
import { workFileIn } from '../../cli/feed-ports.ts';
import { payloadsOf } from '../../cli/evidence.ts';
import { openKitFile } from '../../cli/kits.ts';
import { findPlace, localActor, openForWriting } from '../../cli/place.ts';
import type { Call } from '../../cli/command.ts';

const [file = '', builder = '', wanted = ''] = process.argv.slice(2);
const call: Call = {
  words: 'kit import', positionals: [], value: () => undefined, values: () => [], flag: () => false, env: (name) => process.env[name],
  now: () => Date.now(), random: (length) => new Uint8Array(randomBytes(length)),
  out: { json: true, say: () => {}, answer: () => {}, bytes: () => {}, warn: () => {}, progress: () => {} },
};
const place = findPlace(call);
const log = await openForWriting(call, place);
await importKit({ log, ...payloadsOf(call, place), workFile: workFileIn(place) }, { source: openKitFile(file), builder, now: Date.now() },
  localActor(call, place), (step) => {
  if (step === wanted) process.kill(process.pid, 'SIGKILL');
});
