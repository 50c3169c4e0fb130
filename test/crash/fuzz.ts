// Hostile bytes into every parser: only a refusal with a code may come out, and what is accepted must be written back the same.
import { equalBytes, encodeUtf8, formatBase64, parseBase64 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { decodeCbor, decodeEvent, encodeCbor, prepareDraft } from '../../ledger/events/index.ts';
import { parseJson } from '../../ledger/json.ts';
import { sha256 } from '../../ledger/log/engine.ts';
import { decodeBundle, formatBundlePath, formatTilePath, parseTilePath } from '../../ledger/merkle/index.ts';
import { formatNote, formatTlogProof, formatVkey, parseNote, parsePolicy, parseTlogProof, parseVkey } from '../../ledger/note/index.ts';
import { formatReceipt, parseReceipt, trustKeys, verifyReceipt } from '../../verify/index.ts';

export interface FuzzFigures {
  inputs: number;
  accepted: number;
}

interface Parser {
  readonly name: string;
  readonly seeds: readonly Uint8Array[];
  /** Null, or what is wrong with the acceptance. */
  run(bytes: Uint8Array): string | null;
}

const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const same = (written: string | Uint8Array, bytes: Uint8Array) => {
  const back = typeof written === 'string' ? encodeUtf8(written) : written;
  return equalBytes(back, bytes) ? null : 'what was accepted is not written back as it was';
};

const note = [
  'ledger.test\n1\nrKbDipCvhuX1GZ7g5BBe8sA6BbJ7ja/1nk427v383cs=\n\n',
  '— ledger.test IBhU8Jq28DKU/ihZV+SKl+Aet7DUbRiIaixnEcIsYHPaOFEZ3l+6ICA6eD9EiYk8w7CldQS3RjjBcjTiKgrhFxUEXQ0=\n',
].join('');
const vkey = 'ledger.example.test+201854f0+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c';
const proof = `c2sp.org/tlog-proof@v1\nindex 0\n\n${note}`;
const receipt = encodeUtf8(formatReceipt({ entry: Uint8Array.of(1), index: 0, size: 1, proof: [], checkpoint: note }));
const digest = ['sha256', new Uint8Array(32)] as const;
const payload = { role: 'document', size: 1, media: 'text/plain', digest };
const draft = prepareDraft({ type: 'document.stored', by: { kind: 'public', auth: 'none' }, data: { subjects: [digest] }, payloads: [payload] }, sha256);
const cbor = [encodeCbor({ a: [1, 'x', Uint8Array.of(1)], bb: { c: true } }), draft.bytes];
const trust = trustKeys('ledger.test', [vkey]);

const PARSERS: readonly Parser[] = [
  { name: 'CBOR', seeds: cbor, run: (bytes) => same(encodeCbor(decodeCbor(bytes)), bytes) },
  { name: 'event', seeds: [draft.bytes], run: (bytes) => (decodeEvent(bytes), null) },
  { name: 'note', seeds: [encodeUtf8(note)], run: (bytes) => same(formatNote(parseNote(bytes)), bytes) },
  { name: 'vkey', seeds: [encodeUtf8(vkey)], run: (bytes) => same(formatVkey(parseVkey(text(bytes))), encodeUtf8(text(bytes))) },
  { name: 'tlog-proof', seeds: [encodeUtf8(proof)], run: (bytes) => same(formatTlogProof(parseTlogProof(bytes)), bytes) },
  { name: 'policy', seeds: [encodeUtf8(`log ${vkey}\nquorum none\n`)], run: (bytes) => (parsePolicy(bytes), null) },
  { name: 'receipt', seeds: [receipt], run: (bytes) => (parseReceipt(bytes), null) },
  { name: 'verdict', seeds: [receipt], run: (bytes) => (verifyReceipt(bytes, trust).ok ? 'a forged receipt was accepted' : null) },
  { name: 'base64', seeds: ['AAAA', 'Zm8='].map(encodeUtf8), run: (bytes) => same(formatBase64(parseBase64(text(bytes))), encodeUtf8(text(bytes))) },
  { name: 'JSON', seeds: [encodeUtf8('{"a":[1,2.5e3,"\\u00e9",null,true]}')], run: (bytes) => (parseJson(bytes), null) },
  {
    name: 'tile path',
    seeds: [encodeUtf8('tile/0/x001/234.p/8'), encodeUtf8('tile/entries/000')],
    run(bytes) {
      const found = parseTilePath(text(bytes));
      return same(found.kind === 'tile' ? formatTilePath(found) : formatBundlePath(found), encodeUtf8(text(bytes)));
    },
  },
  { name: 'bundle', seeds: [Uint8Array.of(0, 1, 7, 0, 0)], run: (bytes) => (decodeBundle(bytes, 2), null) },
];

/** @param goOn - asked every thousand inputs; at least 2,000 inputs a parser are tried all the same */
export function fuzz(random: () => number, goOn: () => boolean): { figures: FuzzFigures; violations: string[] } {
  const figures: FuzzFigures = { inputs: 0, accepted: 0 };
  const violations: string[] = [];
  for (let round = 0; round < 2 || goOn(); round++) {
    for (const parser of PARSERS) {
      for (let i = 0; i < 1000; i++) {
        const bytes = mutate(parser.seeds[Math.floor(random() * parser.seeds.length)] as Uint8Array, random);
        figures.inputs += 1;
        try {
          const complaint = parser.run(bytes);
          figures.accepted += 1;
          if (complaint !== null) violations.push(`${parser.name}: ${complaint}: ${formatBase64(bytes).slice(0, 200)}`);
        } catch (error) {
          if (!(error instanceof LedgerError)) violations.push(`${parser.name}: ${String(error)}: ${formatBase64(bytes).slice(0, 200)}`);
        }
        if (violations.length > 20) return { figures, violations };
      }
    }
  }
  return { figures, violations };
}

/** A few changes: bits, bytes, pieces cut out, doubled, swapped, or random bytes altogether. */
function mutate(seed: Uint8Array, random: () => number): Uint8Array {
  const at = (length: number) => Math.floor(random() * length);
  if (random() < 0.02) return Uint8Array.from({ length: at(64) }, () => at(256));
  let bytes = Uint8Array.from(seed);
  for (let changes = 1 + at(4); changes > 0 && bytes.length > 0; changes--) {
    const [from, to] = [at(bytes.length), at(bytes.length)].sort((a, b) => a - b) as [number, number];
    switch (at(5)) {
      case 0: bytes[from] = (bytes[from] as number) ^ (1 << at(8)); break;
      case 1: bytes[from] = at(256); break;
      case 2: bytes = Uint8Array.from([...bytes.subarray(0, from), ...bytes.subarray(to)]); break;
      case 3: bytes = Uint8Array.from([...bytes.subarray(0, to), ...bytes.subarray(from)]); break;
      default: bytes = Uint8Array.from([...bytes.subarray(0, from), at(256), ...bytes.subarray(from)]);
    }
  }
  return bytes;
}
