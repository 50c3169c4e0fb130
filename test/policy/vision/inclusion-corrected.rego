package stella.policy

import rego.v1

violation contains msg if {
	some a in input.attestations
	not a.rekor.inclusion_proof
	msg := sprintf("Attestation %s lacks Rekor inclusion proof", [a.id])
}
