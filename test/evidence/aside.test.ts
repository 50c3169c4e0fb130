// Reading in a worker answers what reading in place answers, and leaves the event loop free meanwhile.
import { expect, test } from 'vitest';
import { asideBytesMin, readAside } from '../../evidence/aside.ts';
import { readDocument } from '../../evidence/index.ts';
import { encodeUtf8 } from '../../ledger/bytes.ts';

const bom = (more: object) => encodeUtf8(JSON.stringify({ bomFormat: 'CycloneDX', specVersion: '1.6', version: 1, ...more }));
const components = Array.from({ length: 8000 }, (_, i) => ({ type: 'library', name: `component ${i}`, description: 'x'.repeat(100) }));

test.each([
  ['small', bom({ components: components.slice(0, 3) })],
  ['large', bom({ components })],
  ['large and invalid', bom({ components, version: 0 })],
  ['large and refused', encodeUtf8(`{"a":"${'x'.repeat(asideBytesMin)}"`)],
])('%s', async (_, bytes) => {
  const { view: _view, ...expected } = await readDocument(bytes);
  let turns = 0;
  const turning = setInterval(() => {
    turns += 1;
  }, 1);
  const summary = await readAside(bytes);
  clearInterval(turning);
  expect(summary).toEqual(expected);
  if (bytes.length >= asideBytesMin) expect(turns).toBeGreaterThan(2);
}, 60_000);
