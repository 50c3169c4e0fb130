// stella vex draft: statements for a person to review, from what a scan found.
import { readFileSync, writeFileSync } from 'node:fs';
import { draftFromSarif, writeDraft } from '../../actions/draft-vex.ts';
import { productOf } from '../../actions/vex.ts';
import { UsageError, type Command } from '../command.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '--from FILE --policy FILE --subject sha256:HEX [--out FILE]',
  takesWords: false,
  help: `Drafts OpenVEX: one statement for each finding, as the first rule of a reviewed policy that fits it says (spec/vex-policy.md), and
"under_investigation" where none does. Nothing is recorded: review the draft, then state it with "stella vex set --from".`,
  options: {
    from: { type: 'string', takes: 'FILE', help: 'a SARIF log, of "stella scan --sarif" or another tool' },
    policy: { type: 'string', takes: 'FILE', help: 'the reviewed rules (YAML or JSON)' },
    subject: { type: 'string', takes: 'sha256:HEX', help: 'the artifact that was scanned' },
    out: { type: 'string', takes: 'FILE', help: 'where to write (else standard output)' },
  },
  examples: [['stella vex draft --from findings.sarif --policy vex-policy.yaml --subject sha256:4f2c…9a --out draft.vex.json', 'then review it']],

  async run(call) {
    const [from, policy, subject, out] = ['from', 'policy', 'subject', 'out'].map((name) => call.value(name));
    if (from === undefined || policy === undefined || subject === undefined) {
      throw new UsageError('give --from, --policy and --subject');
    }
    const bytesOf = (file: string) => new Uint8Array(readFileSync(file));
    const { statements, decided } = draftFromSarif(bytesOf(from), bytesOf(policy), productOf(parseSubject(subject)));
    const grouped = Object.entries(Object.groupBy(statements, ({ status }) => status as string));
    const counts = Object.fromEntries(grouped.map(([status, all]) => [status, all?.length ?? 0]));
    const said = Object.entries(counts).map(([status, count]) => `${count} ${status}`).join(', ');
    if (statements.length > 0) {
      const document = writeDraft(statements, call.now(), call.random(16));
      if (out === undefined) call.out.bytes(document);
      else writeFileSync(out, document);
    }
    if (out !== undefined || statements.length === 0) {
      const count = statements.length === 1 ? 'one statement' : `${statements.length} statements`;
      const nothing = 'nothing to draft: no finding is about a vulnerability';
      call.out.say(statements.length === 0 ? nothing : `${count}: ${said}; ${decided} decided by a rule`);
      if (out !== undefined && statements.length > 0) call.out.say(`review ${out}, then "stella vex set --from ${out}"`);
    }
    call.out.answer({ statements: statements.length, decided, counts, ...(out === undefined ? {} : { out }) });
    return 'yes';
  },
};
