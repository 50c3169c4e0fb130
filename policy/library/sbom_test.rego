package stella.sbom_test

import rego.v1

import data.stella.sbom

document := {
	"sbom": {"created": "2026-11-01T00:00:00Z", "components": [{"purl": "pkg:npm/a@1"}]},
	"coverage": {"missing": []},
	"effective_time": "2026-11-21T00:00:00Z",
}

changed(change) := object.union(document, change)

test_fresh if sbom.allow with input as document

test_no_input if not sbom.allow

test_none if not sbom.allow with input as object.remove(document, ["sbom"])

test_old if "the SBOM is 50 days old" in sbom.deny with input as changed({"sbom": {"created": "2026-10-02T00:00:00Z"}})

test_future if not sbom.allow with input as changed({"sbom": {"created": "2026-11-22T00:00:00Z"}})

test_no_date if not sbom.allow with input as changed({"sbom": {"created": "soon"}})

test_empty if not sbom.allow with input as changed({"sbom": {"components": []}})

test_no_coverage if not sbom.allow with input as object.remove(document, ["coverage"])

test_missing_evidence if not sbom.allow with input as changed({"coverage": {"missing": ["attestation"]}})

scanned := changed({"sbom": {"entry": 3}, "scan": {"sbom": 3}})

test_scan_of_sbom if sbom.allow with input as scanned with data.stella.config as {"scan_of_sbom": true}

test_scan_of_another if "the scan is not of the SBOM" in sbom.deny with input as object.union(scanned, {"scan": {"sbom": 2}})
	with data.stella.config as {"scan_of_sbom": true}

test_scan_of_an_inventory if not sbom.allow with input as object.union(document, {"sbom": {"entry": 3}, "scan": {"entry": 4}})
	with data.stella.config as {"scan_of_sbom": true}

test_scan_asked_for_in_other_words if not sbom.allow with input as document with data.stella.config as {"scan_of_sbom": "yes"}

test_scan_not_asked_for if sbom.allow with input as document with data.stella.config as {"scan_of_sbom": false}

test_days if not sbom.allow with input as document with data.stella.config as {"sbom_days": 7}
