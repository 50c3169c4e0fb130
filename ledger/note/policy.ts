// Trust policies: which logs are known, which witnesses count, and how many must have cosigned (C2SP tlog-policy).
import { decodeUtf8, encodeUtf8 } from '../bytes.ts';
import { clip, LedgerError } from '../errors.ts';
import { policyBytesMax, policyMembersMax } from '../limits.ts';
import { asWitnessKey, isSamePublicKey, type NoteKey, parseVkey } from './keys.ts';
import { atPosition } from './text.ts';

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
  const reader = new PolicyReader();
  let position = 0;
  for (const line of octetText(bytes).split('\n')) {
    atPosition(() => reader.line(line), position);
    position += line.length + 1;
  }
  if (reader.quorum === undefined) throw malformed('it has no quorum line', bytes.length);
  return { logs: reader.logs, witnesses: reader.witnesses, quorum: reader.quorum };
}

/** Whether the witnesses that `signed` names satisfy the quorum. */
export function meetsQuorum(quorum: TrustPolicy['quorum'], signed: (witness: PolicyWitness) => boolean): boolean {
  if (quorum === null) return true;
  if (quorum.is === 'witness') return signed(quorum);
  return quorum.members.filter((member) => meetsQuorum(member, signed)).length >= quorum.threshold;
}

class PolicyReader {
  readonly logs: PolicyLog[] = [];
  readonly witnesses: PolicyWitness[] = [];
  quorum: TrustPolicy['quorum'] | undefined;
  /** Witnesses and groups share one namespace; a member leaves `free`, for it may be listed once in the whole file. */
  readonly #named = new Map<string, PolicyWitness | PolicyGroup>();
  readonly #free = new Set<string>();

  line(line: string): void {
    if (/[^\t\x20-\x7e\x80-\xff]/.test(line)) throw malformed('a control character');
    const [verb, ...words] = line.split(/[\t ]+/).filter((word) => word !== '');
    if (verb === undefined || verb.startsWith('#')) return;
    if (this.logs.length + this.#named.size >= policyMembersMax) {
      throw new LedgerError('INPUT_TOO_LARGE', `Cannot read policy: more than ${policyMembersMax} logs, witnesses and groups`);
    }
    if (verb === 'log' && (words.length === 1 || words.length === 2)) this.#log(words[0] as string, words[1]);
    else if (verb === 'witness' && (words.length === 2 || words.length === 3)) this.#witness(words[0] as string, words[1] as string, words[2]);
    else if (verb === 'group' && words.length >= 3) this.#group(words[0] as string, words[1] as string, words.slice(2));
    else if (verb === 'quorum' && words.length === 1) this.#quorum(words[0] as string);
    else throw malformed(`"${clip(textOfOctets(line))}" is no line of a policy`);
  }

  #log(vkey: string, url: string | undefined): void {
    const key = parseVkey(decodeUtf8(octetsOf(vkey)));
    if (this.logs.some((log) => isSamePublicKey(log.key, key))) throw malformed(`the key of log "${clip(key.name)}" is listed twice`);
    this.logs.push({ key, url: url === undefined ? null : textOfOctets(url) });
  }

  #witness(name: string, vkey: string, url: string | undefined): void {
    const key = asWitnessKey(parseVkey(decodeUtf8(octetsOf(vkey))));
    // One operator under two names would count twice towards a quorum.
    if (this.witnesses.some((witness) => isSamePublicKey(witness.key, key))) throw malformed(`the key of witness "${clip(key.name)}" is listed twice`);
    const witness: PolicyWitness = { is: 'witness', name: textOfOctets(name), key, url: url === undefined ? null : textOfOctets(url) };
    this.#name(name, witness);
    this.witnesses.push(witness);
  }

  #group(name: string, rule: string, names: readonly string[]): void {
    const members = names.map((member) => {
      const found = this.#find(member);
      if (!this.#free.delete(member)) throw malformed(`"${clip(textOfOctets(member))}" is a member of two groups`);
      return found;
    });
    const threshold = rule === 'any' ? 1 : rule === 'all' ? members.length : /^[1-9][0-9]{0,3}$/.test(rule) ? Number(rule) : 0;
    if (threshold < 1 || threshold > members.length) throw malformed(`"${clip(rule)}" of ${members.length} is no rule for a group`);
    this.#name(name, { is: 'group', name: textOfOctets(name), threshold, members });
  }

  #quorum(name: string): void {
    if (this.quorum !== undefined) throw malformed('it has two quorum lines');
    this.quorum = name === 'none' ? null : this.#find(name);
  }

  #name(name: string, member: PolicyWitness | PolicyGroup): void {
    if (name === 'none' || this.#named.has(name)) throw malformed(`the name "${clip(textOfOctets(name))}" is taken`);
    this.#named.set(name, member);
    this.#free.add(name);
  }

  #find(name: string): PolicyWitness | PolicyGroup {
    const member = this.#named.get(name);
    if (member === undefined) throw malformed(`"${clip(textOfOctets(name))}" is not defined on a line before`);
    return member;
  }
}

// The file is octets: names are compared as octets, so its text is kept with one character for each until it is shown.
function octetText(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

function octetsOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function textOfOctets(text: string): string {
  return new TextDecoder().decode(octetsOf(text));
}

function malformed(what: string, position?: number): LedgerError {
  return new LedgerError('INPUT_MALFORMED', `Cannot read policy: ${what}`, position === undefined ? {} : { position });
}
