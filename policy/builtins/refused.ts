// Functions whose answers come from the network, the process or chance: known by name and type, and never run.
import { type Builtin, BuiltinError } from './builtin.ts';

const refused = (name: string, type: string): Builtin => ({
  name,
  type,
  mark: 'refused',
  run: () => {
    throw new BuiltinError(`${name} cannot be replayed and is never run`);
  },
});

export const refusals: readonly Builtin[] = [
  refused('http.send', '(object[string: any]) => object[any: any]'),
  refused('io.jwt.encode_sign', '(object[string: any], object[string: any], object[string: any]) => string'),
  refused('io.jwt.encode_sign_raw', '(string, string, string) => string'),
  refused('net.lookup_ip_addr', '(string) => set[string]'),
  refused('opa.runtime', '() => object[string: any]'),
  refused('rand.intn', '(string, number) => number'),
  refused('uuid.rfc4122', '(string) => string'),
];
