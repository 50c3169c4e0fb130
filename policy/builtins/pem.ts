// PEM blocks (RFC 7468) as Go's encoding/pem finds them.
import { decodeBase64, encodeBase64 } from './encoding.ts';

export interface PemBlock {
  readonly type: string;
  readonly der: Uint8Array;
  /** What follows the block's last line. */
  readonly rest: string;
}

const BLOCK = /(?:^|\n)-----BEGIN ([^\n]*?)-----[ \t\r]*\n(?:[^\n:]+:[^\n]*\n)*([A-Za-z0-9+/=\s]*?)-----END \1-----[ \t\r]*(?:\n|$)/;

/** The first block in a text. Headers are passed over. */
export function readPem(text: string): PemBlock | null {
  const found = BLOCK.exec(text);
  if (found === null) return null;
  const base64 = (found[2] as string).replaceAll(/\s/g, '');
  if (base64.length % 4 !== 0) return null;
  return { type: found[1] as string, der: decodeBase64(base64), rest: text.slice(found.index + found[0].length) };
}

export function writePem(type: string, der: Uint8Array): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return [`-----BEGIN ${type}-----`, ...lines, `-----END ${type}-----`, ''].join('\n');
}

/** Every block in a text. */
export function readPems(text: string): PemBlock[] {
  const blocks: PemBlock[] = [];
  for (let block = readPem(text); block !== null; block = readPem(block.rest)) blocks.push(block);
  return blocks;
}
