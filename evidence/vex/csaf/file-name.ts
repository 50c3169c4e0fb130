// The name of a CSAF document's file.

/** The file name that CSAF 2.0 §5.1 gives a document: its tracking id in lower case, everything else an underscore. */
export function csafFileName(trackingId: string): string {
  return `${trackingId.toLowerCase().replace(/[^+\-a-z0-9]+/g, '_')}.json`;
}
