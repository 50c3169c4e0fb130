// The door of the Merkle room: RFC 6962 trees, their proofs, and C2SP tiles.
export { emptyRoot, hashBytes, hasherOf, leafHash, nobleHasher, nodeHash, sha256, type Hasher } from './hash.ts';
export { isSubtree, nodesOver, foldNodes, assembleProof, type NodeAddress, type ProofPlan, type ReadNodes } from './nodes.ts';
export { Frontier, decodeFrontier, encodeFrontier, treeSizeMax } from './frontier.ts';
export { PROOF_CODES, type ProofCode, type ProofVerdict } from './verdict.ts';
export {
  inclusionLength, planInclusion, planSubtreeInclusion, proveInclusion, rootFromInclusion, verifyInclusion, verifySubtreeInclusion,
} from './inclusion.ts';
export {
  planConsistency, planSubtreeConsistency, proveConsistency, verifyConsistency, verifySubtreeConsistency, verifyWitnessConsistency,
} from './consistency.ts';
export {
  formatBundlePath, formatTilePath, parseTilePath, tileWidth, type BundleAddress, type TileAddress, type TilePath,
} from './tile-path.ts';
export {
  foldHashes, hashesOf, newBundles, newTiles, nodeAt, nodesFromTiles, tileHeight, tilePlaceOf, tileWidthIn, type ReadTiles, type TilePlace,
} from './tiles.ts';
export { decodeBundle, encodeBundle } from './bundle.ts';
