// Random histories over all event families: small pools, so that streams meet, and one seed, so that a failure comes back.
import { hash } from 'node:crypto';
import { concatBytes, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { asSet, EVENTS, prepareDraft, type Actor, type CborMap, type CborValue, type Draft, type EventName, type NewEvent } from '../../ledger/events/index.ts';
import type { EventVersion } from '../../ledger/events/family.ts';
import type { Field, Shape } from '../../ledger/events/schema.ts';
import { mainOf } from '../../projections/walk.ts';
import { sha256 } from '../log/kit.ts';

const VULNERABILITIES = ['CVE-2026-0001', 'CVE-2026-0002', 'GHSA-f82v-jwr5-mffw', 'RHSA-2026:1234'];
const TOKENS: Readonly<Record<string, readonly string[]>> = {
  'a vulnerability id': VULNERABILITIES,
  'a lower-case name': ['release/prod', 'osv', 'base'],
  'an id': ['w-1', 'w-2', 'w-3'],
  'a purl without version': ['pkg:npm/a', 'pkg:pypi/b'],
  'a version range': ['vers:npm/<2.0.0', 'vers:pypi/*'],
  'a platform name': ['linux', 'amd64'],
  'an entrypoint': ['data.gate.deny', 'data.gate.allow'],
  'a source name': ['ghsa', 'nvd'],
  'a version': ['0.1.0'],
  'a verdict code': ['SIGNATURE_INVALID'],
  'a host name': ['next.example'],
  'a payload role': ['document'],
  'an input member': ['findings', 'vex'],
};
/** Only the log itself, or its own methods, append these; `rekor.recorded` comes with its body alone. */
const OWN: ReadonlySet<string> = new Set(['ledger.created', 'ledger.indexed', 'ledger.clock_set', 'ledger.ended', 'key.rotated', 'rekor.recorded']);

/** Numbers from a seed: the same history on every machine. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** From 0 up to, but without, `count`. */
  roll(count: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * count);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.roll(from.length)] as T;
  }
}

const pool = (name: string, length: number, count: number) =>
  Array.from({ length: count }, (_, i) => new Uint8Array(hash('sha256', `${name} ${i}`, 'buffer').subarray(0, length)));
export const ARTIFACTS = pool('artifact', 32, 5);
export const PERSONS = pool('person', 16, 4);
const spkiOf = (seed: Uint8Array) => concatBytes(parseHex('302a300506032b6570032100'), seed);
const KEYS = pool('key', 32, 4).map((seed) => ({ id: sha256(spkiOf(seed)), public: spkiOf(seed) }));

/** Makes commands, each a list of drafts that are appended together; `size` is the log's, for what refers to earlier entries. */
export class History {
  readonly #dice: Dice;
  readonly #types: readonly EventName[];
  #document = 0;

  /** @param types - of which it is made; all when left out. Where they are named, a new family changes nothing in it. */
  constructor(seed: number, types: readonly EventName[] = TYPES) {
    this.#dice = new Dice(seed);
    this.#types = types;
  }

