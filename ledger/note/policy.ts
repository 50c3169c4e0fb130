// Trust policies: which logs are known, which witnesses count, and how many must have cosigned (C2SP tlog-policy).
import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';
import { policyBytesMax, policyMembersMax } from '../limits.ts';
import { asWitnessKey, isSamePublicKey, type NoteKey, parseVkey } from './keys.ts';
import { atPosition, malformed } from './text.ts';

export interface TrustPolicy {
  readonly logs: readonly PolicyLog[];
  readonly witnesses: readonly PolicyWitness[];
  /** Null where the file says `quorum none`: no cosignature is asked for. */
  readonly quorum: PolicyWitness | PolicyGroup | null;
}

export interface PolicyLog {
  /** Its name is the log's origin. */
  readonly key: NoteKey;
  readonly url: string | null;
}

export interface PolicyWitness {
  readonly is: 'witness';
  /** Local to the file. */
  readonly name: string;
  readonly key: NoteKey;
  readonly url: string | null;
}

/** Counts as having witnessed when at least `threshold` of its members have. */
export interface PolicyGroup {
  readonly is: 'group';
  readonly name: string;
  readonly threshold: number;
  readonly members: readonly (PolicyWitness | PolicyGroup)[];
}

/**
 * Reads a policy file. Type 0x01 witness keys are read as the cosignature keys they stand for in the field; a key of a type
 * that nothing here checks is kept, and never counts as having signed.
 *
 * @throws {LedgerError} INPUT_TOO_LARGE; else INPUT_MALFORMED, INPUT_NOT_CANONICAL or INPUT_NOT_UTF8 with the line's position in bytes
 * @see C2SP tlog-policy, "Policy file syntax and structure"
 */
export function parsePolicy(input: Uint8Array | string): TrustPolicy {
  const bytes = typeof input === 'string' ? encodeUtf8(input) : input;
  if (bytes.length > policyBytesMax) throw new LedgerError('INPUT_TOO_LARGE', `Cannot read policy: ${bytes.length} bytes, expected at most ${policyBytesMax}`);
  const logs: PolicyLog[] = [];
  const witnesses: PolicyWitness[] = [];
  let quorum: TrustPolicy['quorum'] | undefined;
  // Witnesses and groups share one namespace; a member leaves `free`, for it may be listed once in the whole file.
  const named = new Map<string, PolicyWitness | PolicyGroup>();
  const free = new Set<string>();

  function name(octets: string, member: PolicyWitness | PolicyGroup): void {
    if (octets === 'none' || named.has(octets)) throw refuse(`the name "${clip(textOf(octets))}" is taken`);
    named.set(octets, member);
    free.add(octets);
  }

  function find(octets: string): PolicyWitness | PolicyGroup {
    const member = named.get(octets);
    if (member === undefined) throw refuse(`"${clip(textOf(octets))}" is not defined on a line before`);
    return member;
  }

  function readLine(line: string): void {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(line)) throw refuse('a control character');
    const words = line.split(/[\t ]/).filter((word) => word !== '');
    const count = words.length;
    // Texts as far as `count` goes, which is asked first.
    const [verb, first, second, ...more] = words as [string, string, string, ...string[]];
    if (count === 0 || verb.startsWith('#')) return;
    if (verb !== 'quorum' && logs.length + named.size >= policyMembersMax) {
      throw new LedgerError('INPUT_TOO_LARGE', `Cannot read policy: more than ${policyMembersMax} logs, witnesses and groups`);
    }
    if (verb === 'log' && (count === 2 || count === 3)) {
      const key = parseVkey(decodeUtf8(octetsOf(first)));
      if (logs.some((log) => isSamePublicKey(log.key, key))) throw refuse(`the key of log "${clip(key.name)}" is listed twice`);
      logs.push({ key, url: urlOf(words[2]) });
    } else if (verb === 'witness' && (count === 3 || count === 4)) {
      const key = asWitnessKey(parseVkey(decodeUtf8(octetsOf(second))));
      // One operator under two names would count twice towards a quorum.
      if (witnesses.some((witness) => isSamePublicKey(witness.key, key))) throw refuse(`the key of witness "${clip(key.name)}" is listed twice`);
      const witness: PolicyWitness = { is: 'witness', name: textOf(first), key, url: urlOf(words[3]) };
      name(first, witness);
      witnesses.push(witness);
    } else if (verb === 'group' && count > 2) {
      const members = more.map((octets) => {
        const member = find(octets);
        if (!free.delete(octets)) throw refuse(`"${clip(textOf(octets))}" is a member of two groups`);
        return member;
      });
      const threshold = second === 'any' ? 1 : second === 'all' ? members.length : /^[1-9][0-9]{0,3}$/.test(second) ? Number(second) : 0;
      if (threshold < 1 || threshold > members.length) throw refuse(`"${clip(second)}" of ${members.length} is no rule for a group`);
      name(first, { is: 'group', name: textOf(first), threshold, members });
    } else if (verb === 'quorum' && count === 2) {
      if (quorum !== undefined) throw refuse('it has two quorum lines');
      quorum = first === 'none' ? null : find(first);
    } else {
      throw refuse(`"${clip(textOf(line))}" is no line of a policy`);
    }
  }

  let position = 0;
  for (const line of octetText(bytes).split('\n')) {
    atPosition(() => readLine(line), position);
    position += line.length + 1;
  }
  if (quorum === undefined) throw refuse('it has no quorum line', bytes.length);
  return { logs, witnesses, quorum };
}

/** Whether the witnesses that `signed` names satisfy the quorum. */
export function meetsQuorum(quorum: TrustPolicy['quorum'], signed: (witness: PolicyWitness) => boolean): boolean {
  if (quorum === null) return true;
  if (quorum.is === 'witness') return signed(quorum);
  return quorum.members.filter((member) => meetsQuorum(member, signed)).length >= quorum.threshold;
}

// The file is octets: names are compared as octets, so its text is kept with one character for each until it is shown.
function octetText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOf(octets: string): string {
  return new TextDecoder().decode(octetsOf(octets));
}

function urlOf(octets: string | undefined): string | null {
  return octets === undefined ? null : textOf(octets);
}

function refuse(why: string, position?: number): LedgerError {
  return malformed('policy', why, position);
}
