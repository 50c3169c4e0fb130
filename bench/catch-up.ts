// catch-up: events and components taken in by the projections that catch up, and a purl search with them and without.
import { catchUpLedger } from '../actions/catch-up.ts';
import { whereUsed, whereUsedNow } from '../actions/where-used.ts';
import { encodeUtf8 } from '../ledger/bytes.ts';
import { prepareDraft, type Digest, type NewEvent } from '../ledger/events/index.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { openPayloads } from '../ledger/store/payloads.ts';
import { openSideTables } from '../ledger/store/side-tables.ts';
import { inventory } from '../projections/catch-up/inventory.ts';
import type { CatchUpDb, CatchUpTables } from '../projections/catch-up/tables.ts';
import { timeline } from '../projections/catch-up/timeline.ts';
import { parseSought } from '../projections/purls.ts';
import { DocumentReader } from '../projections/reader.ts';
import type { Result } from './bench.ts';
import { BenchLedger, Events } from './ledger.ts';

const componentsEach = 500;
const together = 100;

/** Bills of materials of 500 components out of 5,000 packages in 40 versions, one for each artifact. */
export async function* catchingUp(bills: number, events: number): AsyncGenerator<Result> {
  const ledger = new BenchLedger();
  const log = await ledger.create(false, 'event', true);
  const payloads = openPayloads(`${ledger.directory}/payloads`);
  const db = openSideTables<CatchUpTables>(ledger.directory) as CatchUpDb;
  await ingest(log, payloads, bills);
  const spent = await cpuOf(() => catchUpLedger({ db, log, payloads, list: [inventory] }));
  yield { name: 'projections/catch-up/components', value: (bills * componentsEach * 1e6) / spent, unit: `components/s of processor time, from ${bills} bills` };
  for (const text of ['pkg:npm/package-7', 'pkg:npm/package-7@1.3.0', 'pkg:npm/@scope-3/*']) {
    const sought = parseSought(text);
    let [short, long] = [0, 0];
    for (let round = 0; round < 5; round++) {
      const documents = new DocumentReader(log.published.size, log, null);
      await documents.all('artifact');
      const [now, then] = [{ found: 0 }, { found: 0 }];
      short += await cpuOf(async () => (now.found = (await whereUsedNow(sought, db, payloads))?.artifacts.length ?? -1));
      long += await cpuOf(async () => (then.found = (await whereUsed(sought, { documents, payloads })).artifacts.length));
      if (now.found !== then.found) throw new Error(`${text}: ${now.found} and ${then.found}`);
    }
    yield {
      name: `projections/catch-up/search ${text}`, value: short / 5000, unit: 'ms of processor time',
      peer: { name: 'every list opened', version: '', value: long / 5000 }, ratio: short / long,
    };
  }
  const some = new Events();
  for (let i = 0; i < events; i += 1000) await log.append(Array.from({ length: 1000 }, () => some.command()));
  const all = await cpuOf(() => catchUpLedger({ db, log, payloads, list: [timeline] }));
  yield { name: 'projections/catch-up/events', value: (log.published.size * 1e6) / all, unit: 'events/s of processor time into the timeline' };
  const rest = await cpuOf(() => catchUpLedger({ db, log, payloads }));
  yield { name: 'projections/catch-up/events-unread', value: (events * 1e6) / rest, unit: 'events/s of processor time into three that read none of them' };
  await db.destroy();
  await log.close();
  await ledger.remove();
}

async function ingest(log: Log, payloads: ReturnType<typeof openPayloads>, bills: number): Promise<void> {
  for (let at = 0; at < bills; at += together) {
    const commands = [];
    for (let bill = at; bill < Math.min(at + together, bills); bill++) {
      const components = Array.from({ length: componentsEach }, (_, i) => {
        const number = (bill * 37 + i * 11) % 5000;
        const version = `1.${(number + bill) % 40}.0`;
        const scope = number % 10 === 0 ? `%40scope-${number % 70}/` : '';
        return { licences: ['MIT'], name: `package-${number}`, purl: `pkg:npm/${scope}package-${number}@${version}`, type: 'library', version };
      });
      const bytes = encodeUtf8(JSON.stringify({ components, semantics: 1 }));
      const { digest, size } = await payloads.put([bytes], bytes.length);
      const subject: Digest<'sha256'> = ['sha256', sha256(encodeUtf8(`artifact ${bill}`))];
      const event: NewEvent = {
        type: 'sbom.ingested', by: { kind: 'service', auth: 'token', person: new Uint8Array(16).fill(9) },
        data: { subjects: [subject], format: 'cyclonedx', semantics: 1, components: componentsEach, deviations: 0 },
        payloads: ['document', 'facts'].map((role) => ({ role, size, media: 'application/json', digest: ['sha256', digest] })),
      };
      commands.push({ drafts: [prepareDraft(event, sha256)] });
    }
    await log.append(commands);
  }
}

async function cpuOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
