// An OSV record, read from a stranger's JSON: the members that matching needs, checked; everything else stays in the stored bytes.
import { clip, LedgerError } from '../../ledger/errors.ts';

export interface OsvEvent {
  readonly introduced?: string;
  readonly fixed?: string;
  readonly last_affected?: string;
  readonly limit?: string;
}

export interface OsvRange {
  readonly type: string;
  readonly events: readonly OsvEvent[];
}

export interface OsvSeverity {
  readonly type: string;
  readonly score: string;
}

export interface OsvAffected {
  readonly package?: { readonly ecosystem: string; readonly name: string };
  readonly ranges?: readonly OsvRange[];
  readonly versions?: readonly string[];
  readonly severity?: readonly OsvSeverity[];
}

export interface OsvRecord {
  readonly id: string;
  readonly aliases?: readonly string[];
  readonly upstream?: readonly string[];
  readonly related?: readonly string[];
  readonly withdrawn?: string;
  readonly published?: string;
  readonly modified?: string;
  readonly summary?: string;
  readonly severity?: readonly OsvSeverity[];
  readonly affected?: readonly OsvAffected[];
}

/**
 * Checks that a JSON value has the shape of an OSV record.
 *
 * Unknown members are left alone, as the schema asks of readers; a known member of another type refuses the record, because
 * reading it as absent would read a vulnerable package as none. `null` counts as absent, as in records seen in the field.
 *
 * @throws {LedgerError} INPUT_MALFORMED naming the member
 * @see osv-schema 1.7.5, docs/schema.md
 */
export function checkOsv(value: unknown): OsvRecord {
  const record = object(value, 'the record');
  const id = text(record.id, 'id');
  if (id === '') refuse('id', 'a name');
  for (const member of ['aliases', 'upstream', 'related']) optional(record[member], member, texts);
  for (const member of ['withdrawn', 'published', 'modified', 'summary']) optional(record[member], member, text);
  optional(record.severity, 'severity', severities);
  optional(record.affected, 'affected', (list, at) => array(list, at).forEach((entry, i) => checkAffected(entry, `${at}[${i}]`)));
  return withoutNulls(record) as unknown as OsvRecord;
}

type Members = Record<string, unknown>;

function checkAffected(value: unknown, at: string): void {
  const affected = object(value, at);
  optional(affected.package, `${at}.package`, (found, where) => {
    const named = object(found, where);
    text(named.ecosystem, `${where}.ecosystem`);
    text(named.name, `${where}.name`);
  });
  optional(affected.versions, `${at}.versions`, texts);
  optional(affected.severity, `${at}.severity`, severities);
  optional(affected.ranges, `${at}.ranges`, (ranges, where) => array(ranges, where).forEach((range, i) => checkRange(range, `${where}[${i}]`)));
}

function checkRange(value: unknown, at: string): void {
  const range = object(value, at);
  text(range.type, `${at}.type`);
  array(range.events, `${at}.events`).forEach((event, i) => {
    const members = object(event, `${at}.events[${i}]`);
    for (const member of EVENT_KINDS) optional(members[member], `${at}.events[${i}].${member}`, text);
  });
}

export const EVENT_KINDS = ['introduced', 'fixed', 'last_affected', 'limit'] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

function severities(value: unknown, at: string): void {
  for (const [i, entry] of array(value, at).entries()) {
    const severity = object(entry, `${at}[${i}]`);
    text(severity.type, `${at}[${i}].type`);
    text(severity.score, `${at}[${i}].score`);
  }
}

function optional(value: unknown, at: string, check: (value: unknown, at: string) => unknown): void {
  if (value !== undefined && value !== null) check(value, at);
}

function object(value: unknown, at: string): Members {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) refuse(at, 'an object');
  return value as Members;
}

function array(value: unknown, at: string): unknown[] {
  if (!Array.isArray(value)) refuse(at, 'an array');
  return value as unknown[];
}

function text(value: unknown, at: string): string {
  if (typeof value !== 'string') refuse(at, 'a string');
  return value as string;
}

function texts(value: unknown, at: string): void {
  array(value, at).forEach((entry, i) => text(entry, `${at}[${i}]`));
}

function refuse(at: string, expected: string): never {
  throw new LedgerError('INPUT_MALFORMED', `Cannot read the advisory: ${clip(at)}, expected ${expected}`, { hint: 'see the OSV schema' });
}

/** Members that are null become absent, at the places this reader looks at. */
function withoutNulls(record: Members): Members {
  const kept = dropNulls(record);
  if (Array.isArray(kept.affected)) {
    kept.affected = kept.affected.map((entry: Members) => {
      const affected = dropNulls(entry);
      return Array.isArray(affected.ranges)
        ? { ...affected, ranges: affected.ranges.map((range: Members) => ({ ...range, events: (range.events as Members[]).map(dropNulls) })) }
        : affected;
    });
  }
  return kept;
}

function dropNulls(members: Members): Members {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== null));
}
