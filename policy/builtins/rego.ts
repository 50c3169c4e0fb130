// Rego read by Rego: a module's syntax tree as a document.
import { PolicyErrors } from '../rego/errors.ts';
import { moduleJson } from '../rego/module-json.ts';
import { parseModule } from '../rego/parser.ts';
import type { Value } from '../rego/value.ts';
import { asString, type Builtin, BuiltinError, type Context } from './builtin.ts';

export const rego: readonly Builtin[] = [
  {
    name: 'rego.parse_module',
    type: '(string, string) => object[string: any]',
    run: (context: Context, file: Value, text: Value) => {
      const [name, source] = [asString(file, 1), asString(text, 2)];
      // A token takes about as long as ten steps, and its JSON about a hundred bytes.
      context.spend(source.length * 4);
      context.spendBytes(source.length * 32);
      try {
        return moduleJson(parseModule(name, source, 1, false));
      } catch (cause) {
        if (!(cause instanceof PolicyErrors)) throw cause;
        const lines = cause.errors.map(({ code, message, location }) => `${name}:${location?.row ?? 0}: ${code}: ${message}`);
        const many = lines.length === 1 ? '1 error occurred: ' : `${lines.length} errors occurred:\n`;
        throw new BuiltinError((cause.errors[0]?.message === 'empty module' ? '' : many) + lines.join('\n'));
      }
    },
  },
];
