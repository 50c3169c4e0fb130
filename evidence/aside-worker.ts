// The worker of `readAside`: one document in, its summary out.
import { parentPort, workerData } from 'node:worker_threads';
import { type Hints, readDocument } from './index.ts';

const { bytes, hints } = workerData as { bytes: Uint8Array; hints: Hints };
const { format, version, verdict, deviations, facts, refusal } = await readDocument(bytes, hints);
parentPort?.postMessage({ format, version, verdict, deviations, facts, refusal }, facts === null ? [] : [facts.buffer as ArrayBuffer]);
