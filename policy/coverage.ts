// Which lines of a policy its tests reach: the expressions that were evaluated and the rules that had an answer, as `opa test --coverage` tells them.
import type { Location, Module } from './rego/ast.ts';
import { nodesOf } from './rego/compile/calls.ts';
import { branches, walkExprs } from './rego/compile/visit.ts';

interface Position {
  readonly row: number;
  readonly col: number;
}

/** Columns count code points from 1; the end is the place behind the last character. */
export interface Range {
  readonly start: Position;
  readonly end: Position;
}

/** Members that would be empty or zero are left out, as OPA does. */
export interface FileCoverage {
  readonly covered?: readonly Range[];
  readonly not_covered?: readonly Range[];
  readonly covered_lines?: number;
  readonly not_covered_lines?: number;
  /** Percent. */
  readonly coverage?: number;
}

export interface Coverage {
  readonly files: Readonly<Record<string, FileCoverage>>;
  readonly covered_lines: number;
  readonly not_covered_lines: number;
  /** Percent of lines, over all files. */
  readonly coverage: number;
}

/** Every head of a module as it was read, and every expression but declarations. */
export function placesOf(module: Module): Location[] {
  const places: Location[] = [];
  for (const rule of module.rules) {
    for (const { head } of branches(rule)) places.push(head.loc);
    walkExprs(nodesOf(rule), ({ s, loc }) => void (s.k !== 'some' && loc !== null && places.push(loc)));
  }
  return places;
}

/** @param places - what there is, by file @param visited - what was reached, in any file */
export function coverageOf(places: ReadonlyMap<string, readonly Location[]>, visited: Iterable<Location>): Coverage {
  const reached = new Map<string, Map<string, Range>>([...places.keys()].map((file) => [file, new Map()]));
  for (const loc of visited) add(reached.get(loc.source.file), rangeOf(loc));
  const files: Record<string, FileCoverage> = {};
  const total = { covered: 0, missed: 0 };
  for (const [file, there] of [...places].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const covered = sorted(reached.get(file) as Map<string, Range>);
    const missing = new Map<string, Range>();
    for (const range of there.map(rangeOf)) if (!covered.some((outer) => contains(outer, range))) add(missing, range);
    const missed = sorted(missing);
    const [lines, missedLines] = [linesOf(covered), linesOf(missed)];
    total.covered += lines;
    total.missed += missedLines;
    const coverage = percent(lines, missedLines, 0);
    files[file] = {
      ...(lines > 0 ? { covered } : {}), ...(missedLines > 0 ? { not_covered: missed } : {}), ...(lines > 0 ? { covered_lines: lines } : {}),
      ...(missedLines > 0 ? { not_covered_lines: missedLines } : {}), ...(coverage > 0 ? { coverage } : {}),
    };
  }
  return { files, covered_lines: total.covered, not_covered_lines: total.missed, coverage: percent(total.covered, total.missed, 0) };
}

/** Rows from and to, those that touch joined. */
export function rowsOf(ranges: readonly Range[]): [number, number][] {
  const spans: [number, number][] = [];
  for (const { start, end } of ranges) {
    const last = spans.at(-1);
    if (last !== undefined && start.row <= last[1] + 1) last[1] = Math.max(last[1], end.row);
    else spans.push([start.row, end.row]);
  }
  return spans;
}

function percent(covered: number, missed: number, none: number): number {
  return covered + missed === 0 ? none : (100 * covered) / (covered + missed);
}

const linesOf = (ranges: readonly Range[]) => rowsOf(ranges).reduce((sum, [from, to]) => sum + to - from + 1, 0);

function rangeOf({ source, row, col, offset, end }: Location): Range {
  const lines = source.text.slice(offset, end).split('\n');
  const last = [...(lines.at(-1) as string)].length;
  return { start: { row, col }, end: { row: row + lines.length - 1, col: (lines.length === 1 ? col : 1) + last } };
}

function add(ranges: Map<string, Range> | undefined, range: Range): void {
  ranges?.set(`${range.start.row}:${range.start.col}-${range.end.row}:${range.end.col}`, range);
}

const before = (a: Position, b: Position) => a.row - b.row || a.col - b.col;
const sorted = (ranges: ReadonlyMap<string, Range>) => [...ranges.values()].sort((a, b) => before(a.start, b.start) || before(a.end, b.end));
const contains = (outer: Range, inner: Range) => before(outer.start, inner.start) <= 0 && before(outer.end, inner.end) >= 0;
