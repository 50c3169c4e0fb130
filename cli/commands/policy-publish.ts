// stella policy publish: what the gate decides by from here on.
import { publishPolicy } from '../../actions/publish-policy.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { PolicyErrors } from '../../policy/index.ts';
import { UsageError, type Command } from '../command.ts';
import { payloadsOf } from '../evidence.ts';
import { parseName } from '../names.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, localActor, openForWriting, pepperOf } from '../place.ts';
import { readPolicies, V0, withoutTests } from '../policies.ts';

export const command: Command = {
  usage: '--name NAME [--entrypoint REF]… [--with-tests] [--v0] [--expect VERSION] [--key TEXT] PATH…',
  help: `Puts a policy on record whole, modules and data, when it compiles; a gate asks the one that was published last under its name.
Files named …_test.rego are left out unless asked for. Publishing an earlier one again is another event, and the way back.`,
  options: {
    name: { type: 'string', takes: 'NAME', help: 'lower case: gate, team/release' },
    entrypoint: { type: 'string', multiple: true, takes: 'REF', help: 'what may be asked, such as data.gate.allow (else what METADATA marks)' },
    'with-tests': { type: 'boolean', help: 'files named …_test.rego too' },
    ...V0,
    expect: { type: 'string', takes: 'VERSION', help: 'refuse unless this is the version there is now; 0: none yet' },
    key: { type: 'string', takes: 'TEXT', help: 'an idempotency key: sent again, it is not published again' },
  },
  examples: [
    ['stella policy publish --name gate policies/', 'from here on'],
    ['stella policy publish --name gate --entrypoint data.main.deny --expect 3 bundle.tar.gz', 'if nobody published meanwhile'],
  ],

  async run(call) {
    const name = call.value('name');
    if (name === undefined) throw new UsageError('name the policy with --name');
    parseName(name, 'a policy');
    const whole = readPolicies(call, call.positionals, false);
    const { bundle, left } = call.flag('with-tests') ? { bundle: whole, left: 0 } : withoutTests(whole);
    const [expected, key] = [call.value('expect'), call.value('key')];
    const place = findPlace(call);
    const log = await openForWriting(call, place);
    try {
      const publishing = {
        name, bundle, entrypoints: call.values('entrypoint'),
        ...(expected === undefined ? {} : { expected: parseCount(expected, 'a version') }), ...(key === undefined ? {} : { key }),
      };
      const { index, repeated, digests, version, warnings } = await publishPolicy(
        { log, ...payloadsOf(call, place), pepper: pepperOf(call, place) }, publishing, localActor(call, place),
      );
      call.out.say(`${repeated ? 'known' : 'published'}  entry ${index}  policy ${name}, version ${version}  ${digests.bundle}`);
      if (left > 0) call.out.say(`           ${left} ${left === 1 ? 'file' : 'files'} of tests left out`);
      for (const { message, location } of warnings) call.out.warn(`${location?.source.file}:${location?.row}: ${message}`);
      call.out.answer({ index, repeated, name, version, digests, size: log.published.size });
    } catch (error) {
      if (!(error instanceof LedgerError && error.cause instanceof PolicyErrors)) throw error;
      // Every error first, then the refusal with its code.
      for (const line of error.cause.message.split('\n')) call.out.say(line);
      throw error;
    } finally {
      await log.close();
    }
    return 'yes';
  },
};
