// Functions that the compiler or the evaluator answers itself: they are declared here so that calls of them are checked.
import { formatTerm } from '../rego/term.ts';
import { RegoSet, type Value } from '../rego/value.ts';
import { asArray, type Builtin, OperandError } from './builtin.ts';

function never(): never {
  throw new TypeError('answered by the evaluator');
}

/** Each part is a value, or a set of at most one: none is `<undefined>`. */
function templateString(parts: readonly Value[]): string {
  return parts.map((part) => {
    const value = part instanceof RegoSet ? part.sorted : [part];
    if (value.length > 1) throw new OperandError(1, 'template-strings must not produce multiple outputs');
    const [only] = value;
    return only === undefined ? '<undefined>' : typeof only === 'string' ? only : formatTerm(only);
  }).join('');
}

export const core: readonly Builtin[] = [
  { name: 'internal.print', type: '(array[set[any]]) => none', run: never },
  { name: 'internal.template_string', type: '(array[any]) => string', run: (_, parts: Value) => templateString(asArray(parts, 1)) },
  { name: 'internal.test_case', type: '(array[any]) => none', run: () => true },
  { name: 'print', type: '(any...) => none', run: never },
  { name: 'rego.metadata.chain', type: '() => array[any]', run: never },
  { name: 'rego.metadata.rule', type: '() => any', run: never },
  { name: 'trace', type: '(string) => boolean', run: () => true },
  { name: 'walk', type: '(any) => array<array[any], any>', run: never },
];
