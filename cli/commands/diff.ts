// stella diff: what changed between two states, document by document, and by which events.
import type { Documents, ProjectionName } from '../../projections/gate-critical.ts';
import { projectionList } from '../../projections/gate-critical.ts';
import { differencesOf } from '../../projections/differences.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { formatHex } from '../../ledger/bytes.ts';
import { UsageError, type Command } from '../command.ts';
import { shorten } from '../event-lines.ts';
import { plain } from '../plain.ts';
import { findPlace, openDocuments, openForReading } from '../place.ts';
import { describeState, findRange, stateMembers } from '../states.ts';
import { namedThing } from '../thing-ports.ts';
import { findingsBetween, streamsMeant } from '../diff-around.ts';
import { changeText, lifeMembers } from '../findings.ts';

export const command: Command = {
  usage: 'A..B [THING]',
  help: `Shows what changed from one state to another: which documents (artifacts, vulnerabilities, waivers, policies, contracts, feeds,
trust, keys) are new or different, at which places; and what became of findings, by scans, VEX and waivers, and by time alone. With a
thing, its documents alone; with an artifact also those that a gate reads beside it: policies it was decided by, contracts, feeds,
trust, and what VEX and waivers say of its findings. Exit code 0 whatever changed.`,
  options: {},
  examples: [
    ['stella diff @~10..@', 'what the last ten entries changed'],
    ['stella diff @2026-10-01..@ 4f2c9a', 'why today\'s gate says otherwise about an artifact'],
    ['stella diff @2026-10-01..@ CVE-2026-0001', 'what was said of a vulnerability since'],
  ],

  async run(call) {
    const [range, thing, ...others] = call.positionals;
    if (range === undefined || others.length > 0) throw new UsageError('give A..B, and at most one thing');
    const place = findPlace(call);
    const log = await openForReading(place);
    const [from, to] = await findRange(range, log);
    if (from.size > to.size) throw new UsageError('the first state is after the second: turn them round');
    const { queries, close } = await openDocuments(place, log);
    try {
      const [before, after] = [from, to].map(({ size }) => new DocumentReader(size, log, queries)) as [DocumentReader, DocumentReader];
      const asked = { place, log, documents: after, state: to };
      const only = thing === undefined ? null : await streamsMeant(call, asked, namedThing(call, place, thing));
      const changed = [];
      for (const { name } of projectionList) {
        const moved = await movedIn(name as ProjectionName, after, from.size, only);
        const older = await before.documents(name as ProjectionName, [...moved.keys()]);
        for (const [stream, document] of moved) {
          const differences = differencesOf(older.get(stream) ?? null, document).filter(({ pointer }) => pointer !== '/last');
          const events: number[] = [];
          for await (const { index } of log.stream(stream)) if (index >= from.size && index < to.size) events.unshift(index);
          changed.push({ stream, isNew: !older.has(stream), events, differences });
        }
      }
      for (const { stream, isNew, events, differences } of changed) {
        const by = `${events.length === 1 ? 'entry' : 'entries'} ${events.slice(0, 8).join(', ')}${events.length > 8 ? ', …' : ''}`;
        call.out.say(`${isNew ? '+' : '~'} ${shorten(stream)}  by ${by}`);
        if (!isNew) for (const one of differences.slice(0, 12)) call.out.say(`    ${one.pointer}  ${text(one.before)} -> ${text(one.after)}`);
        if (!isNew && differences.length > 12) call.out.say(`    … ${differences.length - 12} more (--json shows all)`);
      }
      const became = await findingsBetween(call, asked, from, only ?? new Set(changed.map(({ stream }) => stream)), isOfArtifact(only));
      for (const { life, changes } of became) {
        const { id, artifact } = life.finding;
        call.out.say(`! ${id} in sha256:${formatHex(artifact).slice(0, 12)}…: ${changes.map(changeText).join(', ')}`);
      }
      if (changed.length + became.length === 0) call.out.say('nothing changed');
      call.out.say(`from ${describeState(from)}\n  to ${describeState(to)}`);
      call.out.answer({
        from: stateMembers(from), to: stateMembers(to),
        changed: changed.map(({ differences, ...one }) => ({ ...one, differences: differences.map((difference) => plain(difference)) })),
        findings: became.map(({ life, changes }) => ({ ...lifeMembers({ ...life, changes }) })),
      });
      return 'yes';
    } finally {
      await close();
    }
  },
};

function isOfArtifact(only: ReadonlySet<string> | null): boolean {
  return [...(only ?? [])].some((stream) => stream.startsWith('artifact:'));
}

/** The documents that an entry from `size` on has moved. */
async function movedIn<N extends ProjectionName>(
  name: N, documents: DocumentReader, size: number, only: ReadonlySet<string> | null,
): Promise<Map<string, Documents[N]>> {
  const all = only === null ? await documents.all(name) : await documents.documents(name, [...only]);
  return new Map([...all].filter(([, { last }]) => last >= size));
}

function text(value: unknown): string {
  if (value === undefined) return 'nothing';
  const said = JSON.stringify(plain(value));
  return said.length > 60 ? `${said.slice(0, 59)}…` : said;
}
