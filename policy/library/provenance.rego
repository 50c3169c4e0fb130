# METADATA
# title: SLSA provenance
# description: |
#   There is verified provenance by a builder that is trusted to the level asked for: data.stella.config.builders
#   has a level for each builder.
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

# Provenance states no level: how far a builder is trusted is for whoever trusts it to say, and so is what an empty list means.
default builders := {}

builders := data.stella.config.builders if is_object(data.stella.config.builders)

reaching contains attestation.id if {
	some attestation in document.attestations
	attestation.verified == true
	attestation.predicate == "slsa-provenance"
	reached := builders[attestation.builder]
	is_number(reached)
	reached >= level
	reached <= 4
}
