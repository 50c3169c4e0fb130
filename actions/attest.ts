// Attest: a statement about artifacts, signed as a DSSE envelope, and as a Sigstore bundle whose log is ours.
import { formatHex, parseHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Actor, Digest } from '../ledger/events/index.ts';
import type { JcsValue } from '../ledger/jcs.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { Signer } from '../ledger/note/index.ts';
import { dsseBody, formatBundle, hashedRekordBody, recordableOf, signJson, unnamed, type AuthorKey, type EnvelopeJson } from '../verify/sigstore/index.ts';
import type { EvidenceRead } from './read-evidence.ts';
import { proveRekorV1, proveRekorV2, recordRekor } from './rekor.ts';

export interface StatementParts {
  /** At least one. */
  readonly subjects: readonly Digest<'sha256'>[];
  readonly predicateType: string;
  readonly predicate: JcsValue;
}

/** The predicate type of a bill of materials that lies elsewhere, named by its digest. */
export const SBOM_REFERENCE = 'https://stella-ops.org/attestations/sbom/1';

/** How a format is called in that predicate, and the predicate type under which others embed it. */
const SBOM_NAMES: Readonly<Record<string, readonly [name: string, embedded: string]>> = {
  cyclonedx: ['CycloneDX', 'https://cyclonedx.org/bom'],
  'spdx-2': ['SPDX', 'https://spdx.dev/Document'],
  'spdx-3': ['SPDX', 'https://spdx.dev/Document'],
};

/** An in-toto Statement v1. @see in-toto attestation, `spec/v1/statement.md` */
export function statementOf({ subjects, predicateType, predicate }: StatementParts): JcsValue {
  return {
    _type: 'https://in-toto.io/Statement/v1',
    subject: subjects.map(([algorithm, digest]) => ({ digest: { [algorithm]: formatHex(digest) } })),
    predicateType,
    predicate,
  };
}

/**
 * What a statement says of a bill of materials that it does not hold: format, version, media type, and where it is by its digest.
 *
 * @throws {LedgerError} EVIDENCE_INVALID when the document is no valid bill of materials
 */
export function sbomReference(read: EvidenceRead, bytes: Uint8Array): Pick<StatementParts, 'predicateType' | 'predicate'> {
  const [sbomFormat] = sbomName(read);
  const predicate = { sbomFormat, sbomVersion: read.version ?? '', mediaType: sbomMediaType(read, bytes), location: `sha256:${formatHex(sha256(bytes))}` };
  return { predicateType: SBOM_REFERENCE, predicate };
}

/** The predicate type under which a bill of materials stands inside a statement. @throws {LedgerError} as `sbomReference` */
export function embeddedType(read: EvidenceRead): string {
  return sbomName(read)[1];
}

function sbomName(read: EvidenceRead): readonly [string, string] {
  const name = read.format === null || read.components === null ? undefined : SBOM_NAMES[read.format];
  if (name !== undefined) return name;
  throw new LedgerError('EVIDENCE_INVALID', `Cannot attest: the file is no valid bill of materials (${read.format ?? 'no known format'}, ${read.verdict})`, {
    hint: '"stella inspect" says what is wrong with it',
  });
}

function sbomMediaType({ format }: EvidenceRead, bytes: Uint8Array): string {
  const first = bytes.find((byte) => byte > 0x20 && byte < 0x80);
  if (format === 'cyclonedx') return first === 0x3c ? 'application/vnd.cyclonedx+xml' : 'application/vnd.cyclonedx+json';
  return first === 0x7b ? 'application/spdx+json' : 'text/spdx';
}

/** An envelope, and what its statement is about. */
export interface SignedStatement extends Pick<StatementParts, 'subjects'> {
  readonly envelope: EnvelopeJson;
}

/** Signs a statement. @param key - the ledger's, or one from a file or the environment */
export async function signStatement(parts: StatementParts, key: AuthorKey): Promise<SignedStatement> {
  return { envelope: await signJson(statementOf(parts), [key]), subjects: parts.subjects };
}

/** Which generation of Rekor a bundle's log entry speaks: v1 states a time and is read by every client, v2 by newer ones. */
export type RekorVersion = 1 | 2;

export interface BundlePorts {
  readonly log: Log;
  /** The ledger's key for Rekor v1's clients. */
  readonly rekorSigner: Signer;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/**
 * Records an envelope in the log as Rekor does, and writes the bundle that proves it. The same envelope again is the entry that
 * is there, with a proof of today.
 *
 * @throws {LedgerError} ENTRY_KIND_UNKNOWN on a ledger that takes no such entries
 */
export async function bundleOf(
  { log, rekorSigner, now }: BundlePorts, { envelope, subjects }: SignedStatement, { key }: AuthorKey, by: Actor, version: RekorVersion = 1,
): Promise<{ readonly index: number; readonly repeated: boolean; readonly bundle: string }> {
  const body = version === 1 ? dsseBody(unnamed(envelope), key) : hashedRekordBody(recordableOf(envelope, key));
  const { index, repeated } = await recordRekor(log, { body, keys: [parseHex(key.id)], subjects }, by, now());
  const entry = version === 1 ? await proveRekorV1(log, index, rekorSigner) : await proveRekorV2(log, index);
  return { index, repeated, bundle: formatBundle({ content: { envelope }, key, entries: [entry] }) };
}
