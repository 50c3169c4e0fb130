// Policies that take all memory, each by another way: what the language makes, and what each built-in can be made to make.

/** Texts and lists that grow by doubling: `d24` is 2^24 times `d0`. */
function doubling(first: string, twice: (name: string) => string, times: number): string {
  return [`d0 := ${first}`, ...Array.from({ length: times }, (_, i) => `d${i + 1} := ${twice(`d${i}`)}`)].join('\n');
}

/** By way of a function, whose answer's type is short: that of a list of lists of lists would have its own size. */
const TWICE = 'twice(v) := [v, v]';

const million = 'numbers.range(1, 1000000)';
const thousand = 'numbers.range(1, 1000)';
/** Ten thousand different texts, a hundred for each. */
const texts = `texts := [sprintf("%d", [n]) | some n in ${million}]`;
/** A text of 2^16 characters, and one of 2^22. */
const long = (first = '"a"') => doubling(first, (d) => `concat("", [${d}, ${d}])`, 22);

/** By name: rules of a package `p`, of which `x` is asked. */
export const GREEDY: Readonly<Record<string, string>> = {
  // The language.
  'array comprehension': `x := [[a, b] | some a in ${thousand}; some b in ${million}]`,
  'array comprehension of small numbers': `x := [b | some a in ${thousand}; some b in ${million}]`,
  'array comprehensions without members': `x := [[z | some z in [1]; z == 0] | some a in ${thousand}; some b in ${million}]`,
  'set comprehension': `x := {n | some a in ${thousand}; some b in ${million}; n := (a * 1000000) + b}`,
  'set comprehension of lists': `x := {[a, b] | some a in ${thousand}; some b in ${million}}`,
  'object comprehension': `x := {sprintf("%d %d", [a, b]): b | some a in ${thousand}; some b in ${million}}`,
  'object comprehension with composite keys': `x := {[a, b]: b | some a in ${thousand}; some b in ${million}}`,
  'array literals': `x := [[a, b, a, b, a, b] | some a in ${thousand}; some b in ${million}]`,
  'set literals': `x := [{a, b} | some a in ${thousand}; some b in ${million}]`,
  'object literals': `x := [{"a": a} | some a in ${thousand}; some b in ${million}]`,
  'cross product in a rule': `x contains [a, b] if { some a in ${million}; some b in ${million} }`,
  'partial object': `x[a] := 1 if { some k in ${thousand}; some n in ${million}; a := (k * 1000000) + n }`,
  'partial object of sets': `x[k] contains n if { some k in ${thousand}; some n in ${million} }`,
  'partial object in objects': `x[k][n].z := 1 if { some k in ${thousand}; some n in ${million} }`,
  'rules kept side by side': Array.from({ length: 40 }, (_, i) => `r${i} := [m | some n in numbers.range(1, 2000000); m := n + ${i}]`).join('\n')
    + `\nx if { ${Array.from({ length: 40 }, (_, i) => `count(r${i}) > 0`).join('; ')} }`,
  'answers that are remembered': `f(n) := [n]\nx := count([1 | some k in ${thousand}; some n in ${million}; f((k * 1000000) + n)[0] == 0])`,
  'answers about texts that are remembered': `f(t) if t == ""\nx := count([1 | some k in ${thousand}; some n in ${million}; not f(sprintf("%d-%d", [k, n]))])`,
  'answers about objects that are remembered': `f(o) if o.k == 0\nx := count([1 | some k in ${thousand}; some n in ${million}; not f({"k": k, "n": n})])`,
  'a set as a key in a set in a set': `${doubling('{"a"}', (d) => `{twice(${d})}`, 40)}\n${TWICE}\nx := d40`,
  'keys of what stands in itself twice': `${doubling('[1]', (d) => `twice(${d})`, 40)}\n${TWICE}\nx := {d40}`,
  'a key of a long list': `l := [n | some k in numbers.range(1, 12); some n in ${million}]`
    + `\nx := count({l}) + count({array.concat(l, [1])}) + count({array.concat(l, [2])})`,
  'keys at many levels': `${texts}\nd0 := {"a": texts}\n${Array.from({ length: 60 }, (_, i) => `d${i + 1} := within(d${i}, ${i})`).join('\n')}\n`
    + 'within(d, n) := {"a": d, "n": n}\nhas(d) if d in {1, input}\n'
    + `x if { ${Array.from({ length: 60 }, (_, i) => `not has(d${i})`).join('; ')} }`,
  'a document that is replaced': `y := count(input)\nx := [n | some k in ${thousand}; some n in ${million}; y with input as {"a": k, "b": n, "c": [k, n]}]`,
  'walking': `x := [path | some k in ${thousand}; walk(${million}, [path, _])]`,
  'an index for each list': `x := [1 | some k in ${million}; l := [{"k": n, "i": k} | some n in numbers.range(1, 20)]; some i in [1, 2];`
    + ` some e in l; e.k == i]`,
  'an index of a long list': `l := [{"k": n} | some k in numbers.range(1, 4); some n in ${million}]`
    + `\nx := count([1 | some i in [1, 2, 3]; some e in l; e.k == i])`,
  'the whole document': `y[k] := n if { some n in ${million}; k := sprintf("%d", [n]) }\nx := [data.p.z | some n in ${million}]`
    + `\nz.a := [data.p.y[_] | some k in ${thousand}; some n in ${million}]`,
  'data that is replaced': `x := count([1 | some k in ${thousand}; some n in ${million}; data.q.a == k with data.q as {"a": n, "b": [n, k]}])`,
  'prints': `x := [1 | some k in ${thousand}; some n in ${million}; print(sprintf("%v %0500d", [k, n]))]`,
  'a template string': `${long()}\nx := [$"{d16} and {d16}" | some n in ${million}]`,
  'an answer that stands in itself twice': `${doubling('["a", "b"]', (d) => `twice(${d})`, 40)}\n${TWICE}\nx := d40`,
  // Built-ins.
  'array.concat': `${doubling('[1, 2]', (d) => `array.concat(${d}, ${d})`, 40)}\nx := count(d40)`,
  'array.flatten': `${doubling('[1, 2]', (d) => `array.flatten([${d}, ${d}])`, 40)}\nx := count(d40)`,
  'array.flatten of one list many times': `l := ${million}\nx := count(array.flatten([l | some k in ${million}]))`,
  'array.reverse': `l := ${million}\nx := [array.reverse(l) | some k in ${million}]`,
  'array.slice': `l := ${million}\nx := [array.slice(l, 0, 999999) | some k in ${million}]`,
  'sort': `l := ${million}\nx := [sort(l) | some k in ${million}]`,
  'numbers.range': 'x := count(numbers.range(1, 33000000)) + count(numbers.range(2, 33000000))',
  'numbers.range of large numbers': 'x := count(numbers.range(100000000000000000000, 100000000000030000000))',
  'set comprehensions': `l := ${million}\nx := [{v | some v in l} | some k in ${million}]`,
  'union': `${doubling('{1, 2}', (d) => `union({${d}, {sprintf("%v ${d}", [n]) | some n in ${d}}})`, 40)}\nx := count(d40)`,
  'or': `l := {n | some n in ${million}}\nx := [m | some k in ${million}; m := l | {k}]`,
  'set_diff': `l := {n | some n in ${million}}\nx := [m | some k in ${million}; m := l - {k}]`,
  'and': `l := {n | some n in ${million}}\nx := [m | some k in ${million}; m := l & l]`,
  'concat': `${doubling('"ab"', (d) => `concat("", [${d}, ${d}])`, 40)}\nx := count(d40)`,
  'concat of other letters': `${doubling('"äљ"', (d) => `concat("", [${d}, ${d}])`, 40)}\nx := count(d40)`,
  'concats': `${long()}\nx := [concat("", [d22, sprintf("%d", [n])]) | some n in ${million}]`,
  'sprintf': `${doubling('"ab"', (d) => `sprintf("%s%s", [${d}, ${d}])`, 40)}\nx := count(d40)`,
  'sprintf of a width': 'x := [sprintf("%*d", [1000000, n]) | some n in numbers.range(1, 10000)]',
  'sprintf of a great width': 'x := [sprintf("%400000000d", [n]) | some n in numbers.range(1, 10)]',
  'sprintf of a great precision': 'x := sprintf("%.400000000f", [1.5])',
  'sprintf of one operand again and again': `${long()}\ny := replace(substring(d22, 0, 100000), "a", "%[1]s")\nx := sprintf(y, [d22])`,
  'sprintf of what stands in itself twice': `${doubling('["a"]', (d) => `twice(${d})`, 40)}\n${TWICE}\nx := sprintf("%v", [d40])`,
  'sprintf of what cannot be printed': `x := [sprintf("%q",`
    + ` ["\\u0001\\u0002\\u0003\\u0001\\u0002\\u0003\\u0001\\u0002\\u0003\\u0001\\u0002\\u0003"]) | some k in ${thousand}; some n in ${million}]`,
  'sprintf of a long format': `${long()}\ny := concat("", [substring(d22, 0, 4000), "%d"])\nx := [sprintf(y, [n]) | some n in ${million}]`,
  'replace in long texts': `${long()}\ny := substring(d22, 0, 4000)\nx := [replace(y, "b", "c") | some n in ${million}]`,
  'replaces in long texts': `${long()}\ny := substring(d22, 0, 4000)\nx := [replace(y, "aa", "cb") | some n in ${million}]`,
  'replace': `${doubling('"ab"', (d) => `replace("xx", "x", ${d})`, 40)}\nx := count(d40)`,
  'replace of nothing': `${long()}\nx := replace(d22, "", substring(d22, 0, 1000))`,
  'replace of each character': `${long()}\nx := [replace(d22, "a", "b") | some n in ${million}]`,
  'strings.replace_n': `${doubling('"ab"', (d) => `strings.replace_n({"x": ${d}}, "xx")`, 40)}\nx := count(d40)`,
  'split': `${long()}\nx := [split(d22, "") | some n in ${million}]`,
  'splits of short texts': `${long()}\ny := substring(d22, 0, 4000)\nx := [split(y, "") | some n in ${million}]`,
  'substring': `${long()}\nx := [substring(d22, n, 4000000) | some n in ${million}]`,
  'indexof_n': `${long()}\nx := [indexof_n(d22, "a") | some n in ${million}]`,
  'count of characters': `${long('"äљ"')}\nx := [count(concat("", [d22, d22, d22, d22, d22, d22])) | some n in ${thousand}]`,
  'upper': `${long('"äљ"')}\nx := [upper(d22) | some n in ${million}]`,
  'strings.reverse': `${long()}\nx := [strings.reverse(d22) | some n in ${million}]`,
  'trim': `${long()}\nx := [trim(concat("", ["b", d22]), "c") | some n in ${million}]`,
  'base64.encode': `${doubling('"ab"', (d) => `base64.encode(${d})`, 70)}\nx := count(d70)`,
  'texts of base64': `${long()}\ny := substring(d22, 0, 4000)\nx := [base64.encode(y) | some n in ${million}]`,
  'base64.decode': `${long()}\ny := base64.encode(d22)\nx := [base64.decode(y) | some n in ${million}]`,
  'hex.encode': `${doubling('"ab"', (d) => `hex.encode(${d})`, 40)}\nx := count(d40)`,
  'urlquery.encode': `${doubling('"%%"', (d) => `urlquery.encode(concat("", [${d}, ${d}]))`, 40)}\nx := count(d40)`,
  'urlquery.encode_object': `${texts}\nx := [urlquery.encode_object({"a": texts}) | some n in ${million}]`,
  'urlquery.decode_object': `${doubling('"a=1&"', (d) => `concat("", [${d}, ${d}])`, 20)}\nx := [urlquery.decode_object(d20) | some n in ${million}]`,
  'json.marshal': `${doubling('["a"]', (d) => `json.marshal([${d}, ${d}])`, 40)}\nx := count(d40)`,
  'json.marshal of what stands in itself twice': `${doubling('["a"]', (d) => `twice(${d})`, 40)}\n${TWICE}\nx := json.marshal(d40)`,
  'json.marshal_with_options': `${long()}\nx := json.marshal_with_options(numbers.range(1, 10000), {"pretty": true, "indent": d22})`,
  'json.unmarshal': `x := [json.unmarshal("[{},{},{},[],[],[]]") | some k in ${thousand}; some n in ${million}]`,
  'json.unmarshal of a long text': `${doubling('"[],"', (d) => `concat("", [${d}, ${d}])`, 23)}\nx := json.unmarshal(concat("", ["[", d23, "[]]"]))`,
  'json.patch': `x := json.patch({"a": ${million}}, [{"op": "add", "path": sprintf("/k%d", [n]), "value": n} | some n in ${million}])`,
  'json.patch that copies': `x := json.patch({"a": [1]}, [{"op": "copy", "from": "", "path": sprintf("/k%d", [n])} | some n in numbers.range(1, 60)])`,
  'json.remove': `y := {"a": ${million}, "b": 1}\nx := [json.remove(y, ["b"]) | some n in ${million}]`,
  'json.filter': `y := {"a": {sprintf("%d", [n]): n | some n in ${million}}}\nx := [json.filter(y, ["a"]) | some n in ${million}]`,
  'json.match_schema': `x := [json.match_schema({"a": ${thousand}}, {"properties": {"a": {"items": {"type": "string"}}}}) | some n in ${million}]`,
  'schemas that are kept': `x := [json.verify_schema({"type": "object", "title": sprintf("%02000d", [n])}) | some n in ${million}]`,
  'object.union': `o := {sprintf("%d", [n]): n | some n in numbers.range(1, 100000)}\nx := [object.union(o, {"n": n}) | some n in ${million}]`,
  'object.union of what stands in itself twice': `${doubling('{"z": 1}', (d) => `both(${d})`, 40)}\nboth(v) := {"a": v, "b": v}`
    + `\nx := count(object.union(d40, d40))`,
  'object.union_n': `x := count(object.union_n([{sprintf("%d-%d", [k, n]): n} | some k in ${thousand}; some n in ${million}]))`,
  'object.keys': `o := {sprintf("%d", [n]): n | some n in numbers.range(1, 100000)}\nx := [object.keys(o) | some n in ${million}]`,
  'object.remove': `o := {sprintf("%d", [n]): n | some n in numbers.range(1, 100000)}\nx := [object.remove(o, [n]) | some n in ${million}]`,
  'object.filter': `o := {sprintf("%d", [n]): n | some n in numbers.range(1, 100000)}\nx := [object.filter(o, o) | some n in ${million}]`,
  'net.cidr_expand': 'x := net.cidr_expand("10.0.0.0/8")',
  'net.cidr_merge': 'l := [sprintf("2001:%x::/48", [n]) | some n in numbers.range_step(0, 65534, 2)]\n'
    + `x := [net.cidr_merge(l) | some n in ${million}]`,
  'net.cidr_contains_matches': 'l := ["10.0.0.0/8" | some n in numbers.range(1, 10000)]\nx := net.cidr_contains_matches(l, l)',
  'graph.reachable': `l := [sprintf("%d", [n]) | some n in numbers.range(1, 10000)]\nx := graph.reachable({n: l | some n in l}, l)`,
  'graph.reachable_paths': 'x := graph.reachable_paths({sprintf("%d", [n]): [sprintf("%d", [m]) | some m in numbers.range(1, 12)] | some'
    + ' n in numbers.range(1, 12)}, ["1"])',
  'regex.split': `${long()}\nx := [regex.split("", d22) | some n in ${million}]`,
  'regex.find_n': `${long()}\nx := [regex.find_n("a", d22, -1) | some n in ${million}]`,
  'regex.find_all_string_submatch_n': `${long()}\nx := [regex.find_all_string_submatch_n("(a)(a)(a)", d22, -1) | some n in ${million}]`,
  'regex.replace': `${doubling('"ab"', (d) => `regex.replace("xx", "x", ${d})`, 40)}\nx := count(d40)`,
  'regex.replace by its groups': `${long()}\ny := replace(substring(d22, 0, 100000), "a", "$0")\nx := regex.replace(d22, "a+", y)`,
  'patterns that are kept': `x := [regex.match(sprintf("(a{100}){9}%d", [n]), "a") | some n in ${million}]`,
  'globs that are kept': `x := [glob.match(sprintf("{a,b}*%0500d", [n]), [], "a") | some n in ${million}]`,
  'regex.globs_match': `${long()}\ny := replace(substring(d22, 0, 8000), "a", "a*")\nx := regex.globs_match(y, y)`,
  'strings.render_template': `x := strings.render_template("{{$x := .a}}{{range .l}}{{$x = print $x $x}}{{end}}{{len $x}}", {"a": "ab",`
    + ` "l": numbers.range(1, 40)})`,
  'strings.render_template that writes': `x := strings.render_template("{{range .l}}{{$.a}}{{end}}", {"a": sprintf("%0999999d", [1]), "l": ${thousand}})`,
  'yaml.marshal': `x := [yaml.marshal(${thousand}) | some n in ${million}]`,
  'yaml.marshal of what stands in itself twice': `${doubling('["a"]', (d) => `twice(${d})`, 40)}\n${TWICE}\nx := yaml.marshal(d40)`,
  'yaml.unmarshal': `y := concat("\\n", ["- {a: 1}" | some n in numbers.range(1, 10000)])\nx := [yaml.unmarshal(y) | some n in ${million}]`,
  'rego.parse_module': `y := concat("\\n", array.concat(["package p"], ["a := [1, 2]" | some n in numbers.range(1, 10000)]))`
    + `\nx := [rego.parse_module("a.rego", y) | some n in ${million}]`,
  'graphql.parse_query': `y := concat("", ["query { ", concat(" ", ["a" | some n in numbers.range(1, 10000)]), " }"])`
    + `\nx := [graphql.parse_query(y) | some n in ${million}]`,
  'products of numbers': `${doubling('99999999', (d) => `${d} * ${d}`, 60)}\nx := d60`,
  'numbers with many digits': `x := [m | some n in ${million}; m := 1e30000 + n]`,
  'bits.lsh': `x := [bits.lsh(n, 1000000) | some n in ${million}]`,
  'product': `x := product([99999999999999 | some k in numbers.range(1, 40); some n in ${million}])`,
  'format_int': `${doubling('99999999', (d) => `${d} * ${d}`, 14)}\nx := [format_int(m, 2) | some n in ${million}; m := d14 + n]`,
  'uri.parse': `x := [uri.parse("https://user@example.org:80/a/b?c=d#e") | some k in ${thousand}; some n in ${million}]`,
  'uuid.parse': `x := [uuid.parse("00000000-0000-4000-8000-000000000000") | some k in ${thousand}; some n in ${million}]`,
  'time.date': `x := [time.date(n) | some k in ${thousand}; some n in ${million}]`,
};
