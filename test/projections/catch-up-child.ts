// Catches up in a process of its own and stops it dead at the n-th time of a step: `catch-up-child.ts DIRECTORY STEP N [next]`.
import { openView } from '../../ledger/log/view.ts';
import { openMemoryAnchor } from '../../ledger/store/anchor.ts';
import { openSqlite } from '../../ledger/store/sqlite.ts';
import { catchUp } from '../../projections/catch-up/catch-up.ts';
import { catchingUpList } from '../../projections/catch-up/projections.ts';
import { factsOf, nextTimeline, openTables } from './catching-up.ts';

const [directory = '', wanted = '', count = '', version] = process.argv.slice(2);
const log = await openView({ store: openSqlite(directory, { readOnly: true }), anchor: openMemoryAnchor({ anchor: null }) });
let times = 0;
const at = (step: string) => {
  if (step === wanted && (times += 1) === Number(count)) process.kill(process.pid, 'SIGKILL');
};
await catchUp({ db: openTables(directory), log, payload: async (digest) => factsOf(digest), at }, { entries: 4 },
  version === 'next' ? [nextTimeline] : catchingUpList);