  command(size: number): Draft[] {
    for (;;) {
      const type = this.#dice.pick(this.#types);
      try {
        const drafts = [this.#draft(type, size)];
        const linked = (Object.keys(EVENTS) as EventName[]).find((name) => mainOf(name) === type);
        if (linked !== undefined) while (this.#dice.roll(4) === 0) drafts.push(this.#linked(linked, drafts.length));
        return drafts;
      } catch (error) {
        // A random event may come to no stream at all.
        if (!(error instanceof LedgerError)) throw error;
      }
    }
  }

  #linked(type: EventName, back: number): Draft {
    const ids = this.#dice.roll(2) === 0 ? {} : { vulnerabilities: asSet([this.#dice.pick(VULNERABILITIES)]) };
    const data = { back, subjects: asSet([this.#digest()]), ...ids };
    return prepareDraft({ type, by: this.#actor(), data } as unknown as NewEvent, sha256);
  }

  #draft(type: EventName, size: number): Draft {
    const versions = EVENTS[type] as readonly EventVersion<unknown>[];
    const newest = versions[versions.length - 1] as EventVersion<unknown>;
    const payloads = Object.entries(newest.payloads ?? {}).filter(([, { count }]) => count === 'one' || this.#dice.roll(2) === 0).map(([role, { sealed }]) => {
      const isSealed = sealed === 'always' || (sealed === 'may' && this.#dice.roll(4) === 0);
      const named = ['sha256', sha256(Uint8Array.of(this.#document++ % 256, role.length))];
      return { role, size: 1024, media: 'application/json', [isSealed ? 'commitment' : 'digest']: named };
    });
    const claimed = this.#dice.roll(3) === 0 ? { claimed: { at: 1_700_000_000_000 + this.#dice.roll(1e9), text: '2023-11-14T22:13:20Z' } } : {};
    const data = type === 'key.added' ? this.#key() : this.#value(newest.data.shape, size);
    return prepareDraft({ type, by: this.#actor(), data, payloads, ...claimed } as unknown as NewEvent, sha256);
  }

  #key(): CborValue {
    const key = { ...this.#dice.pick(KEYS), algorithm: 'ed25519' };
    return this.#dice.roll(2) === 0 ? { key: { ...key, use: 'attestation' } } : { key: { ...key, use: 'person' }, person: this.#dice.pick(PERSONS) };
  }

  #actor(): Actor {
    return this.#dice.roll(8) === 0 ? { kind: 'ledger', auth: 'self' } : { kind: 'person', auth: 'token', person: this.#dice.pick(PERSONS) };
  }

  #digest(): CborValue {
    return ['sha256', this.#dice.pick(ARTIFACTS)];
  }

  #value(shape: Shape, size: number, name = ''): CborValue {
    const dice = this.#dice;
    switch (shape.kind) {
      case 'integer':
        if (['entry', 'request', 'by', 'replaces'].includes(name)) return dice.roll(size);
        // Facts of another semantics would stop every fold that opens facts.
        if (name === 'semantics') return 1;
        return shape.min + dice.roll(Math.min(shape.max - shape.min + 1, 1000));
      case 'boolean':
        return dice.roll(2) === 0;
      case 'bytes':
        if (shape.min === 16) return dice.pick(PERSONS);
        return shape.min === 32 ? (dice.pick(KEYS).id as Uint8Array) : spkiOf(dice.pick(ARTIFACTS));
      case 'oneOf':
        return dice.pick(shape.values);
      case 'token':
        if (shape.grammar === 'a stream name') return dice.pick(['trust', 'waiver:w-1', `artifact:sha256:${formatHex(dice.pick(ARTIFACTS))}`]);
        if (TOKENS[shape.grammar] === undefined) throw new TypeError(`add values of ${shape.grammar} here`);
        return dice.pick(TOKENS[shape.grammar] as readonly string[]);
      case 'digest':
        return shape.algorithms.includes('sha256') ? this.#digest() : ['sha1', dice.pick(ARTIFACTS).slice(0, 20)];
      case 'array': {
        const items = Array.from({ length: Math.max(shape.min, dice.roll(Math.min(shape.max, 3) + 1)) }, () => this.#value(shape.of, size));
        return shape.isSet ? asSet(items) : items;
      }
      case 'data':
        return {};
      case 'map':
        for (;;) {
          const value = this.#map(shape.fields, size);
          if (shape.rules.every((rule) => rule.holds(value))) return value;
        }
    }
  }

  #map(fields: Readonly<Record<string, Field>>, size: number): CborMap {
    const there = Object.entries(fields).filter(([, { optional }]) => !optional || this.#dice.roll(2) === 0);
    return Object.fromEntries(there.map(([key, { shape }]) => [key, this.#value(shape, size, key)]));
  }
}

const TYPES = (Object.keys(EVENTS) as EventName[]).filter((type) => !OWN.has(type) && mainOf(type) === null);
