// What is said about a document from outside: its format, the verdict on it, each deviation, and what was read from it.
import type { Code } from '../ledger/errors.ts';
import type { Json } from '../ledger/json.ts';
import type { Encoding } from '../ledger/text.ts';
import type { Attestation } from './attestation/model.ts';
import type { FactCounts } from './facts.ts';
import type { Report } from './report/model.ts';
import type { Sbom } from './sbom/model.ts';
import type { Vex } from './vex/model.ts';
import type { XmlElement } from './xml.ts';

/** In order: the first that applies is the verdict. */
export type Verdict = 'refused' | 'unsupported_version' | 'invalid_schema' | 'invalid_semantic' | 'valid_with_deviations' | 'valid';

/** One place where a document is not what its format asks for; `pointer` is a JSON pointer, empty for the whole document. */
export interface Deviation {
  code: DeviationCode;
  pointer: string;
  message: string;
}

/** A reader does something different for each. */
export type DeviationCode =
  /** The encoding is not plain UTF-8; the text was read all the same. */
  | 'ENCODING_UNUSUAL'
  /** An integer beyond 2^53: the view holds the nearest double, the document every digit. */
  | 'INTEGER_ROUNDED'
  /** An old version of the format, read with what it has. */
  | 'VERSION_OLD'
  /** The official schema does not hold. */
  | 'SCHEMA_VIOLATED'
  /** A rule of the format's text does not hold. */
  | 'RULE_VIOLATED'
  /** The view was mended; the stored bytes were not. */
  | 'REPAIRED'
  /** A reference leads nowhere. */
  | 'REFERENCE_DANGLING'
  /** Two names are meant to be one, or one name stands for two things. */
  | 'IDENTIFIER_REPEATED'
  /** The format's text asks for something better; nothing is wrong. */
  | 'RECOMMENDED';

/** How strictly a document is read: `tolerant` mends known dialects in the view and lists each repair. */
export type Mode = 'strict' | 'tolerant';

/** A decoded document, parsed as far as its syntax goes. */
export type Source = { readonly encoding: Encoding } & (
  // What was parsed from JSON keeps no text beside it: a document of 100 MB is held once.
  | { readonly syntax: 'json'; readonly json: Json }
  | { readonly syntax: 'lines'; readonly lines: readonly Json[] }
  | { readonly syntax: 'xml'; readonly root: XmlElement; readonly text: string }
  | { readonly syntax: 'text'; readonly text: string }
);

/** What a document says, in our words; a CycloneDX document can be a bill of materials and VEX at once. */
export interface View {
  readonly sbom?: Sbom;
  readonly vex?: Vex;
  readonly attestations?: readonly Attestation[];
  readonly report?: Report;
}

/** What a format's reader answers. The view is absent where the document is too broken to be read. */
export interface Reading {
  readonly version: string | null;
  readonly verdict: Verdict;
  readonly deviations: readonly Deviation[];
  readonly view: View;
}

/** One format: how it is recognised, and how it is read. */
export interface Format {
  /** Such as `cyclonedx`, `spdx-2`, `openvex`. */
  readonly name: string;
  /** Tells whether a parsed document claims to be of this format, be it broken or of another version. */
  claims(source: Source): boolean;
  read(source: Source, mode: Mode): Promise<Reading>;
}

/** A document after reading. */
export interface Document extends Reading {
  /** Null when no format claims the document. */
  readonly format: string | null;
  /** The canonical facts (`encodeFacts`), or null where the document is not valid. */
  readonly facts: Uint8Array | null;
  /** How many items the facts hold; null where there are none. */
  readonly counts: FactCounts | null;
  /** Why it was refused; null for every other verdict. */
  readonly refusal: { readonly code: Code; readonly message: string; readonly position: number | null; readonly hint: string | null } | null;
}

/** Deviations without one that makes a document invalid. */
export function verdictOf(deviations: readonly Deviation[]): Verdict {
  return deviations.length === 0 ? 'valid' : 'valid_with_deviations';
}
