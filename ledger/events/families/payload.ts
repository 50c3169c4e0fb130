// payload.*: what happens to payloads after they were recorded: erased, held, held no longer; and how long they are kept.
import { version } from '../family.ts';
import { payloadRole, streamName } from '../names.ts';
import { bytes, integer, map, oneOf, optional, set, sha256 } from '../schema.ts';
import { timeMs } from '../time.ts';

/** The streams of the entries concerned, repeated here so that they move, and a pack of any of them shows what happened. */
const streams = set(streamName, 1, 64);

export const payloadEvents = {
  // The secret of a sealed payload is destroyed. The bases are those of GDPR Article 17(1), and the ends of our own duties.
  'payload.erased': [
    version({
      data: map({
        entry: integer(),
        role: payloadRole,
        commitment: sha256,
        basis: oneOf('child', 'consent-withdrawn', 'court-order', 'not-needed', 'objected', 'obligation', 'retention-ended', 'unlawful'),
        streams,
      }),
      streams: ['{streams}'],
    }),
  ],
  // While a hold stands, no payload of these streams (or of that one entry) is erased or expires.
  'payload.hold_placed': [
    version({
      data: map({
        hold: bytes(16),
        basis: oneOf('audit', 'investigation', 'litigation', 'regulator'),
        entry: optional(integer()),
        until: optional(timeMs),
        streams,
      }),
      payloads: { justification: { count: 'optional', sealed: 'always' } },
      streams: ['{streams}'],
    }),
  ],
  'payload.hold_released': [
    version({ data: map({ hold: bytes(16), streams }), payloads: { justification: { count: 'optional', sealed: 'always' } }, streams: ['{streams}'] }),
  ],
  // How long sealed payloads are kept before they may go for no other reason than that nobody needs them; the newest counts.
  'payload.retention_set': [version({ data: map({ profile: oneOf('standard', 'ten-years') }), streams: ['ledger'] })],
} as const;
