// Values of policies inside a command's JSON answer, their numbers with the text they have.
import { formatJson, isArray, RegoObject, RegoSet, type Value } from '../policy/index.ts';

/** What `JSON.stringify` writes as `formatJson` would: a number beyond a double keeps its digits. */
export function jsonOf(value: Value): unknown {
  if (value === null || typeof value !== 'object') return value;
  if (isArray(value)) return value.map(jsonOf);
  if (value instanceof RegoSet) return value.sorted.map(jsonOf);
  if (value instanceof RegoObject) {
    return Object.fromEntries([...value].map(([key, member]) => [typeof key === 'string' ? key : formatJson(key), jsonOf(member)]));
  }
  return rawJson(formatJson(value));
}

/** `JSON.rawJSON` (ECMAScript's proposal, in every Node we run on), which the compiler's library does not list yet. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}
