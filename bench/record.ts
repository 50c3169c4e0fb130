// ingest, recorded: evidence from bytes to a receipt, in a running process: read with every guard on, two durable payloads, entry, checkpoint.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { openEvidenceReader } from '../actions/evidence-reader.ts';
import { isPlain, planEvidence } from '../actions/plan-evidence.ts';
import { recordEvidence, type Evidence, type EvidencePorts } from '../actions/record-evidence.ts';
import { concatBytes, encodeUtf8 } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import { openPayloads } from '../ledger/store/payloads.ts';
import { openSecrets } from '../ledger/store/secrets.ts';
import { readTrust } from '../verify/sigstore/index.ts';
import type { Bench } from './bench.ts';
import { bomOf } from './ingest.ts';
import { BenchLedger } from './ledger.ts';

const subject = ['sha256', new Uint8Array(32).fill(4)] as const;
const by = { kind: 'person', auth: 'local', person: new Uint8Array(16) } as const;

/** What it takes until a document is under a signed checkpoint. */
export const recorded: Bench = {
  async *run({ quick }) {
    const ledger = new BenchLedger();
    const log = await ledger.create(true);
    const reader = openEvidenceReader();
    const ports: EvidencePorts = {
      log, reader, payloads: openPayloads(join(ledger.directory, 'payloads')), secrets: openSecrets(join(ledger.directory, 'secrets')),
      random: (count) => crypto.getRandomValues(new Uint8Array(count)), trust: { records: [], trust: readTrust([]), byRoot: [] },
      pepper: new Uint8Array(32), now: Date.now,
    };
    let made = 0;
    // White space at the end makes other bytes of the same document: nothing is recognised.
    const fresh = (bytes: Uint8Array): Evidence => {
      made += 1;
      const space = `${' '.repeat(made % 1000)}${'\n'.repeat(1 + Math.floor(made / 1000))}`;
      return { bytes: [concatBytes(bytes, encodeUtf8(space))], media: 'application/json', subjects: [] };
    };
    const recordAll = async (evidence: readonly Evidence[]) => {
      const done = await recordEvidence(ports, evidence, by);
      const isNew = done.every(({ events }) => events.every(({ outcome }) => outcome.ok && !outcome.repeated));
      if (!isNew) throw new TypeError('the bench recorded nothing new');
    };
    try {
      const bytes = bomOf(5000);
      let best = Number.POSITIVE_INFINITY;
      for (let i = 0; i < (quick ? 6 : 15); i++) {
        const evidence = [{ ...fresh(bytes), subjects: [subject] }];
        const started = performance.now();
        await recordAll(evidence);
        best = Math.min(best, performance.now() - started);
      }
      yield { name: `ingest/record-${Math.round(bytes.length / 1e6)}mb`, value: best, unit: 'ms' };

      const samples = await recordable(ports);
      const rounds = quick ? 10 : 40;
      await recordAll(samples.map(({ bytes: sample, given }) => ({ ...fresh(sample), subjects: given })));
      const started = performance.now();
      for (let i = 0; i < rounds; i++) await recordAll(samples.map(({ bytes: sample, given }) => ({ ...fresh(sample), subjects: given })));
      yield { name: 'ingest/record-mixed', value: (rounds * samples.length * 1000) / (performance.now() - started), unit: 'documents/s' };
    } finally {
      await reader.close();
      await log.close();
      await ledger.remove();
    }
  },
};

/** The samples of the tests that can go on record, each with the subject it needs. XML is counted apart (ingest/xml). */
async function recordable({ reader }: EvidencePorts): Promise<{ bytes: Uint8Array; given: (typeof subject)[] }[]> {
  const folder = new URL('../test/evidence/samples/', import.meta.url);
  const found: { bytes: Uint8Array; given: (typeof subject)[] }[] = [];
  for (const name of readdirSync(folder).filter((one) => !one.endsWith('.xml'))) {
    const bytes = new Uint8Array(readFileSync(new URL(name, folder)));
    const read = await reader.read(bytes);
    for (const given of [[], [subject]]) {
      try {
        if (isPlain(read) || planEvidence(read, given, []).length === 0) break;
        found.push({ bytes, given });
        break;
      } catch (error) {
        if (!(error instanceof LedgerError)) throw error;
      }
    }
  }
  return found;
}
