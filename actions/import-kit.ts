// Import an Offline Update Kit: verified whole, stored, and recorded in one command, so that all of it counts or nothing does.
import { equalBytes, parseHex } from '../ledger/bytes.ts';
import { prepareDraft, type Actor, type NewEvent, type PayloadReference } from '../ledger/events/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import { sha256 } from '../ledger/log/engine.ts';
import type { Log } from '../ledger/log/log.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import type { SecretStore } from '../ledger/store/secrets.ts';
import type { Spool } from '../scanner/index.ts';
import type { Source } from '../verify/pack/zip-reader.ts';
import { importsOf } from './feeds.ts';
import { planSnapshot, snapshotBytesMax } from './import-feed.ts';
import { verifyKit, type VerifiedKit } from './kit.ts';
import { readLedgerTrust } from './ledger-trust.ts';
import { findPolicy, payloadOfPolicy, planPolicy, policyReference } from './publish-policy.ts';

export const kitMedia = 'application/vnd.in-toto+dsse';

export interface KitPorts {
  readonly log: Log;
  readonly payloads: PayloadStore;
  readonly secrets: SecretStore;
  /** A working file for building the snapshot again. */
  readonly workFile: () => Spool & { close(): void };
}

export interface KitToImport {
  readonly source: Source;
  /** The builder kits are taken from. */
  readonly builder: string;
  /** The feed's name here; the kit's own when left out. */
  readonly feed?: string;
  /** Takes the snapshot, and neither policies nor roots. */
  readonly snapshotOnly?: boolean;
  /** Milliseconds since 1970. */
  readonly now: number;
}

export interface ImportedKit {
  readonly kit: VerifiedKit;
  readonly feed: string;
  /** Index of the `feed.imported`. */
  readonly index: number;
  /** True when this kit is what the feed's newest snapshot came in: nothing was recorded. */
  readonly repeated: boolean;
  /** Policies that were published: those whose newest version was another. */
  readonly policies: readonly string[];
  /** How many roots are trusted from here on that were not before. */
  readonly roots: number;
}

/** The numbered steps of an import: tests stop the process at each of them. */
export type KitStep = 'kit 1: verified' | 'kit 2: snapshot stored' | 'kit 3: payloads stored' | 'kit 4: recorded';

/**
 * Imports a kit.
 *
 * @param at - called at each step; nothing in production
 * @throws {LedgerError} as `verifyKit`; VERSION_CONFLICT when another import came between; nothing is on record then
 */
export async function importKit(ports: KitPorts, asked: KitToImport, by: Actor, at: (step: KitStep) => void | Promise<void> = () => {}): Promise<ImportedKit> {
  const { log, payloads, workFile } = ports;
  const ledgerTrust = await readLedgerTrust(ports);
  // 1. Everything is verified before anything is stored. A crash here leaves nothing.
  const spool = workFile();
  let kit: VerifiedKit;
  try {
    kit = verifyKit(asked.source, { trust: ledgerTrust.trust, builder: asked.builder, now: asked.now }, spool);
  } finally {
    spool.close();
  }
  await at('kit 1: verified');
  const feed = asked.feed ?? kit.manifest.feed;
  const before = await newestOf(log, feed);
  if (before.kit !== null && equalBytes(before.kit, kit.digest)) return { kit, feed, index: before.index, repeated: true, policies: [], roots: 0 };
  // 2. Payloads. A crash after this leaves files that no entry names: the feed's newest snapshot is the old one.
  const file = await payloads.put(kit.snapshotPieces(), snapshotBytesMax);
  // The kit may have changed under us since it was verified: the stored bytes decide.
  if (file.size !== kit.manifest.snapshot.size || !equalBytes(file.digest, digestOf(kit))) {
    await payloads.remove(file.digest);
    throw new LedgerError('KIT_DAMAGED', 'Cannot use the kit: it changed while it was read', { hint: 'nothing was changed; import it again' });
  }
  await at('kit 2: snapshot stored');
  const planned: NewEvent[] = [];
  const policies = asked.snapshotOnly === true ? [] : await changedPolicies(ports, kit);
  for (const { policy, document, entrypoints } of policies) {
    await payloads.put([document], document.length);
    planned.push({ type: 'policy.published', by, data: planPolicy(policy, document, entrypoints).data, payloads: [policyReference(document)] });
  }
  const trusted = ledgerTrust.byRoot.map(({ digest }) => digest);
  const roots = asked.snapshotOnly === true ? [] : kit.roots.filter((root) => !trusted.some((digest) => equalBytes(digest, sha256(root))));
  for (const root of roots) {
    await payloads.put([root], root.length);
    const digest = ['sha256', sha256(root)] as const;
    planned.push({ type: 'trust.added', by, data: { root: digest }, payloads: [{ role: 'root', size: root.length, media: 'application/json', digest }] });
  }
  await payloads.put([kit.attestation], kit.attestation.length);
  const manifest: PayloadReference = { role: 'kit', size: kit.attestation.length, media: kitMedia, digest: ['sha256', sha256(kit.attestation)] };
  const { event } = await planSnapshot(payloads, { feed, file, refused: [], kit: { digest: kit.digest, manifest } }, by);
  await at('kit 3: payloads stored');
  // 3. One command: its entries stand together or not at all. The versions that were read are expected, so that two imports at once
  //    are one import and one refusal.
  const drafts = [...planned, event].map((one) => prepareDraft(one, sha256));
  const appended = await log.appendOne({ drafts, expected: [{ stream: `feed:${feed}`, version: before.version }] });
  await at('kit 4: recorded');
  return { kit, feed, index: appended.index + planned.length, repeated: false, policies: policies.map(({ policy }) => policy), roots: roots.length };
}

function digestOf({ manifest }: VerifiedKit): Uint8Array {
  return parseHex(manifest.snapshot.sha256, 32);
}

async function newestOf(log: Log, feed: string): Promise<{ index: number; kit: Uint8Array | null; version: number }> {
  const version = (await log.head(`feed:${feed}`))?.version ?? 0;
  for await (const { index, data } of importsOf(log, feed)) return { index, kit: data.kit?.[1] ?? null, version };
  return { index: -1, kit: null, version };
}

/** Policies whose newest version is another one, or that were never published. */
async function changedPolicies({ log }: KitPorts, kit: VerifiedKit): Promise<VerifiedKit['policies']> {
  const changed = [];
  for (const one of kit.policies) {
    const newest = await findPolicy(log, one.policy).catch((error: unknown) => {
      if (error instanceof LedgerError && error.code === 'POLICY_UNKNOWN') return null;
      throw error;
    });
    if (newest === null || !equalBytes(payloadOfPolicy(newest), sha256(one.document))) changed.push(one);
  }
  return changed;
}
