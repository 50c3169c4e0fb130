// Base64 and notes in the manner of Wycheproof: what outside readers accept and refuse, so do these.
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { formatBase64, parseBase64, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { verifyEd25519 } from '../../ledger/note/ed25519.ts';
import { parseNote, verifyNote } from '../../ledger/note/note.ts';
import { ed25519Signer } from '../../ledger/note/signer.ts';

const read = <T>(name: string): T[] => JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), 'utf8')).cases;

/** Whether something is read; anything but a refusal is a fault. */
function accepts(act: () => unknown): boolean {
  try {
    return act() !== false;
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return false;
  }
}

describe('base64', () => {
  test.each(read<{ name: string; text: string; holds: boolean }>('base64.json').map((one) => [one.name, one] as const))('%s', (_, { text, holds }) => {
    expect(accepts(() => parseBase64(text))).toBe(holds);
    if (holds) expect(formatBase64(parseBase64(text))).toBe(text);
  });
});

describe('notes', () => {
  const { key } = ed25519Signer('log.example', new Uint8Array(32).fill(1));
  const opens = (bytes: Uint8Array) => {
    const { verified, failed } = verifyNote(parseNote(bytes), [key], { ed25519: verifyEd25519 });
    return failed.length === 0 && verified.length > 0;
  };
  const cases = read<{ name: string; note: string; go: boolean; rekor: boolean; stricter?: string; looser?: string }>('notes.json');

  test('two outside readers share every verdict, but for what one of them does not look at', () => {
    expect(cases.filter(({ go, rekor, looser }) => go !== rekor && looser === undefined)).toEqual([]);
    const differing = cases.filter(({ looser }) => looser !== undefined);
    expect(differing.map(({ go, rekor }) => [go, rekor])).toEqual(differing.map(() => [false, true]));
    expect(differing.length).toBeLessThan(cases.length / 10);
  });

  test.each(cases.map((one) => [one.name, one] as const))('%s', (_, { note, go, stricter }) => {
    expect(accepts(() => opens(parseHex(note)))).toBe(go && stricter === undefined);
    // What is stricter here must be read there, or the reason says nothing.
    if (stricter !== undefined) expect(go).toBe(true);
  });
});
