// stella log checkpoint: the newest signed head.
import { writeFileSync } from 'node:fs';
import { formatHex } from '../../ledger/bytes.ts';
import type { Command } from '../command.ts';
import { findPlace, openForReading } from '../place.ts';

export const command: Command = {
  usage: '[--out FILE]',
  takesWords: false,
  help: `Prints the newest checkpoint: a C2SP signed note with the origin, the size and the root. Keep one somewhere else: with it,
"stella log consistency --since FILE" shows later that nothing before it was changed.`,
  options: { out: { type: 'string', takes: 'FILE', help: 'write it to a file' } },
  examples: [['stella log checkpoint --out 2026-11.checkpoint', 'keep this month\'s head']],

  async run(call) {
    const { published } = await openForReading(findPlace(call));
    const file = call.value('out');
    if (file === undefined) call.out.bytes(new TextEncoder().encode(published.note));
    else {
      writeFileSync(file, published.note);
      call.out.say(`wrote the checkpoint of size ${published.size} to ${file}`);
    }
    call.out.answer({ size: published.size, root: formatHex(published.root), checkpoint: published.note });
    return 'yes';
  },
};
