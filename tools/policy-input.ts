// node tools/policy-input.ts: writes spec/policy-input.schema.json from the shape that the gate enforces.
import { writeFileSync } from 'node:fs';
import { argv } from 'node:process';
import { fileURLToPath } from 'node:url';
import { inputSemantics, inputShape } from '../policy/gate/input-shape.ts';
import { schemaOf } from '../policy/gate/shape.ts';

const page = new URL('../spec/policy-input.schema.json', import.meta.url);

/** The whole of spec/policy-input.schema.json. */
export function formatSchema(): string {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    $id: `https://stella-ops.org/schemas/policy-input/${inputSemantics}`,
    title: 'The policy input of a gate',
    ...schemaOf(inputShape.shape),
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (argv[1] === fileURLToPath(import.meta.url)) writeFileSync(page, formatSchema());
