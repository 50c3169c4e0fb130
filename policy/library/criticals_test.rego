package stella.criticals_test

import rego.v1

import data.stella.criticals

finding := {"id": "CVE-1", "aliases": ["GHSA-1"], "purl": "pkg:npm/a@1", "severity": "CRITICAL", "exploitability": "affected"}

statement := {"vuln_id": "GHSA-1", "products": ["pkg:npm/a@1"], "status": "not_affected", "justification": "vulnerable_code_not_present", "trusted": true}

waiver := {"vuln_id": "CVE-1", "purl": "pkg:npm/a@1", "active": true}

gate(findings, vex, waivers) := {"findings": findings, "vex": vex, "waivers": waivers}

denied(document) if {
	not criticals.allow with input as document
	criticals.deny != set() with input as document
}

test_nothing_found if criticals.allow with input as gate([], [], [])

test_no_input if not criticals.allow

test_empty_input if denied({})

test_missing_findings if denied({"vex": [], "waivers": []})

test_misspelt_findings if denied({"finding": [], "vex": [], "waivers": []})

test_findings_as_object if denied(gate({}, [], []))

test_critical if denied(gate([finding], [], []))

test_high if criticals.allow with input as gate([object.union(finding, {"severity": "HIGH"})], [], [])

test_wrong_case if denied(gate([object.union(finding, {"severity": "critical"})], [], []))

test_no_severity if denied(gate([object.remove(finding, ["severity"])], [], []))

test_no_id if denied(gate([object.remove(finding, ["id"])], [], []))

test_unknown_severity if denied(gate([object.union(finding, {"severity": "UNKNOWN"})], [], []))

test_under_investigation if denied(gate([object.union(finding, {"exploitability": "under_investigation"})], [], []))

test_fixed if criticals.allow with input as gate([object.union(finding, {"exploitability": "fixed"})], [], [])

test_vex_by_alias if criticals.allow with input as gate([finding], [statement], [])

test_vex_not_trusted if denied(gate([finding], [object.union(statement, {"trusted": false})], []))

test_vex_of_other_product if denied(gate([finding], [object.union(statement, {"products": ["pkg:npm/b@1"]})], []))

test_vex_without_justification if denied(gate([finding], [object.union(statement, {"justification": ""})], []))

test_vex_fixed if criticals.allow with input as gate([finding], [object.union(statement, {"status": "fixed"})], [])

test_waived if criticals.allow with input as gate([finding], [], [waiver])

test_waiver_without_scope if denied(gate([finding], [], [object.remove(waiver, ["purl"])]))

test_waiver_of_other_component if denied(gate([finding], [], [object.union(waiver, {"purl": "pkg:npm/b@1"})]))

test_waiver_not_in_force if denied(gate([finding], [], [object.union(waiver, {"active": false})]))

test_one_of_two if denied(gate([finding, object.union(finding, {"purl": "pkg:npm/b@1"})], [], [waiver]))

test_no_object if "finding 0 cannot be judged: it is no object" in criticals.deny with input as {"findings": [1]}

test_unknown_exploitability if {
	found := {"id": "CVE-1", "purl": "pkg:npm/a@1", "severity": "LOW", "exploitability": "Affected"}
	document := {"findings": [found], "vex": [], "waivers": []}
	criticals.deny == {"finding 0 cannot be judged: its exploitability is Affected"} with input as document
}
