// What a verifier answers: a value, never an exception. Each room that verifies has its own closed list of codes.

export type Verdict<Code extends string> = { readonly ok: true } | No<Code>;

export interface No<Code extends string> {
  readonly ok: false;
  readonly code: Code;
  /** One sentence for a person, without a full stop; programs read the code. */
  readonly message: string;
}

export const yes: { readonly ok: true } = Object.freeze({ ok: true });

export function no<Code extends string>(code: Code, message: string): No<Code> {
  return { ok: false, code, message };
}
