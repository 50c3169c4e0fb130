// Where an append's time goes: CPU time of each part in turn, in groups of 3,200 events as 32 calls of 100 in flight make them.
import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Command } from '../ledger/log/command.ts';
import { committerOf } from '../ledger/log/committer.ts';
import { defaultEngines } from '../ledger/log/engine.ts';
import { Group } from '../ledger/log/group.ts';
import { findRepeat } from '../ledger/log/recognise.ts';
import { LogState } from '../ledger/log/state.ts';
import { Tree } from '../ledger/log/tree.ts';
import { openSqlite } from '../ledger/store/sqlite.ts';
import type { Bench } from './bench.ts';
import { Events } from './ledger.ts';

const group = 3_200;
/** A stream index is due every 65,536 entries. */
const indexEvery = 20;

export const appendParts: Bench = {
  async *run({ quick }) {
    const directory = mkdtempSync(join(tmpdir(), 'stella-bench-parts-'));
    const store = openSqlite(directory);
    await store.takeEpoch(1);
    const [growing, checking] = defaultEngines();
    const [tree, second] = [new Tree(growing), new Tree(checking)];
    const [state, events, took] = [new LogState(), new Events(), new Map<string, number[]>()];
    const committer = committerOf(store, second);
    // Asked for once, so that it follows every move from here on, as in a running log.
    state.index.root();
    const part = async (name: string, count: number, work: () => unknown) => {
      const before = process.cpuUsage();
      await work();
      const { user, system } = process.cpuUsage(before);
      took.set(name, [...(took.get(name) ?? []), (user + system) / count]);
    };
    const knows = { recognised: () => ({ sameAs: randomBytes(16), once: null, person: null, leaf: null }) };
    let open = new Group(0);
    for (let round = 0; round < (quick ? 60 : 200); round++) {
      let commands: Command[] = [];
      await part('make', group, () => (commands = Array.from({ length: group }, () => events.command())));
      await part('find-repeats', group, () => commands.forEach((command) => findRepeat(command, state, knows)));
      open = new Group(open.end, open.packed.length + 1024, group + 1);
      await part('place', group, () => commands.forEach((command) => open.place(command, 1_795_267_127_000, state)));
      await part('first-engine', group, () => tree.append(open.packed, open.offsets()));
      const batch = { epoch: 1, run: { start: open.start, count: open.count, packed: open.packed }, time: 1, root: tree.root(), tiles: tree.takeFullTiles() };
      await part('commit-and-second-engine', group, () => committer.commit({ ...batch, writes: [] }));
      if (round % indexEvery === indexEvery - 1) await part('stream-index', indexEvery * group, () => state.index.root());
    }
    await store.close();
    rmSync(directory, { recursive: true });
    for (const [name, all] of took) {
      // Without the first third, in which the code is compiled and most streams are new.
      const steady = all.slice(Math.floor(all.length / 3)).sort((a, b) => a - b);
      yield { name: `append-parts/${name}`, value: steady[Math.floor(steady.length / 2)] as number, unit: 'µs/event, median' };
      yield { name: `append-parts/${name}/best`, value: steady[0] as number, unit: 'µs/event' };
    }
  },
};
