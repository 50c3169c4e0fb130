// A thread beside the tests of a mutant: it ends the process when they take more of a core than was allowed, for what does not end
// cannot look at a clock itself. A wall clock would end mutants that nobody noticed, whenever the machine is busy.
import { workerData } from 'node:worker_threads';

const due = workerData as Float64Array;

setInterval(() => {
  const { user, system } = process.cpuUsage();
  if ((due[0] as number) > 0 && (user + system) / 1000 > (due[0] as number)) process.kill(process.pid, 'SIGKILL');
}, 200);
