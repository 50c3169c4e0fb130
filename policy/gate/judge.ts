// Asks a policy: its rules by the names that people give them, and one answer from theirs.
import { formatJson, type EvaluationOfMany, type Limits, type Policy, type Place, RegoObject, RegoSet, type Value } from '../index.ts';
import type { DenialCode } from './codes.ts';

/**
 * How answers become one, and what denies beside them: another meaning of the same is a new number, and these stay.
 *
 * 2: snapshot-age.ts. 3: no rule that denies is left out (below); the bill of materials that counts, and a scan of it
 * (projections/counting-sbom.ts); one feed; and days that are none are none. 4: which bill of materials is the newest.
 */
export const gateSemantics = 4;

/** What one rule said. `details` is its value as JSON, where that is more than a text. */
export interface Message {
  readonly entrypoint: string;
  /** The rule's name in its package: `deny`, `violation`, `warn`. */
  readonly rule: string;
  readonly text: string;
  readonly details?: string;
}

export interface Judgement {
  /** Empty when the policy allows. */
  readonly codes: readonly DenialCode[];
  readonly denials: readonly Message[];
  readonly warnings: readonly Message[];
  /** Every answer as canonical JSON: by entrypoint, by rule; a rule without an answer is absent. What `result` digests. */
  readonly answers: string;
  readonly fired: readonly { readonly path: string; readonly file: string; readonly row: number }[];
  readonly printed: readonly (Place & { readonly text: string })[];
  readonly steps: number;
  /** Why the evaluation ended early, with its place. */
  readonly error: string | null;
}

export interface Question {
  readonly policy: Policy;
  /** What is asked: rules or packages. All of them must allow. */
  readonly entrypoints: readonly string[];
  readonly input: Value;
  readonly data: Value;
  /** Milliseconds since 1970: the only clock that the policy sees. */
  readonly effective: number;
  readonly limits: Limits;
  /** Under which `gateSemantics`. */
  readonly gate: number;
}

/** An entrypoint's package, and its rules that decide. */
interface Asked {
  readonly entrypoint: string;
  /** Paths of rules by their kind; `value` is an entrypoint that has none of the names. */
  readonly rules: readonly { readonly kind: 'allow' | 'deny' | 'warn' | 'value'; readonly name: string; readonly path: string }[];
}

/**
 * Asks a policy, and reads its answers strictly.
 *
 * An entrypoint stands for its package: `allow` must be true where there is such a rule, and `deny` and `violation` (and rules
 * whose names begin with `deny_` or `violation_`) must say nothing, whichever of them was named. So a policy that publishes
 * `allow` alone cannot leave out its own denials. `warn` never denies. What is undefined, of another type, or fails, denies.
 *
 * @see spec/decision.md, "Asking the policy"
 */
export function judge({ policy, entrypoints, input, data, effective, limits, gate }: Question): Judgement {
  const unknown = entrypoints.length === 0 || entrypoints.some((entrypoint) => !policy.has(entrypoint));
  if (unknown) return { ...nothing, codes: ['ENTRYPOINT_UNKNOWN'] };
  const { rules } = policy;
  const rulePaths = new Set(rules.map(({ path }) => path));
  const asked = entrypoints.toSorted().map((entrypoint) => (
    gate < 3 ? askedBefore(entrypoint, rulePaths) : askedOf(entrypoint, policy.canonical(entrypoint), rules)));
  const paths = [...new Set(asked.flatMap(({ rules }) => rules.map(({ path }) => path)))];
  const evaluation = policy.evaluateAll(paths, { input, data, clock: BigInt(effective) * 1_000_000n, limits });
  const { fired, printed, stats, error } = evaluation;
  const ran = {
    fired: fired.map(({ path, file, row }) => ({ path, file, row })), printed, steps: stats.steps,
    error: error === null ? null : `${error.code}: ${error.message}${error.location === null ? '' : ` at ${error.location.source.file}:${error.location.row}`}`,
  };
  if (error !== null) return { ...nothing, ...ran, codes: [codeOf(error)] };
  return { ...read(asked, evaluation), ...ran };
}

