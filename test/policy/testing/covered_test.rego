package p_test

import data.p

test_f if p.f(6) == 2

test_f3 if p.f(1) == 3

test_g if p.g == {3} with input as {"xs": [1, 3]}

test_h if not p.h with input.xs as [1]
