// What built-ins make, in cells (rego/meter.ts): by which of a few rules each is counted, before it runs and when it has.
//
// A built-in that is named nowhere here has what is large among its operands counted before it runs, for what it needs on the way grows
// with that, and its answer afterwards. Those that can make more than a few times what they were given count for themselves, in
// their own files, and are FREE here.
import { ARRAY_CELLS, charge, ENTRY_CELLS, MEMBER_CELLS, numberCells, OBJECT_CELLS, SET_CELLS, settle, textCells } from '../rego/meter.ts';
import { Num } from '../rego/number.ts';
import { isArray, RegoObject, RegoSet, type Value } from '../rego/value.ts';

export interface Room {
  readonly before: (operand: Value) => void;
  readonly after: (answer: Value) => void;
}

/** What a built-in works with on the way is garbage when it answers: only that of large operands counts. */
const textMax = 4_096;
const listMax = 512;

/** A character stands in a list of its own meanwhile, or as a part of a text that grows. */
const WORK_CELLS = 3;

/** Nothing is made, or what is made counts itself. */
const FREE = [
  'eq', 'equal', 'assign', 'neq', 'lt', 'lte', 'gt', 'gte', 'internal.member_2', 'internal.member_3', 'object.get', 'max', 'min', 'all', 'any',
  'contains', 'startswith', 'endswith', 'is_array', 'is_boolean', 'is_null', 'is_number', 'is_object', 'is_set', 'is_string', 'type_name',
  'cast_boolean', 'cast_null', 'cast_object', 'cast_string', 'crypto.hmac.equal', 'time.now_ns', 'internal.print', 'internal.test_case', 'print',
  'rego.metadata.chain', 'rego.metadata.rule', 'trace', 'walk', 'regex.match', 're_match', 'array.concat', 'array.flatten', 'and', 'or', 'set_diff',
  'intersection', 'union', 'numbers.range', 'numbers.range_step', 'object.union', 'object.union_n', 'json.patch', 'net.cidr_expand', 'sprintf',
  'graph.reachable', 'graph.reachable_paths',
];

/** Of lists only the answer counts: they are read where they stand. */
const ANSWERED = ['count', 'sum', 'array.slice', 'cast_array', 'plus', 'minus', 'mul', 'div', 'rem', 'abs', 'round', 'ceil', 'floor', 'bits.and', 'bits.or',
  'bits.xor', 'bits.negate', 'bits.lsh', 'bits.rsh', 'format_int', 'to_number', 'object.subset'];

/** Copies of lists, member by member, each with a key of its own. */
const COPIED = ['object.keys', 'object.remove', 'object.filter', 'cast_set', 'sort', 'array.reverse'];

/** Parts of a text, each a text. */
const PARTED = ['split', 'strings.split_n', 'regex.split', 'regex.find_n', 'indexof_n'];

/** Operands are read to their last member, and written out. */
const WRITTEN = ['json.marshal', 'json.marshal_with_options', 'yaml.marshal', 'internal.template_string', 'json.remove', 'json.filter', 'json.match_schema',
  'json.verify_schema', 'urlquery.encode_object', 'strings.render_template', 'providers.aws.sign_req'];

/** Cells for each character of a text that is read: what it says takes more than it. */
const READ: Readonly<Record<string, number>> = {
  'uri.parse': 1, 'uri.is_valid': 1, 'urlquery.decode_object': 8, 'regex.globs_match': 8, 'yaml.unmarshal': 16, 'yaml.is_valid': 16, 'graphql.is_valid': 16,
  'graphql.parse': 16, 'graphql.parse_and_verify': 16, 'graphql.parse_query': 16, 'graphql.parse_schema': 16, 'graphql.schema_is_valid': 16,
  'crypto.parse_private_keys': 16, 'crypto.x509.parse_rsa_private_key': 16, 'crypto.x509.parse_certificates': 16, 'crypto.x509.parse_keypair': 16,
  'crypto.x509.parse_certificate_request': 16, 'crypto.x509.parse_and_verify_certificates': 16,
  'crypto.x509.parse_and_verify_certificates_with_options': 16, 'io.jwt.decode': 16, 'io.jwt.decode_verify': 16, 'rego.parse_module': 40,
};

