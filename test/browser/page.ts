// What runs in the browser: the vectors that the page carries, and their answers as the page's text.
import { runVectors, type Vectors } from './run-vectors.ts';

declare const vectors: Vectors;
declare const document: { body: { textContent: string } };

void runVectors(vectors).then(
  (answers) => (document.body.textContent = `answers ${JSON.stringify(answers)}`),
  (error: unknown) => (document.body.textContent = `error ${error instanceof Error ? `${error.message} ${error.stack}` : String(error)}`),
);
