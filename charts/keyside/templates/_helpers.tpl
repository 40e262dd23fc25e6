{{- define "keyside.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 53 | trimSuffix "-" -}}
{{- end -}}

{{- define "keyside.fullname" -}}
{{- $name := include "keyside.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 53 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 53 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 53 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "keyside.account" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "keyside.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The version, and the digest if one is given. */}}
{{- define "keyside.image" -}}
{{- $tag := default (printf "v%s" .Chart.AppVersion) .Values.image.tag -}}
{{ .Values.image.repository }}:{{ $tag }}{{ with .Values.image.digest }}@{{ . }}{{ end }}
{{- end -}}

{{/* Labels by which our pods are found: those never change. */}}
{{- define "keyside.selector" -}}
app.kubernetes.io/name: {{ include "keyside.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: server
{{- end -}}

{{/* Labels of an object: (list $ "component" further). Ours win over what is asked for. */}}
{{- define "keyside.labels" -}}
{{- $root := index . 0 -}}
{{- $own := dict
  "app.kubernetes.io/name" (include "keyside.name" $root)
  "app.kubernetes.io/instance" $root.Release.Name
  "app.kubernetes.io/version" $root.Chart.AppVersion
  "app.kubernetes.io/component" (index . 1)
  "app.kubernetes.io/part-of" $root.Chart.Name
  "app.kubernetes.io/managed-by" $root.Release.Service
  "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version) -}}
{{- $further := dict -}}
{{- if gt (len .) 2 -}}{{- $further = index . 2 -}}{{- end -}}
{{- merge $own $further $root.Values.commonLabels | toYaml -}}
{{- end -}}

{{/* What keyside may do with Secrets: inject, blind, repair or namespaced. */}}
{{- define "keyside.rights" -}}
{{- if ne .Values.rbac.mode "auto" -}}
{{- .Values.rbac.mode -}}
{{- else if eq .Values.delivery.mode "Inject" -}}
inject
{{- else -}}
repair
{{- end -}}
{{- end -}}

{{/* How pods are served: policy, webhook or both. On demand needs somebody who sees all pods come. */}}
{{- define "keyside.injection" -}}
{{- if eq .Values.rbac.mode "namespaced" -}}
policy
{{- else if ne .Values.injection.mode "auto" -}}
{{- .Values.injection.mode -}}
{{- else if and (ne .Values.delivery.mode "OnDemand") (.Capabilities.APIVersions.Has "admissionregistration.k8s.io/v1/MutatingAdmissionPolicy") -}}
both
{{- else -}}
webhook
{{- end -}}
{{- end -}}

{{/* The pull secrets of keyside's own pods. */}}
{{- define "keyside.pullSecrets" -}}
{{- with concat (.Values.global.imagePullSecrets | default list) .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
