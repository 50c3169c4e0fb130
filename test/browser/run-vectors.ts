// Every vector of the verifier and of notes, judged by whatever engine this runs in: Node and a browser must answer the same.
import { parseBase64, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { open, seal } from '../../ledger/events/seal.ts';
import { ed25519Signer, parseNote, verifyEd25519, verifyNote, verifyP256 } from '../../ledger/note/index.ts';
import type { VerifyCase } from '../../tools/vectors/verify.ts';
import * as verifier from '../../verify/index.ts';
import { runCase } from '../verify/run-case.ts';

export interface Vectors {
  readonly ed25519: readonly SignatureCase[];
  readonly p256: readonly SignatureCase[];
  readonly base64: readonly { readonly text: string }[];
  readonly notes: readonly { readonly note: string }[];
  /** Of spec/vectors/verify, by file. */
  readonly verify: Readonly<Record<string, VerifyCase>>;
  readonly sealed: readonly { readonly secret: string; readonly plaintext: string }[];
}

interface SignatureCase {
  readonly publicKey: string;
  readonly message: string;
  readonly signature: string;
}

/** The answers, one for each case in its order, as JSON can hold them. */
export async function runVectors(vectors: Vectors): Promise<Record<keyof Vectors, readonly unknown[]>> {
  const { key } = ed25519Signer('log.example', new Uint8Array(32).fill(1));
  const sealed = [];
  for (const { secret, plaintext } of vectors.sealed) {
    const { ciphertext, commitment } = await seal(parseHex(secret), parseHex(plaintext));
    const opened = await open(parseHex(secret), ciphertext, commitment);
    sealed.push([hex(ciphertext), hex(commitment), hex(opened)]);
  }
  return {
    ed25519: vectors.ed25519.map((one) => verifyEd25519(parseHex(one.publicKey), parseHex(one.message), parseHex(one.signature))),
    p256: vectors.p256.map((one) => verifyP256(parseHex(one.publicKey), parseHex(one.message), parseHex(one.signature))),
    base64: vectors.base64.map(({ text }) => codeOf(() => hex(parseBase64(text)))),
    notes: vectors.notes.map(({ note }) => codeOf(() => {
      const { verified, failed } = verifyNote(parseNote(parseHex(note)), [key], { ed25519: verifyEd25519 });
      return [verified.length, failed.length];
    })),
    verify: Object.values(vectors.verify).map((one) => runCase(one, verifier)),
    sealed,
  };
}

const hex = (bytes: Uint8Array) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

function codeOf(act: () => unknown): unknown {
  try {
    return act();
  } catch (error) {
    if (error instanceof LedgerError) return `${error.code} ${error.position}`;
    throw error;
  }
}
