// Modules that OPA refuses, ten and more of each kind, and near misses that it takes; tools/policy/static.ts records its answers.

export interface StaticCase {
  readonly kind: string;
  readonly version: 0 | 1;
  readonly strict: boolean;
  readonly modules: readonly string[];
}

/** Places an expression can stand in; a body, a head, a branch and a comprehension report from different stages. */
const CONTEXTS: readonly ((e: string) => string)[] = [
  (e) => `package a\n\np if {\n\t${e}\n}\n`,
  (e) => `package a.b\n\n# two rules of one name\np := 1 if {\n\tinput.x == 1\n}\n\np := 2 if {\n\tinput.x == 2\n\t${e}\n}\n`,
  (e) => `package a\n\nf(a0) := 1 if {\n    a0 > 0\n    ${e}\n}\n`,
  (e) => `package a\n\np contains v0 if {\n\tsome v0 in input.xs\n\t${e}\n}\n`,
  (e) => `package a\n\np := [1 |\n\t${e.replaceAll('\n', '\n\t')}\n]\n`,
  (e) => `package a\n\np if {\n\tc0 := {1 | ${e.replaceAll('\n', '; ')}}\n\tcount(c0) > 0\n}\n`,
  (e) => `package a\n\np if {\n\tevery e0 in [1, 2] {\n\t\te0 > 0\n\t\t${e}\n\t}\n}\n`,
  (e) => `package a\n\np := 1 if {\n\tinput.x\n} else := 2 if {\n\t${e}\n} else := 3\n`,
  (e) => `package a\n\np[k0] := 1 if {\n\tk0 := "a"\n\t${e}\n}\n`,
  (e) => `package a\n\nimport rego.v1\n\ndefault p := false\n\np if { input.y; ${e.replaceAll('\n', '; ')} }\n\nq if p\n`,
  (e) => `package é.ß\n\np if { "é" == "é"; ${e.replaceAll('\n', '; ')} }\n`,
];

/** Expressions by the kind of error they hold. */
const EXPRESSIONS: Readonly<Record<string, readonly string[]>> = {
  'unsafe variable': ['x > 1', 'y', 'not z', 'count(xs) == 1', 'a[1] == b', 'x = y', '[x, 1] == input.a', 'x := x1 + 1\nx > 1'],
  'undefined function': ['foo(1)', 'strings.nope("a")', 'data.a.nothing(2)', 'input.f(1) == 1'],
  'arity of a built-in': ['count(1, 2, 3)', 'upper()', 'x := concat(",")\nx', 'startswith("a")'],
  'operand of a built-in': ['count(1) == 1', 'upper(1) == "A"', '1 + "a" == 2', 'sum("x") == 1', 'startswith("a", 2)', 'x := [1, 2]\nlower(x) == "a"'],
  'match': ['1 == "a"', 'x := 1\nx == "b"', '[1] == {1}', 'true = 1', '1 in {"a"}'],
  'undefined ref': ['x := {"a": 1}\nx.b == 1', 'x := [1]\nx.a == 1', 'x := "a"\nx.b', 'x := {1}\nx.a'],
  'redeclared': ['x := 1\nx := 2\nx == 1', 'x = 1\nx := 2', 'some x\nsome x\nx = 1', 'input.a[y]\ny := 1'],
  'assignment target': ['1 := 2', '"a" := input.x', '{1} := input.x', 'count(input.x) := 1', 'not x := 1'],
  'unused declaration': ['some x', 'some x, y\nx = 1', 'some i\ninput.xs[_] == 1'],
  'with target': [
    'true with foo as 1', 'input.x with input as y0', 'count([1]) with internal.print as 1', 'true with eq as 1', 'walk(1, x) with walk as 1\nx',
  ],
  'void call': ['x := print(1)\nx', 'count(print(1)) == 1', '[print("a")][0]'],
  'shadowed function': ['count := 1\ncount([1]) == 1', 'upper := input.x\nupper("a") == 1'],
  'template string': ['x := $"{y}"\nx', '$"{not 1}" == "a"', '$"{x := 1}" == "a"', '$"a{" == 1', '$"{1}{2" == "a"'],
};

