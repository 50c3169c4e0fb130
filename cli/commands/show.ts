// stella show: one entry, decoded.
import { decodeEnvelope, kindOf } from '../../ledger/events/index.ts';
import { formatBase64, formatHex } from '../../ledger/bytes.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { leafHash } from '../../ledger/merkle/index.ts';
import { UsageError, type Command } from '../command.ts';
import { plain, printPlain } from '../plain.ts';
import { findPlace, openForReading } from '../place.ts';
import { parseCount } from '../numbers.ts';

export const command: Command = {
  usage: 'INDEX [--bytes]',
  help: 'Shows the entry at an index: what it says, and its leaf hash. An event of a later version is shown as far as it can be read.',
  options: { bytes: { type: 'boolean', help: 'the exact stored bytes, on standard output' } },
  examples: [
    ['stella show 7', 'what entry 7 says'],
    ['stella show 7 --bytes | sha256sum', 'its bytes, for another program'],
  ],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one index');
    const index = parseCount(text, 'an index');
    const log = await openForReading(findPlace(call));
    const entry = await log.entry(index);
    const leaf = formatHex(leafHash(entry));
    if (call.flag('bytes')) call.out.bytes(entry);
    else {
      const kind = (await log.readControl()).genesis.kinds.includes('raw') && index > 0 ? null : kindOf(entry);
      call.out.say(`entry ${index} of ${log.published.size}  ${entry.length} bytes  leaf ${leaf}`);
      if (kind === 'event') showEvent(entry, call.out.say, call.out.answer);
      else if (kind === 'rekor') call.out.say(new TextDecoder().decode(entry));
      else call.out.say(`${formatHex(entry.subarray(0, 64))}${entry.length > 64 ? '…' : ''}`);
    }
    call.out.answer({ index, size: log.published.size, leaf, bytes: formatBase64(entry) });
    return 'yes';
  },
};

function showEvent(entry: Uint8Array, say: (line: string) => void, answer: (members: Record<string, unknown>) => void): void {
  try {
    const envelope = plain(decodeEnvelope(entry));
    for (const line of printPlain(envelope)) say(line);
    answer({ event: envelope });
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    say(`${error.code}: ${error.message}`);
    answer({ error: { code: error.code, message: error.message } });
  }
}
