// "Did you mean": names near a mistyped one, as OPA orders and joins them.

/** `"a"`, `"a" or "b"`, `"a", "b", or "c"`; five at most. */
export function orList(items: readonly string[], quote = '"'): string {
  const quoted = items.slice(0, 5).map((item) => quote + item + quote);
  if (quoted.length === 2) return quoted.join(' or ');
  return quoted.map((item, i) => (i === 0 ? item : `${i === quoted.length - 1 ? ', or ' : ', '}${item}`)).join('');
}

/** ` Did you mean "b" or "c"?`, or nothing where no name is near. */
export function suggestion(typed: string, names: readonly string[], prefix = 'Did you mean', quote = '"'): string {
  const near = nearNames(typed, names);
  return near.length === 0 ? '' : ` ${prefix} ${orList(near, quote)}?`;
}

/** The nearest first. */
export function nearNames(typed: string, names: readonly string[]): string[] {
  const most = Math.floor(new TextEncoder().encode(typed).length * 0.4) + 1;
  const measured = names.map((name) => ({ name, distance: distance(typed, name) })).filter((near) => near.distance <= most);
  return measured.sort((a, b) => a.distance - b.distance).map(({ name }) => name);
}

/** Edits from one text to the other; a change of case alone is one. */
function distance(typed: string, name: string): number {
  if (typed === name) return 0;
  const [a, b] = [[...typed.toLowerCase()], [...name.toLowerCase()]];
  if (a.join('') === b.join('')) return 1;
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (const [i, c] of a.entries()) {
    const next = [i + 1];
    for (const [j, d] of b.entries()) {
      next.push(Math.min((row[j + 1] as number) + 1, (next[j] as number) + 1, (row[j] as number) + (c === d ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] as number;
}
