# METADATA
# title: SBOM freshness and coverage
# description: |
#   There is an SBOM, it is not older than allowed at the effective time, and the evidence the contract expects is there. With
#   data.stella.config.scan_of_sbom, the scan is of this SBOM, and not of an image or a directory that somebody looked at.
package stella.sbom

import rego.v1

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

default max_age_days := 30

max_age_days := data.stella.config.sbom_days if is_number(data.stella.config.sbom_days)

deny contains "no SBOM" if not is_object(object.get(document, "sbom", null))

deny contains "the SBOM has no components" if not components

components if {
	is_array(document.sbom.components)
	count(document.sbom.components) > 0
}

deny contains "the SBOM's age is not known" if not age_days

deny contains sprintf("the SBOM is %d days old", [floor(age_days)]) if age_days > max_age_days

deny contains "the SBOM is dated after the effective time" if age_days < 0

deny contains "the scan is not of the SBOM" if {
	asked
	not scanned
}

# Whatever somebody wrote there but false asks for it.
asked if data.stella.config.scan_of_sbom != false

scanned if document.scan.sbom == document.sbom.entry

deny contains "coverage is not known" if not is_array(object.get(document, ["coverage", "missing"], null))

deny contains sprintf("missing evidence: %v", [missing]) if some missing in document.coverage.missing

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

age_days := (time.parse_rfc3339_ns(document.effective_time) - time.parse_rfc3339_ns(document.sbom.created)) / 86400000000000
