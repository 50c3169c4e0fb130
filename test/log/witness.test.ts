// The witness and mirror clients against small servers that follow the specifications, and against each way they can answer.
import { describe, expect, test } from 'vitest';
import { concatBytes, encodeUtf8, equalBytes, formatBase64 } from '../../ledger/bytes.ts';
import type { Log } from '../../ledger/log/log.ts';
import { recover, tilesSource } from '../../ledger/log/recover.ts';
import { uploadTo } from '../../ledger/log/mirror.ts';
import { outsideTimeOf, witnessRound, type Send } from '../../ledger/log/witness.ts';
import {
  emptyRoot, foldHashes, Frontier, leafHash, nobleHasher, parseTilePath, verifySubtreeConsistency, verifyWitnessConsistency,
} from '../../ledger/merkle/index.ts';
import {
  cosign, decodeUpload, formatSignatureLine, formatVkey, packagesOf, parseAddCheckpoint, parsePolicy, verifyEd25519, verifyNote, witnessSigner,
  type HttpAnswer, type SignedCheckpoint,
} from '../../ledger/note/index.ts';
import { checkLog, documentOf, signerOf, World } from './kit.ts';

const add = (log: Log, ...documents: string[]) => log.append(documents.map((document) => ({ drafts: [documentOf(document, ['a'])] })));
const answer = (status: number, body = ''): HttpAnswer => ({ status, body: encodeUtf8(body) });
const verifiers = { ed25519: verifyEd25519 };
const seconds = Date.UTC(2026, 10, 21, 1) / 1000;

/** A witness by the book (C2SP tlog-witness), with a log it knows. */
class Witness {
  readonly signer;
  size = 0;
  root: Uint8Array = emptyRoot();
  requests = 0;
  constructor(name: string, seed: number) {
    this.signer = witnessSigner(name, new Uint8Array(32).fill(seed));
  }

  async addCheckpoint(body: Uint8Array): Promise<HttpAnswer> {
    this.requests += 1;
    const { oldSize, proof, checkpoint } = parseAddCheckpoint(body);
    const { verified, failed } = verifyNote(checkpoint.note, [signerOf(1).key], verifiers);
    if (verified.length === 0 || failed.length > 0) return answer(403);
    if (oldSize > checkpoint.size) return answer(400);
    if (oldSize !== this.size) return answer(409, `${this.size}\n`);
    if (!verifyWitnessConsistency(oldSize, checkpoint.size, this.root, checkpoint.root, proof).ok) return answer(422);
    this.size = checkpoint.size;
    this.root = checkpoint.root;
    return answer(200, formatSignatureLine(await cosign(checkpoint.note.text, this.signer, seconds)));
  }
}

const [w1, w2, w3] = [() => new Witness('w1.example', 21), () => new Witness('w2.example', 22), () => new Witness('w3.example', 23)];

function policyOf(witnesses: readonly Witness[], quorum: string): ReturnType<typeof parsePolicy> {
  const lines = witnesses.map(({ signer }, i) => `witness X${i + 1} ${formatVkey(signer.key)} https://x${i + 1}.example/`);
  const names = witnesses.map((_, i) => `X${i + 1}`).join(' ');
  return parsePolicy(`log ${formatVkey(signerOf(1).key)}\n${lines.join('\n')}\ngroup G ${quorum} ${names}\nquorum G\n`);
}

function sendTo(witnesses: readonly Witness[]): (url: string) => Send {
  return (url) => async (path, body) => {
    expect(path).toBe('add-checkpoint');
    return (witnesses[Number(/^https:\/\/x([1-9])\.example\/$/.exec(url)?.[1]) - 1] as Witness).addCheckpoint(body);
  };
}

describe('witnesses', () => {
  test('cosign one checkpoint after another, and say when', async () => {
    const world = new World();
    const log = await world.create();
    const witnesses = [w1(), w2()];
    for (const more of [[], ['a'], ['b', 'c', 'd'], []]) {
      if (more.length > 0) await add(log, ...more);
      const round = await witnessRound(log, policyOf(witnesses, '2'), sendTo(witnesses));
      expect(round).toMatchObject({ quorum: true, time: seconds * 1000 });
      expect(round.note.startsWith(log.published.note)).toBe(true);
      expect(outsideTimeOf(round.note, witnesses.map(({ signer }) => signer.key))).toBe(seconds * 1000);
    }
    expect(witnesses.map(({ size }) => size)).toEqual([5, 5]);
  });

  test('one that stands elsewhere is asked again from there; nobody has to remember', async () => {
    const world = new World();
    const log = await world.create();
    const witness = w1();
    await witnessRound(log, policyOf([witness], '1'), sendTo([witness]));
    await add(log, 'a', 'b');
    const round = await witnessRound(log, policyOf([witness], '1'), sendTo([witness]));
    expect(round.answers[0]?.answer.is).toBe('cosigned');
    expect(witness.requests).toBe(3);
  });

  test('a quorum is counted as the policy says, and each refusal keeps its reason', async () => {
    const world = new World();
    const log = await world.create();
    const witnesses = [w1(), w2(), w3()];
    const good = sendTo(witnesses);
    const failing = (url: string): Send => async (path, body) => {
      if (url.startsWith('https://x2')) return null;
      return url.startsWith('https://x3') ? answer(404) : good(url)(path, body);
    };
    const one = await witnessRound(log, policyOf(witnesses, '1'), failing);
    expect(one.quorum).toBe(true);
    expect(one.answers.map(({ answer: { is } }) => is)).toEqual(['cosigned', 'busy', 'unknown']);
    expect((await witnessRound(log, policyOf(witnesses, '2'), failing)).quorum).toBe(false);
    const none = (): Send => async () => answer(503);
    const silent = await witnessRound(log, policyOf(witnesses, 'any'), none);
    expect(silent).toMatchObject({ quorum: false, time: null });
    expect(silent.note).toBe(log.published.note);
  });

  test('one that has seen more than this log has is told of, not talked down', async () => {
    const world = new World();
    const log = await world.create();
    await add(log, 'a', 'b');
    const witness = w1();
    await witnessRound(log, policyOf([witness], '1'), sendTo([witness]));
    const other = new World();
    const young = await other.create();
    const round = await witnessRound(young, policyOf([witness], '1'), sendTo([witness]));
    expect(round.answers[0]?.answer).toEqual({ is: 'elsewhere', size: 3 });
    expect(round.quorum).toBe(false);
  });

  test('a forked log is refused, and the answer says so', async () => {
    const world = new World();
    const log = await world.create();
    await add(log, 'a');
    const witness = w1();
    witness.size = 1;
    witness.root = leafHash(encodeUtf8('another genesis'));
    const round = await witnessRound(log, policyOf([witness], '1'), sendTo([witness]));
    expect(round.answers[0]?.answer.is).toBe('inconsistent');
  });
});

