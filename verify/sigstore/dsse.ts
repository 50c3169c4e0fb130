// DSSE envelopes: their shape, the bytes that are signed, and verification with managed keys (DSSE v1.0.2, protocol.md).
import { type Fields } from './fields.ts';

export { preAuthEncoding } from '../pae.ts';

export interface Envelope {
  /** The bytes that were signed, decoded once: consume these, never the received text again. */
  readonly payload: Uint8Array;
  /** Case-sensitive, and signed with the payload. */
  readonly payloadType: string;
  readonly signatures: readonly EnvelopeSignature[];
}

export interface EnvelopeSignature {
  /** Unauthenticated: at most a hint where to look first, never a reason to trust. */
  readonly keyid: string;
  readonly signature: Uint8Array;
  /** A certificate in PEM that some signers put beside the signature; no part of DSSE. */
  readonly certificate: string | null;
}

/** Reads an envelope's members; how each fault is refused is the fields' matter. Unknown members are ignored, as DSSE demands. */
export function envelopeOf(envelope: Fields): Envelope {
  return {
    payload: envelope.bytes('payload'),
    payloadType: envelope.text('payloadType'),
    signatures: envelope.objects('signatures').map((signature) => ({
      keyid: signature.optionalText('keyid') ?? '',
      signature: signature.bytes('sig'),
      certificate: signature.optionalText('cert'),
    })),
  };
}
