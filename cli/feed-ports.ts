// What importing a feed opens of a ledger.
import { join } from 'node:path';
import type { FeedPorts } from '../actions/import-feed.ts';
import type { Log } from '../ledger/log/log.ts';
import { Scratch } from '../ledger/store/scratch.ts';
import type { Call } from './command.ts';
import { openPlacePayloads, pepperOf, type Place } from './place.ts';

/** Working files lie beside the payloads: what is made of them is moved there. */
export function workFileIn(place: Place): () => Scratch {
  return () => new Scratch(join(place.directory, 'payloads', 'arriving'));
}

export function feedPorts(call: Call, place: Place, log: Log): FeedPorts {
  return { log, payloads: openPlacePayloads(place), pepper: pepperOf(call, place), workFile: workFileIn(place) };
}
