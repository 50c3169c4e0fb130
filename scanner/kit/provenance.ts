// A kit's provenance: an in-toto statement with the SLSA provenance v1 predicate about the manifest and every member it names.
import { formatHex } from '../../ledger/bytes.ts';
import { isJsonObject, type Json } from '../../ledger/json.ts';
import type { JcsValue } from '../../ledger/jcs.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { SourceNote } from '../snapshot/format.ts';
import { kitDamaged, manifestName, membersOf, type KitManifest } from './manifest.ts';

const statementType = 'https://in-toto.io/Statement/v1';
const predicateType = 'https://slsa.dev/provenance/v1';
export const kitBuildType = 'https://stella-ops.org/kit/1';

export interface KitProvenance {
  /** A URI: who made the kit. An importer names the one it takes kits from. */
  readonly builder: string;
  /** Milliseconds since 1970: what the builder's clock said. */
  readonly madeMs: number;
}

/** @param manifestSha256 - 32 bytes @param sources - what the snapshot was made from @see slsa.dev/spec/v1.0/provenance */
export function kitStatement(manifest: KitManifest, manifestSha256: Uint8Array, sources: readonly SourceNote[], { builder, madeMs }: KitProvenance): JcsValue {
  const { feed, snapshot, policies, roots } = manifest;
  return {
    _type: statementType,
    subject: [
      { name: manifestName, digest: { sha256: formatHex(manifestSha256) } },
      ...membersOf(manifest).map(({ name, sha256 }) => ({ name, digest: { sha256 } })),
    ],
    predicateType,
    predicate: {
      buildDefinition: {
        buildType: kitBuildType,
        externalParameters: { feed, snapshot: snapshot.root, policies: policies.map(({ policy }) => policy), roots: roots.length },
        resolvedDependencies: sources.flatMap(({ name, sha256 }) => (sha256 === undefined ? [] : [{ name, digest: { sha256 } }])),
      },
      runDetails: { builder: { id: builder }, metadata: { finishedOn: new Date(madeMs).toISOString() } },
    },
  };
}

/**
 * Whether a signed statement is about this very kit, made by the builder that is wanted.
 *
 * @throws {LedgerError} KIT_BUILDER_WRONG; KIT_DAMAGED when it is about something else
 */
export function checkKitStatement(statement: Json, manifest: KitManifest, manifestSha256: Uint8Array, builder: string): void {
  if (!isJsonObject(statement) || statement._type !== statementType || statement.predicateType !== predicateType || !isJsonObject(statement.predicate)) {
    throw kitDamaged('its attestation is no SLSA provenance v1');
  }
  const { buildDefinition, runDetails } = statement.predicate;
  const said = isJsonObject(runDetails) && isJsonObject(runDetails.builder) ? runDetails.builder.id : undefined;
  if (said !== builder) {
    throw new LedgerError('KIT_BUILDER_WRONG', `Cannot use the kit: it was built by ${JSON.stringify(said ?? null)}, expected "${builder}"`, {
      hint: 'nothing was changed; name the builder you take kits from with --builder',
    });
  }
  if (!isJsonObject(buildDefinition) || buildDefinition.buildType !== kitBuildType) throw kitDamaged('its attestation is about another kind of build');
  const subjects = new Map((Array.isArray(statement.subject) ? statement.subject : []).flatMap((subject): [string, Json | undefined][] =>
    (isJsonObject(subject) && typeof subject.name === 'string' && isJsonObject(subject.digest) ? [[subject.name, subject.digest.sha256]] : [])));
  const wanted = [{ name: manifestName, sha256: formatHex(manifestSha256) }, ...membersOf(manifest)];
  const wrong = wanted.find(({ name, sha256 }) => subjects.get(name) !== sha256);
  if (wrong !== undefined
    || subjects.size !== wanted.length) throw kitDamaged(`its attestation is about ${wrong === undefined ? 'more' : `another ${wrong.name}`}`);
}
