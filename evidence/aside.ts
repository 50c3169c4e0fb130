// Reading large documents in a worker, so that the event loop of a server goes on while 100 MB are parsed and checked.
import { Worker } from 'node:worker_threads';
import { LedgerError } from '../ledger/errors.ts';
import type { Document } from './document.ts';
import { type Hints, readDocument } from './index.ts';

/** A document after reading, without its view: a hundred thousand components would take longer to hand over than to read. */
export type Summary = Omit<Document, 'view'>;

/** Smaller documents are read where they are: starting a worker takes as long as reading half a megabyte. */
export const asideBytesMin = 512 * 1024;

/** A worker may hold this much: a 100 MB document takes under 1 GB. */
const memoryMbMax = 2048;

/**
 * Reads a document as `readDocument` does, in a worker of its own where it is large.
 *
 * @param bytes - copied to the worker; what is stored stays with the caller
 * @throws {LedgerError} INPUT_TOO_LARGE when the worker runs out of memory
 */
export async function readAside(bytes: Uint8Array, hints: Hints = {}): Promise<Summary> {
  if (bytes.length < asideBytesMin) {
    const { format, version, verdict, deviations, facts, refusal } = await readDocument(bytes, hints);
    return { format, version, verdict, deviations, facts, refusal };
  }
  const worker = new Worker(new URL(import.meta.url.endsWith('.ts') ? './aside-worker.ts' : './aside-worker.js', import.meta.url), {
    workerData: { bytes, hints },
    resourceLimits: { maxOldGenerationSizeMb: memoryMbMax },
  });
  return new Promise((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', (error: Error & { code?: string }) => {
      reject(error.code === 'ERR_WORKER_OUT_OF_MEMORY' ? tooLarge(bytes.length) : error);
    });
  });
}

function tooLarge(bytes: number): LedgerError {
  return new LedgerError('INPUT_TOO_LARGE', `Cannot read a document of ${bytes} bytes: its reader ran out of memory`, { hint: 'add it as a plain document' });
}
