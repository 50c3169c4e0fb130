// What we say about an artifact is what a gate would hear of us: never the milder word, never another product's, never a waiver's for others.
import { beforeEach, describe, expect, test } from 'vitest';
import { erasePayload } from '../../actions/erase.ts';
import { exportVex, VEX_FORMATS } from '../../actions/export-vex.ts';
import { addPerson, actingWith, type Acting } from '../../actions/person.ts';
import { addTrust, removeTrust } from '../../actions/trust.ts';
import { packageOf, productOf, stateVex } from '../../actions/vex.ts';
import { decideWaiver, requestWaiver, type WaiverRequest } from '../../actions/waiver.ts';
import { readDocument, type VexStatement } from '../../evidence/index.ts';
import { personOf } from '../../ledger/events/index.ts';
import { DocumentReader } from '../../projections/reader.ts';
import { Gates } from '../gate/kit.ts';
import { by, sha256 } from '../log/kit.ts';
import { Bench, imageDigest, newKey, otherDigest } from './kit.ts';

const day = 86_400_000;
const left = 'pkg:npm/left@1.0.0';
const right = 'pkg:npm/right@1.0.0';

class Desk {
  readonly bench: Bench;
  readonly gates: Gates;
  ann!: Acting;
  bob!: Acting;
  trusted = new Map<string, number>();

  constructor(bench: Bench) {
    this.bench = bench;
    this.gates = Gates.over(bench);
  }

  static async begin(): Promise<Desk> {
    const desk = new Desk(await Bench.begin());
    for (const name of ['ann', 'bob'] as const) {
      const { author } = newKey();
      await addPerson(desk.bench.log, personOf(sha256, desk.bench.pepper, 'local', name), author.key, by);
      desk[name] = await actingWith(desk.bench.log, author);
      await desk.trust(name);
    }
    return desk;
  }

  async trust(name: string): Promise<void> {
    this.trusted.set(name, (await addTrust(this.bench.stores, { kind: 'identity', issuer: 'local', subject: name }, by)).index);
  }

