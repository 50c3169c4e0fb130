// A thread that answers calls in order: the one place where work is handed to another thread.
import { parentPort, Worker } from 'node:worker_threads';
import { LedgerError, type Code } from '../errors.ts';

/** What crosses: plain data, and the byte arrays whose memory is handed over with it. */
interface Call {
  readonly name: string;
  readonly given: unknown;
}

type Answer = { readonly value: unknown } | { readonly refusal: { code: Code; message: string; hint: string | null } } | { readonly bug: unknown };

export interface Thread {
  /** It ended by itself: every call is refused from here on. */
  readonly isDead: boolean;
  /** Calls are answered in the order in which they are made. @param moved - memory that belongs to the thread from now on */
  call(name: string, given: unknown, moved?: readonly ArrayBuffer[]): Promise<unknown>;
  close(): Promise<void>;
}

/** @param file - the thread's module; it must call `answerCalls` */
export function startThread(file: URL): Thread {
  // A small nursery: what a large document leaves in it is most of what reading one takes beyond the document itself.
  const worker = new Worker(file, { resourceLimits: { maxYoungGenerationSizeMb: 32 } });
  const waiting: { resolve: (value: unknown) => void; reject: (error: unknown) => void }[] = [];
  let dead: unknown = null;
  worker.on('message', (answer: Answer) => {
    const call = waiting.shift();
    if (waiting.length === 0) worker.unref();
    if ('value' in answer) call?.resolve(answer.value);
    else if ('bug' in answer) call?.reject(answer.bug);
    else call?.reject(new LedgerError(answer.refusal.code, answer.refusal.message, answer.refusal.hint === null ? {} : { hint: answer.refusal.hint }));
  });
  const die = (why: unknown) => {
    dead = why;
    for (const { reject } of waiting.splice(0)) reject(why);
  };
  worker.on('error', die);
  worker.on('exit', (code) => die(new LedgerError('STORE_FAILED', `Cannot go on: the thread that works on it ended with ${code}`)));
  worker.unref();
  return {
    get isDead() {
      return dead !== null;
    },
    call: (name, given, moved = []) =>
      new Promise((resolve, reject) => {
        if (dead !== null) return reject(dead);
        waiting.push({ resolve, reject });
        // The process lives as long as an answer is awaited, and no longer.
        worker.ref();
        worker.postMessage({ name, given } satisfies Call, [...moved]);
      }),
    close: async () => void (await worker.terminate()),
  };
}

/** Answers the calls of `startThread`, one after another. Call it once, in the thread's module. */
export function answerCalls(calls: Readonly<Record<string, (given: never) => Promise<unknown>>>): void {
  if (parentPort === null) throw new TypeError('not a thread');
  const port = parentPort;
  let last: Promise<void> = Promise.resolve();
  port.on('message', ({ name, given }: Call) => {
    last = last.then(async () => {
      const answered = await answer(calls, name, given);
      port.postMessage(answered, movable(answered));
    });
  });
}

const movedBytesMin = 1 << 16;

/** Large byte arrays in an answer are handed over, not copied: the thread gives them away. */
function movable(answered: Answer): ArrayBuffer[] {
  const value = 'value' in answered ? answered.value : null;
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap((part) =>
    (part instanceof Uint8Array && part.length >= movedBytesMin && part.length === part.buffer.byteLength && part.buffer instanceof ArrayBuffer
      ? [part.buffer]
      : []));
}

async function answer(calls: Readonly<Record<string, (given: never) => Promise<unknown>>>, name: string, given: unknown): Promise<Answer> {
  try {
    return { value: await calls[name]?.(given as never) };
  } catch (error) {
    if (!(error instanceof LedgerError)) return { bug: error };
    return { refusal: { code: error.code, message: error.message, hint: error.hint } };
  }
}
