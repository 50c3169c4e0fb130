// stella gate: may this artifact go on? Decided on the newest state, and put on record whatever the answer is.
import { gate, type GateAsked } from '../../actions/gate.ts';
import { findDecision } from '../../actions/replay.ts';
import { LiveState, StreamState } from '../../actions/stream-state.ts';
import type { Log } from '../../ledger/log/log.ts';
import { openQueries } from '../../ledger/store/queries.ts';
import { formatJson, LIMITS, LIMITS_MOST } from '../../policy/index.ts';
import { DocumentReader, type DocumentTables } from '../../projections/reader.ts';
import { foreignKey, ledgerKeyOn } from '../author-key.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { decisionJson, makeFolders, readTold, reportOptions, sayDecision, signOptions, wantsSignature, writeReports } from '../decisions.ts';
import { parseEntrypoint, parseName } from '../names.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting, openPlacePayloads, pepperOf, type Place } from '../place.ts';
import { dataTextOf } from '../policy-data.ts';
import { parseSubject } from '../subjects.ts';
import { sayPassedOver } from '../superseded.ts';
import { parseTime } from '../times.ts';

export const command: Command = {
  usage: 'sha256:HEX --policy NAME [OPTIONS]',
  help: `Decides about an artifact: reads its evidence, scan, VEX, waivers and contracts at one size of the log, asks the policy, and
records the decision with everything it depends on. What is missing, unreadable or undefined denies, with a code; so does what
keeps moving meanwhile. The exit status is 0 for allow and 1 for deny.`,
  options: {
    policy: { type: 'string', takes: 'NAME', help: 'what decides, as "stella policy publish" named it' },
    entrypoint: { type: 'string', multiple: true, takes: 'data.PATH', help: 'what is asked; may be repeated (else all that the policy publishes)' },
    contract: { type: 'string', multiple: true, takes: 'NAME', help: 'a contract to meet, beside those assigned to the artifact' },
    feed: { type: 'string', takes: 'NAME', help: 'the feed whose scan counts: where several scanned it, one has to be named' },
    weaken: { type: 'string', multiple: true, takes: 'CODE', help: 'a check that shall not deny, such as SNAPSHOT_STALE; it is on record and shown' },
    at: { type: 'string', takes: 'TIME', help: 'decide as of this time; it is on record as EFFECTIVE_TIME_GIVEN' },
    steps: { type: 'string', takes: 'N', help: 'the most steps that the policy may take (else 200,000,000; at most ten times as many)' },
    ...reportOptions,
    ...signOptions,
    idempotency: { type: 'string', takes: 'KEY', help: 'sent again with the same key, the first decision is the answer' },
  },
  examples: [
    ['stella gate sha256:4f2c…9a --policy release', 'may it be released?'],
    ['stella gate sha256:4f2c…9a --policy release --junit gate.xml --sarif gate.sarif --vsa vsa.json', 'in CI, with files for its pages'],
    ['stella gate sha256:4f2c…9a --policy release --write-input in/input.json', 'then "opa eval -i in/input.json -d in/data.json -d POLICY" says the same'],
    ['stella gate sha256:4f2c…9a --policy release --weaken SNAPSHOT_STALE', 'the feed is down: on record as weakened'],
  ],

  async run(call) {
    const [artifact, ...others] = call.positionals;
    const policy = call.value('policy');
    if (artifact === undefined || others.length > 0) throw new UsageError('name one artifact by its digest');
    if (policy === undefined) throw new UsageError('name what decides: --policy NAME');
    const [subject, request] = [parseSubject(artifact), askedOf(call, policy)];
    makeFolders(call);
    const place = findPlace(call);
    const payloads = openPlacePayloads(place);
    const log = await openForWriting(call, place);
    const queries = openQueries<DocumentTables>(place.directory);
    try {
      const stateAt = (size: number) => new LiveState(new StreamState(log, payloads, size), new DocumentReader(size, log, queries));
      const ports = { log, payloads, pepper: pepperOf(call, place), now: () => call.now(), stateAt };
      const { appended, decided } = await gate(ports, { artifact: subject[1], ...request }, localActor(call, place));
      const event = await findDecision(log, appended.index);
      const told = await readTold(payloads, place.origin, appended.index, event);
      // Before any file and any key: a decision is on record whether or not its files can be written, and then somebody has to be told.
      sayDecision(call, told);
      if (appended.repeated) call.out.say('  repeated: this is the first answer under that key; nothing was decided now');
      call.out.answer({ ...decisionJson(told), repeated: appended.repeated });
      await sayPassedOver(call, { log, queries }, subject[1], event.data.tree.size);
      const { policy: asked } = decided.shown;
      const data = appended.repeated ? await dataTextOf(log, payloads, event) : asked === null ? null : formatJson(asked.bundle.data);
      await writeReports(call, told, payloads, data, wantsSignature(call) ? await signingKey(call, place, log) : null);
      return event.data.outcome === 'allow' ? 'yes' : 'no';
    } finally {
      await queries.destroy();
      await log.close();
    }
  },
};

/** Whatever can be seen to be wrong from the call alone is said before a ledger is opened. */
function askedOf(call: Call, policy: string): Omit<GateAsked, 'artifact'> {
  const entrypoints = call.values('entrypoint').map(parseEntrypoint);
  const [feed, at, steps, key] = ['feed', 'at', 'steps', 'idempotency'].map((name) => call.value(name));
  return {
    policy: parseName(policy, 'a policy'),
    ...(entrypoints.length === 0 ? {} : { entrypoints }),
    contracts: call.values('contract').map((name) => parseName(name, 'a contract')), weakened: call.values('weaken'),
    ...(feed === undefined ? {} : { feed: parseName(feed, 'a feed') }),
    ...(at === undefined ? {} : { effective: parseTime(at, 'end') }), ...(key === undefined ? {} : { key }),
    ...(steps === undefined ? {} : { limits: { ...LIMITS, steps: parseCount(steps, 'a number of steps', 1, LIMITS_MOST.steps) } }),
  };
}

async function signingKey(call: Call, place: Place, log: Log) {
  return foreignKey(call) ?? (await ledgerKeyOn(call, place, log));
}
