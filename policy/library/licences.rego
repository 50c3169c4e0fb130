# METADATA
# title: Licences
# description: Every component states a licence, and each is allowed. An expression is judged as a whole by its parts.
package stella.licences

import rego.v1

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

default allowed := {"Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MIT", "MPL-2.0", "Unlicense", "0BSD", "CC0-1.0"}

allowed := {name | some name in data.stella.config.licences} if is_array(data.stella.config.licences)

deny contains "input has no components" if not is_array(object.get(document, ["sbom", "components"], null))

deny contains sprintf("component %d is no object", [index]) if {
	some index, component in document.sbom.components
	not is_object(component)
}

deny contains sprintf("%s states no licence", [name(component)]) if {
	some component in document.sbom.components
	not stated(component)
}

stated(component) if {
	is_array(component.licences)
	count(component.licences) > 0
}

deny contains sprintf("%s is under %s", [name(component), licence]) if {
	some component in document.sbom.components
	some licence in component.licences
	not acceptable(licence)
}

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

name(component) := object.get(component, "purl", object.get(component, "name", "a component without a name"))

# Without parentheses: one alternative all of whose parts are allowed.
acceptable(licence) if {
	not contains(licence, "(")
	some alternative in split(licence, " OR ")
	every part in split(alternative, " AND ") {
		trim_space(part) in allowed
	}
}
