package stella.policy

import rego.v1

default allow := false

exploitable(v) if {
	v.severity == "CRITICAL"
	v.exploitability == "affected"
}

allow if not exploitable_some

exploitable_some if {
	some v in input.findings
	exploitable(v)
	not waived(v.id)
}

waived(id) if {
	some w in input.vex
	w.vuln_id == id
	w.status == "not_affected"
	w.justification != ""
}
