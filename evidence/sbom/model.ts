// One model for what software consists of, whichever format said it.

/** A hash of a component: the algorithm in lower case without dashes after `sha` (`sha1`, `sha256`, `sha3-256`), the value in hexadecimal. */
export type ComponentHash = readonly [algorithm: string, hex: string];

export interface Component {
  /** The document's own name for it (`bom-ref`, `SPDXID`, `spdxId`), unique in the document. */
  readonly ref: string;
  /** CycloneDX's word in lower case: `library`, `application`, `operating-system`, `container`, `file`, … */
  readonly type: string;
  /** Namespace of the name, such as a Maven group. */
  readonly group?: string;
  readonly name: string;
  readonly version?: string;
  /** As the document has it. */
  readonly purl?: string;
  readonly cpes: readonly string[];
  /** SPDX expressions or names; more than one means that all of them hold. */
  readonly licences: readonly string[];
  readonly hashes: readonly ComponentHash[];
  /** Files that show the component is there. */
  readonly paths: readonly string[];
  /** Digest of the image layer that brought it, as the document has it. */
  readonly layers: readonly string[];
  /** The source package that a distribution's binary was built from. */
  readonly source?: { readonly name: string; readonly version?: string };
}

/** `from` needs `to` (`depends`), or `to` is a part of `from` (`contains`). Both are refs. */
export interface Edge {
  readonly from: string;
  readonly to: string;
  readonly kind: 'depends' | 'contains';
}

export interface Sbom {
  /** The document's own identity: serial number and version, namespace, or spdxId. */
  readonly identity: string | null;
  /** When it says it was made, as it says. */
  readonly created: string | null;
  /** The ref of what the document describes; null when it does not say. */
  readonly root: string | null;
  readonly components: readonly Component[];
  readonly edges: readonly Edge[];
  /** Digests of what the document describes, by algorithm, from its own words (an image's digest in its name or purl). */
  readonly subjects: readonly ComponentHash[];
}
