// stella serve: the log over HTTP, as C2SP tiles.
import { createApp } from '../../api/app.ts';
import { listen } from '../../api/serve.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { parseTilePath } from '../../ledger/merkle/index.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { CatchingUpBeside } from '../catching-up.ts';
import { UsageError, type Command } from '../command.ts';
import { LiveView } from '../live-view.ts';
import { parseCount } from '../numbers.ts';
import { clockOf, findPlace, openForWriting, openPlaceAnchor, openPlaceStore } from '../place.ts';

export const command: Command = {
  usage: '[--port N] [--host ADDRESS] [--write] [--no-catch-up]',
  takesWords: false,
  help: `Serves /checkpoint and /tile/… after C2SP tlog-tiles: any client that follows logs can read and check this one. Whoever may read
tiles reads all entries (they hold digests, no documents). It reads beside a writer, and needs no passphrase; with --write it is
the writer, and a raw ledger then also takes entries through POST /add. Beside that it brings projections up, in a thread of its own
that leaves the machine to the writer; /projections tells how far each has come. Stop it with Ctrl-C.`,
  options: {
    port: { type: 'string', takes: 'N', help: 'the port (else 8417; 0 chooses a free one)' },
    host: { type: 'string', takes: 'ADDRESS', help: 'the address to listen on (else 127.0.0.1)' },
    write: { type: 'boolean', help: 'be the writer too' },
    'no-catch-up': { type: 'boolean', help: 'leave projections to the commands that read them' },
  },
  examples: [
    ['stella serve', 'on http://127.0.0.1:8417'],
    ['stella serve --port 0 --write', 'a raw ledger that others may append to'],
  ],

  async run(call) {
    const place = findPlace(call);
    const [host, port] = [call.value('host') ?? '127.0.0.1', parseCount(call.value('port') ?? '8417', 'a port')];
    if (port > 65_535) throw new UsageError(`${port} is no port: give 0 to 65535`);
    const log = call.flag('write') ? await openForWriting(call, place, { many: true }) : null;
    const view = new LiveView({ store: openPlaceStore(place, true), anchor: openPlaceAnchor(place, true) }, log);
    const raw = log === null || !(await log.readControl()).genesis.kinds.includes('raw') ? null : log;
    const warnOf = (error: unknown) => {
      if (error instanceof LedgerError) call.out.warn(`projections are not caught up: ${error.message}`);
      else call.out.warn(error instanceof Error ? (error.stack ?? error.message) : String(error));
    };
    let beside: CatchingUpBeside | null = null;
    const app = createApp({
      tiles: {
        checkpoint: async () => encodeUtf8(await view.checkpoint()),
        async tile(path) {
          const address = parseTilePath(path);
          const at = await view.current();
          if (address.kind === 'tile') return at.tile(address.level, address.index, address.width);
          return at.bundle(address.index, address.width);
        },
      },
      add: raw === null ? null : async (entry) => (await raw.appendOne({ drafts: [entry] })).index,
      projections: call.flag('no-catch-up') ? null : async () => {
        // Before the head is asked for: none of them is further on than that.
        const { standings, refused } = beside?.state ?? { standings: [], refused: null };
        const { size } = (await view.current()).published;
        return { size, projections: standings.map((standing) => ({ ...standing, of: size })), refused };
      },
      onBug: warnOf,
    });
    const listening = await listen(app, host, port);
    if (!call.flag('no-catch-up')) beside = new CatchingUpBeside(place, { monotonic: clockOf(call).monotonic, onRefusal: warnOf });
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${listening.port}`;
    call.out.say(`serving ${place.origin} at ${url}`);
    if (call.out.json) process.stdout.write(`${JSON.stringify({ command: 'serve', url, origin: place.origin })}\n`);
    await new Promise<void>((stop) => {
      process.once('SIGINT', () => stop());
      process.once('SIGTERM', () => stop());
    });
    await listening.close();
    await beside?.close();
    await view.close();
    await log?.close();
    call.out.say('stopped');
    return 'yes';
  },
};
