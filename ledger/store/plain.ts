// Node's byte arrays as plain ones: a Buffer's `slice` is a view, and whoever counts on a copy would share memory.

export function plainBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
