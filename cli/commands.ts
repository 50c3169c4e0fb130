// The one place where a command is added: its words, its line in `stella --help`, and where it lives.
import type { Command } from './command.ts';

export interface Entry {
  readonly words: string;
  readonly summary: string;
  readonly group: 'Record' | 'Scan' | 'Decide' | 'Read' | 'Verify' | 'Operate' | 'Trust' | 'Policy' | 'Keys';
  load(): Promise<Command>;
}

export const COMMANDS: readonly Entry[] = [
  entry('init', 'Record', 'begin a ledger', async () => (await import('./commands/init.ts')).command),
  entry('add', 'Record', 'put files on record', async () => (await import('./commands/add.ts')).command),
  entry('inspect', 'Record', 'what "add" would do with a file', async () => (await import('./commands/inspect.ts')).command),
  entry('attest', 'Record', 'sign a statement about an artifact', async () => (await import('./commands/attest.ts')).command),
  entry('gate', 'Decide', 'may this artifact go on?', async () => (await import('./commands/gate.ts')).command),
  entry('decision list', 'Decide', 'what gates answered', async () => (await import('./commands/decision-list.ts')).command),
  entry('decision show', 'Decide', 'why it said so, and on what it stands', async () => (await import('./commands/decision-show.ts')).command),
  entry('replay', 'Decide', 'does a decision follow from the log?', async () => (await import('./commands/replay.ts')).command),
  entry('waiver request', 'Decide', 'ask that a risk be accepted for a time', async () => (await import('./commands/waiver-request.ts')).command),
  entry('waiver approve', 'Decide', 'another person accepts it', async () => (await import('./commands/waiver-approve.ts')).command),
  entry('waiver reject', 'Decide', 'it is not accepted', async () => (await import('./commands/waiver-reject.ts')).command),
  entry('waiver revoke', 'Decide', 'it counts no more', async () => (await import('./commands/waiver-revoke.ts')).command),
  entry('waiver show', 'Decide', 'who asked, who approved, until when', async () => (await import('./commands/waiver-show.ts')).command),
  entry('waiver list', 'Decide', 'which count, until when, and which do not', async () => (await import('./commands/waiver-list.ts')).command),
  entry('vex set', 'Decide', 'whether a vulnerability affects what we ship', async () => (await import('./commands/vex-set.ts')).command),
  entry('vex draft', 'Decide', 'statements to review, from a scan', async () => (await import('./commands/vex-draft.ts')).command),
  entry('vex export', 'Decide', 'what we say about an artifact, in four dialects', async () => (await import('./commands/vex-export.ts')).command),
  entry('contract publish', 'Decide', 'which evidence has to arrive', async () => (await import('./commands/contract-publish.ts')).command),
  entry('contract assign', 'Decide', 'which artifacts have to meet it', async () => (await import('./commands/contract-assign.ts')).command),
  entry('scan', 'Scan', 'match an artifact with advisories', async () => (await import('./commands/scan.ts')).command),
  entry('rescan', 'Scan', 'look again at every artifact, by the newest advisories', async () => (await import('./commands/rescan.ts')).command),
  entry('explain', 'Scan', 'why a vulnerability is reported, and why not', async () => (await import('./commands/explain.ts')).command),
  entry('affected', 'Scan', 'which artifacts a vulnerability concerns', async () => (await import('./commands/affected.ts')).command),
  entry('feed import', 'Scan', 'advisories into a snapshot', async () => (await import('./commands/feed-import.ts')).command),
  entry('feed list', 'Scan', 'the snapshots of a feed', async () => (await import('./commands/feed-list.ts')).command),
  entry('kit create', 'Scan', 'advisories, policies and roots in one signed file', async () => (await import('./commands/kit-create.ts')).command),
  entry('kit verify', 'Scan', 'would a kit be taken, and if not, why', async () => (await import('./commands/kit-verify.ts')).command),
  entry('kit import', 'Scan', 'all of a kit at once, or nothing', async () => (await import('./commands/kit-import.ts')).command),
  entry('feed diff', 'Scan', 'record by record what changed', async () => (await import('./commands/feed-diff.ts')).command),
  entry('feed verify', 'Scan', 'is a snapshot what its records make', async () => (await import('./commands/feed-verify.ts')).command),
  entry('log', 'Read', 'the newest entries', async () => (await import('./commands/log-list.ts')).command),
  entry('show', 'Read', 'one entry, or what is on record about a thing', async () => (await import('./commands/show.ts')).command),
  entry('timeline', 'Read', 'what happened, to everything or to one thing', async () => (await import('./commands/timeline.ts')).command),
  entry('diff', 'Read', 'what changed between two states', async () => (await import('./commands/diff.ts')).command),
  entry('stream', 'Read', 'the events that concern one thing', async () => (await import('./commands/stream.ts')).command),
  entry('log checkpoint', 'Verify', 'the newest signed head', async () => (await import('./commands/log-checkpoint.ts')).command),
  entry('log prove', 'Verify', 'a receipt that verifies anywhere', async () => (await import('./commands/log-prove.ts')).command),
  entry('log consistency', 'Verify', 'that the log only grew since a kept head', async () => (await import('./commands/log-consistency.ts')).command),
  entry('log index', 'Verify', 'state the stream index, so that completeness can be proven', async () => (await import('./commands/log-index.ts')).command),
  entry('log trusted-root', 'Verify', 'what cosign verifies this log\'s entries under', async () => (await import('./commands/log-trusted-root.ts')).command),
  entry('log witness', 'Verify', 'have witnesses cosign the newest head', async () => (await import('./commands/log-witness.ts')).command),
  entry('export pack', 'Verify', 'all about a decision, an artifact or a period, in one file', async () => (await import('./commands/export-pack.ts')).command),
  entry('verify', 'Verify', 'check a pack, receipt, proof or checkpoint offline', async () => (await import('./commands/verify.ts')).command),
  entry('status', 'Operate', 'could it sign now, and if not, why', async () => (await import('./commands/status.ts')).command),
  entry('fsck', 'Operate', 'recompute everything from the entries', async () => (await import('./commands/fsck.ts')).command),
  entry('recover', 'Operate', 'bring missing entries back from a copy', async () => (await import('./commands/recover.ts')).command),
  entry('clock accept', 'Operate', 'the clock is right: begin a new clock epoch', async () => (await import('./commands/clock-accept.ts')).command),
  entry('serve', 'Operate', 'the log over HTTP, as C2SP tiles', async () => (await import('./commands/serve.ts')).command),
  entry('payload', 'Read', 'a document out of the ledger, on record as read', async () => (await import('./commands/payload.ts')).command),
  entry('erase', 'Operate', 'destroy a sealed payload, with its legal basis', async () => (await import('./commands/erase.ts')).command),
  entry('hold place', 'Operate', 'what may not be erased', async () => (await import('./commands/hold-place.ts')).command),
  entry('hold release', 'Operate', 'a hold ends', async () => (await import('./commands/hold-release.ts')).command),
  entry('hold list', 'Operate', 'which holds stand', async () => (await import('./commands/hold-list.ts')).command),
  entry('trust add', 'Trust', 'whose signatures count', async () => (await import('./commands/trust-add.ts')).command),
  entry('trust list', 'Trust', 'whom this ledger trusts, and trusted', async () => (await import('./commands/trust-list.ts')).command),
  entry('trust remove', 'Trust', 'whose signatures count no more', async () => (await import('./commands/trust-remove.ts')).command),
  entry('policy check', 'Policy', 'does it compile, and if not, every reason', async () => (await import('./commands/policy-check.ts')).command),
  entry('policy test', 'Policy', 'run its tests, with coverage', async () => (await import('./commands/policy-test.ts')).command),
  entry('policy eval', 'Policy', 'ask it, and be told which rules answered', async () => (await import('./commands/policy-eval.ts')).command),
  entry('policy fmt', 'Policy', 'one layout, as "opa fmt" has it', async () => (await import('./commands/policy-fmt.ts')).command),
  entry('policy publish', 'Policy', 'what a gate decides by from here on', async () => (await import('./commands/policy-publish.ts')).command),
  entry('policy list', 'Policy', 'the policies on record', async () => (await import('./commands/policy-list.ts')).command),
  entry('policy show', 'Policy', 'a policy as it was published', async () => (await import('./commands/policy-show.ts')).command),
  entry('person add', 'Trust', 'somebody who can act on this ledger', async () => (await import('./commands/person-add.ts')).command),
  entry('person list', 'Trust', 'who can act, and their pseudonyms', async () => (await import('./commands/person-list.ts')).command),
  entry('key list', 'Keys', 'which keys sign and signed', async () => (await import('./commands/key-list.ts')).command),
  entry('key new', 'Keys', 'make a key file, not in use yet', async () => (await import('./commands/key-new.ts')).command),
  entry('key rotate', 'Keys', 'another key signs from here on', async () => (await import('./commands/key-rotate.ts')).command),
];

function entry(words: string, group: Entry['group'], summary: string, load: Entry['load']): Entry {
  return { words, group, summary, load };
}
