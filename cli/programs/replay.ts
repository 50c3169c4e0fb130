// replay.mjs: makes the decisions of a pack again with nothing but Node. Bundled into one file by tools/bundle.ts, and put into every pack.
import { oneLine } from '../visible.ts';
import { exits, runProgram } from './arguments.ts';
import { replayFile } from './replay-file.ts';

const usage = `node replay.mjs PACK.zip [--key VKEY]… [--policy FILE] [--retired VKEY[@SIZE]]… [--receipt FILE] [--update FILE] [--best-effort]
  [--decision N] [--json]

Verifies a pack and makes its decision again, or each of them, or the one named: folds its streams, builds the policy's
input, asks the policy, compares. Give the log's key as you know it from elsewhere.
Exit code 0: SAME, all of them. 1: DRIFT, or the pack does not verify. 5: CANNOT, with what is missing; or whose log it is was not proven.`;

await runProgram(import.meta.url, usage, async ({ file, trust, options, json, own, decision }) => {
  const { ends, lines, members } = await replayFile(file, trust, options, { decision, digest: json });
  if (json) process.stdout.write(`${JSON.stringify({ command: 'replay', ok: ends === 'yes', ...members, program: own })}\n`);
  else process.stdout.write(`${lines.map(oneLine).join('\n')}\nthis program  sha256:${own}\n`);
  return exits[ends];
}, { decision: true });
