// Users of an image by name or number, from its `passwd` and `group` (passwd(5), group(5)).
import type { TraceFiles } from './files.ts';
import type { User } from './shell/host.ts';

/** @param text - `name`, `uid`, each with an optional `:group`; empty means root */
export function userOf(files: TraceFiles, text: string): User {
  const [name = '', group] = text.split(':', 2);
  const rows = linesOf(files, 'etc/passwd');
  const wanted = name === '' ? '0' : name;
  const row = rows.find((fields) => (/^\d+$/.test(wanted) ? fields[2] === wanted : fields[0] === wanted));
  const uid = row === undefined ? (/^\d+$/.test(wanted) ? Number(wanted) : wanted === 'root' ? 0 : null) : Number(row[2]);
  const own = row === undefined ? (uid === 0 ? 0 : null) : Number(row[3]);
  const gid = group === undefined ? own : /^\d+$/.test(group) ? Number(group) : (numberOf(linesOf(files, 'etc/group').find(([known]) => known === group)?.[2]));
  return { uid, gid, name: row?.[0] ?? (uid === 0 ? 'root' : null), home: row?.[5] ?? (uid === 0 ? '/root' : null) };
}

function linesOf(files: TraceFiles, path: string): string[][] {
  return (files.text(path) ?? '').split('\n').map((line) => line.split(':'));
}

function numberOf(text: string | undefined): number | null {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : null;
}
