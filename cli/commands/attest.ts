// stella attest: sign a statement about an artifact.
import { readFileSync, writeFileSync } from 'node:fs';
import {
  bundleOf, embeddedType, sbomReference, signStatement, statementOf, type RekorVersion, type SignedStatement, type StatementParts,
} from '../../actions/attest.ts';
import { readEvidence } from '../../actions/read-evidence.ts';
import { encodeUtf8, formatHex, parseHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import type { Digest } from '../../ledger/events/index.ts';
import { encodeJcs, type JcsValue } from '../../ledger/jcs.ts';
import { parseJson } from '../../ledger/json.ts';
import type { Log } from '../../ledger/log/log.ts';
import type { Signer } from '../../ledger/note/index.ts';
import type { AuthorKey } from '../../verify/sigstore/index.ts';
import { foreignKey, ledgerKeyIn, ledgerKeyOn, pemOf } from '../author-key.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { findPlace, localActor, openForWriting, rekorSigner } from '../place.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '(--sbom FILE [--embed] | --predicate FILE --type URI) [OPTIONS]',
  takesWords: false,
  help: `Writes an in-toto statement about an artifact, signed as a DSSE envelope: that a bill of materials describes it (by the digest of
the document, or with the document inside), or any predicate. It signs with this ledger's attestation key, which is made and
put on record when first needed, or with a key of yours. The statement is recorded when you "stella add" it.`,
  options: {
    sbom: { type: 'string', takes: 'FILE', help: 'a bill of materials, named by its digest (stella-ops.org/attestations/sbom/1)' },
    embed: { type: 'boolean', help: 'put the bill of materials itself into the statement, as cosign does' },
    predicate: { type: 'string', takes: 'FILE', help: 'a predicate as JSON' },
    type: { type: 'string', takes: 'URI', help: 'the predicate\'s type' },
    subject: { type: 'string', multiple: true, takes: 'sha256:HEX', help: 'the artifact; may be repeated (else what the bill of materials names)' },
    key: { type: 'string', takes: 'FILE', help: 'sign with this private key (PEM; passphrase in STELLA_ATTEST_PASSPHRASE)' },
    'key-env': { type: 'boolean', help: 'sign with the private key in STELLA_ATTEST_KEY (PEM)' },
    bundle: { type: 'boolean', help: 'record the signature in this log as Rekor does ("init --rekor"), and write a Sigstore bundle with the proof' },
    rekor: { type: 'string', takes: '1|2', help: 'which generation of Rekor the bundle speaks (else 1, which states a time and which every client reads)' },
    out: { type: 'string', takes: 'FILE', help: 'where to write (else standard output)' },
    'public-key': { type: 'string', takes: 'FILE', help: 'write the public key too, for "stella trust add --key" and "cosign --key"' },
  },
  examples: [
    ['stella attest --sbom image.cdx.json --out sbom.dsse.json', 'this document describes the image it names'],
    ['stella attest --subject sha256:4f2c…9a --type https://slsa.dev/provenance/v1 --predicate provenance.json --key release.pem',
      'any predicate, a key of yours'],
    ['stella attest --sbom image.cdx.json --bundle --out sbom.sigstore.json', 'with this log\'s proof, for "cosign verify-blob-attestation --bundle"'],
  ],

  async run(call) {
    const version = rekorVersionOf(call);
    const parts = await partsOf(call);
    // What cannot be written as it is signed is refused here, before a key is made for it.
    encodeJcs(statementOf(parts));
    const own = foreignKey(call);
    const { key, into } = await open(call, own);
    try {
      const signed = await signStatement(parts, key);
      const written = version !== null && into !== null ? await bundle(call, into, signed, key, version) : null;
      const text = `${written?.bundle ?? JSON.stringify(signed.envelope)}\n`;
      const [out, publicKey] = [call.value('out'), call.value('public-key')];
      if (publicKey !== undefined) writeFileSync(publicKey, pemOf(key));
      if (out === undefined) call.out.bytes(encodeUtf8(text));
      else {
        writeFileSync(out, text);
        const about = parts.subjects.map(([, digest]) => `sha256:${formatHex(digest)}`).join(', ');
        call.out.say(`wrote ${parts.predicateType}\n  about ${about}\n  signed by key ${key.key.id}\n  to ${out}`);
        if (written !== null) call.out.say(`entry ${written.index} proves it${written.repeated ? ', as it did before' : ''}`);
      }
      const { predicateType, subjects } = parts;
      call.out.answer({
        predicateType, subjects: subjects.map(([, digest]) => `sha256:${formatHex(digest)}`), keyId: key.key.id, attestation: JSON.parse(text),
        ...(written === null ? {} : { index: written.index, repeated: written.repeated }), ...(out === undefined ? {} : { out }),
      });
    } finally {
      await into?.log.close();
    }
    return 'yes';
  },
};

