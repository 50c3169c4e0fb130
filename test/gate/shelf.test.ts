// What is kept of payloads that were read: each is made once while there is room, and the oldest go first.
import { expect, test } from 'vitest';
import { ContentShelf } from '../../policy/gate/shelf.ts';

test('contents are made once, and the ones not asked for longest are made again', () => {
  const shelf = new ContentShelf(30);
  const made: string[] = [];
  const take = (name: string) => shelf.take(name, new Uint8Array(10), () => {
    made.push(name);
    return { name };
  });
  const first = take('a');
  for (const name of ['b', 'c', 'a']) take(name);
  expect(take('a')).toBe(first);
  expect(made).toEqual(['a', 'b', 'c']);
  take('d');
  expect(take('a')).toBe(first);
  expect(made).toEqual(['a', 'b', 'c', 'd']);
  take('b');
  expect(made).toEqual(['a', 'b', 'c', 'd', 'b']);
});

test('what is larger than all room is made each time', () => {
  const shelf = new ContentShelf(5);
  expect(shelf.take('a', new Uint8Array(10), () => ({}))).not.toBe(shelf.take('a', new Uint8Array(10), () => ({})));
});

test('what cannot be made leaves nothing behind', () => {
  const shelf = new ContentShelf();
  expect(() => shelf.take('a', new Uint8Array(1), () => {
    throw new RangeError('no');
  })).toThrow(RangeError);
  expect(shelf.take('a', new Uint8Array(1), () => 'made')).toBe('made');
});
