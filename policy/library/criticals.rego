# METADATA
# title: No exploitable criticals
# description: |
#   Denies while a critical finding that is affected, or may be, is neither reconciled by trusted VEX for its
#   component nor waived. What is missing, misspelt or of an unknown kind denies.
package stella.criticals

import rego.v1

severities := {"NONE", "LOW", "MEDIUM", "HIGH", "CRITICAL", "UNKNOWN"}

exploitabilities := {"affected", "not_affected", "fixed", "under_investigation", "unknown"}

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

deny contains sprintf("input has no %s", [name]) if {
	some name in ["findings", "vex", "waivers"]
	not is_array(object.get(document, name, null))
}

# A finding that cannot be judged is not a finding that may pass.
deny contains sprintf("finding %v cannot be judged: its severity is %v", [index, value]) if {
	some index, finding in odd
	value := object.get(finding, "severity", null)
	not value in severities
}

deny contains sprintf("finding %v cannot be judged: its exploitability is %v", [index, value]) if {
	some index, finding in odd
	value := object.get(finding, "exploitability", null)
	not value in exploitabilities
}

deny contains sprintf("finding %v cannot be judged: it has no %s", [index, field]) if {
	some index, finding in odd
	some field in ["id", "purl"]
	not text(object.get(finding, field, null))
}

deny contains sprintf("finding %v cannot be judged: it is no object", [index]) if {
	some index, finding in odd
	not is_object(finding)
}

deny contains sprintf("%s (%s) in %s is %s", [finding.id, finding.severity, finding.purl, finding.exploitability]) if {
	some finding in document.findings
	finding.severity in {"CRITICAL", "UNKNOWN"}
	finding.exploitability in {"affected", "under_investigation", "unknown"}
	not [finding.id, finding.purl] in settled
	count([alias | some alias in object.get(finding, "aliases", []); [alias, finding.purl] in settled]) == 0
}

# Of many findings nearly all are judged at once, and the others looked at one by one.
odd[index] := finding if {
	some index, finding in document.findings
	not judged(finding)
}

judged(finding) if {
	finding.severity in severities
	finding.exploitability in exploitabilities
	is_string(finding.id)
	finding.id != ""
	is_string(finding.purl)
	finding.purl != ""
}

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

text(value) if {
	is_string(value)
	value != ""
}

# Pairs of a vulnerability, by any of its names, and the component in which it is settled. Only trusted statements about the
# component count, and "not affected" only with a justification.
settled contains [statement.vuln_id, purl] if {
	some statement in document.vex
	statement.trusted == true
	statement.status == "fixed"
	some purl in statement.products
}

settled contains [statement.vuln_id, purl] if {
	some statement in document.vex
	statement.trusted == true
	statement.status == "not_affected"
	text(statement.justification)
	some purl in statement.products
}

# A waiver names the vulnerability and the component, and is in force.
settled contains [waiver.vuln_id, waiver.purl] if {
	some waiver in document.waivers
	waiver.active == true
}
