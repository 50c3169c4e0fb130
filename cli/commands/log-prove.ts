// stella log prove: a receipt that verifies anywhere.
import { writeFileSync } from 'node:fs';
import { encodeUtf8 } from '../../ledger/bytes.ts';
import { formatTlogProof, parseCheckpoint } from '../../ledger/note/index.ts';
import { formatReceipt } from '../../verify/index.ts';
import { UsageError, type Command } from '../command.ts';
import { parseCount } from '../numbers.ts';
import { findPlace, openForReading } from '../place.ts';
import { receiptOf } from '../receipt.ts';

export const command: Command = {
  usage: 'INDEX [--out FILE] [--tlog-proof]',
  help: `Makes a receipt: the entry, its inclusion proof and the signed checkpoint. It verifies with no network and no account
(stella verify). With --tlog-proof it is a C2SP .tlog-proof, which other tools read and which does not hold the entry itself.`,
  options: {
    out: { type: 'string', takes: 'FILE', help: 'write it to a file' },
    'tlog-proof': { type: 'boolean', help: 'as a C2SP .tlog-proof' },
  },
  examples: [
    ['stella log prove 7 --out receipt.json', 'a receipt for entry 7'],
    ['stella log prove 7 --tlog-proof --out entry-7.tlog-proof', 'for a tool that speaks C2SP'],
  ],

  async run(call) {
    const [text, ...others] = call.positionals;
    if (text === undefined || others.length > 0) throw new UsageError('name one index');
    const index = parseCount(text, 'an index');
    const receipt = await receiptOf(await openForReading(findPlace(call)), index);
    const { proof, checkpoint } = receipt;
    const printed = call.flag('tlog-proof')
      ? formatTlogProof({ extra: null, index, proof, checkpoint: parseCheckpoint(checkpoint) })
      : formatReceipt(receipt);
    const file = call.value('out');
    if (file === undefined) call.out.bytes(encodeUtf8(printed));
    else {
      writeFileSync(file, printed);
      call.out.say(`wrote the receipt of entry ${index} in the tree of ${receipt.size} to ${file}`);
    }
    const form = call.flag('tlog-proof') ? { tlogProof: printed } : { receipt: JSON.parse(printed) as unknown };
    call.out.answer({ index, size: receipt.size, ...form });
    return 'yes';
  },
};
