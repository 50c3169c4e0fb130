// The streams of a pack: which of them it holds whole, up to which version, and what the stream index says of each.
import { concatBytes, encodeUtf8, formatBase64, parseBase64 } from '../../ledger/bytes.ts';
import { clip, LedgerError } from '../../ledger/errors.ts';
import { isJsonObject, parseJson, type Json } from '../../ledger/json.ts';
import type { StreamProof } from '../../ledger/streams/proof.ts';
import { parseStreamProof } from '../stream-evidence.ts';
import { readWrittenStreams, writeStreams } from './streams-written.ts';

/** A stream that a pack claims to hold whole. */
export interface PackStream {
  readonly name: string;
  /** The last version it holds: 0 for a stream without an event. Later events of it may be in the pack, and nothing is claimed of them. */
  readonly version: number;
  /** What the stated index says of it. */
  readonly head: StreamProof;
}

export interface PackStreams {
  /** Index of the entry that states the stream index's root. */
  readonly stated: number;
  /** Where that is a decision: the consistency proof from the tree that it read to the checkpoint's. Empty otherwise. */
  readonly growth: readonly Uint8Array[];
  /** Trees that other decisions in the pack read, each with the consistency proof from it to the checkpoint's; ascending by decision. */
  readonly trees: readonly DecisionTree[];
  /** Ascending by name. */
  readonly streams: readonly PackStream[];
}

export interface DecisionTree {
  /** Index of the decision's entry. */
  readonly decision: number;
  readonly growth: readonly Uint8Array[];
}

const FORMAT = 'stella-pack-streams/1';
/** A stream without an event under an empty index takes 80 bytes, for eight values. */
const limits = { bytesMax: 512 * 1024 * 1024, depthMax: 6, valueBytesMin: 8 };

/** The member's bytes: JSON, a stream to a line. */
export function encodePackStreams({ stated, growth, trees, streams }: PackStreams): Uint8Array {
  const hashes = JSON.stringify(growth.map(formatBase64));
  const others = trees.map((tree) => JSON.stringify({ decision: tree.decision, growth: tree.growth.map(formatBase64) }));
  const grown = trees.length === 0 ? '' : `"trees":[\n${others.join(',\n')}\n],`;
  return writeStreams(`{"format":"${FORMAT}","stated":${stated},"growth":${hashes},${grown}`, streams);
}

/**
 * @param names - ascending, that may stand there: as `readWrittenStreams` has it
 * @throws {LedgerError} INPUT_VERSION_UNKNOWN for another format; INPUT_MALFORMED, INPUT_NOT_CANONICAL, and as `parseJson`
 */
export function parsePackStreams(bytes: Uint8Array, names: readonly string[] = []): PackStreams {
  const written = bytes.length > limits.bytesMax ? null : readWrittenStreams(bytes, names);
  const head = written === null ? null : readHead(written.head);
  return written === null || head === null ? parseAnyStreams(bytes) : packStreamsIn(head, written.streams);
}

/** The same of any JSON. */
export function parseAnyStreams(bytes: Uint8Array): PackStreams {
  return packStreamsIn(parseJson(bytes, limits));
}

/** What stands before the streams; null where the whole has to say what is wrong with it. */
function readHead(bytes: Uint8Array): Json | null {
  try {
    return parseJson(concatBytes(bytes, encodeUtf8(']}')), limits);
  } catch (error) {
    if (error instanceof LedgerError) return null;
    throw error;
  }
}

/** @param before - streams that were read already: the list in `json` is empty then */
function packStreamsIn(json: Json, before: readonly PackStream[] = []): PackStreams {
  const { format, stated, growth, trees = [], streams, ...others } = isJsonObject(json) ? json : {};
  if (typeof format !== 'string') throw refuse('they name no format');
  if (format !== FORMAT) throw new LedgerError('INPUT_VERSION_UNKNOWN', `Cannot read streams: format "${clip(format)}", expected "${FORMAT}"`);
  if (Object.keys(others).length > 0 || !Array.isArray(streams) || !Array.isArray(growth) || !Array.isArray(trees)) {
    throw refuse('they have other members than they should');
  }
  const hashOf = hashReader();
  const read = {
    stated: countIn(stated), growth: growth.map(hashIn), trees: trees.map(treeIn), streams: before.concat(streams.map((stream) => streamIn(stream, hashOf))),
  };
  if (read.trees.some(({ decision }, i) => i > 0 && decision <= (read.trees[i - 1] as DecisionTree).decision)) throw refuse('a tree stands out of order');
  if (read.streams.some(({ name }, i) => i > 0 && name <= (read.streams[i - 1] as PackStream).name)) throw refuse('a stream stands twice or out of order');
  return read;
}

function treeIn(value: Json): DecisionTree {
  const { decision, growth, ...others } = isJsonObject(value) ? value : {};
  if (!Array.isArray(growth) || Object.keys(others).length > 0) throw refuse('a tree has other members than it should');
  return { decision: countIn(decision), growth: growth.map(hashIn) };
}

/** Reads hashes; one that stood before is the same array, for the proofs of thousands of streams have most of theirs in common. */
function hashReader(): (text: string) => Uint8Array {
  const read = new Map<string, Uint8Array>();
  return (text) => {
    const known = read.get(text);
    if (known !== undefined) return known;
    const hash = parseBase64(text);
    read.set(text, hash);
    return hash;
  };
}

function streamIn(value: Json, hashOf: (text: string) => Uint8Array): PackStream {
  const { name, version, head, ...others } = isJsonObject(value) ? value : {};
  if (typeof name !== 'string' || Object.keys(others).length > 0) throw refuse('a stream has other members than it should');
  return { name, version: countIn(version), head: parseStreamProof(head, hashOf) };
}

function hashIn(value: Json): Uint8Array {
  if (typeof value !== 'string') throw refuse('a hash is no text');
  return parseBase64(value);
}

function countIn(value: Json | undefined): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0) throw refuse('a number is no integer from 0 to 2^53 - 1');
  return value;
}

function refuse(why: string): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read streams: ${why}`);
}
