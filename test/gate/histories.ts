// Random histories in which decisions are made all along, and in which VEX, waivers, revocations, trust and policies each flip one.
import { addAttestationKey } from '../../actions/add-key.ts';
import { CURRENT } from '../../policy/gate/decide.ts';
import { by } from '../log/kit.ts';
import { author } from '../pack/kit.ts';
import { Dice } from '../projections/history.ts';
import { app, day, Gates, noCriticals, personKey, type FindingParts, type Signing } from './kit.ts';

export interface Made {
  readonly index: number;
  readonly outcome: 'allow' | 'deny';
  readonly codes: readonly string[];
}

/** What flips a decision, in any order that fits. */
export const FLIPS = ['vex', 'waiver', 'revocation', 'trust', 'policy'] as const;
export type Flip = (typeof FLIPS)[number];

const POLICIES = {
  criticals: noCriticals,
  /** Nothing may be affected, whatever its severity. */
  strict: { 'gate.rego': noCriticals['gate.rego'].replace('finding.severity == "CRITICAL"', 'finding.severity in {"CRITICAL", "HIGH", "LOW"}') },
} as const;

const NAMES = ['left', 'right', 'up', 'down', 'in', 'out'];

export class RandomHistory {
  readonly gates: Gates;
  readonly decisions: Made[] = [];
  readonly flipped = new Set<Flip>();
  readonly #dice: Dice;
  #number = 0;

  private constructor(gates: Gates, seed: number) {
    this.gates = gates;
    this.#dice = new Dice(seed);
  }

  /** Makes a history of about 25 decisions. @param seed - the same history on every machine */
  static async make(seed: number): Promise<RandomHistory> {
    const history = new RandomHistory(await Gates.begin(), seed);
    await history.#make();
    return history;
  }

