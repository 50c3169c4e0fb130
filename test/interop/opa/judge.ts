// OPA asked: whole batches by `opa check` and `opa eval`, single modules and queries by its HTTP server on loopback.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatJson, isArray, RegoObject, RegoSet, type Value } from '../../../policy/index.ts';
import { jsonEntries, quoteJson } from '../../../policy/rego/json.ts';
import { freePort, start } from '../programs.ts';

/** Code, message, row and column of each error. */
export type Errors = readonly (readonly [string, string, number, number])[];

export interface OpaServer {
  /** What is wrong with modules, or null when they compile; they are loaded until the next call. */
  load(modules: readonly string[]): Promise<Errors | null>;
  put(path: string, json: string): Promise<boolean>;
  /** The body of `POST /v1/query`. */
  query(query: string, input: string | null): Promise<string>;
  stop(): Promise<void>;
}

interface ErrorJson {
  readonly code?: string;
  readonly message?: string;
  readonly location?: { readonly row?: number; readonly col?: number };
}

export const errorsOf = (errors: readonly ErrorJson[]): Errors =>
  errors.map(({ code, message, location }) => [code ?? '', message ?? '', location?.row ?? 0, location?.col ?? 0] as const);

export async function startOpa(opa: string, scratch: string, flags: readonly string[] = []): Promise<OpaServer> {
  const port = await freePort();
  const args = ['run', '--server', '--addr', `127.0.0.1:${port}`, '--log-level', 'error', '--disable-telemetry', ...flags];
  const server = await start(opa, args, port, { cwd: scratch });
  const url = `http://127.0.0.1:${port}/v1/`;
  const send = async (method: string, path: string, body?: string) => {
    const response = await fetch(url + path, { method, ...(body === undefined ? {} : { body }) });
    return { ok: response.ok, text: await response.text() };
  };
  const loaded: string[] = [];
  return {
    async load(modules) {
      // The last loaded first: nothing left may call what is taken away.
      for (const name of loaded.splice(0).toReversed()) await send('DELETE', name);
      let waiting = [...modules.entries()];
      for (;;) {
        const before = waiting.length;
        let refused: ErrorJson[] = [];
        const again: typeof waiting = [];
        for (const [i, text] of waiting) {
          const path = `policies/m${i}.rego`;
          const { ok, text: answer } = await send('PUT', path, text);
          if (ok) loaded.push(path);
          else {
            again.push([i, text]);
            refused = (JSON.parse(answer) as { errors?: ErrorJson[] }).errors ?? [{ message: answer }];
          }
        }
        waiting = again;
        if (waiting.length === 0) return null;
        // A module that calls another's functions waits for it; when none came in, they are wrong.
        if (waiting.length === before) return errorsOf(refused);
      }
    },
    put: async (path, json) => (await send('PUT', path, json)).ok,
    query: async (query, input) => (await send('POST', 'query', `{"query": ${JSON.stringify(query)}${input === null ? '' : `, "input": ${input}`}}`)).text,
    stop: () => server.stop(),
  };
}

/** What `opa eval -f json` prints for the value of a query that is one reference. */
export function evalOutput(query: string, value: Value): string {
  const at = ' '.repeat(10);
  const location = `{\n${at}  "row": 1,\n${at}  "col": 1\n${at}}`;
  const members = [`"value": ${indented(value, at)}`, `"text": ${quoteJson(query, true)}`, `"location": ${location}`];
  const expression = `        {\n${members.map((member) => at + member).join(',\n')}\n        }`;
  return `{\n  "result": [\n    {\n      "expressions": [\n${expression}\n      ]\n    }\n  ]\n}\n`;
}

/** JSON as Go's encoder indents it, by two spaces. */
export function indented(value: Value, at: string): string {
  const inner = `${at}  `;
  if (value instanceof RegoSet) return indented(value.sorted, at);
  if (isArray(value)) return value.length === 0 ? '[]' : `[\n${value.map((member) => inner + indented(member, inner)).join(',\n')}\n${at}]`;
  if (!(value instanceof RegoObject)) return formatJson(value, true);
  const members = jsonEntries(value).map(([key, member]) => `${inner}${quoteJson(key, true)}: ${indented(member, inner)}`);
  return members.length === 0 ? '{}' : `{\n${members.join(',\n')}\n${at}}`;
}

/** Modules in a folder of their own, each in a file named after it. */
export function writeModules(folder: string, modules: ReadonlyMap<string, string>): void {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, text] of modules) writeFileSync(join(folder, `${name}.rego`), text);
}
