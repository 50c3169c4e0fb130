# METADATA
# title: SLSA provenance
# description: A verified provenance attestation reaches the level asked for, by a builder that is trusted.
package stella.provenance

import rego.v1

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

default level := 3

level := data.stella.config.slsa_level if is_number(data.stella.config.slsa_level)

deny contains sprintf("no verified provenance of SLSA build level %d or more", [level]) if count(reaching) == 0

deny contains "no builder is trusted: data.stella.config.builders is empty" if count(builders) == 0

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

builders := {builder | some builder in data.stella.config.builders}

reaching contains attestation.id if {
	some attestation in document.attestations
	attestation.verified == true
	attestation.predicate == "slsa-provenance"
	attestation.slsa_level >= level
	attestation.slsa_level <= 4
	is_number(attestation.slsa_level)
	attestation.builder in builders
}
