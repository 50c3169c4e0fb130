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
deny contains sprintf("finding %v cannot be judged: %s", [index, reason]) if {
	some index, finding in document.findings
	some reason in unfit(finding)
}

deny contains sprintf("%s (%s) in %s is %s", [finding.id, finding.severity, finding.purl, finding.exploitability]) if {
	some finding in document.findings
	finding.severity in {"CRITICAL", "UNKNOWN"}
	finding.exploitability in {"affected", "under_investigation", "unknown"}
	not reconciled(finding)
	not waived(finding)
}

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

unfit(finding) := ({reason |
	some field, known in {"severity": severities, "exploitability": exploitabilities}
	value := object.get(finding, field, null)
	not value in known
	reason := sprintf("its %s is %v", [field, value])
} | {reason |
	some field in ["id", "purl"]
	not text(object.get(finding, field, null))
	reason := sprintf("it has no %s", [field])
}) | {"it is no object" | not is_object(finding)}

text(value) if {
	is_string(value)
	value != ""
}

# Names of a vulnerability: its id and its aliases.
names(finding) := {finding.id} | {alias | some alias in object.get(finding, "aliases", [])}

# Only trusted statements about this component count, and "not affected" only with a justification.
reconciled(finding) if {
	some statement in document.vex
	statement.vuln_id in names(finding)
	statement.trusted == true
	finding.purl in statement.products
	closes(statement)
}

closes(statement) if statement.status == "fixed"

closes(statement) if {
	statement.status == "not_affected"
	text(statement.justification)
}

# A waiver names the vulnerability and the component, and is in force.
waived(finding) if {
	some waiver in document.waivers
	waiver.vuln_id in names(finding)
	waiver.purl == finding.purl
	waiver.active == true
}
