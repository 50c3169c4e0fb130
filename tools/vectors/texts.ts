// Makes test/vectors/base64.json and notes.json: `node tools/vectors/texts.ts`, with Go and Python on the PATH.
//
// Base64 is judged by Go and Python, both strict; notes by golang.org/x/mod/sumdb/note and by Rekor's own reader, which shares no parser
// with it, fetched by Go into a module of its own.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { encodeUtf8, formatBase64, formatHex } from '../../ledger/bytes.ts';
import { formatVkey } from '../../ledger/note/keys.ts';
import { signNote } from '../../ledger/note/note.ts';
import { ed25519Signer } from '../../ledger/note/signer.ts';

// 1. Base64: every length of the last group, every way to write it otherwise, and what lenient readers skip.
const base64: { name: string; text: string }[] = [];
for (const length of [0, 1, 2, 3, 4, 5, 32]) {
  base64.push({ name: `${length} bytes`, text: formatBase64(Uint8Array.from({ length }, (_, i) => (i * 37 + 251) % 256)) });
}
for (const text of ['AB==', 'AP==', 'AAB=', 'AAD=', '/w==', '/x==', '//8=', '//9=']) base64.push({ name: `last bits of ${text}`, text });
for (const text of ['AA', 'AA=', 'AA===', 'AAA', 'AAA==', 'A', 'A===', '=', '====', 'AA==AA==', 'AA=A', '=AAA', 'AAAA=', 'AAAA====']) {
  base64.push({ name: `padding of ${text}`, text });
}
for (const [name, text] of [
  ['a space before', ' AAAA'], ['a space after', 'AAAA '], ['a space inside', 'AA AA'], ['a tab', 'AA\tAA'],
  ['a no-break space', 'AA\u00a0AA'], ['a NUL', 'AA\0A'],
  ['the alphabet for URLs', 'AA-_'], ['a character outside', 'AA*A'], ['a letter of another script', 'AA\u0410A'],
  ['two texts', 'AAAA,AAAA'], ['a full stop', 'AAA.'],
] as const) base64.push({ name, text });
// Newlines are left out: Go skips them even where it is strict, and no text of ours can hold one.
const python = [
  'import base64, json, sys', 'def ok(t):', '  try: base64.binascii.a2b_base64(t.encode(), strict_mode=True); return True', '  except Exception: return False',
  'print(json.dumps([ok(t) for t in json.load(sys.stdin)]))',
].join('\n');
const asked = JSON.stringify(base64.map(({ text }) => text));
const pythonThinks = JSON.parse(spawnSync('python3', ['-c', python], { input: asked, encoding: 'utf8' }).stdout) as boolean[];

// 2. Notes, each for a reader who knows one key.
const name = 'log.example';
const log = ed25519Signer(name, new Uint8Array(32).fill(1));
const other = ed25519Signer(name, new Uint8Array(32).fill(2));
const good = await signNote('text\n', [log]);
const line = good.slice(good.indexOf('—'));
const strange = (await signNote('text\n', [ed25519Signer('strange.example', new Uint8Array(32).fill(3))])).split('\n\n')[1] as string;
const notes: { name: string; note: string; stricter?: string }[] = [];
const add = (about: string, note: string, stricter?: string) =>
  notes.push({ name: about, note: formatHex(encodeUtf8(note)), ...(stricter === undefined ? {} : { stricter }) });