  async #decide(asked: Parameters<Gates['gate']>[0] = {}): Promise<Made> {
    const { appended, data } = await this.gates.gate(asked);
    const made = { index: appended.index, outcome: data.outcome, codes: data.codes ?? [] };
    this.decisions.push(made);
    return made;
  }

  /** As an older release decided: each of its rules with a number of then, or of now. */
  async #decideBefore(): Promise<void> {
    const of = (now: number) => 1 + this.#dice.roll(now);
    const { gate, input, vex, waiver } = CURRENT;
    const index = await this.gates.decideUnder({ ...CURRENT, gate: of(gate), input: of(input), vex: of(vex), waiver: of(waiver) });
    const { outcome, codes = [] } = (await this.gates.event(index)).data as { outcome: 'allow' | 'deny'; codes?: readonly string[] };
    this.decisions.push({ index, outcome, codes });
  }

  /** Decides before and after, and notes the flip. */
  async #flip(kind: Flip, act: () => Promise<unknown>): Promise<void> {
    const before = await this.#decide();
    await this.#noise();
    await act();
    if ((await this.#decide()).outcome !== before.outcome) this.flipped.add(kind);
    await this.#decideBefore();
  }

  async #make(): Promise<void> {
    const { gates } = this;
    // Packs are signed with it.
    await addAttestationKey(gates.log, author.key, by);
    await gates.policy('release', POLICIES.criticals);
    await gates.feed('osv', 'snapshot 1');
    if (this.#dice.roll(3) === 0) await this.#decide();
    await this.#scan(this.#findings(0));
    let trusted = await gates.trust('vendor');
    const critical = (await this.#scan(this.#findings(1 + this.#dice.roll(2)))).filter(({ severity }) => severity === 'CRITICAL');
    // Statements of the trusted vendor close what is critical; taken from trust they close nothing.
    await this.#flip('vex', () => gates.vex(app, critical.map((finding) => this.#statement(finding)), 'vendor'));
    await this.#flip('trust', async () => {
      await gates.distrust(trusted);
    });
    trusted = await gates.trust('vendor');
    await this.#decide();
    // A finding that VEX says nothing of is waived by two people, until it is revoked or over.
    const [open] = await this.#scan([...critical, { id: `CVE-2026-${9000 + this.#dice.roll(999)}`, purl: 'pkg:npm/open@1.0.0', severity: 'CRITICAL' }], true);
    const waived = open as FindingParts;
    const [waiver, expires] = [`w-${this.#next()}`, gates.world.clock.wall + (2 + this.#dice.roll(30)) * day];
    let request = -1;
    await this.#flip('waiver', async () => {
      request = await gates.request(waiver, waived.id, expires, 'ann', app, this.#signing());
      if (this.#dice.roll(3) === 0) await gates.act('waiver.approved', waiver, waived.id, request, 'ann', this.#signing());
      // What somebody else signed in a person's name approves nothing.
      if (this.#dice.roll(3) === 0) await gates.act('waiver.approved', waiver, waived.id, request, 'bob', { signed: true, signer: personKey('eve') });
      if (this.#dice.roll(3) === 0) await this.#decide();
      await gates.act('waiver.approved', waiver, waived.id, request, 'bob', this.#signing());
    });
    if (this.#dice.roll(2) === 0) await this.#decide({ effective: expires - 1 + this.#dice.roll(3) });
    await this.#flip('policy', () => gates.policy('release', POLICIES.strict));
    await gates.policy('release', POLICIES.criticals);
    await this.#flip('revocation', () => gates.act('waiver.revoked', waiver, waived.id, request, 'bob', this.#signing()));
    for (let i = 0; i < 3; i++) {
      await this.#noise();
      await this.#decide(this.#dice.roll(4) === 0 ? { weakened: ['SNAPSHOT_STALE'] } : {});
    }
    await this.#scan(this.#findings(0));
    for (let i = 0; i < 3; i++) await this.#decide();
  }

  /** Signed by the person who acts, or asserted by the ledger. */
  #signing(): Signing {
    return { signed: this.#dice.roll(2) === 0 };
  }

  #next(): number {
    return (this.#number += 1);
  }

  /** @param criticals - how many of them are critical; one more has a severity that only the strict policy minds */
  #findings(criticals: number): FindingParts[] {
    const id = () => `CVE-2026-${1000 + this.#next()}`;
    const made = Array.from({ length: criticals }, (_, i): FindingParts => ({
      id: id(), purl: `pkg:npm/${NAMES[i] as string}@1.${this.#dice.roll(9)}.0`, severity: 'CRITICAL',
      aliases: this.#dice.roll(2) === 0 ? [`GHSA-${this.#next()}`] : [], outcome: this.#dice.pick(['affected', 'affected', 'indeterminate'] as const),
    }));
    return [...made, { id: id(), purl: 'pkg:npm/low@1.0.0', severity: this.#dice.pick(['LOW', 'HIGH'] as const) }];
  }

  async #scan(found: readonly FindingParts[], onlyNew = false): Promise<FindingParts[]> {
    const { gates } = this;
    const low: FindingParts = { id: `CVE-2026-${1000 + this.#next()}`, purl: 'pkg:npm/low@1.0.0', severity: 'LOW' };
    const all = onlyNew ? [...found, low] : [...found];
    await gates.scan(app, await gates.sbom(app, all.map(({ purl }) => purl)), all);
    return onlyNew ? all.slice(-2, -1) : all;
  }

  #statement({ id, aliases = [], purl }: FindingParts) {
    const named = aliases.length > 0 && this.#dice.roll(2) === 0 ? (aliases[0] as string) : id;
    const part = this.#dice.roll(2) === 0 ? { part: this.#dice.roll(2) === 0 ? purl : purl.replace(/@.*$/, '') } : {};
    return { vulnerability: named, status: this.#dice.pick(['not_affected', 'fixed']), ...part };
  }

  /** What changes no answer, and much of what is read. */
  async #noise(): Promise<void> {
    const { gates } = this;
    const [last] = [`CVE-2026-${1000 + this.#number}`];
    for (let i = this.#dice.roll(4); i > 0; i--) {
      switch (this.#dice.roll(7)) {
        case 0:
          await gates.feed('osv', 'snapshot 1');
          break;
        case 1:
          await gates.vex(app, [{ vulnerability: last, status: 'affected' }, { vulnerability: 'CVE-1999-1', part: 'pkg:npm/none' }], null);
          break;
        case 2:
          await gates.request(`w-${this.#next()}`, last, gates.world.clock.wall + day);
          break;
        case 3:
          await gates.attestation(app, this.#dice.pick(['vendor', 'nobody']), { builder: 'https://b.example', kind: 'provenance', version: '1' });
          break;
        case 4:
          await gates.trust(this.#dice.pick(['somebody', 'anybody']));
          break;
        case 5:
          await gates.policy('other', POLICIES.strict);
          break;
        default:
          gates.world.clock.pass(this.#dice.roll(3_600_000));
      }
    }
  }
}
