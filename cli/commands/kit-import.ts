// stella kit import: everything of a kit is verified, then all of it counts at once.
import { importKit } from '../../actions/import-kit.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { workFileIn } from '../feed-ports.ts';
import { builderOf, builderOption, kitJson, openKitFile } from '../kits.ts';
import { findPlace, localActor, openForWriting } from '../place.ts';

export const command: Command = {
  usage: '--builder URI [OPTIONS] FILE',
  help: `Verifies an Offline Update Kit whole (who signed and built it, every member, that its snapshot is what its own records make, that
its policies compile) and then records all of it in one step: the snapshot is the feed's newest, policies whose newest version
differs are published, roots that were not trusted are trusted. A bad kit changes nothing. The same kit again changes nothing.
The signing key must be trusted here ("stella trust add --key").`,
  options: {
    builder: builderOption,
    feed: { type: 'string', takes: 'NAME', help: 'the feed in this ledger (else the kit\'s own)' },
    'snapshot-only': { type: 'boolean', help: 'take the snapshot, and neither policies nor roots' },
  },
  examples: [['stella kit import --builder https://security.example/kits update.kit', 'a kit of that builder, signed by a key this ledger trusts']],

  async run(call) {
    const [file, ...more] = call.positionals;
    if (file === undefined || more.length > 0) throw new UsageError('name one kit');
    const builder = builderOf(call);
    const feed = call.value('feed');
    if (feed !== undefined && !/^[a-z0-9][a-z0-9._/-]{0,126}$/.test(feed)) throw new UsageError('--feed takes lower-case letters, digits and . _ / -');
    const place = findPlace(call);
    const source = openKitFile(file);
    try {
      const log = await openForWriting(call, place);
      try {
        const asked = { source, builder, snapshotOnly: call.flag('snapshot-only'), now: call.now(), ...(feed === undefined ? {} : { feed }) };
        call.out.progress('verifying the kit');
        const imported = await importKit({ log, ...payloadsOf(call, place), workFile: workFileIn(place) }, asked, localActor(call, place));
        const { index, repeated, kit, policies, roots } = imported;
        call.out.say(`${repeated ? 'known   ' : 'imported'}  entry ${index}  ${kit.manifest.snapshot.root}`);
        if (!repeated) call.out.say(`          policies published: ${policies.join(', ') || 'none'}; roots trusted: ${roots}`);
        call.out.answer({ index, repeated, ...kitJson(kit), feed: imported.feed, published: policies, trusted: roots, size: log.published.size });
      } finally {
        await log.close();
      }
    } finally {
      source.close();
    }
    return 'yes';
  },
};
