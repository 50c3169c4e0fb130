// The official schemas, compiled beforehand and loaded when a document of theirs first comes in.
import { clip } from '../../ledger/errors.ts';
import type { Json } from '../../ledger/json.ts';
import type { Deviation } from '../document.ts';

/** What a compiled schema answers: false leaves its first complaint in `errors`. */
export interface Validate {
  (value: unknown): boolean;
  errors?: { instancePath: string; keyword: string; message?: string; params: Record<string, unknown> }[] | null;
}

const LOADERS = {
  'cyclonedx-1.2': () => import('./cyclonedx-1.2.generated.js'),
  'cyclonedx-1.3': () => import('./cyclonedx-1.3.generated.js'),
  'cyclonedx-1.4': () => import('./cyclonedx-1.4.generated.js'),
  'cyclonedx-1.5': () => import('./cyclonedx-1.5.generated.js'),
  'cyclonedx-1.6': () => import('./cyclonedx-1.6.generated.js'),
  'cyclonedx-1.7': () => import('./cyclonedx-1.7.generated.js'),
  'spdx-2.3': () => import('./spdx-2.3.generated.js'),
  'spdx-3.0.1': () => import('./spdx-3.0.1.generated.js'),
  'openvex-0.2.0': () => import('./openvex-0.2.0.generated.js'),
  'csaf-2.0': () => import('./csaf-2.0.generated.js'),
  'sarif-2.1.0': () => import('./sarif-2.1.0.generated.js'),
  'oscal-1.1.3': () => import('./oscal-1.1.3.generated.js'),
} as const;

export type SchemaName = keyof typeof LOADERS;

/**
 * Checks a document against an official schema.
 *
 * @returns the first place where it does not hold, null where it holds
 */
export async function violationOf(schema: SchemaName, value: Json): Promise<Deviation | null> {
  const { default: validate } = await LOADERS[schema]();
  if (validate(value)) return null;
  // Where alternatives failed, their own complaints come first; the deepest one is the nearest to what was meant.
  const errors = validate.errors ?? [];
  const worst = errors.reduce((deepest, error) => (depth(error.instancePath) > depth(deepest.instancePath) ? error : deepest), errors[0]!);
  const found = valueAt(value, worst.instancePath);
  const shown = typeof found === 'object' ? '' : `, found ${clip(JSON.stringify(typeof found === 'bigint' ? String(found) : found))}`;
  const extra = typeof worst.params['additionalProperty'] === 'string' ? ` ("${clip(worst.params['additionalProperty'])}")` : '';
  const allowed = Array.isArray(worst.params['allowedValues']) ? `: ${clip(worst.params['allowedValues'].join(', '))}` : '';
  return { code: 'SCHEMA_VIOLATED', pointer: worst.instancePath, message: `${worst.message ?? worst.keyword}${extra}${allowed}${shown}` };
}

function depth(pointer: string): number {
  return pointer.split('/').length;
}

function valueAt(value: Json, pointer: string): Json | undefined {
  let here: Json | undefined = value;
  for (const part of pointer.split('/').slice(1)) {
    if (typeof here !== 'object' || here === null) return undefined;
    here = (here as Record<string, Json>)[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }
  return here;
}
