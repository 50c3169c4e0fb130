// Ed25519 keys as SubjectPublicKeyInfo: twelve bytes that say what it is, then the key's 32.
import { parseHex } from './bytes.ts';

/** What stands before the 32 bytes of the key (RFC 8410 §4). */
export const ed25519Spki = parseHex('302a300506032b6570032100');
