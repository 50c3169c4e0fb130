// The one call of Rekor v1 that cosign makes to sign in its older formats: an entry is recorded, promised and proven. Loopback only.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { encodeUtf8, formatBase64, formatHex, parseBase64 } from '../../../ledger/bytes.ts';
import { encodeJcs, type JcsValue } from '../../../ledger/jcs.ts';
import { leafHash } from '../../../ledger/merkle/index.ts';
import { p256Signer, signCheckpoint } from '../../../ledger/note/index.ts';
import { formatTrustedRoot, pemOfSpki, signPromise } from '../../../verify/sigstore/index.ts';
import { digestOf } from '../../../verify/sigstore/keys.ts';

const origin = 'rekor.example.test';
const signer = p256Signer(origin, new Uint8Array(32).fill(5));
const logId = digestOf('sha256', signer.key.publicKey);

export const rekorPublicKey = pemOfSpki(signer.key.publicKey);
export const rekorTrustedRoot = formatTrustedRoot(origin, [{ publicKey: signer.key.publicKey, from: Date.UTC(2026, 0, 1) }]);

/** Each entry is the only one of a tree of its own: what is asked about is the form, not the tree. */
export async function serveRekorV1(): Promise<Server> {
  const server = createServer((request, response) => {
    void answer(request).then(
      ([uuid, entry]) => response.writeHead(201, { 'content-type': 'application/json', etag: uuid, location: `/api/v1/log/entries/${uuid}` }).end(entry),
      (error: unknown) => response.writeHead(400).end(JSON.stringify({ code: 400, message: String(error) })),
    );
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}

async function answer(request: IncomingMessage): Promise<[uuid: string, json: string]> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  const body = bodyOf(JSON.parse(text) as Proposed);
  const leaf = leafHash(body);
  const integratedTime = Math.floor(Date.now() / 1000);
  const { signature } = await signPromise({ logId, index: 0, body }, integratedTime, (message) => signer.sign(message));
  const checkpoint = await signCheckpoint({ origin: `${origin} - 1`, size: 1, root: leaf, extensions: [] }, [signer]);
  const uuid = `0000000000000001${formatHex(leaf)}`;
  const inclusionProof = { checkpoint, hashes: [], logIndex: 0, rootHash: formatHex(leaf), treeSize: 1 };
  const verification = { inclusionProof, signedEntryTimestamp: formatBase64(signature) };
  return [uuid, JSON.stringify({ [uuid]: { body: formatBase64(body), integratedTime, logID: formatHex(logId), logIndex: 0, verification } })];
}

type Proposed = {
  readonly kind: string;
  readonly apiVersion: string;
  readonly spec: { readonly [key: string]: JcsValue } & { readonly proposedContent?: Content };
};
type Content = { readonly envelope: string; readonly verifiers: readonly string[] };

/** Rekor keeps a hashed record as it was proposed, and of an envelope digests, signatures and keys. */
function bodyOf(proposed: Proposed): Uint8Array {
  const content = proposed.spec.proposedContent;
  if (content === undefined) return encodeJcs(proposed as never);
  const { payload, signatures } = JSON.parse(content.envelope) as { payload: string; signatures: { sig: string }[] };
  const hashed = (bytes: Uint8Array) => ({ algorithm: 'sha256', value: formatHex(digestOf('sha256', bytes)) });
  const signed = signatures.map(({ sig }, i) => ({ signature: sig, verifier: content.verifiers[i] as string }));
  const spec = { envelopeHash: hashed(encodeUtf8(content.envelope)), payloadHash: hashed(parseBase64(payload)), signatures: signed };
  return encodeJcs({ apiVersion: proposed.apiVersion, kind: proposed.kind, spec });
}
