# METADATA
# title: Verified inclusion proofs
# description: Every attestation is verified and stands in a transparency log. No attestation at all denies.
package stella.inclusion

import rego.v1

default allow := false

allow if count(violation) == 0

violation contains "no attestation" if count(object.get(document, "attestations", [])) == 0

violation contains sprintf("attestation %s is not verified", [name(index, attestation)]) if {
	some index, attestation in document.attestations
	not attestation.verified == true
}

violation contains sprintf("attestation %s has no inclusion proof", [name(index, attestation)]) if {
	some index, attestation in document.attestations
	not proven(attestation)
}

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

# The input carries a proof only where it was verified; an empty one is no proof.
proven(attestation) if {
	proof := attestation.rekor.inclusion_proof
	is_number(proof.log_index)
	is_number(proof.tree_size)
	proof.tree_size > proof.log_index
	count(proof.root_hash) > 0
}

name(_, attestation) := attestation.id if is_string(attestation.id)

name(index, attestation) := sprintf("number %v", [index]) if not is_string(object.get(attestation, "id", null))
