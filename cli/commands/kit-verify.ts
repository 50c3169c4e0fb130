// stella kit verify: would this kit be taken, and if not, why.
import { tmpdir } from 'node:os';
import { readLedgerTrust } from '../../actions/ledger-trust.ts';
import { verifyKit } from '../../actions/kit.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { Scratch } from '../../ledger/store/scratch.ts';
import type { Trust } from '../../verify/sigstore/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { builderOf, builderOption, keysOf, kitJson, openKitFile } from '../kits.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '--builder URI [--key FILE]… FILE',
  help: `Verifies an Offline Update Kit as "stella kit import" does, and records nothing: under the keys that are named, else under this
ledger's trust. The answer is OK, or the code of the first thing that is wrong.`,
  options: {
    builder: builderOption,
    key: { type: 'string', multiple: true, takes: 'FILE', help: 'a public key that may have signed it (PEM); may be repeated' },
  },
  examples: [['stella kit verify --builder https://security.example/kits --key kits.pub update.kit', 'without a ledger']],

  async run(call) {
    const [file, ...more] = call.positionals;
    if (file === undefined || more.length > 0) throw new UsageError('name one kit');
    const builder = builderOf(call);
    const trust = keysOf(call) ?? await trustOf(call);
    const source = openKitFile(file);
    const spool = new Scratch(tmpdir());
    try {
      const kit = verifyKit(source, { trust, builder, now: call.now() }, spool);
      const { snapshot, policies, roots } = kit.manifest;
      call.out.say(`OK  ${snapshot.root}\n    ${policies.length} policies, ${roots.length} roots, signed by key ${kit.signers.join(', ')}`);
      call.out.answer({ verdict: 'OK', ...kitJson(kit) });
      return 'yes';
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error;
      call.out.say(`${error.code}  ${error.message}`);
      call.out.answer({ verdict: error.code, message: error.message });
      return 'no';
    } finally {
      spool.close();
      source.close();
    }
  },
};

async function trustOf(call: Call): Promise<Trust> {
  const place = findPlace(call);
  return (await readLedgerTrust({ log: await openForReading(place), ...payloadsOf(call, place) })).trust;
}
