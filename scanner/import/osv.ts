// OSV records: a zip of an ecosystem, a directory of JSON files, or JSON lines; GitHub's advisories and distributions' feeds are OSV.
import { encodeUtf8, decodeUtf8 } from '../../ledger/bytes.ts';
import { isJsonObject } from '../../ledger/json.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { readJson, type Observation } from '../advisories/observation.ts';
import { checkOsv } from '../advisories/osv.ts';
import { attempt, refuseRecord, type FeedFile, type Imported } from './feed.ts';
import { readZip } from './zip.ts';

/** Reads OSV as its publishers hand it out; files of other names are left alone. */
export function* importOsv(files: Iterable<FeedFile>, source: string): Generator<Imported> {
  for (const { path, bytes } of files) {
    if (path.endsWith('.zip')) {
      for (const member of readZip(bytes)) {
        if (member.name.endsWith('.json')) yield* attempt(`${path}/${member.name}`, () => observationOf(member.bytes, source));
      }
    } else if (path.endsWith('.jsonl')) {
      yield* lines(path, bytes, source);
    } else if (path.endsWith('.json')) {
      yield* attempt(path, () => observationOf(bytes, source));
    }
  }
}

function* lines(path: string, bytes: Uint8Array, source: string): Generator<Imported> {
  for (const [i, line] of decodeUtf8(bytes).split('\n').entries()) {
    if (line.trim() !== '') yield* attempt(`${path}:${i + 1}`, () => observationOf(encodeUtf8(line), source));
  }
}

function observationOf(raw: Uint8Array, source: string): Observation {
  const osv = readJson(raw);
  if (!isJsonObject(osv)) refuseRecord('it is no JSON object');
  checkOsv(osv);
  return { source, raw, osv: osv as JcsValue };
}
