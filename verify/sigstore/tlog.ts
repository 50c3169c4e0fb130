// That a log recorded an entry: the signed promise, and the inclusion proof up to a signed checkpoint (client-spec §4.3, C2SP).
import { encodeUtf8, equalBytes, formatBase64, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { encodeJcs } from '../../ledger/jcs.ts';
import { leafHash, verifyInclusion } from '../../ledger/merkle/index.ts';
import { parseCheckpoint, type SignedCheckpoint } from '../../ledger/note/index.ts';
import type { BundleVersion, InclusionProof, TlogEntry } from './bundle.ts';
import { holds } from './keys.ts';
import { covers, findLog, hintsOf, signsAs, type TransparencyLog } from './trusted-root.ts';
import { fail, type LoggedEntry, type ProvenTime, type SigstoreCode } from './verdict.ts';

export interface EntryEvidence {
  readonly logged: LoggedEntry;
  readonly log: TransparencyLog;
  /** The integrated time, where a signed promise makes it one. */
  readonly time: ProvenTime | null;
}

/**
 * Checks one entry against the logs of a trusted root. What the entry records is bound apart (`bindBody`).
 *
 * Version 0.1 relies on the promise, and a proof without checkpoint proves nothing; later versions rely on the proof, and a
 * promise that is there must hold.
 */
export function verifyEntry(entry: TlogEntry, version: BundleVersion, logs: readonly TransparencyLog[]): EntryEvidence {
  // 1. The bundle's version says what must be there.
  if (version === '0.1' && entry.promise === null) fail('TLOG_SET_MISSING', 'a bundle of version 0.1 needs the signed promise of its entry');
  if (version !== '0.1' && entry.proof === null) fail('TLOG_PROOF_MISSING', 'the entry carries no inclusion proof');
  if (version !== '0.1' && entry.proof?.checkpoint === null) fail('TLOG_CHECKPOINT_MISSING', 'the inclusion proof carries no checkpoint');
  // 2. The log, by its whole id.
  const named = findLog(logs, entry.logId);
  if (named.length === 0) fail('TLOG_LOG_UNKNOWN', 'the trusted root names no log with the id of this entry');
  // 3. The promise, and with it the integrated time.
  let [log] = named as [TransparencyLog];
  let time: ProvenTime | null = null;
  if (entry.promise !== null) {
    const message = promiseMessage(entry);
    const signers = named.filter(({ key }) => holds(key, message, entry.promise as Uint8Array));
    if (signers.length === 0) fail('TLOG_SET_INVALID', 'the signed promise does not hold');
    const at = entry.integratedTime * 1000;
    const current = signers.find(({ validity }) => covers(validity, at));
    if (current === undefined) fail('TLOG_KEY_NOT_VALID_THEN', "the log's key does not count at the integrated time");
    log = current;
    time = { at, source: 'log', by: log.baseUrl };
  }
  // 4. The proof, up to the checkpoint.
  const proof = entry.proof !== null && entry.proof.checkpoint !== null ? entry.proof : null;
  if (proof !== null) verifyProof(entry, proof, proof.checkpoint as string, log);
  const index = proof === null ? entry.logIndex : proof.logIndex;
  return { logged: { logId: formatHex(log.id), baseUrl: log.baseUrl, index, kind: `${entry.kind} ${entry.version}`, proven: proof !== null }, log, time };
}

/** The bytes that a promise signs: four members in RFC 8785 form. */
export function promiseMessage(entry: Pick<TlogEntry, 'body' | 'integratedTime' | 'logIndex' | 'logId'>): Uint8Array {
  return encodeJcs({ body: formatBase64(entry.body), integratedTime: entry.integratedTime, logID: formatHex(entry.logId), logIndex: entry.logIndex });
}

function verifyProof(entry: TlogEntry, proof: InclusionProof, envelope: string, log: TransparencyLog): void {
  // 1. The checkpoint is by this log, whoever else signed it.
  const checkpoint = readCheckpoint(envelope);
  const lines = checkpoint.note.signatures.filter(({ name, id }) => signsAs(log, checkpoint.origin, name) && isHint(id, log, name));
  if (lines.length === 0) fail('CHECKPOINT_SIGNATURE_MISSING', 'no signature line of the checkpoint is by the log');
  const text = encodeUtf8(checkpoint.note.text);
  if (!lines.some(({ signature }) => holds(log.key, text, signature))) {
    fail('CHECKPOINT_SIGNATURE_INVALID', "the log's signature on the checkpoint does not hold");
  }
  // 2. The proof repeats size and root; where they differ, one of them is not what was proven.
  if (proof.treeSize !== checkpoint.size || !equalBytes(proof.rootHash, checkpoint.root)) {
    fail('PROOF_FIELDS_MISMATCH', 'the size or root beside the proof is not that of the checkpoint');
  }
  // 3. The leaf is in the tree of the checkpoint.
  const verdict = verifyInclusion(proof.logIndex, checkpoint.size, leafHash(entry.body), proof.hashes, checkpoint.root);
  if (!verdict.ok) fail(verdict.code as SigstoreCode, verdict.message);
}

function readCheckpoint(envelope: string): SignedCheckpoint {
  try {
    return parseCheckpoint(envelope);
  } catch (error) {
    if (error instanceof LedgerError) fail('CHECKPOINT_MALFORMED', error.message);
    throw error;
  }
}

function isHint(id: number, log: TransparencyLog, name: string): boolean {
  return hintsOf(log, name).some((hint) => new DataView(hint.buffer, hint.byteOffset).getUint32(0) === id);
}
