// Names and texts of strangers in lines for people: none of them moves the cursor, sets a title, turns the direction of reading or begins a line.

/** Lines as they may be shown: line feeds and tabs stay. */
export function visible(text: string): string {
  return text.replace(/[\p{Cc}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu, (character) => (character === '\n' || character === '\t' ? character : '·'));
}

/** One line: what a stranger called something is never a line of its own, which could say YES. */
export function oneLine(text: string): string {
  return visible(text).replaceAll('\n', '·');
}
