// Arithmetic of the shell (POSIX.1-2017 XCU 2.6.4) on known numbers; whatever is not known or not understood has no value.

const TOKEN = /\s*(0[xX][0-9a-fA-F]+|\d+|[A-Za-z_]\w*|<<|>>|<=|>=|==|!=|&&|\|\||\*\*|\+\+|--|[-+*/%&|^]=|[-+*/%<>!~&|^?:()=,])/y;
const LEVELS: readonly (readonly string[])[] = [
  ['||'], ['&&'], ['|'], ['^'], ['&'], ['==', '!='], ['<', '<=', '>', '>='], ['<<', '>>'], ['+', '-'], ['*', '/', '%'],
];

/** @param valueOf - a variable's text; null where it is unknown @param assign - stores what an assignment computes */
export function evaluateArithmetic(text: string, valueOf: (name: string) => string | null, assign: (name: string, value: string) => void): bigint | null {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  for (let at = 0; text.slice(at).trim() !== ''; at = TOKEN.lastIndex) {
    TOKEN.lastIndex = at;
    const found = TOKEN.exec(text);
    if (found === null || tokens.length > 1000) return null;
    tokens.push(found[1] as string);
  }
  if (tokens.length === 0) return 0n;
  const reader = new Reader(tokens, valueOf, assign);
  try {
    const value = reader.expression();
    return reader.done ? BigInt.asIntN(64, value) : null;
  } catch (error) {
    if (error instanceof Unknown || error instanceof RangeError) return null;
    throw error;
  }
}

class Unknown extends Error {
  override readonly name = 'Unknown';
}

class Reader {
  readonly #tokens: readonly string[];
  readonly #valueOf: (name: string) => string | null;
  readonly #assign: (name: string, value: string) => void;
  #at = 0;

  constructor(tokens: readonly string[], valueOf: (name: string) => string | null, assign: (name: string, value: string) => void) {
    this.#tokens = tokens;
    this.#valueOf = valueOf;
    this.#assign = assign;
  }

  get done(): boolean {
    return this.#at === this.#tokens.length;
  }

  #take(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  expression(): bigint {
    const name = this.#tokens[this.#at] ?? '';
    const operator = this.#tokens[this.#at + 1] ?? '';
    if (/^[A-Za-z_]/.test(name) && /^[-+*/%&|^]?=$/.test(operator)) {
      this.#at += 2;
      const right = this.expression();
      const value = operator === '=' ? right : apply(operator.slice(0, -1), this.#variable(name), right);
      this.#assign(name, String(value));
      return value;
    }
    const test = this.#level(0);
    if (this.#tokens[this.#at] !== '?') return test;
    this.#at += 1;
    const yes = this.expression();
    if (this.#take() !== ':') throw new Unknown();
    const no = this.expression();
    return test === 0n ? no : yes;
  }

  #level(level: number): bigint {
    const operators = LEVELS[level];
    if (operators === undefined) return this.#unary();
    let left = this.#level(level + 1);
    while (operators.includes(this.#tokens[this.#at] ?? '')) left = apply(this.#take(), left, this.#level(level + 1));
    return left;
  }

  #unary(): bigint {
    const token = this.#take();
    if (token === '++' || token === '--') {
      const name = this.#take();
      const value = this.#variable(name) + (token === '++' ? 1n : -1n);
      this.#assign(name, String(value));
      return value;
    }
    if (token === '-') return -this.#unary();
    if (token === '+') return this.#unary();
    if (token === '!') return this.#unary() === 0n ? 1n : 0n;
    if (token === '~') return ~this.#unary();
    if (token === '(') {
      const inner = this.expression();
      if (this.#take() !== ')') throw new Unknown();
      return inner;
    }
    if (/^\d/.test(token)) return /^0\d/.test(token) ? BigInt(`0o${token.slice(1)}`) : BigInt(token);
    if (!/^[A-Za-z_]/.test(token)) throw new Unknown();
    const value = this.#variable(token);
    const after = this.#tokens[this.#at];
    if (after === '++' || after === '--') {
      this.#at += 1;
      this.#assign(token, String(value + (after === '++' ? 1n : -1n)));
    }
    return value;
  }

  #variable(name: string): bigint {
    const text = this.#valueOf(name);
    if (text === '') return 0n;
    if (text === null || !/^\s*-?(?:[1-9]\d{0,18}|0)\s*$/.test(text)) throw new Unknown();
    return BigInt(text.trim());
  }
}

function apply(operator: string, a: bigint, b: bigint): bigint {
  const truth = (value: boolean) => (value ? 1n : 0n);
  switch (operator) {
    case '+': return a + b;
    case '-': return a - b;
    case '*': return BigInt.asIntN(64, a * b);
    case '/': return a / b;
    case '%': return a % b;
    case '<<': return BigInt.asIntN(64, a << (b & 63n));
    case '>>': return a >> (b & 63n);
    case '&': return a & b;
    case '|': return a | b;
    case '^': return a ^ b;
    case '&&': return truth(a !== 0n && b !== 0n);
    case '||': return truth(a !== 0n || b !== 0n);
    case '==': return truth(a === b);
    case '!=': return truth(a !== b);
    case '<': return truth(a < b);
    case '<=': return truth(a <= b);
    case '>': return truth(a > b);
    case '>=': return truth(a >= b);
    default: throw new Unknown();
  }
}
