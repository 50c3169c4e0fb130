// stella trust add: whose signatures count from here on.
import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { addTrust } from '../../actions/trust.ts';
import { decodeUtf8 } from '../../ledger/bytes.ts';
import type { TrustEntry } from '../../verify/sigstore/index.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { listPersons, parseName } from '../persons.ts';
import { findPlace, localActor, openForWriting, pepperOf } from '../place.ts';
import { parseTime } from '../times.ts';

export const command: Command = {
  usage: '(--key FILE | --person NAME | --issuer URL --subject TEXT | --root FILE) [--from TIME] [--to TIME]',
  takesWords: false,
  help: `Puts on record whom this ledger trusts: a public key; whoever a Sigstore certificate names by this very issuer and subject
(kept sealed: the log holds a pseudonym); or a Sigstore trusted root, which says which logs and authorities may vouch for
one. Nobody is trusted by default, and there are no patterns. Evidence that came before is checked again when it is added
again; what was decided before stays as it was decided.`,
  options: {
    key: { type: 'string', takes: 'FILE', help: 'a public key: PEM, or base64 of a SubjectPublicKeyInfo' },
    person: { type: 'string', takes: 'NAME', help: 'a person of this ledger: what this person states and signs here counts' },
    issuer: { type: 'string', takes: 'URL', help: 'the OIDC issuer in the certificate, whole and exact' },
    subject: { type: 'string', takes: 'TEXT', help: 'the subject in the certificate, whole and exact: a URI, an address or a name' },
    root: { type: 'string', takes: 'FILE', help: 'a Sigstore trusted root (trusted_root.json)' },
    from: { type: 'string', takes: 'TIME', help: 'when it begins to count, in UTC: 2026-01-01 or 2026-01-01T12:00:00Z' },
    to: { type: 'string', takes: 'TIME', help: 'until when it counts; a bare date is the end of that day' },
  },
  examples: [
    ['stella trust add --key cosign.pub', 'whatever this key signs'],
    ['stella trust add --root trusted_root.json', 'these logs and authorities may vouch'],
    ['stella trust add --issuer https://token.actions.githubusercontent.com --subject https://github.com/you/app/.github/workflows/release.yml@refs/heads/main',
      'for this very workflow'],
  ],

  async run(call) {
    const entry = entryOf(call);
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const { index } = await addTrust({ log, ...payloadsOf(call, place), pepper: pepperOf(call, place) }, entry, localActor(call, place));
      const what = { key: 'the key', identity: 'the identity', root: 'the trusted root' }[entry.kind];
      call.out.say(`entry ${index}: ${what} is trusted from here on`);
      const person = call.value('person');
      if (person !== undefined && person !== userInfo().username && !listPersons(place).some(({ name }) => name === person)) {
        call.out.warn(`"${person}" is no person on this ledger yet: "stella person add ${person}" adds one`);
      }
      call.out.answer({ index, kind: entry.kind, size: log.published.size });
    } finally {
      await log.close();
    }
    return 'yes';
  },
};

function entryOf(call: Call): TrustEntry {
  const [key, root, person] = ['key', 'root', 'person'].map((name) => call.value(name));
  // A person of a local ledger is whom this very ledger names so.
  const local = person === undefined ? undefined : parseName(person);
  const [issuer, subject] = local === undefined ? [call.value('issuer'), call.value('subject')] : ['local', local];
  if (local !== undefined && (call.value('issuer') ?? call.value('subject')) !== undefined) {
    throw new UsageError('give either --person, or --issuer with --subject');
  }
  const [from, to] = [call.value('from'), call.value('to')];
  const interval = { ...(from === undefined ? {} : { validFrom: parseTime(from, 'start') }), ...(to === undefined ? {} : { validTo: parseTime(to, 'end') }) };
  const kinds = [key, root, issuer ?? subject].filter((one) => one !== undefined).length;
  if (kinds !== 1) throw new UsageError('give one of --key, --person, --root, and --issuer with --subject');
  if (key !== undefined) return { kind: 'key', publicKey: textOf(key), ...interval };
  if (root === undefined) {
    if (issuer === undefined || subject === undefined) throw new UsageError('an identity is an issuer and a subject: give both');
    return { kind: 'identity', issuer, subject, ...interval };
  }
  if (from !== undefined || to !== undefined) throw new UsageError('a trusted root states its own intervals');
  return { kind: 'root', trustedRoot: textOf(root) };
}

function textOf(file: string): string {
  return decodeUtf8(new Uint8Array(readFileSync(file)));
}
