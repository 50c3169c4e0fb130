// The reading thread: documents too large to be read on the event loop.
import type { Hints } from '../evidence/index.ts';
import { answerCalls } from '../ledger/store/thread.ts';
import { readEvidence } from './read-evidence.ts';

answerCalls({ read: ({ bytes, hints }: { bytes: Uint8Array; hints: Hints }) => readEvidence(bytes, hints) });
