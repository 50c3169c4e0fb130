// The grammars of names in entries: stream names, and the identifiers they are made of.
import { token } from './schema.ts';

/** At most this many streams an entry; more subjects follow as `*.linked` events in the same batch. */
export const streamsMax = 64;
/** A stream name's largest size in bytes. */
export const streamNameBytesMax = 255;

const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const vulnerability = '[A-Za-z0-9][A-Za-z0-9._:+/-]{0,126}';
const slug = '[a-z0-9][a-z0-9._/-]{0,126}';
const id = '[a-z0-9][a-z0-9-]{0,62}';

const streamPattern = new RegExp(
  `^(?:ledger|trust|artifact:sha256:[0-9a-f]{64}|key:[0-9a-f]{64}|vuln:${vulnerability}|(?:policy|contract|feed):${slug}|(?:waiver|disclosure):${id})$`,
);

/** The name of a stream (spec/streams.md, "Names"). */
export const streamName = token('a stream name', streamPattern, streamNameBytesMax);

/** A bare lower-case host name: Sigstore's clients refuse ports and paths in an origin, and a number at its end reads as an address. */
export const hostName = token('a host name', new RegExp(`^(?!(?:.*\\.)?[0-9]+$)${label}(?:\\.${label})*$`), 255);

/** An advisory's id as its source writes it: `CVE-2026-1234`, `GHSA-…`, `RHSA-2026:1234`. */
export const vulnerabilityId = token('a vulnerability id', new RegExp(`^${vulnerability}$`), 127);

/** The name of a policy, a contract or a feed. */
export const slugName = token('a lower-case name', new RegExp(`^${slug}$`), 127);

/** What is asked of a policy: a reference into `data` whose parts are Rego names, or narrow texts in brackets. */
export const entrypointName = token('an entrypoint', /^data(?:\.[A-Za-z_][A-Za-z0-9_]*|\["[A-Za-z0-9_./-]+"\])+$/, 127);

/** The id of a waiver or a disclosure. */
export const recordId = token('an id', new RegExp(`^${id}$`), 63);

/** A media type without parameters (RFC 6838 §4.2), in lower case. */
export const mediaType = token('a media type', /^[a-z0-9][a-z0-9!#$&^_.+-]{0,126}\/[a-z0-9][a-z0-9!#$&^_.+-]{0,126}$/, 255);

/** `noun.verbed`. */
export const eventType = token('an event type', /^[a-z]{2,20}\.[a-z]{2,20}(?:_[a-z]{2,20})?$/, 64);

/** What a payload is to its event. */
export const payloadRole = token('a payload role', /^[a-z]{2,20}(?:-[a-z]{2,20})?$/, 41);

/** What a verifier, a check or a gate says in one word: `SIGNATURE_INVALID`, `POLICY_DENIED`. */
export const verdictCode = token('a verdict code', /^[A-Z][A-Z0-9]{1,30}(?:_[A-Z0-9]{1,30}){1,6}$/, 127);

/** A top-level member of the policy input: `findings`, `effective_time`. */
export const inputMember = token('an input member', /^[a-z]{2,20}(?:_[a-z]{2,20})?$/, 41);

/** A date and time as a document states it: RFC 3339, ISO 8601 and the spellings near them, and nothing that could be a name. */
export const timeText = token('a time as text', /^[0-9][0-9TZtz:.,+ -]{3,39}$/, 40);

/** An operating system or a processor architecture as image indexes write it: `linux`, `arm64`, `v8`. */
export const platformName = token('a platform name', /^[a-z0-9][a-z0-9._-]{0,31}$/, 32);

const qualifier = '[a-z][a-z0-9._-]*=[A-Za-z0-9._~%:/-]+';
const qualifiers = `(?:\\?${qualifier}(?:&${qualifier})*)?`;

/**
 * A package without a version (purl-spec): its type, namespace and name, percent-encoded, in canonical form. A sentence has
 * spaces and an address has no type, so neither fits.
 */
export const purlName = token('a purl without version', new RegExp(`^pkg:[a-z][a-z0-9.-]{1,31}(?:/[A-Za-z0-9._~%+:-]{1,127}){1,8}${qualifiers}$`), 255);

const comparator = '(?:[<>]=?|=|!=)?[A-Za-z0-9._~%+:-]+';

/** Versions of a package in the notation of VERS: `vers:npm/>=1.2.0|<2.0.0`. */
export const versionRange = token('a version range', new RegExp(`^vers:[a-z][a-z0-9.-]{1,31}/(?:\\*|${comparator}(?:\\|${comparator})*)$`), 255);
