// Attest: a statement about artifacts, signed as a DSSE envelope, and as a Sigstore bundle whose log is ours.
import { formatHex } from '../ledger/bytes.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { Digest } from '../ledger/events/index.ts';
import type { JcsValue } from '../ledger/jcs.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import { ed25519Spki } from '../ledger/log/signing.ts';
import { parseCheckpoint } from '../ledger/note/index.ts';
import { formatBundle, hashedRekordBody, logIdOf, recordableOf, signJson, type AuthorKey, type EnvelopeJson } from '../verify/sigstore/index.ts';
import type { EvidenceRead } from './read-evidence.ts';

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

/** Signs a statement. @param key - the ledger's, or one from a file or the environment */
export function signStatement(parts: StatementParts, key: AuthorKey): Promise<EnvelopeJson> {
  return signJson(statementOf(parts), [key]);
}

/**
 * Records an envelope in the log as Rekor v2 does, and writes the bundle that proves it.
 *
 * @throws {LedgerError} ENTRY_KIND_UNKNOWN on a ledger that takes no such entries
 */
export async function bundleOf(log: Log, envelope: EnvelopeJson, { key }: AuthorKey): Promise<{ readonly index: number; readonly bundle: string }> {
  const body = hashedRekordBody(recordableOf(envelope, key));
  const { index } = await log.appendOne({ drafts: [body] });
  const { size, root, note } = log.published;
  const { origin } = parseCheckpoint(note);
  const publicKey = log.control.key.public.subarray(ed25519Spki.length);
  const entry = { logId: logIdOf(origin, publicKey), index, size, root, hashes: await log.proveInclusion(index, size), checkpoint: note, body };
  return { index, bundle: formatBundle({ content: { envelope }, key, entries: [entry] }) };
}
