package stella.provenance_test

import rego.v1

import data.stella.provenance

attestation := {"id": "a", "verified": true, "predicate": "slsa-provenance", "slsa_level": 3, "builder": "https://b"}

config := {"builders": ["https://b"]}

one(change) := {"attestations": [object.union(attestation, change)]}

test_reached if provenance.allow with input as one({}) with data.stella.config as config

test_no_input if not provenance.allow with data.stella.config as config

test_no_builders if not provenance.allow with input as one({})

test_not_verified if not provenance.allow with input as one({"verified": "yes"}) with data.stella.config as config

test_lower if not provenance.allow with input as one({"slsa_level": 2}) with data.stella.config as config

test_level_as_text if not provenance.allow with input as one({"slsa_level": "3"}) with data.stella.config as config

test_other_builder if not provenance.allow with input as one({"builder": "https://c"}) with data.stella.config as config

test_level_asked if provenance.allow with input as one({"slsa_level": 2}) with data.stella.config as object.union(config, {"slsa_level": 2})
