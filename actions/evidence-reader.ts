// Where documents are read for recording: in this thread or beside it.
import type { Hints } from '../evidence/index.ts';
import { startThread, type Thread } from '../ledger/store/thread.ts';
import { readEvidence, type EvidenceRead } from './read-evidence.ts';

/** Where documents are read: small ones here, for starting a thread costs more; others beside the event loop. */
export interface EvidenceReader {
  read(bytes: Uint8Array, hints?: Hints): Promise<EvidenceRead>;
  close(): Promise<void>;
}

/** Above this, reading a document would hold the event loop for more than some 10 ms. */
const inThreadBytesMin = 512 * 1024;

export function openEvidenceReader(): EvidenceReader {
  let thread: Thread | null = null;
  return {
    read(bytes, hints = {}) {
      if (bytes.length < inThreadBytesMin) return readEvidence(bytes, hints);
      thread ??= startThread(new URL(import.meta.url.endsWith('.ts') ? './reading-thread.ts' : './reading-thread.js', import.meta.url));
      return thread.call('read', { bytes, hints }) as Promise<EvidenceRead>;
    },
    close: async () => thread?.close(),
  };
}