/** Near misses of the same kinds: each must compile. */
const FINE: readonly string[] = [
  'x := 2\nx > 1', 'some y\ninput.ys[y]', 'z := input.z\nnot z', 'xs := [1]\ncount(xs) == 1', '[x, 1] = input.a\nx > 0', 'upper("a") == "A"',
  'concat(",", ["a"]) == "a"', 'count("abc") == 3', '1 + 2 == 3', 'sum([1, 2]) == 3', 'x := 1\nx == 1', '[1] == [1]', 'true = true', '1 in {1, 2}',
  'x := {"a": 1}\nx.a == 1', 'x := [1]\nx[0] == 1', 'x := {"a"}\nx.a', 'x = 1\nx == 1', 'some x, y\nx = 1\ny = x\ny == 1', '[x, y] := [1, 2]\nx < y',
  '{"a": x} := {"a": 1}\nx == 1', 'some i\ninput.xs[i] == 1', 'true with input.x as 1', 'input.x with input as {"x": 1}', 'count([1]) == 1 with count as 1',
  'print("a", 1)', 'x := $"{input.a}"\nx == "b"', '$"a\\{b" == "a{b"', 'every e1 in [1] { e1 == 1 }', 'x := [y | some y in input.ys]\ncount(x) == 1',
  'not input.x == 1', 'x := input[_]\nx == 1', 'input.a.b.c == input["a"].b', 'walk(input, [p1, v1])\nv1 == 1\ncount(p1) == 1',
  'object.get(input, "a", 1) == 1',
  'x := 1\ny := [x | x := 2]\ny == [x]', 'some k, v in {"a": 1}\nk == "a"\nv == 1', '-input.x == 1', '"a" in {"a": 1}', '"a", 1 in {"a": 1}',
];