function codeOf({ code }: NonNullable<EvaluationOfMany['error']>): DenialCode {
  if (code === 'eval_memory_error') return 'EVALUATION_MEMORY';
  return code === 'eval_limit_error' ? 'EVALUATION_LIMIT' : 'EVALUATION_FAILED';
}

const nothing: Judgement = { codes: [], denials: [], warnings: [], answers: '{}', fired: [], printed: [], steps: 0, error: null };

/**
 * Rules may stand below the names that decide (`deny.high contains msg`), and beside an entrypoint of another name: who asked for
 * `allow` or `release` alone would not hear them, nor who asked for a part of `release`, or wrote `data.gate["release"]`.
 */
function askedOf(entrypoint: string, canonical: string, rules: Policy['rules']): Asked {
  const isPackage = rules.some(({ package: of }) => of === canonical);
  const rule = isPackage ? undefined : rules.find(({ document, package: of }) =>
    isWithin(canonical, of) && (isWithin(document, canonical) || isWithin(canonical, document)));
  const pkg = rule?.package ?? canonical;
  const named = new Map<string, Asked['rules'][number]>();
  for (const { document: path, package: of } of rules) {
    if (of !== pkg) continue;
    const name = path.slice(pkg.length + 1);
    const [first, kind] = kindIn(name);
    if (kind === 'allow') named.set(first, { kind, name: first, path: `${pkg}.${first}` });
    else if (kind !== null) named.set(name, { kind, name, path });
  }
  const found = [...named.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  const itself = { kind: 'value', name: 'value', path: entrypoint } as const;
  const part = canonical.slice(pkg.length + 1);
  const [first, kind] = kindIn(part);
  const isNamed = kind === 'allow' ? part === first : kind !== null;
  if (rule !== undefined && !isNamed) return { entrypoint, rules: [itself, ...found.filter((one) => one.kind !== 'allow')] };
  return { entrypoint, rules: found.length > 0 ? found : [itself] };
}

/** Whether a place is another, or a part of it. */
function isWithin(place: string, other: string): boolean {
  return place === other || place.startsWith(`${other}.`) || place.startsWith(`${other}[`);
}

/** The name that a rule's path in its package begins with, and whether it decides. */
function kindIn(name: string): readonly [first: string, kind: ReturnType<typeof kindOf>] {
  const [first = ''] = /^\w+/.exec(name) ?? [];
  return [first, kindOf(first.endsWith('_') ? first.slice(0, -1) : first)];
}

/** Under semantics 1 and 2. */
function askedBefore(entrypoint: string, rulePaths: ReadonlySet<string>): Asked {
  const [, parent = '', last = ''] = /^(.*)\.(\w+)$/.exec(entrypoint) ?? [];
  const pkg = kindOf(last) !== null && rulePaths.has(entrypoint) ? parent : entrypoint;
  const rules = [...rulePaths]
    .filter((path) => path.startsWith(`${pkg}.`))
    .map((path) => ({ path, name: path.slice(pkg.length + 1) }))
    .flatMap(({ path, name }) => {
      const kind = kindOf(name);
      return kind === null ? [] : [{ kind, name, path }];
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return { entrypoint, rules: rules.length > 0 ? rules : [{ kind: 'value', name: 'value', path: entrypoint }] };
}

function kindOf(name: string): 'allow' | 'deny' | 'warn' | null {
  if (name === 'allow') return 'allow';
  const [, kind] = /^(deny|violation|warn)(?:_\w+)?$/.exec(name) ?? [];
  return kind === undefined ? null : kind === 'warn' ? 'warn' : 'deny';
}

function read(asked: readonly Asked[], { values }: EvaluationOfMany): Pick<Judgement, 'codes' | 'denials' | 'warnings' | 'answers'> {
  const codes = new Set<DenialCode>();
  const denials: Message[] = [];
  const warnings: Message[] = [];
  const answers: string[] = [];
  for (const { entrypoint, rules } of asked) {
    const own: string[] = [];
    for (const { kind, name, path } of rules) {
      const value = values.get(path);
      const texts = value === undefined ? undefined : textsIn(value);
      if (value !== undefined) own.push(`${JSON.stringify(name)}:${texts === undefined ? formatJson(value) : `[${texts.join(',')}]`}`);
      const messages = kind === 'allow' ? allows(value, codes) : kind === 'value' ? result(value, codes)
        : messagesOf(value, kind === 'deny' ? codes : null, texts);
      const into = kind === 'warn' ? warnings : denials;
      // One by one: there may be more than a call takes operands.
      for (const message of messages) into.push({ entrypoint, rule: name, ...message });
      if (kind !== 'warn' && messages.length > 0) codes.add('POLICY_DENIED');
    }
    // A package whose only answer is a rule that may say nothing still says something: an undefined one says nothing at all.
    if (rules.every(({ path, kind }) => kind === 'warn' || !values.has(path))) codes.add('RESULT_UNDEFINED');
    answers.push(`${JSON.stringify(entrypoint)}:{${own.join(',')}}`);
  }
  return { codes: [...codes], denials, warnings, answers: `{${answers.join(',')}}` };
}

/** The JSON of each message in a list, which stands in the answer and with the message. */
function textsIn(value: Value): readonly string[] | undefined {
  const list = value instanceof RegoSet ? value.sorted : value;
  return Array.isArray(list) ? (list as readonly Value[]).map((one) => formatJson(one)) : undefined;
}

type Said = Pick<Message, 'text' | 'details'>;

/** `allow` must be true, and nothing else is. */
function allows(value: Value | undefined, codes: Set<DenialCode>): Said[] {
  if (value === true) return [];
  if (value === undefined) codes.add('RESULT_UNDEFINED');
  else codes.add(value === false ? 'POLICY_DENIED' : 'RESULT_MALFORMED');
  return [];
}

/** An entrypoint with a name of its own: true, or an object with the members of a package. */
function result(value: Value | undefined, codes: Set<DenialCode>): Said[] {
  if (!(value instanceof RegoObject)) return allows(value, codes);
  const named = [...value].flatMap(([key, member]) => (typeof key === 'string' && kindOf(key) !== null ? [{ kind: kindOf(key), member }] : []));
  if (named.every(({ kind }) => kind === 'warn')) codes.add('RESULT_MALFORMED');
  return named.flatMap(({ kind, member }) => (kind === 'allow' ? allows(member, codes) : kind === 'deny' ? messagesOf(member, codes) : []));
}

/** What a rule that denies or warns says: a set or array of messages, the keys of an object, one text, or true. */
function messagesOf(value: Value | undefined, codes: Set<DenialCode> | null, texts?: readonly string[]): Said[] {
  if (value === undefined || value === false) return [];
  if (value === true) return [{ text: 'yes' }];
  if (typeof value === 'string') return [{ text: value }];
  if (value instanceof RegoSet) return value.sorted.map((one, i) => said(one, texts?.[i]));
  if (Array.isArray(value)) return (value as readonly Value[]).map((one, i) => said(one, texts?.[i]));
  // `violation[msg] if …` is an object whose keys are the messages.
  if (value instanceof RegoObject) return [...value].flatMap(([key, member]) => (member === false ? [] : [said(key)]));
  codes?.add('RESULT_MALFORMED');
  return [{ text: formatJson(value) }];
}

/** A message is a text, or an object whose `msg` or `message` is one (conftest, Gatekeeper). */
function said(value: Value, text?: string): Said {
  if (typeof value === 'string') return { text: value };
  const details = text ?? formatJson(value);
  const inner = value instanceof RegoObject ? value.get('msg') ?? value.get('message') : undefined;
  return typeof inner === 'string' ? { text: inner, details } : { text: details };
}
