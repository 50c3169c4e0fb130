# METADATA
# title: The shipped policies together
# description: |
#   Asks those that data.stella.config.require names, and denies what any of them denies. Without a list these are the
#   critical findings and the bill of materials; a name that is none denies.
package stella.gate

import rego.v1

import data.stella.criticals
import data.stella.exploits
import data.stella.inclusion
import data.stella.licences
import data.stella.provenance
import data.stella.sbom

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

default required := {"criticals", "sbom"}

required := {name | some name in data.stella.config.require} if is_array(data.stella.config.require)

known := {"criticals", "exploits", "inclusion", "licences", "provenance", "sbom"}

deny contains "no policy is required: data.stella.config.require is empty" if count(required) == 0

deny contains sprintf("no policy is called %v", [name]) if some name in (required - known)

deny contains {"msg": message, "policy": "criticals"} if {
	"criticals" in required
	some message in criticals.deny
}

deny contains {"msg": message, "policy": "exploits"} if {
	"exploits" in required
	some message in exploits.deny
}

deny contains {"msg": message, "policy": "inclusion"} if {
	"inclusion" in required
	some message in inclusion.violation
}

deny contains {"msg": message, "policy": "licences"} if {
	"licences" in required
	some message in licences.deny
}

deny contains {"msg": message, "policy": "provenance"} if {
	"provenance" in required
	some message in provenance.deny
}

deny contains {"msg": message, "policy": "sbom"} if {
	"sbom" in required
	some message in sbom.deny
}
