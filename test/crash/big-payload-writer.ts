// Stores one large payload, then its entry, and says how much memory it took.
import { prepareDraft } from '../../ledger/events/index.ts';
import { sha256 } from '../../ledger/log/engine.ts';
import { openPlace } from './place.ts';

const [directory, anchor, megabytes] = process.argv.slice(2) as [string, string, string];
const { log, payloads } = await openPlace(directory, anchor);
process.stdout.write('open\n');

const payload = await payloads.put(pieces(Number(megabytes)), 2 ** 32);
const digest = ['sha256', payload.digest] as const;
const reference = { role: 'document', size: payload.size, media: 'application/octet-stream', digest };
const event = { type: 'document.stored', by: { kind: 'public', auth: 'none' }, data: { subjects: [digest] }, payloads: [reference] } as const;
await log.appendOne({ drafts: [prepareDraft(event, sha256)] });
await log.close();
process.stdout.write(`memory ${Math.round(process.resourceUsage().maxRSS / 1024)}\n`);

function* pieces(count: number): Iterable<Uint8Array> {
  for (let i = 0; i < count * 16; i++) yield new Uint8Array(65_536).fill(i);
}
