// Base64 as DSSE asks verifiers to read it: either alphabet, with or without padding, nothing but that.

/** @returns null when the text is base64 in neither alphabet (RFC 4648 §4 and §5) */
export function decodeEitherBase64(text: string): Uint8Array | null {
  const standard = text.replaceAll('-', '+').replaceAll('_', '/').replace(/={1,2}$/, '');
  if (!/^[A-Za-z0-9+/]*$/.test(standard) || standard.length % 4 === 1) return null;
  return Uint8Array.from(atob(standard), (character) => character.charCodeAt(0));
}

/** The first certificates of a PEM text as DER. */
export function certificatesOfPem(pem: string): Uint8Array[] {
  return [...pem.matchAll(/-----BEGIN CERTIFICATE-----([^-]+)-----END CERTIFICATE-----/g)]
    .map((match) => decodeEitherBase64((match[1] as string).replace(/\s+/g, '')))
    .filter((der) => der !== null);
}