/** By name. */
export const ROOMS: ReadonlyMap<string, Room | null> = new Map<string, Room | null>([
  ...FREE.map((name) => [name, null] as const),
  ...ANSWERED.map((name) => [name, { before: chargeText, after: chargeAnswer }] as const),
  ...COPIED.map((name) => [name, { before: chargeCopy, after: nothing }] as const),
  ...PARTED.map((name) => [name, { before: chargeLarge, after: chargeParts }] as const),
  ...WRITTEN.map((name) => [name, { before: chargeTree, after: chargeAnswer }] as const),
  ...Object.entries(READ).map(([name, each]) => [name, { before: reading(each), after: chargeAnswer }] as const),
]);

/** @returns null where nothing is counted */
export function roomOf(name: string): Room | null {
  const room = ROOMS.get(name);
  return room === undefined ? PLAIN : room;
}

const PLAIN: Room = { before: chargeLarge, after: chargeAnswer };

function nothing(): void {}

/** Of a text, or a number with many digits. */
export function chargeText(operand: Value): void {
  const length = typeof operand === 'string' ? operand.length : operand instanceof Num ? operand.text.length : 0;
  if (length > textMax) charge(WORK_CELLS * length);
}

function chargeLarge(operand: Value): void {
  if (typeof operand !== 'object' || operand instanceof Num) return chargeText(operand);
  const size = sizeOf(operand);
  if (size > listMax) charge(MEMBER_CELLS * size);
}

function chargeCopy(operand: Value): void {
  charge(OBJECT_CELLS + 2 * MEMBER_CELLS * sizeOf(operand));
}

function sizeOf(operand: Value): number {
  if (isArray(operand)) return operand.length;
  return operand instanceof RegoObject || operand instanceof RegoSet ? operand.size : 0;
}

function chargeAnswer(answer: Value): void {
  if (typeof answer === 'string') {
    charge(textCells(answer.length));
    settle(answer);
  } else if (answer instanceof Num) charge(numberCells(answer));
  else if (isArray(answer)) charge(ARRAY_CELLS + answer.length);
  else if (answer instanceof RegoObject) charge(OBJECT_CELLS + ENTRY_CELLS * answer.size);
  else if (answer instanceof RegoSet) charge(SET_CELLS + MEMBER_CELLS * answer.size);
}

function chargeParts(answer: Value): void {
  charge(ARRAY_CELLS + MEMBER_CELLS * sizeOf(answer));
}

function reading(each: number): (operand: Value) => void {
  return (operand) => {
    if (typeof operand === 'string') charge(SET_CELLS + each * operand.length);
    else chargeTree(operand);
  };
}

/** Cells for a value of which a text is on the way, for its own text, and for a character that may be escaped. */
const NODE_CELLS = 4;

/**
 * Counts a value as it will be once it is written, or copied to its last member: what stands in two places is then there twice.
 *
 * It stops as soon as the count does: forty lists of two can name one text a trillion times.
 */
export function chargeTree(value: Value, depth = 0): void {
  // Each level may be indented further.
  const own = NODE_CELLS + (depth >> 2);
  if (typeof value === 'string') {
    charge(own + textCells(value.length));
    chargeText(value);
  } else if (isArray(value)) {
    charge(own);
    for (const element of value) chargeTree(element, depth + 1);
  } else if (value instanceof RegoSet) {
    charge(own);
    for (const member of value.members.values()) chargeTree(member, depth + 1);
  } else if (value instanceof RegoObject) {
    charge(own);
    for (const key of value.keys) {
      chargeTree(key, depth + 1);
      chargeTree(value.get(key) as Value, depth + 1);
    }
  } else charge(value instanceof Num ? own + numberCells(value) : own);
}