  get #ports() {
    return { ...this.bench.stores, documents: this.bench.documents, now: this.bench.world.clock.now };
  }

  /** A second later than what was stated before. */
  async state(acting: Acting, more: Partial<VexStatement> | Partial<VexStatement>[], { seal = false, subjects = [imageDigest] } = {}): Promise<number> {
    this.bench.world.clock.pass(1000);
    return (await stateVex(this.#ports, { statements: [more].flat().map(statementOf), subjects, seal }, acting)).index;
  }

  async waive(waiver: string, vulnerabilities: string[], more: Partial<WaiverRequest> = {}): Promise<void> {
    await requestWaiver(this.#ports, {
      waiver, vulnerabilities, subjects: [imageDigest], components: [], owner: this.ann.by.person as Uint8Array, breakGlass: false,
      expires: this.bench.world.clock.now() + 30 * day, responses: ['will_not_fix'], justification: 'why', ...more,
    }, this.ann);
    await decideWaiver(this.#ports, waiver, { type: 'waiver.approved' }, this.bob);
  }

  async scan(...found: readonly (readonly [id: string, purl: string, ...aliases: string[]])[]): Promise<void> {
    const sbom = await this.gates.sbom(imageDigest, [left, right]);
    await this.gates.scan(imageDigest, sbom, found.map(([id, purl, ...aliases]) => ({ id, purl, aliases })));
  }

  async exported(format: (typeof VEX_FORMATS)[number] = 'openvex') {
    const documents = new DocumentReader(this.bench.log.published.size, this.bench.log, null);
    const ports = { ...this.bench.stores, documents };
    const { statements, document, ...rest } = await exportVex(ports, imageDigest, format, this.bench.world.clock.now(), new Uint8Array(16));
    const lines = statements.map(({ vulnerability, aliases, status, parts }) => [vulnerability, ...aliases, status, ...parts.map(({ id }) => id)].join(' '));
    return { ...rest, statements, document, lines };
  }
}

function statementOf(more: Partial<VexStatement>): VexStatement {
  const status = more.status ?? 'not_affected';
  return {
    vulnerability: 'CVE-2026-0001', aliases: [], status, justification: status === 'not_affected' ? 'vulnerable_code_not_present' : null,
    words: { status, justification: null }, product: productOf(imageDigest), parts: [], stated: null, impact: null,
    action: status === 'affected' ? 'update' : null, notes: null, ...more,
  };
}

let desk: Desk;
beforeEach(async () => {
  desk = await Desk.begin();
});

describe('whose word it is', () => {
  test('of two persons who contradict each other the worse, also where the milder came last', async () => {
    await desk.state(desk.ann, { status: 'affected' });
    await desk.state(desk.bob, {});
    expect((await desk.exported()).lines).toEqual(['CVE-2026-0001 affected']);
  });

  test('of one person the newest, under whichever name and of whatever it was a part', async () => {
    await desk.state(desk.ann, { vulnerability: 'GHSA-2222-3333-4444', parts: [packageOf(left)] });
    await desk.state(desk.ann, { aliases: ['GHSA-2222-3333-4444'], status: 'affected' });
    expect((await desk.exported()).lines).toEqual(['CVE-2026-0001 GHSA-2222-3333-4444 affected']);
  });

  test('what nobody trusted has made is left out, and named; and so is what was made by somebody trusted no more', async () => {
    await desk.state(desk.ann, { status: 'under_investigation' });
    const entry = await desk.state({ ...desk.ann, by, assurance: 'asserted', author: newKey().author }, {});
    expect(await desk.exported()).toMatchObject({ lines: ['CVE-2026-0001 under_investigation'], untrusted: [entry] });
    await removeTrust(desk.bench.stores, desk.trusted.get('ann') as number, 'superseded', by);
    await expect(desk.exported()).rejects.toMatchObject({ code: 'EVIDENCE_INVALID', hint: expect.stringContaining('whom this ledger trusts') });
  });

  test('words that were erased do not give way to older ones', async () => {
    await desk.state(desk.ann, {});
    await desk.state(desk.ann, { vulnerability: 'CVE-2026-0002' });
    const entry = await desk.state(desk.ann, { status: 'affected' }, { seal: true });
    await erasePayload({ ...desk.bench.stores, now: desk.bench.world.clock.now }, entry, null, 'court-order', by);
    expect(await desk.exported()).toMatchObject({ lines: ['CVE-2026-0002 not_affected'], unreadable: [entry] });
  });

  test('a statement counts from when it was recorded, and says no later time', async () => {
    await desk.state(desk.ann, { stated: '2999-01-01T00:00:00Z' });
    expect((await desk.exported()).statements.map(({ stated }) => stated)).toEqual([new Date(desk.bench.world.clock.now()).toISOString()]);
  });
});

describe('what it is about', () => {
  test('of a document about two artifacts what is about this one; the risk that was accepted of it is told', async () => {
    await desk.state(desk.ann, [{ product: productOf(otherDigest) }, { vulnerability: 'CVE-2026-0002' }], { subjects: [imageDigest, otherDigest] });
    await desk.waive('w-1', ['CVE-2026-0001']);
    expect((await desk.exported()).lines).toEqual(['CVE-2026-0002 not_affected', 'CVE-2026-0001 affected']);
  });

  test('what is stated of a package counts where a scan found it, in every dialect', async () => {
    await desk.scan(['CVE-2026-0001', left], ['CVE-2026-0001', right]);
    await desk.state(desk.ann, { parts: [packageOf(left)] });
    await desk.state(desk.ann, { product: packageOf('pkg:npm/left', ['affected vers:npm/<2.0.0']), status: 'affected' }, { subjects: [] });
    await desk.state(desk.ann, { product: packageOf('pkg:npm/other'), vulnerability: 'CVE-2026-0001' }, { subjects: [] });
    expect((await desk.exported()).lines).toEqual([`CVE-2026-0001 affected ${left}`]);
    for (const format of VEX_FORMATS) {
      const { view } = await readDocument((await desk.exported(format)).document);
      expect(view.vex?.statements.map(({ status }) => status)).toEqual(['affected']);
    }
  });

  test('of several parts those for which it counts', async () => {
    await desk.state(desk.ann, { parts: [packageOf(left), packageOf(right)] });
    await desk.state(desk.bob, { status: 'under_investigation', parts: [packageOf(right)] });
    expect((await desk.exported()).lines).toEqual([`CVE-2026-0001 not_affected ${left}`, `CVE-2026-0001 under_investigation ${right}`]);
  });

  test('a part that no purl names is told of all the same, the newest alone', async () => {
    const part = packageOf('the parser');
    await desk.state(desk.ann, { parts: [part] });
    await desk.state(desk.ann, { status: 'affected', parts: [part] });
    expect((await desk.exported()).lines).toEqual(['CVE-2026-0001 affected the parser']);
  });
});

describe('risks that were accepted', () => {
  test('the vulnerabilities of one waiver are no names of one another, and one that is spoken of does not silence the other', async () => {
    await desk.waive('w-1', ['CVE-2026-0001', 'CVE-2026-0002', 'CVE-2026-0003']);
    await desk.state(desk.ann, { vulnerability: 'CVE-2026-0002' });
    const { lines, waivers } = await desk.exported();
    expect(lines).toEqual(['CVE-2026-0002 not_affected', 'CVE-2026-0001 affected', 'CVE-2026-0003 affected']);
    expect(waivers.map(({ id }) => id)).toEqual(['w-1']);
  });

  test('under the names of what was found, of the components for which nothing else is said', async () => {
    await desk.scan(['CVE-2026-0001', left, 'GHSA-2222-3333-4444'], ['CVE-2026-0001', right, 'GHSA-2222-3333-4444']);
    await desk.waive('w-1', ['GHSA-2222-3333-4444']);
    await desk.state(desk.ann, { parts: [packageOf(left)] });
    expect((await desk.exported()).lines).toEqual([`CVE-2026-0001 not_affected ${left}`, `CVE-2026-0001 GHSA-2222-3333-4444 affected ${right}`]);
  });

  test('one for a package says nothing of an artifact in which nobody found it', async () => {
    const components = [{ purl: 'pkg:npm/left' }, { purl: 'pkg:npm/right', versions: 'vers:npm/>=2.0.0' }];
    await desk.waive('w-1', ['CVE-2026-0001'], { subjects: [], components });
    await expect(desk.exported()).rejects.toMatchObject({ code: 'EVIDENCE_INVALID' });
    await desk.scan(['CVE-2026-0001', left], ['CVE-2026-0001', right]);
    expect((await desk.exported()).lines).toEqual([`CVE-2026-0001 affected ${left}`]);
  });

  test('one for this artifact names every component that it is for', async () => {
    await desk.waive('w-1', ['CVE-2026-0001'], { components: [{ purl: 'pkg:npm/left' }, { purl: 'pkg:npm/right', versions: 'vers:npm/<2.0.0' }] });
    expect((await desk.exported()).lines).toEqual(['CVE-2026-0001 affected pkg:npm/left pkg:npm/right']);
  });
});
