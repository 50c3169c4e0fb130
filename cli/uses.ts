// Where a package is used, for a command: by the projection where the state is today's, else by opening every list of components.
import { whereUsed, whereUsedNow, type Used } from '../actions/where-used.ts';
import { formatHex } from '../ledger/bytes.ts';
import type { LogView } from '../ledger/log/view.ts';
import { inventory } from '../projections/catch-up/inventory.ts';
import { parseSought, type PackageSought } from '../projections/purls.ts';
import type { State } from '../projections/states.ts';
import { openCaughtUp, sayStanding } from './caught-up.ts';
import type { Call } from './command.ts';
import type { ExitName } from './exit.ts';
import { openDocuments, openPlacePayloads, type Place } from './place.ts';
import { describeState, findState, stateMembers } from './states.ts';

interface Asked {
  readonly place: Place;
  readonly log: LogView;
  readonly state: State;
}

/** Says which artifacts have a package. Exit code 5 where a part of the log could not be looked at. */
export async function showUses(call: Call, asked: Asked, text: string): Promise<ExitName> {
  const sought = parseSought(text);
  const { log } = asked;
  const now = asked.state.size === log.published.size ? await usesNow(call, asked, sought) : null;
  const used = now ?? (await usesThen(asked, sought));
  // What the projection has not taken in, the answer does not know.
  const state = now === null || now.size === asked.state.size ? asked.state : await findState(`@${now.size}`, log);
  for (const { artifact, entry, purls } of used.artifacts) call.out.say(`sha256:${formatHex(artifact)}  by entry ${entry}: ${purls.join(', ')}`);
  if (used.artifacts.length === 0) call.out.say(`no list of components on record names ${text}`);
  if (used.unreadable.length > 0) call.out.warn(`not looked at, for their facts are not here: entries ${used.unreadable.join(', ')}`);
  call.out.say(`as of ${describeState(state)}`);
  const artifacts = used.artifacts.map(({ artifact, ...rest }) => ({ artifact: `sha256:${formatHex(artifact)}`, ...rest }));
  call.out.answer({ thing: text, artifacts, unreadable: used.unreadable, at: stateMembers(state), of: log.published.size });
  return state === asked.state ? 'yes' : 'cannot';
}

async function usesNow(call: Call, { place, log }: Asked, sought: PackageSought): Promise<(Used & { readonly size: number }) | null> {
  const opened = await openCaughtUp(call, place, log, [inventory]);
  if (opened === null) return null;
  try {
    const used = await whereUsedNow(sought, opened.db, openPlacePayloads(place));
    // Another process has seen a longer log, or tables are of nothing yet: the long way tells.
    if (used === null || used.size === 0 || used.size > log.published.size) return null;
    for (const standing of opened.standings) sayStanding(call, standing);
    return used;
  } finally {
    await opened.close();
  }
}

async function usesThen({ place, log, state }: Asked, sought: PackageSought): Promise<Used> {
  const [{ queries, close }, { DocumentReader }] = await Promise.all([openDocuments(place, log), import('../projections/reader.ts')]);
  try {
    return await whereUsed(sought, { documents: new DocumentReader(state.size, log, queries), payloads: openPlacePayloads(place) });
  } finally {
    await close();
  }
}
