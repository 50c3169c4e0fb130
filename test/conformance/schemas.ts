// Differential: the compiled schemas against typebox over every JSON document of the corpora; each difference is a disagreement.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Compile } from 'typebox/schema';
import { at, textAt } from '../../evidence/json-view.ts';
import { type SchemaName, violationOf } from '../../evidence/schemas/index.ts';
import { LedgerError } from '../../ledger/errors.ts';
import { type Json, parseJsonText } from '../../ledger/json.ts';
import { decodeText } from '../../ledger/text.ts';
import { schemasOf } from '../../tools/schemas.ts';
import type { Outcome, Suite } from './suite.ts';

/** Which schema a document of a folder asks for. */
const SCHEMAS: Readonly<Record<string, (json: Json) => SchemaName | null>> = {
  cyclonedx: ofCyclonedx,
  'cyclonedx-vex': ofCyclonedx,
  'spdx-2.3': () => 'spdx-2.3',
  'spdx-3.0.1': () => 'spdx-3.0.1',
  openvex: () => 'openvex-0.2.0',
  csaf: () => 'csaf-2.0',
  sarif: () => 'sarif-2.1.0',
  oscal: () => 'oscal-1.1.3',
};

function ofCyclonedx(json: Json): SchemaName | null {
  const version = textAt(json, 'specVersion') ?? '';
  return /^1\.[2-7]$/.test(version) ? (`cyclonedx-${version}` as SchemaName) : null;
}

export const schemas: Suite = {
  argument: 'schemas',
  needs: ['formats'],
  async *outcomes(corpora: string): AsyncIterable<Outcome> {
    for (const [folder, schemaOf] of Object.entries(SCHEMAS)) {
      const base = join(corpora, 'formats', folder);
      for (const file of readdirSync(base, { recursive: true, encoding: 'utf8' }).sort()) {
        if (!/\.(?:json|sarif|jsonld|cdx)$/.test(file)) continue;
        const json = parsed(new Uint8Array(readFileSync(join(base, file))));
        const name = json === undefined ? null : schemaOf(json);
        const suite = `schemas/${folder}`;
        if (json === undefined || name === null) yield { suite, id: file, is: 'skipped', reason: 'no JSON of a version with a schema' };
        else yield { suite, id: file, ...(await compare(name, json)) };
      }
    }
  },
};

async function compare(name: SchemaName, json: Json): Promise<{ is: 'agreed' } | { is: 'disagreed'; expected: string; got: string }> {
  const violation = await violationOf(name, json);
  const theirs = validatorOf(name).Check(json);
  if ((violation === null) === theirs) return { is: 'agreed' };
  const got = violation === null ? 'valid' : `${violation.pointer} ${violation.message}`;
  return { is: 'disagreed', expected: `typebox: ${theirs ? 'valid' : 'invalid'}`, got };
}

const validators = new Map<string, { Check(value: unknown): boolean }>();

function validatorOf(name: SchemaName): { Check(value: unknown): boolean } {
  const known = validators.get(name);
  if (known !== undefined) return known;
  const { schema, refers } = schemasOf(name);
  const context = Object.fromEntries(refers.map((one) => [String(at(one as Json, '$id')), one]));
  const made = Compile(context, schema);
  validators.set(name, made);
  return made;
}

function parsed(bytes: Uint8Array): Json | undefined {
  try {
    return parseJsonText(decodeText(bytes).text, { onInexact: () => {} });
  } catch (error) {
    if (error instanceof LedgerError) return undefined;
    throw error;
  }
}
