package p

import rego.v1

f(x) := 1 if {
	x > 10
	y := x + 1
	y > 5
} else := 2 if {
	x > 5
	not x == 7
} else := 3

g contains v if {
	some v in input.xs
	v > 2
}

default h := false

h if {
	every x in input.xs { x > 0 }
	z := [y |
		some y in input.xs
		y > 100
	]
	count(z) > 0
}

k := {"a": 1} if input.k

unused(x) := x + 1

c := "const"
