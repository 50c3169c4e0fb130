package stella.inclusion_test

import rego.v1

import data.stella.inclusion

attestation := {"id": "a", "verified": true, "rekor": {"inclusion_proof": {"log_index": 3, "tree_size": 10, "root_hash": "00"}}}

with_proof(proof) := {"attestations": [object.union(object.remove(attestation, ["rekor"]), {"rekor": {"inclusion_proof": proof}})]}

test_proven if inclusion.allow with input as {"attestations": [attestation]}

test_no_input if not inclusion.allow

test_none if not inclusion.allow with input as {"attestations": []}

test_not_verified if not inclusion.allow with input as {"attestations": [object.union(attestation, {"verified": false})]}

test_no_proof if "attestation a has no inclusion proof" in inclusion.violation with input as {"attestations": [object.remove(attestation, ["rekor"])]}

test_no_id if {
	"attestation number 0 has no inclusion proof" in inclusion.violation with input as {"attestations": [{"verified": true}]}
}

test_empty_proofs if {
	every proof in [{}, "", null, [], {"log_index": 3}] {
		not inclusion.allow with input as with_proof(proof)
	}
}

test_index_beyond_tree if not inclusion.allow with input as with_proof({"log_index": 10, "tree_size": 10, "root_hash": "00"})
