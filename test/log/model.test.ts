// Histories against a slow obvious model: repeats, idempotency, expected versions, crashes at every step, full disks, restarts.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LedgerError } from '../../ledger/errors.ts';
import type { Command, Outcome } from '../../ledger/log/command.ts';
import type { Log, LogPorts } from '../../ledger/log/log.ts';
import { STEPS, type Step } from '../../ledger/log/steps.ts';
import { openMemory } from '../../ledger/store/memory.ts';
import { checkLog, documentOf, onceOf, streamOf, World } from './kit.ts';

interface Sent {
  document: number;
  subjects: number[];
  key: number | null;
  person: number;
  expected: { subject: number; version: number | 'exists' | 'absent' } | null;
}

/** What the log must do, said without any of its cleverness. */
class Model {
  size = 1;
  readonly evidence = new Map<string, number>();
  readonly keys = new Map<string, { request: string; index: number }>();
  readonly versions = new Map<number, number>();

  apply(sent: Sent): { index: number; repeated: boolean } | string {
    const subjects = [...new Set(sent.subjects)].sort((a, b) => a - b);
    const request = `${sent.document}/${subjects.join()}`;
    if (sent.key !== null) {
      const seen = this.keys.get(`${sent.person}/${sent.key}`);
      if (seen !== undefined) return seen.request === request ? { index: seen.index, repeated: true } : 'IDEMPOTENCY_CONFLICT';
    }
    const same = this.evidence.get(request);
    if (same !== undefined) return { index: same, repeated: true };
    if (sent.expected !== null) {
      const version = this.versions.get(sent.expected.subject) ?? 0;
      const wanted = sent.expected.version;
      const holds = wanted === 'exists' ? version > 0 : wanted === 'absent' ? version === 0 : version === wanted;
      if (!holds) return 'VERSION_CONFLICT';
    }
    const index = this.size++;
    this.evidence.set(request, index);
    if (sent.key !== null) this.keys.set(`${sent.person}/${sent.key}`, { request, index });
    for (const subject of subjects) this.versions.set(subject, (this.versions.get(subject) ?? 0) + 1);
    return { index, repeated: false };
  }

  copy(): Model {
    const copy = new Model();
    copy.size = this.size;
    for (const field of ['evidence', 'keys', 'versions'] as const) for (const [key, value] of this[field]) copy[field].set(key as never, value as never);
    return copy;
  }
}

function commandOf({ document, subjects, key, person, expected }: Sent): Command {
  const names = [...new Set(subjects)].map((subject) => `s${subject}`);
  const request = `${document}/${[...new Set(subjects)].sort((a, b) => a - b).join()}`;
  const by = { kind: 'person', auth: 'token', person: new Uint8Array(16).fill(person) } as const;
  const draft = documentOf(`d${document}`, names, key === null ? { by } : { by, once: onceOf(`k${key}`, request) });
  return { drafts: [draft], ...(expected === null ? {} : { expected: [{ stream: streamOf(`s${expected.subject}`), version: expected.version }] }) };
}

const said = (outcome: Outcome) => (outcome.ok ? { index: outcome.index, repeated: outcome.repeated } : outcome.error.code);

const sent: fc.Arbitrary<Sent> = fc.record({
  document: fc.nat(12),
  subjects: fc.array(fc.nat(4), { minLength: 1, maxLength: 3 }),
  key: fc.option(fc.nat(5)),
  person: fc.integer({ min: 1, max: 2 }),
  expected: fc.option(fc.record({ subject: fc.nat(4), version: fc.oneof(fc.nat(3), fc.constantFrom('exists' as const, 'absent' as const)) })),
});

const appendSteps = STEPS.filter((step) => step.startsWith('append'));
const some = fc.array(sent, { minLength: 1, maxLength: 6 });

const action = fc.oneof(
  { weight: 6, arbitrary: fc.record({ do: fc.constant('append' as const), commands: fc.array(sent, { maxLength: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('bulk' as const), count: fc.integer({ min: 1, max: 300 }) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), clean: fc.boolean() }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('crash' as const), step: fc.constantFrom(...appendSteps), commands: some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('full' as const), commands: some }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('pass' as const), ms: fc.nat(10_000) }) },
);

test('every history gives what the model says, and everything verifies after every step', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(action, { maxLength: 12 }), async (actions) => {
      const world = new World();
      let crashAt: Step | null = null;
      let full = false;
      let bulk = 1000;
      let model = new Model();
      const at = (step: Step) => (step === crashAt ? Promise.reject(new Error('killed')) : undefined);
      const ports = (): Partial<LogPorts> => {
        const store = openMemory(world.state);
        const commit: typeof store.commit = (batch) => (full ? Promise.reject(new LedgerError('STORE_FULL', 'Cannot write: full')) : store.commit(batch));
        return { at, store: { ...store, commit }, indexEvery: 100_000 };
      };
      let log: Log = await world.create(ports());
      for (const next of actions) {
        if (next.do === 'append') {
          const expected = next.commands.map((command) => model.apply(command));
          expect((await log.append(next.commands.map(commandOf))).map(said)).toEqual(expected);
        } else if (next.do === 'bulk') {
          const documents = Array.from({ length: next.count }, () => ({ document: (bulk += 1), subjects: [9], key: null, person: 1, expected: null }));
          const expected = documents.map((command) => model.apply(command));
          expect((await log.append(documents.map(commandOf))).map(said)).toEqual(expected);
        } else if (next.do === 'restart') {
          if (next.clean) await log.close();
          log = await world.open(ports());
        } else if (next.do === 'crash') {
          const after = model.copy();
          const expected = next.commands.map((command) => after.apply(command));
          crashAt = next.step;
          const outcome = await log.append(next.commands.map(commandOf)).then((outcomes) => outcomes.map(said), () => null);
          crashAt = null;
          // A call in which nothing new was placed commits nothing, and is answered.
          if (outcome !== null) expect(outcome).toEqual(expected);
          log = await world.open(ports());
          // All of the group or nothing of it, and nothing only where it was not committed.
          const kept = outcome !== null || next.step !== 'append 0: batch ready';
          if (kept) model = after;
        } else if (next.do === 'full') {
          full = true;
          const before = model.copy();
          const expected = next.commands.map((command) => model.apply(command));
          const outcome = await log.append(next.commands.map(commandOf)).then((outcomes) => outcomes.map(said), (error: LedgerError) => error.code);
          full = false;
          if (model.size === before.size) {
            expect(outcome).toEqual(expected);
          } else {
            expect(outcome).toBe('STORE_FULL');
            model = before;
            world.clock.pass(1_001);
          }
        } else {
          world.clock.pass(next.ms);
        }
        expect(log.published.size).toBe(model.size);
        for (let subject = 0; subject < 5; subject++) expect((await log.head(streamOf(`s${subject}`)))?.version ?? 0).toBe(model.versions.get(subject) ?? 0);
        await checkLog(log);
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 8_000, markInterruptAsFailure: false },
  );
}, 60_000);
