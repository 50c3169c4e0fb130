# METADATA
# title: Kubernetes manifests
# description: Workloads for a stated target version run unprivileged, pinned by digest, with limits; removed API versions are refused.
package stella.kubernetes

import rego.v1

# METADATA
# entrypoint: true
default allow := false

allow if count(deny) == 0

removed := {
	"extensions/v1beta1": "1.16.0",
	"apps/v1beta1": "1.16.0",
	"apps/v1beta2": "1.16.0",
	"batch/v1beta1": "1.25.0",
	"policy/v1beta1": "1.25.0",
	"autoscaling/v2beta1": "1.25.0",
	"autoscaling/v2beta2": "1.26.0",
	"flowcontrol.apiserver.k8s.io/v1beta2": "1.29.0",
	"flowcontrol.apiserver.k8s.io/v1beta3": "1.32.0",
}

# Without an input there is an empty document, in which everything is missing.
default document := {}

document := input if is_object(input)

target := data.stella.config.kubernetes if semver.is_valid(data.stella.config.kubernetes)

deny contains "no target version: data.stella.config.kubernetes" if not target

deny contains "the manifest has no kind or API version" if not kind

deny contains sprintf("%s is gone since Kubernetes %s", [document.apiVersion, removed[document.apiVersion]]) if {
	semver.compare(target, removed[document.apiVersion]) >= 0
}

kind := document.kind if {
	is_string(document.kind)
	is_string(document.apiVersion)
}

workloads := {"CronJob", "DaemonSet", "Deployment", "Job", "Pod", "ReplicaSet", "ReplicationController", "StatefulSet"}

pod := document.spec if kind == "Pod"

pod := document.spec.jobTemplate.spec.template.spec if kind == "CronJob"

pod := document.spec.template.spec if kind in (workloads - {"Pod", "CronJob"})

deny contains sprintf("%s has no pod", [kind]) if {
	kind in workloads
	not has_pod
}

has_pod if is_object(pod)

deny contains sprintf("%s has no containers", [kind]) if {
	is_object(pod)
	count(containers) == 0
}

containers contains container if {
	some field in ["containers", "initContainers", "ephemeralContainers"]
	some container in object.get(pod, field, [])
}

deny contains "a list is judged item by item" if endswith(kind, "List")

deny contains "a container is no object" if {
	some container in containers
	not is_object(container)
}

deny contains sprintf("container %s may run as root", [name(container)]) if {
	some container in containers
	not unprivileged(container)
}

deny contains sprintf("container %s is privileged", [name(container)]) if {
	some container in containers
	object.get(context(container), "privileged", false) != false
}

deny contains sprintf("container %s may gain privileges", [name(container)]) if {
	some container in containers
	object.get(context(container), "allowPrivilegeEscalation", true) != false
}

deny contains sprintf("container %s is not pinned by digest", [name(container)]) if {
	some container in containers
	not regex.match(`@sha256:[0-9a-f]{64}$`, object.get(container, "image", ""))
}

deny contains sprintf("container %s has no %s limit", [name(container), resource]) if {
	some container in containers
	some resource in ["cpu", "memory"]
	object.get(container, ["resources", "limits", resource], null) == null
}

deny contains sprintf("the pod shares the host's %s", [field]) if {
	some field in ["hostNetwork", "hostPID", "hostIPC"]
	object.get(pod, field, false) != false
}

name(container) := object.get(container, "name", "without a name")

unprivileged(container) if setting(container, "runAsNonRoot") == true

context(container) := container.securityContext if {
	is_object(container.securityContext)
} else := {}

# A container's own setting stands before its pod's.
setting(container, field) := object.get(context(container), field, object.get(object.get(pod, "securityContext", {}), field, null))
