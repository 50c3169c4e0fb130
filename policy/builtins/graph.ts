// Graphs as objects from a node to its neighbours: what can be reached, and by which paths.
import { ARRAY_CELLS, charge, ENTRY_CELLS, MEMBER_CELLS, SET_CELLS } from '../rego/meter.ts';
import { isArray, ObjectBuilder, type RegoObject, RegoSet, typeName, type Value } from '../rego/value.ts';
import { asObject, type Builtin, type Context, OperandError } from './builtin.ts';

/** The neighbours of a node; an edge list of another type counts as none. */
function neighbours(edges: Value): readonly Value[] {
  if (isArray(edges)) return edges;
  return edges instanceof RegoSet ? edges.sorted : [];
}

function starts(initial: Value): readonly Value[] {
  if (!isArray(initial) && !(initial instanceof RegoSet)) throw new OperandError(2, `must be {array, set} but got ${typeName(initial)}`);
  return neighbours(initial);
}

function reachable(context: Context, graph: RegoObject, initial: readonly Value[]): RegoSet {
  const reached = new ObjectBuilder();
  const queue = [...initial];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    context.spend(1);
    const edges = graph.get(next);
    if (edges === undefined || reached.get(next) !== undefined) continue;
    const following = neighbours(edges);
    charge(ENTRY_CELLS + MEMBER_CELLS + 2 * following.length);
    reached.set(next, true);
    for (const neighbour of following) if (reached.get(neighbour) === undefined) queue.push(neighbour);
  }
  return RegoSet.of(reached.build().keys);
}

/** Every path from the starts until a node without edges, one that is not in the graph, or one already on the path. */
function paths(context: Context, graph: RegoObject, initial: readonly Value[]): RegoSet {
  const found: Value[] = [];
  const commit = (path: readonly Value[]) => {
    context.spendBytes(path.length);
    charge(2 * MEMBER_CELLS);
    found.push(path);
  };
  const walk = (node: Value, path: readonly Value[], onPath: RegoSet) => {
    context.spend(1);
    const edges = graph.get(node);
    if (edges === undefined) return commit(path);
    charge(ARRAY_CELLS + SET_CELLS + MEMBER_CELLS * (path.length + 2));
    const longer = [...path, node];
    const next = neighbours(edges);
    if (next.length === 0) return commit(longer);
    const passed = RegoSet.of([...onPath.members.values(), node]);
    for (const neighbour of next) {
      if (passed.has(neighbour)) commit(longer);
      else walk(neighbour, longer, passed);
    }
  };
  for (const node of initial) {
    const edges = graph.get(node);
    if (edges === undefined) continue;
    const next = neighbours(edges);
    if (next.length === 0) commit([node]);
    for (const neighbour of next) walk(neighbour, [node], RegoSet.of([node]));
  }
  return RegoSet.of(found);
}

const GRAPH = 'object[any: any<array[any], set[any]>], any<array[any], set[any]>';

export const graphs: readonly Builtin[] = [
  {
    name: 'graph.reachable',
    type: `(${GRAPH}) => set[any]`,
    run: (context, graph: Value, initial: Value) => reachable(context, asObject(graph, 1), starts(initial)),
  },
  {
    name: 'graph.reachable_paths',
    type: `(${GRAPH}) => set[array[any]]`,
    run: (context, graph: Value, initial: Value) => paths(context, asObject(graph, 1), starts(initial)),
  },
];
