// One model for what somebody says about a vulnerability in a product, whichever format said it.

/** OpenVEX's four words: every format has a word for each. */
export type VexStatus = 'not_affected' | 'affected' | 'fixed' | 'under_investigation';

/** OpenVEX's five words, which CSAF's flags and SPDX share. */
export type VexJustification =
  | 'component_not_present'
  | 'vulnerable_code_not_present'
  | 'vulnerable_code_not_in_execute_path'
  | 'vulnerable_code_cannot_be_controlled_by_adversary'
  | 'inline_mitigations_already_exist';

/** A product, by every name the statement gives it. */
export interface VexProduct {
  /** `@id`, bom-ref, product id or spdxId. */
  readonly id: string;
  readonly purls: readonly string[];
  readonly cpes: readonly string[];
  readonly hashes: readonly (readonly [algorithm: string, hex: string])[];
  /** A version or vers range that narrows the product. */
  readonly versions: readonly string[];
}

export interface VexStatement {
  /** The vulnerability's main name, such as `CVE-2024-1`. */
  readonly vulnerability: string;
  readonly aliases: readonly string[];
  /** Null where the document's word has no equal (`recommended`). */
  readonly status: VexStatus | null;
  readonly justification: VexJustification | null;
  /** The document's own words: mapping loses information. */
  readonly words: { readonly status: string; readonly justification: string | null };
  readonly product: VexProduct | null;
  /** Parts of the product that the statement is about; empty means the product as a whole. */
  readonly parts: readonly VexProduct[];
  /** When the statement was made, as it says; the document's time where it does not. */
  readonly stated: string | null;
  /** Why not affected, in words. */
  readonly impact: string | null;
  /** What to do, in words. */
  readonly action: string | null;
  readonly notes: string | null;
}

export interface Vex {
  /** `@id`, tracking id, serial number or spdxId, and its version. */
  readonly identity: string | null;
  readonly version: string | null;
  readonly author: string | null;
  readonly created: string | null;
  readonly statements: readonly VexStatement[];
}
