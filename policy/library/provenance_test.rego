package stella.provenance_test

import rego.v1

import data.stella.provenance

attestation := {"id": "entry:1", "verified": true, "predicate": "slsa-provenance", "builder": "https://b"}

config := {"builders": {"https://b": 3}}

one(change) := {"attestations": [object.union(attestation, change)]}

test_reached if provenance.allow with input as one({}) with data.stella.config as config

test_no_input if not provenance.allow with data.stella.config as config

test_no_builders if not provenance.allow with input as one({})

test_builders_as_list if not provenance.allow with input as one({}) with data.stella.config as {"builders": ["https://b"]}

test_not_verified if not provenance.allow with input as one({"verified": "yes"}) with data.stella.config as config

test_other_predicate if not provenance.allow with input as one({"predicate": "other"}) with data.stella.config as config

test_lower if not provenance.allow with input as one({}) with data.stella.config as {"builders": {"https://b": 2}}

test_level_as_text if not provenance.allow with input as one({}) with data.stella.config as {"builders": {"https://b": "3"}}

test_level_beyond if not provenance.allow with input as one({}) with data.stella.config as {"builders": {"https://b": 5}}

test_other_builder if not provenance.allow with input as one({"builder": "https://c"}) with data.stella.config as config

test_no_builder if not provenance.allow with input as {"attestations": [object.remove(attestation, ["builder"])]} with data.stella.config as config

test_level_asked if provenance.allow with input as one({}) with data.stella.config as {"builders": {"https://b": 2}, "slsa_level": 2}
