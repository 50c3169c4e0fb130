// The policy input: what a policy is asked with, as a strict shape (spec/policy-input.md, spec/policy-input.schema.json).
import { array, boolean, complaintOf, integer, number, object, oneOf, optional, said, text, type ShapeType } from './shape.ts';

/**
 * The version of the input's shape and of how it is made. Another meaning of the same state is a new number.
 *
 * 2: `requested_at` of waivers. 3: `sbom` of the scan.
 */
export const inputSemantics = 3;

const digest = text(/^sha256:[0-9a-f]{64}$/, 71);
/** Longest id of a vulnerability, in characters. */
export const idMax = 127;
const id = text(/^[A-Za-z0-9][A-Za-z0-9._:+/-]{0,126}$/, idMax);
const slug = text(/^[a-z0-9][a-z0-9._/-]{0,126}$/, 127);
const purl = text(/^pkg:[A-Za-z0-9.+-]+\/.+$/);
const time = text(/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z$/, 24);
const person = text(/^person:[0-9a-f]{32}$/, 39);
const signer = text(/^(?:key:[0-9a-f]{64}|identity:[0-9a-f]{32})$/, 68);

/** OpenVEX's words; `unknown` where nothing is known of it: neither a scanner nor anybody who is trusted could say. */
export const EXPLOITABILITIES = ['affected', 'fixed', 'not_affected', 'under_investigation', 'unknown'] as const;
const JUSTIFICATIONS = [
  'component_not_present', 'inline_mitigations_already_exist', 'vulnerable_code_cannot_be_controlled_by_adversary',
  'vulnerable_code_not_in_execute_path', 'vulnerable_code_not_present',
] as const;

export const WAIVER_STATES = ['active', 'expired', 'key_wrong', 'not_approved', 'rejected', 'revoked', 'self_approved', 'signature_wrong', 'too_long'] as const;

const statement = {
  entry: said('Index of the entry that it stands in', integer),
  has_justification: boolean,
  issuer: said('Whose words these are: keys, identities or a person', array(text(/^(?:key:[0-9a-f]{64}|(?:identity|person):[0-9a-f]{32})$/, 68))),
  justification: optional(oneOf(...JUSTIFICATIONS)),
  products: said('Purls of components with findings that it is about', array(purl)),
  stated_at: said('When it was made, as it says, and never later than recorded', time),
  status: oneOf('affected', 'fixed', 'not_affected', 'under_investigation'),
  trusted: boolean,
  vuln_id: id,
} as const;

export const findingShape = object({
  aliases: array(id),
  conflicts: said('About what the sources disagree', array(oneOf('fixed', 'outcome', 'severity'))),
  entry_trace: oneOf('not_reached', 'reached', 'unknown'),
  epss: optional(number(0, 1)),
  exploitability: oneOf(...EXPLOITABILITIES),
  fingerprint: text(/^[0-9a-f]{64}$/, 64),
  fixed_versions: array(text()),
  id: said('The vulnerability: a CVE before a GHSA before others', id),
  kev: said('Known to be exploited', boolean),
  outcome: said('What the scanner says', oneOf('affected', 'indeterminate', 'unsupported', 'unversioned')),
  path: optional(text()),
  purl,
  score: optional(number(0, 10)),
  severity: oneOf('CRITICAL', 'HIGH', 'LOW', 'MEDIUM', 'NONE', 'UNKNOWN'),
  waived: said('A waiver in force covers it; it is affected all the same', boolean),
});

const attestation = object({
  build_type: optional(text()),
  builder: optional(text()),
  digest: said('Of the document as received; absent when it is sealed', optional(digest)),
  envelope: oneOf('cosign-bundle', 'dsse', 'none', 'sigstore-bundle', 'signature', 'simple-signing'),
  id: text(/^entry:[0-9]+(?:#[0-9]+)?$/, 40),
  levels: said('Of a verification summary', optional(array(text()))),
  predicate: oneOf('document', 'other', 'sbom-reference', 'slsa-provenance', 'slsa-verification'),
  predicate_type: optional(text()),
  proven_at: said('The earliest time that others vouch for', optional(time)),
  recorded_at: time,
  rekor: optional(object({
    inclusion_proof: object({ log_index: integer, root_hash: text(/^[0-9a-f]{64}$/, 64), tree_size: integer }),
    origin: said('The name of the log', text()),
  })),
  result: said('Of a verification summary', optional(oneOf('FAILED', 'PASSED'))),
  signers: said('The trusted keys and identities under which it counts', array(signer)),
  verified: boolean,
  verifier: optional(text()),
});

export const componentShape = object({
  group: optional(text()),
  licences: optional(array(text())),
  name: text(),
  purl: optional(text()),
  type: text(),
  version: optional(text()),
});

const waiver = object({
  acts: said('How requester and approver acted', object({ approved: optional(oneOf('asserted', 'signed')), requested: oneOf('asserted', 'signed') })),
  active: boolean,
  break_glass: boolean,
  expires: time,
  id: text(/^[a-z0-9][a-z0-9-]{0,62}$/, 63),
  owner: person,
  purl,
  requested_at: said('Recorded; absent in inputs of version 1', optional(time)),
  responses: array(text(/^[a-z_]{1,32}$/, 32)),
  state: said('The first reason why it is not in force, or active', oneOf(...WAIVER_STATES)),
  vuln_id: id,
});

export const inputShape = object({
  artifact: object({ contracts: said('Those it has to meet', array(slug)), digest }),
  attestations: array(attestation),
  coverage: object({
    contracts: array(slug),
    covered: said('Requirements that are met, as contract#id', array(text())),
    missing: said('Requirements that are not met, as contract#id', array(text())),
  }),
  effective_time: time,
  findings: array(findingShape),
  sbom: optional(object({
    components: array(componentShape),
    created: said('As the document says', optional(time)),
    digest: optional(digest),
    entry: integer,
    format: oneOf('cyclonedx', 'spdx-2', 'spdx-3'),
    recorded_at: time,
  })),
  scan: optional(object({
    components: integer,
    entry: integer,
    feed: slug,
    recorded_at: time,
    sbom: said('The entry of the bill of materials that was scanned; absent where it was an inventory, and in inputs before version 3', optional(integer)),
    snapshot: digest,
    snapshot_recorded_at: optional(time),
    unmatched: said('Components that could not be looked up', integer),
  })),
  vex: said('Statements that count: trusted, and the newest of their issuer', array(object(statement))),
  vex_rejected: said('Statements that do not count, and why', array(object({
    ...statement, reason: oneOf('contradicted', 'superseded', 'unmatched', 'untrusted'),
  }))),
  waivers: said('Waivers that name a finding: in force or not', array(waiver)),
});

export type PolicyInput = ShapeType<typeof inputShape>;
export type InputMember = keyof PolicyInput;

/** @returns what is wrong with an input, as JSON pointer and reason, or null: then it may be given to a policy */
export function inputComplaint(value: unknown): string | null {
  return complaintOf(inputShape.shape, value);
}
