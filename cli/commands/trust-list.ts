// stella trust list: whom this ledger trusts, and whom it trusted.
import { readLedgerTrust, type TrustRecord } from '../../actions/ledger-trust.ts';
import { formatHex } from '../../ledger/bytes.ts';
import type { Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[--all]',
  takesWords: false,
  help: 'Lists what this ledger trusts, by the entry that put it on record. Identities are opened here only, from their sealed payloads.',
  options: { all: { type: 'boolean', help: 'what was removed too' } },
  examples: [['stella trust list --all --json', 'the whole history, for a program']],

  async run(call) {
    const place = findPlace(call);
    const { records } = await readLedgerTrust({ log: await openForReading(place), ...payloadsOf(call, place) });
    const shown = records.filter(({ removed }) => call.flag('all') || removed === null);
    for (const record of shown) {
      const { data: { from, to }, removed, entry } = record;
      const interval = `${from === undefined ? '' : `  from ${new Date(from).toISOString()}`}${to === undefined ? '' : `  to ${new Date(to).toISOString()}`}`;
      const end = removed === null ? '' : `  removed by entry ${removed.entry}, ${removed.reason}`;
      call.out.say(`entry ${String(entry).padEnd(6)} ${nameOf(record)}${interval}${end}`);
    }
    if (shown.length === 0) call.out.say('nobody is trusted: no signature counts ("stella trust add")');
    call.out.answer({ trust: shown.map(memberOf) });
    return 'yes';
  },
};

function nameOf({ data, is }: TrustRecord): string {
  if (data.key !== undefined) return `key       ${formatHex(data.key.id)}`;
  if (data.root !== undefined) return `root      sha256:${formatHex(data.root[1])}`;
  return `identity  ${is?.kind === 'identity' ? `${is.subject} (${is.issuer})` : `${formatHex(data.identity as Uint8Array)} (its name is not here)`}`;
}

function memberOf({ entry, at, data, is, removed }: TrustRecord): Record<string, unknown> {
  const { key, identity, root, from, to } = data;
  return {
    entry, at, kind: key !== undefined ? 'key' : root !== undefined ? 'root' : 'identity',
    ...(key === undefined ? {} : { key: formatHex(key.id) }),
    ...(root === undefined ? {} : { root: `sha256:${formatHex(root[1])}` }),
    ...(identity === undefined ? {} : { identity: formatHex(identity) }),
    ...(is?.kind === 'identity' ? { issuer: is.issuer, subject: is.subject } : {}),
    from: from ?? null, to: to ?? null, removed,
  };
}
