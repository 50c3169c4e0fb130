// The bytes that a DSSE signature is over (DSSE v1.0.2, protocol.md).
import { concatBytes, encodeUtf8 } from '../ledger/bytes.ts';

/**
 * `DSSEv1 <length> <type> <length> <payload>`, lengths in bytes.
 *
 * @see DSSE protocol.md, "Signature Definition"
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = encodeUtf8(payloadType);
  return concatBytes(encodeUtf8(`DSSEv1 ${type.length} `), type, encodeUtf8(` ${payload.length} `), payload);
}
