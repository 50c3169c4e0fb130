// What a function of one operand answered, so that it is computed once for each operand in an evaluation.
//
// Tables of ten thousand operands, made anew for each function and evaluation, took longer than the functions: they grow, and what
// they grow out of is garbage. So an answer is kept with the operand itself, or for a text in a table that stays from one
// evaluation to the next, marked with whose it is.
import { charge } from '../meter.ts';
import { Num } from '../number.ts';
import { emptySlot, type Slot } from '../slot.ts';
import { RegoObject, RegoSet, type Value } from '../value.ts';

/** Known to be undefined; no policy's value is this one. */
export const UNDEFINED = Symbol('undefined');
export type Answer = Value | typeof UNDEFINED;

/** Of an answer: its slot, or its place in a table. */
const ANSWER_CELLS = 6;

/** Longer texts are not kept from one evaluation to the next. */
const textMax = 128;
/** With more texts than this a table begins anew with the next evaluation. */
const textsMax = 32_768;

/** One function's texts, for a policy's lifetime. */
export class Texts {
  readonly #slots = new Map<string, Slot>();
  #evaluation: object | null = null;

  /** Before anything of an evaluation is remembered, and only then, old texts may be forgotten. */
  begin(evaluation: object): void {
    if (this.#evaluation === evaluation) return;
    this.#evaluation = evaluation;
    if (this.#slots.size > textsMax) this.#slots.clear();
  }

  /** After an evaluation: what a large one remembers must not stand beside what the next one makes. */
  end(): void {
    if (this.#slots.size > textsMax) this.#slots.clear();
  }

  slot(text: string): Slot {
    let slot = this.#slots.get(text);
    if (slot === undefined) this.#slots.set(text, (slot = emptySlot()));
    return slot;
  }
}

/** One function's answers in one scope of one evaluation. Each stands in its operand's slot, or in a table where that is another's. */
export class Memo {
  readonly #evaluation: object;
  readonly #texts: Texts;
  readonly #others = new Map<Value, Answer>();

  constructor(evaluation: object, texts: Texts) {
    this.#evaluation = evaluation;
    this.#texts = texts;
    texts.begin(evaluation);
  }

  /** @param slot - the operand's */
  find(operand: Value, slot: Slot | null): Answer | undefined {
    if (slot !== null && slot.by === this) return slot.answer as Answer;
    return this.#others.size === 0 ? undefined : this.#others.get(operand);
  }

  /** @param slot - the operand's */
  keep(operand: Value, slot: Slot | null, answer: Answer): void {
    charge(ANSWER_CELLS);
    // What is large is not kept beyond the evaluation.
    if (slot === null || typeof answer === 'string' || (typeof answer === 'object' && answer !== null)) {
      this.#others.set(operand, answer);
      return;
    }
    const { by } = slot;
    // Another function's, or another scope's, that may be asked for again.
    if (by instanceof Memo && by !== this && by.#evaluation === this.#evaluation) by.#others.set(operand, slot.answer as Answer);
    slot.by = this;
    slot.answer = answer;
  }

  /** When the evaluation is over: slots still name this, and must hold nothing but their own answers. */
  forget(): void {
    this.#others.clear();
    this.#texts.end();
  }

  /** Where an answer about an operand may stand; null where it stands in a table. */
  slotOf(operand: Value): Slot | null {
    if (typeof operand === 'string') return operand.length > textMax ? null : this.#texts.slot(operand);
    return operand instanceof Num || operand instanceof RegoObject || operand instanceof RegoSet ? operand.slot : null;
  }
}
