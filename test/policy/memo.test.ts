// Functions are computed once for each operand in a scope, wherever their answers are kept: steps tell, and so do answers.
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compile, formatJson, parseJson, SEMANTICS } from '../../policy/index.ts';

const clock = 0n;
const head = 'package p\n\nimport rego.v1\n\n';
const policy = (rules: string) => compile([{ file: 'a.rego', text: head + rules }]);
const ask = (rules: string, input: string) => {
  const { value, stats, error } = policy(rules).evaluate('data.p.a', { input: parseJson(input), data: parseJson('{}'), clock });
  expect(error).toBe(null);
  return { answer: formatJson(value), steps: stats.steps };
};

// Each function is dear enough for one more call of it to show.
const functions = `dear(x) := count([y | some y in numbers.range(1, 40); y != x])
isText(x) if { count(numbers.range(1, 40)) == 40; is_string(x) }
isObject(x) if { count(numbers.range(1, 40)) == 40; is_object(x) }
twice(x) := [x, dear(x), isText(x)] if isText(x)
`;

describe('a function of one operand', () => {
  const operands = ['"a"', '""', `"${'x'.repeat(128)}"`, `"${'x'.repeat(129)}"`, '1', '1.50', '1e3', 'true', 'null', '{"k": [1]}', '[1, 2]', '{}', '[]'];
  test.each(operands)('answers %s once', (operand) => {
    for (const name of ['dear', 'isText', 'isObject', 'twice']) {
      // The operand comes out of the loop, so that each round asks.
      const body = `some i in input.rounds; x := list[i]; v := {y | y := ${name}(x)}`;
      const rules = `${functions}list := [input.x, input.x, input.x]\na contains [i, v] if { ${body} }`;
      const again = (rounds: string) => ask(rules, `{"x": ${operand}, "rounds": ${rounds}}`);
      const [one, two, three] = [again('[0]'), again('[0, 1]'), again('[0, 1, 2]')];
      // What a further round takes is the same each time, and less than a call.
      expect(three.steps - two.steps).toBeLessThan(20);
      expect(three.steps - two.steps).toBe(two.steps - one.steps);
    }
  });

  test('is asked by several functions of the same operand, in turns, without any being asked twice', () => {
    const body = 'some i in input.rounds; x := xs[i]; y := ys[i]; isText(x); isObject(y); not isObject(x); not isText(y); dear(x) == 40; dear(y) == 40';
    const rules = `${functions}xs := [input.x, input.x, input.x]\nys := [input.y, input.y, input.y]\na := [i | ${body}]\n`;
    const ran = (rounds: string) => ask(rules, `{"x": "text", "y": {"k": 1}, "rounds": ${rounds}}`);
    const [one, two, three] = [ran('[0]'), ran('[0, 1]'), ran('[0, 1, 2]')];
    expect(three.answer).toBe('[0,1,2]');
    expect(three.steps - two.steps).toBe(two.steps - one.steps);
    expect(three.steps - two.steps).toBeLessThan(40);
  });

  test('answers anew where `with` gives it another world, and as before outside', () => {
    const rules = `big(x) if x > input.limit
inner contains x if { some x in input.xs; big(x) with input.limit as 0 }
a := [[x, outside, inside, after] |
	some x in input.xs
	outside := {1 | big(x)}
	inside := {1 | big(x) with input.limit as 0}
	after := {1 | big(x)}
]
`;
    expect(ask(rules, '{"xs": [1.5, 7, 2.5], "limit": 2}').answer).toBe('[[1.5,[],[1],[]],[7,[1],[1],[1]],[2.5,[1],[1],[1]]]');
    const named = `long(x) if count(x) > input.limit
a := [[{1 | long(x)}, {1 | long(x) with input.limit as 0}, {1 | long(x)}] | some x in input.xs]
`;
    expect(ask(named, '{"xs": ["a", "bbb", "a"], "limit": 2}').answer).toBe('[[[],[1],[]],[[1],[1],[1]],[[],[1],[]]]');
  });

  test('answers of one evaluation are none of the next, in steps and in what they say', () => {
    const compiled = policy(`${functions}over(x) if { dear(x) > 0; count(x) > input.limit }\na contains x if { some x in input.xs; over(x); isText(x) }\n`);
    const xs = Array.from({ length: 50 }, (_, i) => `text ${i % 30}${'.'.repeat(i % 7)}`);
    const at = (limit: number) => {
      const { value, stats } = compiled.evaluate('data.p.a', { input: parseJson(JSON.stringify({ xs, limit })), clock });
      return { value: formatJson(value), steps: stats.steps };
    };
    const [high, low] = [at(1_000), at(0)];
    expect(high.value).toBe('[]');
    expect(JSON.parse(low.value)).toEqual([...new Set(xs)].sort());
    fc.assert(fc.property(fc.array(fc.boolean(), { maxLength: 6 }), (order) => {
      for (const isHigh of order) expect(at(isHigh ? 1_000 : 0)).toEqual(isHigh ? high : low);
    }), { numRuns: 20 });
  });

  test('answers more texts than are kept, each evaluation alike', () => {
    const compiled = policy('ends(x) if endswith(x, "7")\na := count([x | some x in input.xs; ends(x)])\n');
    const all = Array.from({ length: 3 }, (_, k) => ({ xs: Array.from({ length: 20_000 }, (__, i) => `${k} ${i}`) }));
    const steps = new Set<number>();
    for (const input of [...all, ...all]) {
      const { value, stats } = compiled.evaluate('data.p.a', { input: parseJson(JSON.stringify(input)), clock });
      expect(formatJson(value)).toBe('2000');
      steps.add(stats.steps);
    }
    expect(steps.size).toBe(1);
  });
});

