// What a ledger's directory says of itself.

export interface Place {
  readonly directory: string;
  readonly origin: string;
  /** The ledger's id, 32 hexadecimal digits. */
  readonly ledger: string;
  /** The anchor's file: apart from the directory, so that no backup of it takes the anchor along. */
  readonly anchor: string;
}
