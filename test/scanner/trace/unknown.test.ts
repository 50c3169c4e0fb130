// What a trace does not know, it says: every reason, bounds, and one document for one image.
import { describe, expect, test } from 'vitest';
import { encodeTrace } from '../../../scanner/trace/trace.ts';
import type { Member } from '../image/make.ts';
import { base, debian, imageTrace } from './image.ts';
import { program, script, trace } from './make.ts';

describe('what is not known', () => {
  const members = (text: string): Member[] => [...debian({ ...base, other: ['usr/bin/other'] }), program('usr/bin/other'),
    script('run.sh', `#!/bin/sh\n${text}\n`)];
  test.each([
    ['a command from the environment', '$RUNNER x', 'environment'],
    ['a command that is computed', '$(cat /nowhere) x', 'command_computed'],
    ['a program that is not there', 'nothing-here', 'program_absent'],
    ['a sourced file that is not there', '. /run/made', 'file_absent'],
    ['a file that the script writes', 'echo x > /run/made; /run/made', 'file_written'],
    ['text that is evaluated', 'eval "$(cat /nowhere)"', 'evaluated_text'],
    ['a script that is none', 'if then', 'shell_syntax'],
    ['an alias', 'alias a=other', 'alias'],
    ['a language', 'lua /x.lua', 'language_not_followed'],
    ['a shell without a script', 'exec sh', 'interactive'],
  ])('%s', async (_, text, reason) => {
    const { packages, document } = await imageTrace([[...members(text), program('usr/bin/lua')]], { Entrypoint: ['/run.sh'] });
    expect(packages.other).toBe(reason);
    expect(document.ends[0]).toMatchObject({ reason, file: expect.stringMatching(/run\.sh|lua|dash/) });
  });

  test('a bomb of functions and a loop without end are bounded', async () => {
    const bomb = 'a() { b; b; }\nb() { c; c; }\nc() { a; a; other; }\na\nwhile :; do other "$i"; i="$i.x"; done';
    const { packages, reasons } = await imageTrace([members(bomb)], { Entrypoint: ['/run.sh'] });
    expect(packages).toMatchObject({ bash: 'limit' });
    expect(reasons.length).toBeGreaterThan(0);
  });

  test('no entry point, and one that is text', async () => {
    expect((await imageTrace([members('')], {})).packages.other).toBe('no_entry_point');
    expect((await imageTrace([members('')], { Cmd: ['/bin/sh', '-c', 'other && exec /run.sh'] })).packages).toMatchObject({ other: 'reached',
      bash: 'not_reached' });
  });
});

test('one image gives one document', () => {
  const members: Member[] = [...debian({ ...base, other: ['usr/bin/other'] }), program('usr/bin/other'),
    script('run.sh', '#!/bin/sh\nif [ "$A" ]; then other; else mkdir x; fi\n')];
  const [a, b] = [members, members.toReversed()].map((list) => encodeTrace(trace(list, { Entrypoint: ['/run.sh'] })));
  expect(a).toEqual(b);
});
