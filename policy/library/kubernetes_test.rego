package stella.kubernetes_test

import rego.v1

import data.stella.kubernetes

image := "registry.example/a@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

container := {
	"name": "a",
	"image": image,
	"resources": {"limits": {"cpu": "1", "memory": "1Gi"}},
	"securityContext": {"runAsNonRoot": true, "allowPrivilegeEscalation": false},
}

config := {"kubernetes": "1.34.0"}

deployment(containers) := {"apiVersion": "apps/v1", "kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}}

with_container(change) := deployment([object.union(container, change)])

test_sound if kubernetes.allow with input as deployment([container]) with data.stella.config as config

test_no_input if not kubernetes.allow with data.stella.config as config

test_no_target if not kubernetes.allow with input as deployment([container])

test_removed_version if {
	kinds := {"apiVersion": "apps/v1beta2", "kind": "Service"}
	"apps/v1beta2 is gone since Kubernetes 1.16.0" in kubernetes.deny with input as kinds with data.stella.config as config
}

test_still_there if {
	kubernetes.allow with input as {"apiVersion": "flowcontrol.apiserver.k8s.io/v1beta3", "kind": "FlowSchema"} with data.stella.config as {"kubernetes": "1.31.9"}
}

test_root if not kubernetes.allow with input as with_container({"securityContext": {"runAsNonRoot": false}}) with data.stella.config as config

test_privileged if not kubernetes.allow with input as with_container({"securityContext": {"privileged": true}}) with data.stella.config as config

test_tag if not kubernetes.allow with input as with_container({"image": "a:latest"}) with data.stella.config as config

test_no_limits if not kubernetes.allow with input as deployment([object.remove(container, ["resources"])]) with data.stella.config as config

test_no_containers if not kubernetes.allow with input as deployment([]) with data.stella.config as config

test_cron_job if {
	job := {"apiVersion": "batch/v1", "kind": "CronJob", "spec": {"jobTemplate": {"spec": {"template": {"spec": {"containers": [container]}}}}}}
	kubernetes.allow with input as job with data.stella.config as config
}

test_host_network if {
	pod := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [container], "hostNetwork": true}}
	not kubernetes.allow with input as pod with data.stella.config as config
}

test_pod_setting if {
	plain := object.union(object.remove(container, ["securityContext"]), {"securityContext": {"allowPrivilegeEscalation": false}})
	pod := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [plain], "securityContext": {"runAsNonRoot": true}}}
	kubernetes.allow with input as pod with data.stella.config as config
}

test_no_pod if "Deployment has no pod" in kubernetes.deny with input as {"apiVersion": "apps/v1", "kind": "Deployment"} with data.stella.config as config

test_no_kind if "the manifest has no kind or API version" in kubernetes.deny with input as {} with data.stella.config as config

test_privilege_escalation if {
	loose := object.union(container, {"securityContext": {"allowPrivilegeEscalation": true}})
	pod := {"apiVersion": "v1", "kind": "Pod", "spec": {"containers": [loose]}}
	"container a may gain privileges" in kubernetes.deny with input as pod with data.stella.config as config
}

test_list if "a list is judged item by item" in kubernetes.deny with input as {"apiVersion": "v1", "kind": "List"} with data.stella.config as config

test_no_container if "a container is no object" in kubernetes.deny with input as deployment([1]) with data.stella.config as config
