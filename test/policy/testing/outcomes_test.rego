package p_test

test_a if true

test_b if 1 == 2

test_c := 1

test_d := true if input.x == 1

test_d := true

todo_test_e if false

test_f := "x"

test_g contains "a" if true

test_h[note] if {
	some note, c in {"one": 1, "two": 2}
	c == 1
}

test_i.sub if true

other.test_j if true

test_k[a][b] := true if {
	some a in ["x", "y"]
	some b in ["z"]
	a == "x"
}

test_l[tc.note] if {
	some tc in [{"note": "n", "a": 1}, {"note": "m", "a": 2}]
	x := tc.a
	x == 1
}

test_m(x) if x

test_n if {
	print("hello", 1)
	input.none
}

test_o := 1 / 0

test_p := {"a": true}
test_q["s"] := false
test_r["s"] if false
