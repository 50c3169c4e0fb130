// The README of a pack: what it is about, what is in it, and how to check it without asking anybody.
import type { Event } from '../ledger/events/index.ts';
import type { PackStreams, Scope, Withheld } from '../verify/pack/index.ts';

export interface ReadmeParts {
  readonly origin: string;
  readonly scope: Scope;
  readonly size: number;
  readonly entries: ReadonlyMap<number, Event | null>;
  readonly streams: PackStreams;
  readonly withheld: readonly Withheld[];
}

const replaying = '\n\n    node replay.mjs PACK.zip --key LOG.vkey\n\ndecides again from what is in the pack, and says SAME, DRIFT or CANNOT of each decision.';

/** Nothing in it is of the day: the same pack has the same README. */
export function readmeOf({ origin, scope, size, entries, streams, withheld }: ReadmeParts): string {
  const kinds = new Map<string, number>();
  for (const event of entries.values()) kinds.set(event?.type ?? 'other entries', (kinds.get(event?.type ?? 'other entries') ?? 0) + 1);
  const counted = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, count]) => `| ${type} | ${count} |`);
  const why = withheld.map(({ entry, role, why: reason }) => `| ${entry} | ${role} | ${reason} |`);
  const absent = streams.streams.filter(({ version }) => version === 0).length;
  return `# ${titleOf(scope)}

An evidence pack of the ledger \`${origin}\`, of its first ${size} entries. Every entry in it comes with a receipt: a proof that it stands
in the ledger's Merkle log, under a checkpoint that the ledger signed. Nobody has to be asked to check that, and no network is used.

## Checking it

    stella verify PACK.zip --key LOG.vkey

or, with nothing installed but Node 20 or newer, with the program in the pack itself:

    unzip PACK.zip verify.mjs
    node verify.mjs PACK.zip --key LOG.vkey

Take the log's key from somewhere else than this pack; \`keys.txt\` repeats it for comparison. Without one, what is checked is that the
pack holds together, and not whose log it is. An included program is a convenience: it prints its own digest, to be compared with that
of the release. Beside the pack came a receipt (\`PACK.zip.receipt.json\`): with \`--receipt\` it shows that the ledger itself recorded
this very pack.${[...entries.values()].some((event) => event?.type === 'decision.recorded') ? replaying : ''}

## What is in it

| entries of type | how many |
| --- | --- |
${counted.join('\n')}

${streams.streams.length} streams are there whole, ${absent} of them without any event: entry ${streams.stated} states the stream index that shows it.

| members | are |
| --- | --- |
| \`manifest.json\`, \`manifest.dsse.json\` | every other member by its SHA-256, and the ledger's signature over that |
| \`checkpoint\`, \`keys.txt\` | the signed head that all proofs lead to, with the witnesses' cosignatures; the log's verifier keys |
| \`receipts/\` | the entries, each in a file named by its index, with its proof |
| \`streams.json\` | what the stream index says of each stream: its last version, or that it has none |
| \`payloads/\`, \`opened/\` | documents and facts, named by their SHA-256; sealed ones that were opened, named by their commitment |
| \`shards/\` | what the decisions' scans read of advisory snapshots, with proofs |
| \`*.mjs\` | programs in plain JavaScript |

## What is not in it

${why.length === 0 ? 'Every payload that its entries name is here.' : [...whyHead, ...why].join('\n')}

Evidence that nobody ever gave to the ledger is outside of what any pack can show.
`;
}

const whyHead = ['Payloads that entries name and that are not here; proofs do not need them.', '', '| entry | role | why |', '| --- | --- | --- |'];

function titleOf(scope: Scope): string {
  if (scope.kind === 'decision') return `Decision ${scope.decision} on ${scope.artifact}`;
  if (scope.kind === 'artifact') return `Artifact ${scope.artifact}`;
  return `Entries ${scope.start} to ${scope.end - 1}, recorded from ${new Date(scope.from).toISOString()} to ${new Date(scope.to).toISOString()}`;
}