/** Whole modules that do not parse, or whose heads, imports and rules do not stand together. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  'parse: package and import': [
    '', 'p := 1\n', 'package\n', 'package 1\n', 'package a.1\n', 'package a[b]\n', 'package a\nimport\n', 'package a\nimport foo.bar\n',
    'package a\nimport data.x[y]\n',
    'package a\nimport data.x as\n', 'package a\nimport data.x as input\n', 'package a\nimport future.foo\n', 'package a\nimport future.keywords.foo\n',
    'package a\nimport future.keywords as f\n', 'package a\nimport rego.v3\n', 'package a\nimport rego.v1 as x\n', 'package a\nimport data.in\n',
    'package a\npackage b\n',
    'package a-b\n', 'package a\nimport data.b-c\n', 'package a\nimport input.if\n', 'package "a"\n', 'package a\nimport 1\n',
  ],
  'parse: rules': [
    'package a\np {\n\ttrue\n}\n', 'package a\np[x] {\n\tx := 1\n}\n', 'package a\np contains\n', 'package a\np contains 1 := 2\n', 'package a\np := \n',
    'package a\np =\n',
    'package a\nf(x) := \n', 'package a\ndefault p\n', 'package a\ndefault p := x\n', 'package a\ndefault p := input.x\n',
    'package a\ndefault p := count(1)\n',
    'package a\ndefault f(1) := 2\n', 'package a\ndefault f(x, x) := 2\n', 'package a\np if\n', 'package a\np if {}\n', 'package a\np if { }\nq := 1\n',
    'package a\np := 1 if {\n',
    'package a\np if true else\n', 'package a\np if true else := \n', 'package a\np contains 1 if true else := 2\n',
    'package a\np[x] := 1 if { x := 1 } else := 2\n',
    'package a\nf(x) contains 1 if true\n', 'package a\np\n', 'package a\np.q\n', 'package a\nf(x)\n', 'package a\n1 := 2\n', 'package a\n"p" := 1\n',
    'package a\n[1]\n',
    'package a\nnot p\n', 'package a\nsome x\n', 'package a\nx == 1\n', 'package a\ncount(x)\n', 'package a\ntrue with input as 1\n',
    'package a\np + 1 if true\n',
    'package a\nif := 1\n', 'package a\nevery := 1\n', 'package a\nin if true\n', 'package a\nimport := 2\n', 'package a\ncontains if true\n',
    'package a\ndefault if := 1\n',
    'package a\np := 1 {\n\ttrue\n}\n', 'package a\nf(x) = 1 {\n\tx\n}\n', 'package a\np if true {\n\tfalse\n}\n', 'package a\np[1]\n',
    'package a\np["x"] := 1 { true }\n',
  ],
  'parse: terms': [
    'package a\np := [1, 2\n', 'package a\np := {1, 2\n', 'package a\np := {"a": 1\n', 'package a\np := {"a": }\n', 'package a\np := (1 + 2\n',
    'package a\np := "abc\n',
    'package a\np := `abc\n', 'package a\np := "\\x"\n', 'package a\np := 01\n', 'package a\np := 1.\n', 'package a\np := 1e\n', 'package a\np := 1a\n',
    'package a\np := .a\n',
    'package a\np := 1e999999\n', 'package a\np := -\n', 'package a\np := --1\n', 'package a\np := [1 2]\n', 'package a\np := {1 2}\n',
    'package a\np := {"a" 1}\n',
    'package a\np := {"a": 1 "b": 2}\n', 'package a\np := x.\n', 'package a\np := x[\n', 'package a\np := x[1\n', 'package a\np := f(1\n',
    'package a\np := f(,)\n', 'package a\np := 1 +\n',
    'package a\np := 1 == \n', 'package a\np := !x\n', 'package a\np := $x\n', 'package a\np := 1.a\n', 'package a\np := "a".b\n', 'package a\np := @\n',
    'package a\np := [x | ]\n',
    'package a\np := {x | x\n', 'package a\np := {x: y | \n', 'package a\np := \u00a01\n', 'package a\np := ;\n', 'package a\np := 1;; q := 2\n',
    'package a\np := true.x\n', 'package a\np := [,]\n',
  ],
  'parse: literals': [
    'package a\np if {\n\tx y\n}\n', 'package a\np if {\n\tnot some x in xs\n}\n', 'package a\np if {\n\tnot every x in xs { x }\n}\n',
    'package a\np if {\n\tsome 1\n}\n',
    'package a\np if {\n\tsome x + 1\n}\n', 'package a\np if {\n\tsome x,\n}\n', 'package a\np if {\n\tevery x { x }\n}\n',
    'package a\np if {\n\tevery x in [1]\n}\n',
    'package a\np if {\n\tevery 1 in [1] { true }\n}\n', 'package a\np if {\n\tevery 1, x in [1] { true }\n}\n',
    'package a\np if {\n\tevery x in [1] {}\n}\n',
    'package a\np if {\n\ttrue with\n}\n', 'package a\np if {\n\ttrue with input\n}\n', 'package a\np if {\n\ttrue with input as\n}\n',
    'package a\np if {\n\ttrue with 1 as 2\n}\n',
    'package a\np if {\n\tx := 1 y := 2\n}\n', 'package a\np if { 1 2 }\n', 'package a\np if {\n\tx = \n}\n', 'package a\np if {\n\t:= 1\n}\n',
    'package a\np if {\n\t}\n', 'package a\np if {\n\tsome x in\n}\n',
    'package a\np if {\n\tnot\n}\n', 'package a\np if {\n\tx[\n}\n', 'package a\nimport future.keywords.not\np if {\n\tnot {}\n}\n',
    'package a\nimport future.keywords.and\np if {\n\ttrue and\n}\n',
    'package a\nimport future.keywords.or\np if {\n\t{} or true\n}\n', 'package a\nimport rego.v2\np if {\n\t(true or )\n}\n',
    'package a\nimport rego.v2\np if {\n\tnot {x | 1}\n}\n',
    'package a\nimport rego.v2\np if {\n\ttrue with input as 1 and true\n}\n', 'package a\nimport rego.v2\np if {\n\tx := 1 or true\n}\n',
    'package a\nimport rego.v2\np if {\n\tprint(1) or true\n}\n',
  ],
  'heads': [
    'package a\np := x\n', 'package a\np contains x\n', 'package a\np[x] := 1\n', 'package a\np[x] := y if { x := 1 }\n', 'package a\nf(x) := y\n',
    'package a\np := [x | y := 1]\n',
    'package a\np := {x: 1 | true}\n', 'package a\nf([x, y]) := z if x == y\n', 'package a\np[x].q := 1 if true\n',
    'package a\np contains [x, y] if { x := 1 }\n', 'package a\nf(count(x)) := 1 if x\n',
    'package a\nf(input) := 1\n', 'package a\nf(x) := x if { x := 1 }\n', 'package a\np := x if { not x == 1 }\n',
  ],
  'conflicts': [
    'package a\np := 1\np contains 2\n', 'package a\np := 1\np(x) := x\n', 'package a\nf(x) := x\nf(x, y) := y\n',
    'package a\ndefault p := 1\ndefault p := 2\n', 'package a\np := 1\np.q := 2\n',
    'package a\np.q := 1\np := 2\n', 'package a\np contains 1\np.q := 2\n', 'package a\np contains 1\np[x] contains 2 if x := "a"\n',
    'package a\np[x] := 1 if x := "a"\np := 2\n',
    'package a\np.q.r := 1\np.q := 2\n', 'package a\nf(x) := x\nf.g := 1\n', 'package a\np[x] := 1 if x := "q"\np.f(y) := y\n',
    'package a\ndefault f(x) := 1\nf := 2\n',
  ],
  'recursion': [
    'package a\np if p\n', 'package a\np if q\nq if p\n', 'package a\np if q\nq if r\nr if p\n', 'package a\nf(x) := f(x)\n',
    'package a\np contains x if some x in p\n', 'package a\np := [x | x := p]\n',
    'package a\np if not p\n', 'package a\np := 1 if false\nelse := p\n', 'package a\np.q if p.q\n', 'package a\np if data.a.p\n',
    'package a\np := count(p)\n', 'package a\nf(x) := g(x)\ng(x) := f(x)\n',
  ],
  'imports': [
    'package a\nimport data.x\nimport data.y.x\np := x\n', 'package a\nimport data.x as y\nimport data.y\np := y\n',
    'package a\nimport data.x\nimport data.x\np := x\n', 'package a\nimport input.x\nimport data.x\np := x\n',
    'package a\nimport rego.v1\nimport data.q as p\nimport data.r as p\nx := p\n', 'package a\nimport data.m.f\nimport input.f\nq := f\n',
    'package a\nimport input.a.b\nimport input.c.b\nq := b\n',
    'package a\nimport data.a as b\nimport data.b as b\nq := b\n', 'package a\nimport input as i\nimport data as i\nq := i\n',
    'package a\nimport data.k["x"]\nimport data.x\nq := x\n',
  ],
  'reserved names': [
    'package a\ninput := 1\n', 'package a\ndata := 1\n', 'package a\np if { input := 1; input == 1 }\n', 'package a\np if { data := 1; data == 1 }\n',
    'package a\nf(data) := 1\n', 'package a\ninput.x := 1\n',
    'package a\ndata contains 1\n', 'package a\np := [x | input := 1; x := input]\n', 'package a\ndata.x if true\n',
    'package a\nq if { some x in [1]; data := x }\n',
  ],
  'deprecated': [
    'package a\np if any([true])\n', 'package a\np if all([true])\n', 'package a\np := cast_array([1])\n', 'package a\np := cast_set([1])\n',
    'package a\np := cast_string("a")\n',
    'package a\np := cast_boolean(true)\n', 'package a\np := cast_null(null)\n', 'package a\np := cast_object({})\n',
    'package a\np := set_diff({1}, {2})\n', 'package a\np if not any([true])\n',
    'package a\np := [x | x := all([true])]\n',
  ],
  'metadata': [
    '# METADATA\n# scope: foo\npackage a\n', 'package a\n# METADATA\n# scope: package\np := 1\n', 'package a\n# METADATA\n#\np := 1\n',
    '# METADATA\n# scope: rule\npackage a\n', 'package a\n# METADATA\n# scope: rule\nimport data.x\np := x\n',
    'package a\n# METADATA\n# entrypoint: true\n# scope: rule\np := 1\n', 'package a\n# METADATA\n# title: x\nimport data.x\np := x\n',
    'package a\np := 1\n# METADATA\n# scope: rule\n', 'package a\n# METADATA\n# scope: subpackages\np := 1\n',
    'package a\n# METADATA\n# scope: document\n# title: a\np := 1\n# METADATA\n# scope: document\n# title: b\np := 1\n',
    '# METADATA\n# title: a\npackage a\n\n# METADATA\n# scope: package\n# title: b\np := 1\n',
  ],
};

const STRICT: readonly string[] = [
  'package a\nimport data.x\np := 1\n', 'package a\nimport input.y as z\np := 1\n', 'package a\np if { x := 1 }\n', 'package a\nf(x) := 1\n',
  'package a\nf(x, y) := x\n', 'package a\np := [1 | y := 2]\n',
  'package a\np if { [a1, b1] := [1, 2]; a1 == 1 }\n', 'package a\nimport data.x\nimport data.y\np := y\n', 'package a\nf([x, y]) := x\n',
  'package a\np if { x := 1; y := x }\n', 'package a\nf(_, y) := 1 if true\n',
  'package a\np if { x := input.a; some y in [1] }\n',
];

const V0: readonly string[] = [
  'package a\np { x > 1 }\n', 'package a\np[x] { y := 1 }\n', 'package a\np if { true }\n', 'package a\np contains 1\n',
  'package a\np { some x in [1]; x == 1 }\n', 'package a\np { every x in [1] { x == 1 } }\n', 'package a\np { 1 in [1] }\n',
  'package a\nimport rego.v1\np { true }\n', 'package a\nimport rego.v1\np[x] { x := 1 }\n', 'package a\nimport future.keywords.if\np if { y }\n',
  'package a\nimport future.keywords.in\np { some x in xs }\n', 'package a\np = x { x := 1; x := 2 }\n',
  'package a\nf(x) = y { y := x + "a" }\n', 'package a\np { q }\nq { p }\n', 'package a\np[1]\np = 2\n',
  'package a\nimport rego.v1\nimport data.x\nimport input.x\np := x\n', 'package a\np { a, b in [1] }\n', 'package a\nvalid contains 1 if { true }\n',
  'package a\np { count(1) }\n', 'package a\np { {"a": 1}.b }\n',
];

const FINE_MODULES: readonly string[] = [
  'package a\np := 1\n', 'package a.b["c d"]\np := 1\n', 'package a\nimport data.x\nimport input.y as z\np := [x, z]\n',
  'package a\nimport future.keywords\np if 1 in [1]\n', 'package a\nimport rego.v1\np contains 1\n', 'package a\np contains x if some x in [1]\n',
  'package a\np[x] := y if some x, y in {"a": 1}\n', 'package a\np.q.r := 1\np.s := 2\n', 'package a\np[x].q := 1 if x := "a"\n',
  'package a\nf(x) := x\nf(1) := 1\n', 'package a\nf([x, {"a": y}]) := x + y\n', 'package a\ndefault p := {"a": [1, {2}]}\n',
  'package a\ndefault f(_) := 1\nf(x) := 2 if x == 1\n', 'package a\np := 1 if { input.x } else := 2 if { input.y } else := 3\n',
  'package a\np if { not q }\nq if input.x\n', 'package a\np := [x | x := input[_]; x > 1]\n', 'package a\np := {x: y | some x, y in input}\n',
  'package a\nimport future.keywords.not\np if not { x := input.x; x > 1 }\n', 'package a\nimport rego.v2\np if { input.a or input.b and input.c }\n',
  'package a\nimport rego.v2\np if { (input.a or input.b) and not { input.c } }\n', 'package a\nif.x := 1\n', 'package a\np := in.x\nin.x := 2\n',
  'package a\np := data.a.b.c\n', 'package a\np if { some x; x = 1 }\n', 'package a\nq := -1\np := -q\n', 'package a\np := and({1}, {2})\n',
  'package a\np := $"a {input.x} b"\n', 'package a\np := $`a {input.x} b`\n',
  '# METADATA\n# title: a\npackage a\n\n# METADATA\n# scope: rule\n# custom:\n#   x: 1\np := 1\n',
  'package a\np := {1 | true}\n', 'package a\np := {, 1}\n', 'package a\np := [1, 2,]\n', 'package a\np := {"a": 1,}\n',
  'package a\nobj.a := 1\nobj[x] := 2 if x := "b"\n', 'package a\np contains "x"\np contains "y" if true\n', 'package a\np := 1e3\nq := .5\nr := -0.0\n',
  'package a\np := `raw\nstring`\n', 'package a\np if { input.x; input.y }\n', 'package a\np if\n  input.x == 1\n', 'package a\nf(x) if x > 1\n',
  'package a\np := count(q)\nq contains 1\n', 'package a\np if { x := data.b[_]; x == 1 }\n',
];

export function* staticCases(): Iterable<StaticCase> {
  for (const [kind, expressions] of Object.entries(EXPRESSIONS)) {
    for (const expression of expressions) for (const context of CONTEXTS) yield { kind, version: 1, strict: false, modules: [context(expression)] };
  }
  for (const expression of FINE) for (const context of CONTEXTS) yield { kind: 'fine', version: 1, strict: false, modules: [context(expression)] };
  for (const [kind, modules] of Object.entries(MODULES)) for (const module of modules) yield { kind, version: 1, strict: false, modules: [module] };
  for (const module of STRICT) yield { kind: 'strict', version: 1, strict: true, modules: [module] };
  for (const module of V0) yield { kind: 'v0', version: 0, strict: false, modules: [module] };
  for (const module of FINE_MODULES) yield { kind: 'fine', version: 1, strict: false, modules: [module] };
  yield { kind: 'across modules', version: 1, strict: false, modules: ['package a\np := data.b.q\n', 'package b\nq := data.a.p\n'] };
  yield { kind: 'across modules', version: 1, strict: false, modules: ['package a\np := 1\n', 'package a\np contains 2\n'] };
  yield { kind: 'across modules', version: 1, strict: false, modules: ['package a\nb := 1\n', 'package a.b\nc := 2\n'] };
  yield { kind: 'across modules', version: 1, strict: false, modules: ['package a\nf(x) := x\n', 'package b\nimport data.a.f\np := f(1, 2)\n'] };
  yield { kind: 'across modules', version: 1, strict: false, modules: ['package a\nf(x) := upper(x)\n', 'package b\nimport data.a.f\np := f(1)\n'] };
}
