// stella explain: why a vulnerability is reported for an artifact, and why not.
import { explainArtifact, type ArtifactExplanation } from '../../actions/explain-finding.ts';
import { clip } from '../../ledger/errors.ts';
import { UsageError, type Call, type Command } from '../command.ts';
import { sayAnswer, statedTexts } from '../explanation.ts';
import { feedOf, feedOption, parseWanted, snapshotOption } from '../feeds.ts';
import { findPlace, openForReading, openPlacePayloads } from '../place.ts';
import { parseSubject } from '../subjects.ts';

export const command: Command = {
  usage: '[OPTIONS] VULNERABILITY --subject sha256:HEX',
  help: `Answers for one vulnerability and one artifact, under every name the vulnerability has: what is affected and what is not, each by
the record, range and bound that decided it; that no component is a package any record names; or that no record in the snapshot
names it. By the artifact's newest scan on record, or by --snapshot. Each answer is computed again from the record's stored bytes. Of an
image, it says through which files what the image starts comes to the component, or where that ceases to be known.`,
  options: {
    subject: { type: 'string', takes: 'sha256:HEX', help: 'the artifact' },
    feed: feedOption,
    snapshot: { ...snapshotOption, help: 'another snapshot than the scan\'s' },
  },
  examples: [
    ['stella explain CVE-2021-44228 --subject sha256:4f2c…9a', 'why, or why not'],
    ['stella explain GHSA-jfh8-c2jp-5v3q --subject sha256:4f2c…9a --snapshot 2021-12-01', 'and what was known that day'],
  ],

  async run(call) {
    const [id, ...others] = call.positionals;
    const subject = call.value('subject');
    if (id === undefined || others.length > 0) throw new UsageError('name one vulnerability, such as CVE-2021-44228');
    if (subject === undefined) throw new UsageError('say which artifact with --subject sha256:…');
    const place = findPlace(call);
    const ports = { log: await openForReading(place), payloads: openPlacePayloads(place) };
    const snapshot = call.value('snapshot');
    const asked = { id, subject: parseSubject(subject), feed: feedOf(call), snapshot: snapshot === undefined ? null : parseWanted(snapshot) };
    const found = await explainArtifact(ports, asked);
    say(call, found);
    const { explanation, checked, chains, scan, components } = found;
    call.out.answer({
      subject, vulnerability: id, is: found.is, ids: explanation.ids, snapshot: explanation.snapshot, scan, components,
      records: explanation.records, answers: explanation.answers.map((answer, i) => ({ ...answer, recomputed: checked[i], ...chains[i] })),
      unmatched: explanation.unmatched,
    });
    return checked.every((one) => one === 'same') ? 'yes' : 'no';
  },
};

function say(call: Call, { is, explanation, checked, chains, components, snapshot, scan }: ArtifactExplanation): void {
  const { ids, records, answers, unmatched } = explanation;
  const line = (text: string) => call.out.say(text);
  line(ids.map((id) => clip(id)).join(' = '));
  for (const text of statedTexts(records)) line(text);
  if (is === 'not_in_snapshot') line('No record of the snapshot names it: nothing is known of it here.');
  if (is === 'not_in_list') {
    line(`None of ${components} components is a package that a record names:`);
    for (const { id, source, record, packages } of records) {
      line(`    ${clip(id)} of ${source}, ${record}: ${packages.map((name) => clip(name)).join(', ') || 'no package'}`);
    }
  }
  for (const [i, answer] of answers.entries()) sayAnswer(call, answer, checked[i] ?? null, chains[i]);
  if (unmatched.length > 0 && is !== 'not_in_snapshot') {
    line(`Nothing is known of what could not be looked up, ${unmatched.length} of ${components} components:`);
    for (const { component, reason } of unmatched.slice(0, 8)) line(`    ${clip(component.purl ?? component.name)}  ${reason}`);
    if (unmatched.length > 8) line(`    … ${unmatched.length - 8} more (--json has all of them)`);
  }
  const when = scan === null ? 'it was not scanned yet' : `scan in entry ${scan}`;
  line(`by snapshot ${snapshot.name}, imported ${new Date(snapshot.at).toISOString()}; ${when}`);
}
