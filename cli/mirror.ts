// Entries from a server of tiles: every bundle once, in order.
import { decodeBundle, formatBundlePath, tileWidth } from '../ledger/merkle/index.ts';
import { LedgerError } from '../ledger/errors.ts';
import type { EntrySource } from '../ledger/log/recover.ts';

const waitMs = 30_000;

/** @param base - where `/tile/…` is served */
export function mirrorOf(base: string): EntrySource {
  return {
    async *entries(start, end) {
      for (let index = Math.floor(start / tileWidth); index * tileWidth < end; index++) {
        const width = Math.min(tileWidth, end - index * tileWidth);
        const bundle = (await fetchBundle(base, index, width)) ?? (width < tileWidth ? await fetchBundle(base, index, tileWidth) : null);
        if (bundle === null) return;
        for (const [i, entry] of decodeBundle(bundle.bytes, bundle.width).entries()) {
          const at = index * tileWidth + i;
          if (at >= start && at < end) yield entry;
        }
      }
    },
  };
}

async function fetchBundle(base: string, index: number, width: number): Promise<{ bytes: Uint8Array; width: number } | null> {
  const address = `${base.replace(/\/$/, '')}/${formatBundlePath({ index, width })}`;
  const answer = await fetch(address, { signal: AbortSignal.timeout(waitMs), redirect: 'error' }).catch((cause: unknown) => {
    throw new LedgerError('RECOVER_INCOMPLETE', `Cannot read "${address}": no answer`, { hint: 'check the address', cause });
  });
  if (answer.status === 404) return null;
  if (!answer.ok) throw new LedgerError('RECOVER_INCOMPLETE', `Cannot read "${address}": ${answer.status}`, { hint: 'try again, or another mirror' });
  return { bytes: new Uint8Array(await answer.arrayBuffer()), width };
}
