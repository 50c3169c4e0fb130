package stella.gate_test

import rego.v1

import data.stella.gate

clean := {
	"findings": [],
	"vex": [],
	"waivers": [],
	"sbom": {"created": "2026-11-01T00:00:00Z", "components": [{"purl": "pkg:npm/a@1"}]},
	"coverage": {"missing": []},
	"effective_time": "2026-11-21T00:00:00Z",
}

test_clean if gate.allow with input as clean with data.stella.config as {}

test_no_input if not gate.allow with data.stella.config as {}

test_nothing_required if not gate.allow with input as clean with data.stella.config as {"require": []}

test_unknown if "no policy is called critical" in gate.deny with input as clean with data.stella.config as {"require": ["critical"]}

test_each if {
	every name in ["criticals", "exploits", "inclusion", "licences", "provenance", "sbom"] {
		said := {message.policy | some message in gate.deny} with input as {} with data.stella.config as {"require": [name]}
		said == {name}
	}
}
