{{- define "songwalker.name" -}}
{{- if contains .Chart.Name .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name .Chart.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "songwalker.selector" -}}
app.kubernetes.io/name: {{ .root.Chart.Name }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "songwalker.labels" -}}
{{ include "songwalker.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version }}
{{- end -}}

{{- define "songwalker.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "songwalker.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "songwalker.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end -}}
{{- end -}}

{{/* The variables of every service; a setting of its own goes before them. */}}
{{- define "songwalker.environment" -}}
- {name: SONGWALKER__DATABASE__URL_FILE, value: /run/secrets/songwalker/database-url}
- {name: SONGWALKER__QUEUE__URL_FILE, value: /run/secrets/songwalker/queue-url}
{{- if .Values.secretKeys.redisUrl }}
- {name: SONGWALKER__REDIS__URL_FILE, value: /run/secrets/songwalker/redis-url}
{{- end }}
- {name: SONGWALKER__STORE__SECRET_KEY_FILE, value: /run/secrets/songwalker/s3-secret-key}
- {name: SONGWALKER__STORE__ACCESS_KEY_FILE, value: /run/secrets/songwalker/s3-access-key}
- {name: SONGWALKER__STORE__BUCKET, value: {{ .Values.store.bucket | quote }}}
{{- with .Values.store.endpoint }}
- {name: SONGWALKER__STORE__ENDPOINT, value: {{ . | quote }}}
{{- end }}
- {name: SONGWALKER__STORE__REGION, value: {{ .Values.store.region | quote }}}
- {name: SONGWALKER__STORE__PATH_STYLE, value: {{ .Values.store.pathStyle | quote }}}
{{- with .Values.store.prefix }}
- {name: SONGWALKER__STORE__PREFIX, value: {{ . | quote }}}
{{- end }}
- {name: SONGWALKER__SERVER__LISTEN, value: "0.0.0.0:7761"}
{{- with .Values.publicUrl }}
- {name: SONGWALKER__SERVER__PUBLIC_URL, value: {{ . | quote }}}
{{- end }}
- {name: SONGWALKER__METRICS__LISTEN, value: "0.0.0.0:7762"}
- {name: SONGWALKER__LOG__FORMAT, value: json}
- {name: SONGWALKER__WORKER__SHUTDOWN_GRACE, value: {{ printf "%ds" (int .Values.shutdownGraceSeconds) | quote }}}
{{- range $key, $value := .Values.config }}
- {name: SONGWALKER__{{ $key | upper | replace "." "__" }}, value: {{ $value | toString | quote }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "songwalker.volumeMounts" -}}
- {name: secrets, mountPath: /run/secrets/songwalker, readOnly: true}
- {name: data, mountPath: /data}
- {name: tmp, mountPath: /tmp}
{{- end -}}

{{- define "songwalker.volumes" -}}
- name: secrets
  secret:
    secretName: {{ required "existingSecret names the Secret with the addresses of the services" .Values.existingSecret }}
    defaultMode: 0440
    items:
      - {key: {{ .Values.secretKeys.databaseUrl }}, path: database-url}
      - {key: {{ .Values.secretKeys.queueUrl }}, path: queue-url}
      {{- with .Values.secretKeys.redisUrl }}
      - {key: {{ . }}, path: redis-url}
      {{- end }}
      - {key: {{ .Values.secretKeys.s3AccessKey }}, path: s3-access-key}
      - {key: {{ .Values.secretKeys.s3SecretKey }}, path: s3-secret-key}
# Nothing that outlives the Pod is in them.
- {name: data, emptyDir: {sizeLimit: 256Mi}}
- {name: tmp, emptyDir: {sizeLimit: 256Mi}}
{{- end -}}

{{- define "songwalker.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "songwalker.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* What all Deployments share: root, component, and its own environment as text. */}}
{{- define "songwalker.deployment" -}}
{{- $values := index .root.Values .component -}}
{{- $health := ternary "http" "metrics" (eq .component "api") -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "songwalker.name" .root }}-{{ .component }}
  labels:
    {{- include "songwalker.labels" . | nindent 4 }}
spec:
  {{- if not (dig "autoscaling" "enabled" false $values) }}
  replicas: {{ $values.replicas }}
  {{- end }}
  revisionHistoryLimit: 3
  minReadySeconds: 5
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "songwalker.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "songwalker.labels" . | nindent 8 }}
      {{- with $values.podAnnotations }}
      annotations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
    spec:
      serviceAccountName: {{ include "songwalker.serviceAccount" .root }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      # The sleep before the end, the grace of running jobs, and the time in which requests are answered.
      terminationGracePeriodSeconds: {{ add (int .root.Values.shutdownGraceSeconds) 25 }}
      securityContext:
        {{- include "songwalker.podSecurity" . | nindent 8 }}
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      containers:
        - name: {{ .component }}
          image: {{ include "songwalker.image" .root | quote }}
          imagePullPolicy: {{ .root.Values.image.pullPolicy }}
          args: [{{ .component }}]
          env:
            {{- with .environment }}
            {{- . | nindent 12 }}
            {{- end }}
            {{- include "songwalker.environment" .root | nindent 12 }}
          ports:
            {{- if eq .component "api" }}
            - {name: http, containerPort: 7761, protocol: TCP}
            {{- end }}
            - {name: metrics, containerPort: 7762, protocol: TCP}
          # Alive while a part is away: another process would not reach it either.
          startupProbe:
            httpGet: {path: /health/live, port: {{ $health }}}
            periodSeconds: 2
            failureThreshold: 60
          livenessProbe:
            httpGet: {path: /health/live, port: {{ $health }}}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 6
          {{- if eq .component "api" }}
          # A part that is away is away for every replica. Without any of them nobody could ask for a job, though jobs are
          # accepted while the broker is away; what cannot be done is answered with 503.
          {{- else }}
          # An upgrade goes on only once the new Pod reaches all parts.
          {{- end }}
          readinessProbe:
            httpGet: {path: {{ ternary "/health/live" "/health/ready" (eq .component "api") }}, port: {{ $health }}}
            periodSeconds: 5
            timeoutSeconds: 5
            failureThreshold: 2
          lifecycle:
            # Until every proxy has heard that this Pod goes, it still answers.
            preStop: {sleep: {seconds: 5}}
          resources:
            {{- toYaml $values.resources | nindent 12 }}
          securityContext:
            {{- include "songwalker.containerSecurity" . | nindent 12 }}
          volumeMounts:
            {{- include "songwalker.volumeMounts" . | nindent 12 }}
      volumes:
        {{- include "songwalker.volumes" .root | nindent 8 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "songwalker.selector" . | nindent 14 }}
      {{- with $values.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.tolerations }}
      tolerations:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      {{- with $values.affinity }}
      affinity:
        {{- toYaml . | nindent 8 }}
      {{- end }}
{{- end -}}
