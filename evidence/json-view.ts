// Looking into parsed JSON that a stranger wrote: each question answers with a value of the asked kind, or with nothing.
import { isJsonObject, type Json, type JsonObject } from '../ledger/json.ts';

/** A member by name, own members only. */
export function at(value: Json | undefined, ...path: readonly string[]): Json | undefined {
  let here = value;
  for (const key of path) {
    if (!isJsonObject(here)) return undefined;
    here = here[key];
    // No reader asks for a name that objects inherit: those are functions, which no parsed value is.
    if (typeof here === 'function') return undefined;
  }
  return here;
}

export function textAt(value: Json | undefined, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : undefined;
}

/** The items of a list; none where there is no list. */
export function listAt(value: Json | undefined, ...path: readonly string[]): readonly Json[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found : [];
}

export function objectsAt(value: Json | undefined, ...path: readonly string[]): readonly JsonObject[] {
  return listAt(value, ...path).filter((item) => isJsonObject(item));
}

export function textsAt(value: Json | undefined, ...path: readonly string[]): readonly string[] {
  return listAt(value, ...path).filter((item) => typeof item === 'string');
}

/** Copies a parsed value, so that a view can be mended without touching what was parsed. */
export function copyJson<Value extends Json>(value: Value): Value {
  return structuredClone(value);
}

/** The JSON pointer of a member below another (RFC 6901). */
export function below(pointer: string, ...parts: readonly (string | number)[]): string {
  return [pointer, ...parts.map((part) => String(part).replaceAll('~', '~0').replaceAll('/', '~1'))].join('/');
}
