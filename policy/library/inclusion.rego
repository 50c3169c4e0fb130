# METADATA
# title: Verified inclusion proofs
# description: Every attestation is verified and stands in a transparency log. No attestation at all denies.
package stella.inclusion

import rego.v1

# METADATA
# entrypoint: true
default allow := false

allow if count(violation) == 0

violation contains "no attestation" if count(attestations) == 0

default attestations := []

attestations := document.attestations if is_array(document.attestations)

violation contains sprintf("attestation %s is not verified", [name(index, attestation)]) if {
	some index, attestation in attestations
	not verified(attestation)
}

violation contains sprintf("attestation %s has no inclusion proof", [name(index, attestation)]) if {
	some index, attestation in attestations
	not proven(attestation)
}

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

verified(attestation) if attestation.verified == true

# The input carries a proof only where it was verified; an empty one is no proof.
proven(attestation) if {
	proof := attestation.rekor.inclusion_proof
	is_number(proof.log_index)
	is_number(proof.tree_size)
	proof.tree_size > proof.log_index
	is_string(proof.root_hash)
	proof.root_hash != ""
}

name(index, attestation) := attestation.id if {
	is_string(attestation.id)
} else := sprintf("number %v", [index])