add('good', good);
add('a text with a blank line', await signNote('one\n\ntwo\n', [log]));
add('a text that looks like a signature line', await signNote(`text\n${line}`, [log]));
add('a text that looks like a note', await signNote(`text\n\n${line}`, [log]));
add('an empty text', `\n${line}`);
add('only signature lines', line);
add('no signature line', 'text\n\n');
add('no blank line', `text\n${line}`);
add('another text', good.replace('text', 'Text'));
add('a text with a space at its end', good.replace('text', 'text '));
add('another key of the same name', await signNote('text\n', [other]));
add('both keys', await signNote('text\n', [other, log]));
add('a stranger before', `text\n\n${strange}${line}`);
add('a stranger after', `text\n\n${line}${strange}`);
add('a stranger alone', `text\n\n${strange}`);
add('the same line twice', `text\n\n${line}${line}`);
add('no newline at the end', good.slice(0, -1));
add('a blank line at the end', `${good}\n`);
add('a blank line between signature lines', `text\n\n${line}\n${strange}`);
add('a word after the signatures', `${good}word\n`);
add('a carriage return in the text', good.replace('text', 'te\rxt'));
add('carriage returns everywhere', good.replaceAll('\n', '\r\n'));
add('a tab in the text', good.replace('text', 'te\txt'));
add('a NUL in the text', good.replace('text', 'te\0xt'));
add('a delete character in the text, unsigned', good.replace('text', 'te\x7fxt'));
add('a hyphen for the dash', good.replace('—', '-'));
add('an en dash', good.replace('—', '–'));
add('no space after the dash', good.replace('— ', '—'));
add('two spaces after the dash', good.replace('— ', '—  '));
add('a space at the end of the line', `${good.slice(0, -1)} \n`);
add('a plus in the name', good.replace('log.example', 'log+example'));
add('a no-break space in the name', good.replace('log.example', 'log\u00a0example'));
add('no name', good.replace('log.example ', ''));
add('the name in upper case', good.replace('log.example', 'LOG.example'));
add('a signature of no bytes', `text\n\n— ${name} AAAAAA==\n`);
add('a signature of one byte by a stranger', `text\n\n— strange.example AAAAAAA=\n${line}`);
add('base64 without padding', good.replace('=\n', '\n'));
add('base64 for URLs by a stranger', `text\n\n— strange.example AAAA_-AA\n${line}`);
add('bits after the end, by a stranger', `text\n\n— strange.example AAAAAAB=\n${line}`, 'base64 has one form');
add('the key id changed', `text\n\n${line.replace(/example ./, (start) => `${start.slice(0, -1)}${start.endsWith('A') ? 'B' : 'A'}`)}`);
for (const count of [16, 64]) add(`${count} signature lines`, `text\n\n${strange.repeat(count - 1)}${line}`);
for (const count of [65, 100]) add(`${count} signature lines`, `text\n\n${strange.repeat(count - 1)}${line}`, 'at most 64 lines');
add('101 signature lines', `text\n\n${strange.repeat(100)}${line}`);
notes.push({ name: 'a byte that is no UTF-8', note: formatHex(encodeUtf8(good)).replace('74657874', '74ff7874') });

const folder = mkdtempSync(join(tmpdir(), 'stella-judge-'));
cpSync(fileURLToPath(new URL('judge-texts.go', import.meta.url)), join(folder, 'main.go'));
writeFileSync(join(folder, 'go.mod'), 'module judge\n\ngo 1.24\n\nrequire golang.org/x/mod v0.37.0\n\nrequire github.com/sigstore/rekor v1.5.3\n');
const hex = ({ text }: { text: string }) => formatHex(encodeUtf8(text));
const input = JSON.stringify({ vkey: formatVkey(log.key), key: formatHex(log.key.publicKey), base64: base64.map(hex), notes: notes.map(({ note }) => note) });
const judged = spawnSync('go', ['run', '-mod=mod', '.'], { cwd: folder, input, encoding: 'utf8' });
rmSync(folder, { recursive: true });
if (judged.status !== 0) throw new Error(judged.stderr);
const go = JSON.parse(judged.stdout) as { base64: boolean[]; notes: boolean[]; rekor: boolean[] };

write('base64.json', 'go: encoding/base64, Strict. python: binascii, strict_mode. holds: both', base64.map((one, i) => ({
  ...one, go: go.base64[i], python: pythonThinks[i], holds: go.base64[i] === true && pythonThinks[i] === true,
})));
const about = `go: golang.org/x/mod/sumdb/note opens it for a reader who knows ${formatVkey(log.key)}. rekor: sigstore/rekor pkg/util reads it,`
  + ' and every line of that key holds. stricter: why this project refuses it. looser: what rekor does not look at';
// Where the two differ, the reason is known; anything else is a finding.
const looser: Readonly<Record<string, string>> = {
  'two spaces after the dash': 'it scans for words', 'a space at the end of the line': 'it scans for words', '101 signature lines': 'it counts no lines',
};
for (const [i, { name: about }] of notes.entries()) {
  if (go.notes[i] !== go.rekor[i] && looser[about] === undefined) throw new Error(`the judges differ on "${about}": go ${go.notes[i]}, rekor ${go.rekor[i]}`);
}
write('notes.json', about, notes.map((one, i) => ({
  ...one, go: go.notes[i], rekor: go.rekor[i], ...(go.notes[i] === go.rekor[i] ? {} : { looser: looser[one.name] }),
})));

function write(file: string, note: string, cases: readonly object[]): void {
  const lines = cases.map((one) => ` ${JSON.stringify(one)}`).join(',\n');
  writeFileSync(new URL(`../../test/vectors/${file}`, import.meta.url), `{"note": ${JSON.stringify(note)}, "cases": [\n${lines}\n]}\n`);
  process.stdout.write(`${file}: ${cases.length} cases\n`);
}
