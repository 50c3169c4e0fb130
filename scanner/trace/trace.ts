// The entry trace of an image: from its entry point to files and packages, as one document in canonical form (spec/entry-trace.md).
import { decodeUtf8, encodeUtf8 } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { formatJcs, type JcsValue } from '../../ledger/jcs.ts';
import { isJsonObject, type Json, type JsonObject } from '../../ledger/json.ts';
import type { Analysis } from '../image/analyze.ts';
import type { FileTree } from '../image/files.ts';
import type { ScanComponent } from '../match/components.ts';
import { TraceFiles } from './files.ts';
import { tracePackages, type Traced } from './packages.ts';
import { userOf } from './passwd.ts';
import { traceLimits, Tracer, type OpenEnd, type Step, type TraceLimits } from './tracer.ts';

/** Raised when the same image may give another trace. */
export const traceSemantics = 1;

/** What starts in an image: the members of its configuration that decide it (image-spec, "config"). */
export interface EntryPoint {
  readonly argv: readonly string[];
  readonly env: readonly string[];
  readonly cwd: string;
  readonly user: string;
  readonly volumes: readonly string[];
}

export interface TraceDocument {
  /** What was not known, in the order in which it was met. */
  readonly ends: readonly OpenEnd[];
  readonly entry: EntryPoint;
  readonly format: 'stella-trace/1';
  readonly packages: readonly Traced[];
  readonly semantics: number;
  /** Files in the order in which they were reached; `from` is a place in this list. */
  readonly steps: readonly Step[];
}

/** Reads Entrypoint, Cmd, Env, WorkingDir and User of an image's configuration. */
export function entryPointOf(config: JsonObject): EntryPoint {
  const inner = isJsonObject(config.config) ? config.config : isJsonObject(config.container_config) ? config.container_config : {};
  const list = (value: Json | undefined): string[] => (Array.isArray(value) ? value.filter((one) => typeof one === 'string') : typeof value === 'string'
    ? ['/bin/sh', '-c', value] : []);
  const volumes = isJsonObject(inner.Volumes) ? Object.keys(inner.Volumes).map((path) => path.replace(/\/+$/, '')).sort() : [];
  const text = (value: Json | undefined) => (typeof value === 'string' ? value : '');
  return { argv: [...list(inner.Entrypoint), ...list(inner.Cmd)], env: Array.isArray(inner.Env) ? list(inner.Env) : [], cwd: text(inner.WorkingDir) || '/',
    user: text(inner.User), volumes };
}

/**
 * Traces what an image starts as it is configured: with its own command and environment, and without volumes.
 *
 * Whatever is not certain is an open end, and leaves every component it could reach `unknown`: `not_reached` is said only where all
 * that runs is known.
 */
export function traceEntryPoint(entry: EntryPoint, tree: FileTree, analysis: Pick<Analysis, 'components' | 'owned'>,
  limits: TraceLimits = traceLimits): TraceDocument {
  const files = new TraceFiles(tree);
  const tracer = new Tracer(files, limits, entry.volumes);
  const user = userOf(files, entry.user);
  const env = new Map(entry.env.map((one) => {
    const equals = one.indexOf('=');
    return equals < 0 ? ([one, ''] as const) : ([one.slice(0, equals), one.slice(equals + 1)] as const);
  }));
  if (!env.has('PATH')) env.set('PATH', '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin');
  if (!env.has('HOME') && user.home !== null) env.set('HOME', user.home);
  if (entry.argv.length === 0) tracer.end('no_entry_point', 'neither Entrypoint nor Cmd', { from: null });
  tracer.start({ argv: entry.argv, env, cwd: entry.cwd, user, from: null, line: 0, guards: [], depth: 0, written: new Set(), touched: false });
  tracer.run();
  const packages = tracePackages(tracer, analysis.components, analysis.owned);
  return {
    ends: [...tracer.ends.values()], entry, format: 'stella-trace/1', packages: packages.sort((a, b) => (a.ref < b.ref ? -1 : a.ref > b.ref ? 1 : 0)),
    semantics: traceSemantics, steps: tracer.steps,
  };
}

/** Components with what the trace says of each. */
export function withTrace(components: readonly ScanComponent[], { packages }: TraceDocument): ScanComponent[] {
  const byRef = new Map(packages.map(({ ref, trace }) => [ref, trace]));
  return components.map((component) => {
    const entryTrace = byRef.get(component.ref);
    return entryTrace === undefined ? component : { ...component, entryTrace };
  });
}

/** Why a component is reached or not: the steps from the entry point, and where what is known ends. */
export interface TraceChain {
  readonly steps: readonly Step[];
  /** Of an unknown one; null where the component's own files leave it unknown. */
  readonly end: OpenEnd | null;
}

/**
 * The chain behind what a trace says of a component.
 *
 * @param refs - of its places in the list: one is reached where any place is
 * @returns null where the trace does not know them
 */
export function chainOf(document: TraceDocument, refs: readonly string[]): TraceChain | null {
  const known = document.packages.filter(({ ref }) => refs.includes(ref));
  const reasonOf = ({ trace }: Traced) => (trace.state === 'unknown' ? trace.reason : '');
  const unknown = known.filter(({ trace }) => trace.state === 'unknown').sort((a, b) => (reasonOf(a) < reasonOf(b) ? -1 : 1));
  const said = known.find(({ step }) => step !== null) ?? unknown[0] ?? known[0];
  if (said === undefined) return null;
  const end = said.end === null ? null : (document.ends[said.end] as OpenEnd);
  return { steps: chainTo(document, said.step ?? end?.step ?? null), end };
}

/** The steps from the entry point to one of them. */
export function chainTo({ steps }: Pick<TraceDocument, 'steps'>, step: number | null): Step[] {
  const chain: Step[] = [];
  for (let at = step; at !== null && chain.length <= steps.length; at = (steps[at] as Step).from) chain.unshift(steps[at] as Step);
  return chain;
}

/** RFC 8785. */
export function encodeTrace(document: TraceDocument): Uint8Array {
  return encodeUtf8(formatJcs(document as unknown as JcsValue));
}

/** Reads what `encodeTrace` wrote, its digest being known. @throws {LedgerError} INPUT_VERSION_UNKNOWN for another format */
export function decodeTrace(bytes: Uint8Array): TraceDocument {
  const document = JSON.parse(decodeUtf8(bytes)) as TraceDocument;
  if (document.format === 'stella-trace/1') return document;
  throw new LedgerError('INPUT_VERSION_UNKNOWN', 'Cannot read the entry trace: expected stella-trace/1');
}
