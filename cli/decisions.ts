// Decisions as commands read and show them.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inOrder, junitOf, markdownOf, sarifText, textOf, type Told } from '../actions/gate-report.ts';
import { dataJson, decisionStatement, summaryStatement } from '../actions/gate-statements.ts';
import { signStatement } from '../actions/attest.ts';
import { readPayload } from '../actions/sealed-payload.ts';
import { decodeUtf8, formatHex } from '../ledger/bytes.ts';
import { clip, LedgerError } from '../ledger/errors.ts';
import type { PayloadStore } from '../ledger/store/payloads.ts';
import { parseResults } from '../policy/gate/decision.ts';
import type { PolicyInput } from '../policy/gate/input-shape.ts';
import { payloadOf, type DecisionEvent } from '../policy/gate/replay.ts';
import type { AuthorKey } from '../verify/sigstore/index.ts';
import type { Call, Option } from './command.ts';

/** Options of the files that a decision is written to. */
export const reportOptions: Readonly<Record<string, Option>> = {
  'write-input': { type: 'string', takes: 'FILE', help: 'the exact policy input; the policy\'s data goes beside it as data.json' },
  markdown: { type: 'string', takes: 'FILE', help: 'for a pull request' },
  junit: { type: 'string', takes: 'FILE', help: 'for a CI page' },
  sarif: { type: 'string', takes: 'FILE', help: 'for a code scanning page: what was found, and what VEX and waivers say of it' },
  vsa: { type: 'string', takes: 'FILE', help: 'a SLSA verification summary, signed' },
  attestation: { type: 'string', takes: 'FILE', help: 'the decision itself as an in-toto statement, signed' },
};

export const signOptions: Readonly<Record<string, Option>> = {
  key: { type: 'string', takes: 'FILE', help: 'sign with this private key (PEM; passphrase in STELLA_ATTEST_PASSPHRASE), else with the ledger\'s' },
  'key-env': { type: 'boolean', help: 'sign with the private key in STELLA_ATTEST_KEY (PEM)' },
};

/** Makes the folders of the files asked for, before anything is decided: a decision is on record whether or not it could be written. */
export function makeFolders(call: Call): void {
  for (const name of Object.keys(reportOptions)) {
    const path = call.value(name);
    if (path !== undefined) mkdirSync(dirname(path), { recursive: true });
  }
}

/** Whether the call asks for something that has to be signed. */
export const wantsSignature = (call: Call): boolean => call.value('vsa') !== undefined || call.value('attestation') !== undefined;

/** A decision on record with the payloads that are here. */
export async function readTold(payloads: PayloadStore, origin: string, index: number, event: DecisionEvent): Promise<Told> {
  const [results, input] = await Promise.all([payloadText(payloads, event, 'results'), payloadText(payloads, event, 'input')]);
  return {
    origin, index, at: event.at, data: event.data, results: results === null ? null : parseResults(results),
    input: input === null ? null : (JSON.parse(decodeUtf8(input)) as PolicyInput),
  };
}

async function payloadText(payloads: PayloadStore, event: DecisionEvent, role: string): Promise<Uint8Array | null> {
  const digest = payloadOf(event, role);
  try {
    return digest === null ? null : await readPayload(payloads, digest);
  } catch (error) {
    // A decision is shown without what is not here any more.
    if (error instanceof LedgerError && error.code === 'PAYLOAD_MISSING') return null;
    throw error;
  }
}

export function sayDecision(call: Call, told: Told): void {
  for (const line of textOf(told)) call.out.say(line);
}

/** The members of `--json` (spec/cli.md). */
export function decisionJson({ origin, index, at, data, results }: Told): Record<string, unknown> {
  const { artifact, warnings = [], weakened = [], effective, ...rest } = data;
  const codes = inOrder(data.codes);
  return {
    decision: index, origin, recorded: new Date(at).toISOString(), effective: new Date(effective).toISOString(),
    artifact: `sha256:${formatHex(artifact[1])}`, ...(dataJson(rest) as object), codes, warnings, weakened,
    ...(results === null ? {} : { results }),
  };
}

/**
 * Writes the files that the call asks for.
 *
 * @param dataText - the policy's data as JSON; null where there is no policy
 */
export async function writeReports(call: Call, told: Told, payloads: PayloadStore, dataText: string | null, key: AuthorKey | null): Promise<void> {
  const { input, data } = told;
  const file = (name: string, text: () => string | Promise<string>) => writeTo(call, name, text);
  const written = call.value('write-input');
  if (written !== undefined) {
    if (input === null) {
      // An input of an earlier decision, left there, would be taken for this one's.
      rmSync(written, { force: true });
      call.out.warn(`there is no policy input to write to ${clip(written)}: the codes of the decision say why`);
    } else {
      writeFileSync(written, `${JSON.stringify(input, null, 2)}\n`);
      writeFileSync(join(written, '..', 'data.json'), `${dataText ?? '{}'}\n`);
    }
  }
  await file('markdown', () => markdownOf(told));
  await file('junit', () => junitOf(told));
  await file('sarif', async () => {
    const findings = data.findings === undefined ? null : decodeUtf8(await readPayload(payloads, data.findings.digest[1]));
    return sarifText(told, findings === null ? null : JSON.parse(findings));
  });
  if (key === null) return;
  await file('vsa', async () => `${JSON.stringify(await signStatement(summaryStatement(told, input), key))}\n`);
  await file('attestation', async () => `${JSON.stringify(await signStatement(decisionStatement(told), key))}\n`);
}

async function writeTo(call: Call, name: string, text: () => string | Promise<string>): Promise<void> {
  const path = call.value(name);
  if (path !== undefined) writeFileSync(path, await text());
}
