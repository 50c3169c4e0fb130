// The door of the scanner: advisories to snapshots, component lists to findings. Pure: files, time and limits are arguments.
//
// feed import:  for (const one of importOsv(files, source)) if (one.is === 'observation') builder.add(one.observation); builder.finish(sink, sources)
// scan:         scan({ components, edges, root }, new Snapshot(file, digest), { engineVersion, config, stop }) then encodeFindings
// image scan:   analyzeFiles((await readImageArchive(stored)).files).components are the components to scan
// decision pack: shardsUsed(file, digest, input, options).bytes, and later scan(input, new Snapshot(openPart(bytes), digest), options)
// entry trace:  withTrace(components, traceEntryPoint(entryPointOf(image.config), image.files, analysis)) says what of them is reached
// explain:      explain(id, input, snapshot), and recompute(answer, snapshot.bytesOf(ref)) proves each answer
// feed diff:    diffSnapshots(before, after)
// rescan:       concerned(changesBetween(before, after))(footprint) for every kept footprintOf(components, document); rescanList looks at those again
export { encodeObservation, readJson, type Observation } from './advisories/observation.ts';
export { decodeStored, type StoredRecord } from './advisories/stored.ts';
export { severityOf, type Severity } from './advisories/severity.ts';
export type { OutcomeName, Reason } from './advisories/evaluate.ts';
export { compareIds, preferredId } from './advisories/aliases.ts';
export { analyzeFiles, type Analysis } from './image/analyze.ts';
export { LayeredFiles, type File, type FileTree } from './image/files.ts';
export { readImage, readImageArchive, type Image, type ImageOptions, type ReadPath } from './image/image.ts';
export type { StoredBytes, WorkBytes } from './image/stored.ts';
export { LayerCache, type CacheStore, type LayerCacheOptions } from './image/layer-cache.ts';
export { readTar, type TarMember } from './image/tar.ts';
export type { FeedFile, Imported, Importer } from './import/feed.ts';
export { importFriendsOfPhp, importNodeSecurity, importRubyAdvisories } from './import/languages.ts';
export { importEpss, importKev, importNvd } from './import/nvd.ts';
export { importOsv } from './import/osv.ts';
export { importRegional, REGIONAL, type Connector } from './import/regional.ts';
export { SnapshotBuilder, type Built } from './snapshot/build.ts';
export { diffSnapshots, verifySnapshot, type RecordChange } from './snapshot/diff.ts';
export type { Manifest, RecordRef, SnapshotFile, SnapshotSink, SourceNote, Spool } from './snapshot/format.ts';
export { Snapshot, type Touched } from './snapshot/open.ts';
export { PartTaking, shardsUsed, type Part } from './snapshot/part.ts';
export { openPart } from './snapshot/part-file.ts';
export { lookupsOf, type EntryTrace, type Lookup, type Lookups, type ScanComponent, type Unsupported } from './match/components.ts';
export { explain, inputNames, recompute, type Explained, type Explanation } from './match/explain.ts';
export { configDigest, encodeFindings, matchSemantics, type Finding, type FindingsDocument, type FoundComponent, type RecordMatch } from './match/findings.ts';
export type { ScanInput } from './match/group.ts';
export { decodeInventory, decodeList, encodeInventory, inputOfFacts, type Inventory } from './match/inventory.ts';
export { scan, type ScanOptions, type ScanStopped } from './match/match.ts';
export { reconcile, type ReconcileReason, type Reconciled, type TheirResult } from './match/reconcile.ts';
export { changesBetween, concerned, footprintOf, rescanList, type Changes, type Footprint } from './match/rescan.ts';
export { formatMarkdown, formatTable } from './output/table.ts';
export { sarifOf, type SarifOptions } from './output/sarif.ts';
export { vulnsOf, vulnsPredicateType, type VulnsOptions } from './output/vulns.ts';
export {
  attestationName, encodeKitManifest, isKitMember, kitDamaged, manifestBytesMax, manifestName, membersOf, parseKitManifest, snapshotName, type KitManifest,
    type KitMember,
} from './kit/manifest.ts';
export { checkKitStatement, kitBuildType, kitStatement } from './kit/provenance.ts';
export {
  chainOf, decodeTrace, encodeTrace, entryPointOf, traceEntryPoint, withTrace, type TraceChain, type TraceDocument,
} from './trace/trace.ts';
export { canonicalPurl, formatPurl, parsePurl, type Purl } from './purl/purl.ts';
export { draftVex, judgedOfSarif, readVexPolicy, type Draft, type Judged, type VexRule } from './vex/draft.ts';
