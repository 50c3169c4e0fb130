// stella kit create: a snapshot, policies and trusted roots in one signed file.
import { createWriteStream, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createKit } from '../../actions/kit.ts';
import { foreignKey, ledgerKeyIn, pemOf } from '../author-key.ts';
import { UsageError, type Command } from '../command.ts';
import { feedOf, feedOption, snapshotOption, wantedOf } from '../feeds.ts';
import { builderOf, builderOption } from '../kits.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';

export const command: Command = {
  usage: '--out FILE --builder URI [OPTIONS]',
  takesWords: false,
  help: `Writes an Offline Update Kit: a snapshot of this ledger's advisories, and policies and Sigstore trusted roots where they are
named, in one file with a manifest and a SLSA provenance, signed with this ledger's attestation key or a key of yours. A ledger
that trusts the key and names the builder imports it without a network.`,
  options: {
    out: { type: 'string', takes: 'FILE', help: 'where the kit is written' },
    builder: builderOption,
    feed: feedOption,
    snapshot: snapshotOption,
    policy: { type: 'string', multiple: true, takes: 'NAME', help: 'a policy in its newest version; may be repeated' },
    root: { type: 'string', multiple: true, takes: 'FILE', help: 'a Sigstore trusted root (trusted_root.json); may be repeated' },
    key: { type: 'string', takes: 'FILE', help: 'sign with this private key (PEM; passphrase in STELLA_ATTEST_PASSPHRASE)' },
    'public-key': { type: 'string', takes: 'FILE', help: 'write the public key here too, for "stella trust add --key" where the kit is imported' },
    'key-env': { type: 'boolean', help: 'sign with the private key in STELLA_ATTEST_KEY (PEM)' },
  },
  examples: [
    ['stella kit create --builder https://security.example/kits --policy gate --out update.kit', 'the newest snapshot and the policy "gate"'],
    ['stella kit create --builder https://security.example/kits --snapshot 2026-11-20 --key release.pem --out update.kit',
      'the snapshot of a day, a key of yours'],
  ],

  async run(call) {
    const out = call.value('out');
    if (out === undefined) throw new UsageError('name the file to write with --out');
    const asked = {
      feed: feedOf(call), snapshot: wantedOf(call), policies: call.values('policy'),
        roots: call.values('root').map((file) => new Uint8Array(readFileSync(file))),
      builder: builderOf(call), now: call.now(),
    };
    const place = findPlace(call);
    const own = foreignKey(call) ?? (() => ledgerKeyIn(call, place));
    const { manifest, author: key, pieces } = await createKit({ log: await openForReading(place), payloads: openPlacePayloads(place) }, asked, own);
    // Under another name first: a file that is called a kit is a whole one.
    const arriving = `${out}.arriving`;
    try {
      await pipeline(Readable.from(pieces), createWriteStream(arriving, { flags: 'wx' }));
      renameSync(arriving, out);
    } catch (error) {
      rmSync(arriving, { force: true });
      throw error;
    }
    const publicKey = call.value('public-key');
    if (publicKey !== undefined) writeFileSync(publicKey, pemOf(key));
    const { feed, snapshot, policies, roots } = manifest;
    call.out.say(`wrote ${out}`);
    call.out.say(`  snapshot ${snapshot.root}, ${policies.length} policies, ${roots.length} roots`);
    call.out.say(`  signed by key ${key.key.id}`);
    call.out.answer({ out, feed, snapshot: snapshot.root, policies: policies.map(({ policy }) => policy), roots: roots.length, keyId: key.key.id });
    return 'yes';
  },
};
