{{- define "perfana-support.name" -}}
{{ .Values.fullnameOverride | default "perfana-support" }}
{{- end }}

{{- define "perfana-support.account" -}}
{{ .Values.serviceAccount.name | default (include "perfana-support.name" .) }}
{{- end }}

{{- define "perfana-support.lease" -}}
{{ .Values.settings.lease_name | default (include "perfana-support.name" .) }}
{{- end }}

{{- define "perfana-support.leaseNamespace" -}}
{{ .Values.settings.lease_namespace | default .Release.Namespace }}
{{- end }}

{{- define "perfana-support.priority" -}}
{{ .Values.priorityClass.name | default (.Values.priorityClass.create | ternary (include "perfana-support.name" .) "") }}
{{- end }}

{{/* What pods are selected by: a Deployment cannot change it. */}}
{{- define "perfana-support.selector" -}}
app.kubernetes.io/name: perfana-support
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* Of every object. */}}
{{- define "perfana-support.labels" -}}
{{ include "perfana-support.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Of what changes with the program. */}}
{{- define "perfana-support.versioned" -}}
{{ include "perfana-support.labels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end }}

{{- define "perfana-support.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}
{{- end }}

{{/* Of pods. A user that is not named is the platform's choice. */}}
{{- define "perfana-support.podSecurity" -}}
runAsNonRoot: true
{{- with .Values.podSecurityContext.runAsUser }}
runAsUser: {{ int64 . }}
{{- end }}
{{- with .Values.podSecurityContext.runAsGroup }}
runAsGroup: {{ int64 . }}
{{- end }}
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "perfana-support.subjects" -}}
- kind: ServiceAccount
  name: {{ include "perfana-support.account" . | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}

{{/* The rules for judging that hold in a cluster and in a namespace alike; a test compares them with manifests/rights. */}}
{{- define "perfana-support.judging" -}}
- apiGroups: [apps]
  resources: [deployments, statefulsets, daemonsets]
  verbs: [list, watch]
- apiGroups: [batch]
  resources: [cronjobs, jobs]
  verbs: [list, watch]
- apiGroups: [""]
  resources: {{ .Values.watch.namespaces | empty | ternary "[pods, nodes]" "[pods]" }}
  verbs: [list, watch]
- apiGroups: [postgresql.cnpg.io]
  resources: [clusters]
  verbs: [list, watch]
- apiGroups: [support.perfana.io]
  resources: {{ .Values.watch.namespaces | empty | ternary "[supportchecks, supportpolicies]" "[supportchecks]" }}
  verbs: [list, watch]
- apiGroups: [support.perfana.io]
  resources: {{ .Values.watch.namespaces | empty | ternary "[supportchecks/status, supportpolicies/status]" "[supportchecks/status]" }}
  verbs: [patch]
- apiGroups: [events.k8s.io]
  resources: [events]
  verbs: [create]
{{- end }}

{{- define "perfana-support.leasing" -}}
# A name cannot be given for creating: the object has none yet when that is decided.
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [create]
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  resourceNames: [{{ include "perfana-support.lease" . | quote }}]
  verbs: [get, update]
{{- end }}

{{- define "perfana-support.reporting" -}}
- apiGroups: [openreports.io]
  resources: [reports]
  verbs: [get, create, patch]
- apiGroups: [wgpolicyk8s.io]
  resources: [policyreports]
  verbs: [get, create, patch]
{{- end }}

{{/*
Metadata of an object of a kind that this chart defines. Helm knows the kind only once the definition is there: at a first installation
such an object is made after all others, by a hook, and already bears what makes it the release's own, so that the next upgrade takes
it over; from then on it is an object like any other. It stays when the release goes, also back to a revision that only had the hook,
and goes with its definition. Arguments: root, kind, name, namespace.
*/}}
{{- define "perfana-support.ours" -}}
name: {{ .name | quote }}
{{- with .namespace }}
namespace: {{ . | quote }}
{{- end }}
labels:
  {{- include "perfana-support.labels" .root | nindent 2 }}
{{- $known := .root.Capabilities.APIVersions.Has (printf "support.perfana.io/v1alpha1/%s" .kind) }}
annotations:
  helm.sh/resource-policy: keep
  {{- if not $known }}
  helm.sh/hook: post-install,post-upgrade
  helm.sh/hook-delete-policy: hook-failed
  meta.helm.sh/release-name: {{ .root.Release.Name | quote }}
  meta.helm.sh/release-namespace: {{ .root.Release.Namespace | quote }}
  {{- end }}
{{- end }}

{{/*
Alerts whose commands are about this release where no label says more; a Lease of another name is told by no label. Arguments: root, text.
*/}}
{{- define "perfana-support.named" -}}
{{- $service := "{{ or $labels.service \"perfana-support\" }}" }}
{{- $namespace := "{{ or $labels.namespace \"perfana-support\" }}" }}
{{- $settings := .root.Values.settings }}
{{- $lease := printf "lease %s -n %s" ($settings.lease_name | default $service) ($settings.lease_namespace | default $namespace) }}
{{- .text | replace (printf "lease %s -n %s" $service $namespace) $lease
  | replace $service (replace "perfana-support" (include "perfana-support.name" .root) $service)
  | replace $namespace (replace "perfana-support" .root.Release.Namespace $namespace) }}
{{- end }}
