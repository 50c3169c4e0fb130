// Every event type has been thought of: each projection reads or ignores whatever can stand in its streams.
import { describe, expect, test } from 'vitest';
import { EVENTS, type EventName } from '../../ledger/events/index.ts';
import { projectionList } from '../../projections/gate-critical.ts';
import { ignoredAnywhere } from '../../projections/projection.ts';
import { mainOf } from '../../projections/walk.ts';

/** The beginnings of the streams that a type's events can belong to; `*` for streams that the data names whole. */
function beginnings(type: EventName): string[] {
  return EVENTS[type].flatMap(({ streams }) => streams.map((template) => (template.startsWith('{') ? '*' : template.replace(/\{.*$/, ''))));
}

describe.each(projectionList.map((projection) => [projection.name, projection] as const))('%s', (_, { streams, on, ignores }) => {
  const possible = (Object.keys(EVENTS) as EventName[]).filter((type) => {
    const fits = beginnings(type).some((beginning) => beginning === '*' || beginning === streams);
    // What a linked entry brings is read as what it is linked to.
    return fits && mainOf(type) === null;
  });

  test('reads or ignores every type that can stand in its streams', () => {
    expect(possible.filter((type) => on[type] === undefined && !ignores.includes(type) && !ignoredAnywhere.includes(type))).toEqual([]);
  });

  test('names no type that cannot, and none twice', () => {
    const linkable = (type: EventName) => (Object.keys(EVENTS) as EventName[]).some((name) => mainOf(name) === type && beginnings(name).includes(streams));
    const named = [...(Object.keys(on) as EventName[]), ...ignores];
    expect(named.filter((type) => !possible.includes(type) && !linkable(type))).toEqual([]);
    expect(new Set(named).size).toBe(named.length);
  });
});

test('every linked type has the type that it is linked to', () => {
  const linked = (Object.keys(EVENTS) as EventName[]).filter((type) => type.endsWith('.linked'));
  expect(linked.filter((type) => mainOf(type) === null)).toEqual([]);
});