describe('a short function', () => {
  const named = {
    text: 'f(x) if { is_string(x); x != "" }',
    branches: 'f(x) := "a" if startswith(x, "a")\nelse := "z" if endswith(x, "z")\nelse := "else"',
    two: 'f(x) if x == "a"\nf(x) if { x > "m"; x <= "z" }',
    default: 'default f(_) := false\nf(x) if is_null(x)',
  };
  const others = {
    calls: 'g(x) if is_string(x)\nf(x) if g(x)', long: 'f(x) if { is_string(x); x != "1"; x != "2"; x != "3"; x != "4" }', value: 'f(x) := [x] if is_string(x)',
    read: 'f(x) if x == input.operands[0]', unknown: 'f(x) if contains(x, "a")', mocked: 'f(x) if is_string(x) with input as 1',
    lists: 'f(x) if { some y in ["a"]; x == y }', not: 'f(x) if not x == "a"',
  };
  const operands = '["a", "a", "az", "z", "", "n", "a", null, 1, 1.5, ["a"], {"a": 1}, true]';
  const asked = (rules: string, semantics: number, rounds: number) => {
    const text = `${head}${rules}\na := [[i, v] | some i in input.rounds; some x in input.operands; v := f(x)]`;
    const compiled = compile([{ file: 'a.rego', text }], { semantics });
    const input = parseJson(`{"operands": ${operands}, "rounds": ${JSON.stringify(Array.from({ length: rounds }, (_, i) => i))}}`);
    const { value, stats, error } = compiled.evaluate('data.p.a', { input, clock });
    expect(error).toBe(null);
    return { answer: formatJson(value), steps: stats.steps };
  };

  test.each(Object.entries({ ...named, ...others }))('%s answers the same under each semantics', (_, rules) => {
    for (const rounds of [1, 3]) expect(asked(rules, SEMANTICS, rounds).answer).toBe(asked(rules, 1, rounds).answer);
  });

  test.each(Object.entries(named))('%s takes the steps of each time a text is asked about since semantics 2, and of the first one before', (_, rules) => {
    const [once, twice, thrice] = [1, 2, 3].map((rounds) => asked(rules, SEMANTICS, rounds).steps) as [number, number, number];
    expect(thrice - twice).toBe(twice - once);
    const [before, then] = [1, 2].map((rounds) => asked(rules, 1, rounds).steps) as [number, number];
    // Seven texts are asked about.
    expect(twice - once).toBeGreaterThanOrEqual(then - before + 7);
  });

  test.each(Object.entries(others).filter(([name]) => name !== 'calls'))('what is none is remembered under each: %s', (_, rules) => {
    expect(asked(rules, SEMANTICS, 3)).toEqual(asked(rules, 1, 3));
  });

  test('is another where `with` puts something in the place of its tests', () => {
    const rules = `${named.text}
a := [[x, {1 | f(x)}, {1 | f(x) with is_string as false}, {1 | f(x)}] | some x in ["a", "", "a"]]`;
    expect(ask(rules, 'null').answer).toBe('[["a",[1],[],[1]],["",[],[],[]],["a",[1],[],[1]]]');
  });
});