function rekorVersionOf(call: Call): RekorVersion | null {
  const said = call.value('rekor') ?? '1';
  if (said !== '1' && said !== '2') throw new UsageError('--rekor is 1 or 2');
  return call.flag('bundle') ? (Number(said) as RekorVersion) : null;
}

function bundle(call: Call, { log, rekor }: Bundling, signed: SignedStatement, key: AuthorKey, version: RekorVersion) {
  return bundleOf({ log, rekorSigner: rekor, now: () => call.now() }, signed, key, localActor(call, findPlace(call)), version);
}

/** What a bundle takes beside the key. */
interface Bundling {
  readonly log: Log;
  readonly rekor: Signer;
}

/** The key, and what a bundle takes; null where none is asked for. */
async function open(call: Call, own: AuthorKey | null): Promise<{ readonly key: AuthorKey; readonly into: Bundling | null }> {
  if (!call.flag('bundle')) return { key: own ?? await ledgerKeyIn(call, findPlace(call)), into: null };
  const place = findPlace(call);
  const log = await openForWriting(call, place);
  try {
    // First: a ledger that takes no Rekor entries refuses, and a new key would be on record for nothing.
    const rekor = await rekorSigner(call, place, log);
    return { key: own ?? await ledgerKeyOn(call, place, log), into: { log, rekor } };
  } catch (error) {
    await log.close();
    throw error;
  }
}

async function partsOf(call: Call): Promise<StatementParts> {
  const [sbom, predicate, type] = ['sbom', 'predicate', 'type'].map((name) => call.value(name));
  const given = call.values('subject').map(parseSubject);
  if ((sbom === undefined) === (predicate === undefined)) throw new UsageError('give either --sbom, or --predicate with --type');
  if (sbom === undefined) {
    if (type === undefined || !/^[a-z][a-z0-9+.-]*:\S+$/.test(type)) throw new UsageError('a predicate needs its type, a URI: --type');
    if (given.length === 0) throw new UsageError('name what the predicate is about: --subject sha256:…');
    return { subjects: given, predicateType: type, predicate: jsonOf(predicate as string) };
  }
  if (type !== undefined) throw new UsageError('--sbom states its own type');
  const bytes = new Uint8Array(readFileSync(sbom));
  const read = await readEvidence(bytes);
  const stated = read.subjects.flatMap(([algorithm, hex]): Digest<'sha256'>[] => (algorithm === 'sha256' ? [['sha256', parseHex(hex)]] : []));
  const subjects = given.length > 0 ? given : stated;
  const statement = call.flag('embed') ? { predicateType: embeddedType(read), predicate: jsonOf(sbom) } : sbomReference(read, bytes);
  if (subjects.length > 0) return { subjects, ...statement };
  throw new LedgerError('SUBJECT_UNKNOWN', 'Cannot attest: the bill of materials names no digest of what it is about', {
    hint: 'a tag or a name is no identity: give the digest with --subject sha256:…',
  });
}

function jsonOf(file: string): JcsValue {
  return parseJson(new Uint8Array(readFileSync(file))) as JcsValue;
}
