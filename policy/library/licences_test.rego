package stella.licences_test

import rego.v1

import data.stella.licences

one(names) := {"sbom": {"components": [{"purl": "pkg:npm/a@1", "licences": names}]}}

test_allowed if licences.allow with input as one(["MIT"])

test_no_input if not licences.allow

test_empty_input if not licences.allow with input as {}

test_no_licence if not licences.allow with input as one([])

test_copyleft if "pkg:npm/a@1 is under GPL-3.0-only" in licences.deny with input as one(["GPL-3.0-only"])

test_one_of_two if not licences.allow with input as one(["MIT", "GPL-3.0-only"])

test_choice if licences.allow with input as one(["GPL-3.0-only OR MIT"])

test_both_parts if not licences.allow with input as one(["MIT AND GPL-3.0-only"])

test_parentheses if not licences.allow with input as one(["(MIT)"])

test_own_list if licences.allow with input as one(["GPL-3.0-only"]) with data.stella.config as {"licences": ["GPL-3.0-only"]}

test_own_list_replaces if not licences.allow with input as one(["MIT"]) with data.stella.config as {"licences": ["GPL-3.0-only"]}

test_no_object if "component 0 is no object" in licences.deny with input as {"sbom": {"components": [1]}}
