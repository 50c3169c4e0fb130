// What usage lines say, against what commands take: an option that no line names is one that nobody finds.
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../cli/commands.ts';

/** `--name ARGUMENT` as usage lines write them. */
const named = /--([a-z0-9-]+)(?: ([^\s\])|…]+(?:\|[^\s\])|…]+)*))?/g;

describe.each(COMMANDS.map(({ words, load }) => ({ words, load })))('stella $words', ({ load }) => {
  test('its usage line names each option as it is, or says that there are more', async () => {
    const { usage, options } = await load();
    const shown = new Map([...usage.matchAll(named)].map(([, name, argument]) => [name as string, argument]));
    expect([...shown.keys()].filter((name) => !(name in options))).toEqual([]);
    if (!usage.includes('[OPTIONS]')) expect(Object.keys(options).filter((name) => !shown.has(name))).toEqual([]);
    for (const [name, argument] of shown) {
      // A short list of words says more than what they are called.
      if (!/^[a-z-]+(?:\|[a-z-]+)+$/.test(argument ?? '')) expect([name, argument]).toEqual([name, options[name]?.takes]);
    }
  });

  test('a command whose usage line has only options takes no words', async () => {
    const { usage, takesWords } = await load();
    const words = usage.replace(named, '').replace('[OPTIONS]', '').replace(/[[\]()|…\s]/g, '');
    expect([words, takesWords]).toEqual([words, words === '' ? false : undefined]);
  });

  test('an option that takes something says what, and one that takes nothing does not', async () => {
    const { options } = await load();
    for (const [name, { type, takes }] of Object.entries(options)) expect([name, takes === undefined]).toEqual([name, type === 'boolean']);
  });

  test('what may be given several times has a … behind it, and nothing else has', async () => {
    const { usage, options } = await load();
    for (const [name, { multiple }] of Object.entries(options)) {
      if (!new RegExp(`--${name}(?![a-z0-9-])`).test(usage)) continue;
      // Behind it, or behind the brackets or the group that it stands in.
      expect([name, new RegExp(`--${name} [^\\s\\])…]+(?:\\]?…|[^)]*\\)…)`).test(usage)]).toEqual([name, multiple === true]);
    }
  });
});
