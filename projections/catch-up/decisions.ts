// decisions: what gates answered, by artifact and policy, and which waivers they applied.
import { formatHex } from '../../ledger/bytes.ts';
import { payloadOf, type Document } from '../projection.ts';
import { defineCatchingUp, entryKey } from './definition.ts';

/** One decision; at the key of its entry. Times are milliseconds since 1970. */
export type DecisionDocument = Document & {
  entry: number;
  at: number;
  effective: number;
  /** SHA-256. */
  artifact: Uint8Array;
  policy: string;
  outcome: 'allow' | 'deny';
  codes: string[];
  /** The entries that asked for the waivers that counted, ascending. */
  applied: number[];
  /** Its results are not here: which waivers counted is not known. */
  missing?: true;
};

/** The decisions that a waiver counted in; at the key of the entry that asked for it. */
export type AppliedDocument = Document & { decisions: number; first: number; newest: number };

interface ResultsFacts {
  readonly waivers?: readonly { readonly entry: number; readonly why: string }[];
}

export const decisions = defineCatchingUp<{ decision: DecisionDocument; applied: AppliedDocument }>({
  name: 'decisions',
  version: 1,
  tables: {
    decision: {
      columns: { entry: 'integer', artifact: 'text', policy: 'text', outcome: 'text', missing: 'integer' },
      row: ({ entry, artifact, policy, outcome, missing }) => ({ entry, artifact: formatHex(artifact), policy, outcome, missing: missing === true ? 1 : null }),
    },
    applied: { columns: {}, row: () => ({}) },
  },
  on: {
    async 'decision.recorded'(tables, event, open) {
      const { index: entry, at, data } = event;
      const { artifact, policy, outcome, codes = [], effective } = data;
      const digest = payloadOf(event, 'results');
      const results = digest === undefined ? {} : ((await open(digest)) as ResultsFacts | null);
      const counted = (results?.waivers ?? []).filter(({ why }) => why === 'WAIVER_ACTIVE').map((one) => one.entry);
      const applied = [...new Set(counted)].sort((a, b) => a - b);
      const keys = applied.map(entryKey);
      (await tables.applied.take(keys)).forEach((document, i) => {
        tables.applied.put(keys[i] as string, { decisions: (document?.decisions ?? 0) + 1, first: document?.first ?? entry, newest: entry });
      });
      const missing = results === null ? { missing: true as const } : {};
      tables.decision.put(entryKey(entry), { entry, at, effective, artifact: artifact[1], policy, outcome, codes: [...codes], applied, ...missing });
    },
  },
});