/** A mirror by the book (C2SP tlog-mirror): it takes at most two packages an upload, and serves tiles. */
class Mirror extends Witness {
  entries: Uint8Array[] = [];
  pending: SignedCheckpoint | null = null;

  override async addCheckpoint(body: Uint8Array): Promise<HttpAnswer> {
    const { checkpoint } = parseAddCheckpoint(body);
    const said = await super.addCheckpoint(body);
    if (said.status === 200) this.pending = checkpoint;
    // A mirror does not cosign before it has the entries.
    return said.status === 200 ? answer(200) : said;
  }

  async addEntries(body: Uint8Array): Promise<HttpAnswer> {
    const pending = this.pending as SignedCheckpoint;
    const { header, packages } = decodeUpload(body);
    if (header.start !== this.entries.length) return this.#info(409);
    const ranges = [...packagesOf(header.start, header.end)];
    for (const [i, { entries, proof }] of packages.slice(0, 2).entries()) {
      const { subtreeStart, end } = ranges[i] as (typeof ranges)[number];
      const all = [...this.entries.slice(subtreeStart), ...entries];
      const root = foldHashes(all.map(leafHash), nobleHasher);
      if (!verifySubtreeConsistency(subtreeStart, end, pending.size, root, pending.root, proof).ok) return answer(422);
      this.entries.push(...entries);
    }
    if (this.entries.length < pending.size) return this.#info(202);
    const tree = new Frontier();
    for (const entry of this.entries) tree.append(leafHash(entry));
    expect(equalBytes(tree.root(), pending.root)).toBe(true);
    return answer(200, formatSignatureLine(await cosign(pending.note.text, this.signer, seconds)));
  }

  #info(status: number): HttpAnswer {
    return answer(status, `${this.pending?.size ?? 0}\n${this.entries.length}\n${formatBase64(encodeUtf8(`t${this.entries.length}`))}\n`);
  }

  get = async (path: string): Promise<Uint8Array | null> => {
    const tile = parseTilePath(path);
    if (tile.kind !== 'entries') return null;
    const entries = this.entries.slice(256 * tile.index, 256 * tile.index + tile.width);
    if (entries.length < tile.width) return null;
    return concatBytes(...entries.flatMap((entry) => [Uint8Array.of(entry.length >>> 8, entry.length), entry]));
  };
}

describe('a mirror', () => {
  const mirrored = async (log: Log, mirror: Mirror, next = 0) => {
    const [witness] = policyOf([mirror], '1').witnesses;
    const send: Send = (path, body) => (path === 'add-checkpoint' ? mirror.addCheckpoint(body) : mirror.addEntries(body));
    return uploadTo(log, witness as NonNullable<typeof witness>, send, next);
  };

  test('takes all entries in packages, then more, and gives them back to a database that lost them', async () => {
    const world = new World();
    const log = await world.create();
    await add(log, ...Array.from({ length: 1500 }, (_, i) => `d${i}`));
    const mirror = new Mirror('m.example', 31);
    expect(await mirrored(log, mirror)).toMatchObject({ is: 'cosigned' });
    expect(mirror.entries).toHaveLength(1501);
    const old = world.copyState();
    await add(log, ...Array.from({ length: 300 }, (_, i) => `e${i}`));
    // It says itself where it stands when it is asked from elsewhere.
    expect(await mirrored(log, mirror, 1400)).toMatchObject({ is: 'cosigned' });
    expect(mirror.entries).toHaveLength(1801);
    await log.close();
    world.state = old;
    await expect(world.open()).rejects.toMatchObject({ code: 'LOG_ROLLED_BACK' });
    expect(await recover(world.ports(), tilesSource(mirror.get, 1801))).toEqual({ before: 1501, size: 1801 });
    await checkLog(await world.open());
  });
});
