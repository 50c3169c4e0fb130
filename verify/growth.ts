// Whether a log only grew since a checkpoint that the reader kept (spec/verify.md, "Growth").
import { equalBytes } from '../ledger/bytes.ts';
import { verifyConsistency } from '../ledger/merkle/consistency.ts';
import type { SignedCheckpoint } from '../ledger/note/checkpoint.ts';
import { formatNote } from '../ledger/note/note.ts';
import { parseAddCheckpoint } from '../ledger/note/witness.ts';
import { no } from '../ledger/verdict.ts';
import { openCheckpoint, type Signed } from './checkpoint.ts';
import type { Answer, Refused } from './codes.ts';
import { readEvidence } from './evidence.ts';
import type { Trust } from './trust.ts';

/** A newer checkpoint with a consistency proof from an older size: the text of C2SP's add-checkpoint body. */
export type Update = Uint8Array | string;

/**
 * Checks that the log only grew from a checkpoint that the reader kept.
 *
 * @param kept - a signed checkpoint, by a key in use or retired @param update - what the log shows now
 * @returns the newer checkpoint, with who signed it
 */
export function verifyGrowth(kept: Uint8Array | string, update: Update, trust: Trust): Answer<Signed> {
  const older = openCheckpoint(kept, trust, 'the kept checkpoint');
  if (!older.ok) return older;
  const newer = verifyPrefix(older.checkpoint, update, trust);
  if (!newer.ok) return newer;
  return missingEvidence(newer, trust) ?? newer;
}

/** A checkpoint that further evidence could still refuse: `missingEvidence` is to be asked. */
function verifyPrefix(kept: SignedCheckpoint, update: Update, trust: Trust): Answer<Signed> {
  // 1. The update can be read, and its checkpoint is signed.
  const read = readEvidence('the update', () => parseAddCheckpoint(update));
  if (!read.ok) return read;
  const { oldSize, proof } = read.value;
  const opened = openCheckpoint(read.value.checkpoint, trust, 'the newer checkpoint');
  if (!opened.ok) return opened;
  const newer = opened.checkpoint;
  const notes = { kept: formatNote(kept.note), newer: formatNote(newer.note) };
  // 2. Both are by one log.
  if (newer.origin !== kept.origin) return no('ORIGIN_FOREIGN', `the newer checkpoint is by "${newer.origin}", the kept one by "${kept.origin}"`);
  // 3. The log did not shrink.
  if (newer.size < kept.size) return { ...no('LOG_ROLLBACK', `the log shows size ${newer.size}, and had ${kept.size}`), notes };
  // 4. At one size there is one root. Two are the log's own proof against itself: they cannot be explained by bad transport.
  if (newer.size === kept.size && !equalBytes(newer.root, kept.root)) return { ...no('LOG_FORK', `the log signed two roots of size ${kept.size}`), notes };
  // 5. The proof is from the kept size.
  if (oldSize !== kept.size) return no('PROOF_START_WRONG', `the proof begins at size ${oldSize}, the kept checkpoint at ${kept.size}`);
  // 6. It leads from the kept root to the newer one.
  const growth = verifyConsistency(kept.size, newer.size, kept.root, newer.root, proof);
  return growth.ok ? opened : { ...growth, notes };
}

/**
 * Checks what further evidence can mend, after everything else held. Null when nothing is missing.
 *
 * @param update - a newer checkpoint by a key in use: a retired key needs it, and another is held against it too
 */
export function missingEvidence({ checkpoint, log, witnessed }: Signed, trust: Trust, update?: Update): Refused | null {
  const inUse = trust.logs.filter(({ retired }) => retired === null);
  // 1. An update is checked wherever it is given: whoever brings one that shows a fork is not told yes.
  if (update !== undefined && inUse.length > 0) {
    const present = verifyPrefix(checkpoint, update, { ...trust, logs: inUse });
    if (!present.ok) return present;
    // A retired key counts up to its last size, under a met quorum, or when a present checkpoint holds the same tree.
  } else if (log.retired !== null && log.retired.lastSize === null && witnessed.quorum !== 'met') {
    return no('KEY_RETIRED', `"${log.key.name}" is retired, and its last size is not known`);
  }
  // 2. Enough witnesses signed.
  if (witnessed.quorum === 'unmet' && trust.witnessing === 'required') {
    return no('QUORUM_UNMET', `${witnessed.by.length} of ${trust.witnesses.length} witnesses signed, which the policy does not accept`);
  }
  return null;
}
