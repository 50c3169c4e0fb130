// verify.mjs: checks a pack with nothing but Node. Bundled into one file by tools/bundle.ts, and put into every pack.
import { reportPack } from '../../verify/pack/report.ts';
import { verifyPack } from '../../verify/pack/verify.ts';
import { oneLine } from '../visible.ts';
import { digestOf, exits, openSource, runProgram } from './arguments.ts';

const usage = `node verify.mjs PACK.zip [--key VKEY]… [--policy FILE] [--retired VKEY[@SIZE]]… [--receipt FILE] [--update FILE] [--best-effort] [--json]

Checks a pack offline: every proof, every stream whole, every payload. Give the log's key as you know it from elsewhere.
Exit code 0: it holds. 1: it does not. 5: it holds together, and whose log it is was not proven.`;

await runProgram(import.meta.url, usage, async ({ file, trust, options, json, own }) => {
  const source = openSource(file);
  const { verdict, lines, members } = reportPack(verifyPack(source, trust, options), json ? digestOf(source) : undefined);
  source.close();
  if (json) process.stdout.write(`${JSON.stringify({ command: 'verify', ok: verdict === 'OK', ...members, program: own })}\n`);
  else process.stdout.write(`${lines.map(oneLine).join('\n')}\nthis program  sha256:${own}\n`);
  return verdict === 'OK' ? exits.yes : verdict === 'TRUST_EMPTY' || verdict === 'EVIDENCE_NEWER' || verdict === 'KEY_RETIRED' ? exits.cannot : exits.no;
});
