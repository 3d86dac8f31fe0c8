"""Charts and kustomizations as people write them, small."""

from __future__ import annotations

from pathlib import Path

from tests.unit.sources.manifests import write

OLD = "perfana-3.1.0"
"""A release past its end, of components that the chart below has."""

POD = "containers: [{name: main, image: %s}]"
WEB = """\
{{- /* The chart decides about its image, as charts do. */}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: web
spec:
  template:
    spec:
      containers:
        - name: main
          image: "perfana/perfana-fe:{{ .Values.tag }}"
"""
MIGRATION = f"""\
apiVersion: batch/v1
kind: Job
metadata:
  name: migration
  annotations: {{helm.sh/hook: pre-install}}
spec:
  template:
    spec: {{{POD % "perfana/perfana-check:{{ .Values.tag }}"}}}
"""
SMOKE = f"""\
apiVersion: v1
kind: Pod
metadata: {{name: smoke, annotations: {{helm.sh/hook: test}}}}
spec: {{{POD % "perfana/perfana-ds:{{ .Values.tag }}"}}}
"""
DATABASE = f"""\
apiVersion: apps/v1
kind: StatefulSet
metadata: {{name: database}}
spec:
  template:
    spec: {{{POD % "{{ .Values.image }}"}}}
"""
TEMPLATES = {
    "Deployment/web": "templates/web.yaml",
    "Job/migration": "templates/migration.yaml",
    "Pod/smoke": "templates/tests/smoke.yaml",
    "StatefulSet/database": "charts/database/templates/database.yaml",
}
"""Where the chart has what it deploys."""


def write_chart(folder: Path, name: str = "chart") -> Path:
    """Write a chart with a workload, a hook, a test and a chart in it; return its folder, as it is to be named."""
    files = {
        "Chart.yaml": "apiVersion: v2\nname: perfana\nversion: 1.0.0\n",
        "values.yaml": f"tag: {OLD}\ndatabase: {{image: 'mongo:4.4.0'}}\n",
        "templates/web.yaml": WEB,
        "templates/migration.yaml": MIGRATION,
        "templates/tests/smoke.yaml": SMOKE,
        "templates/NOTES.txt": "Thank you for {{ .Chart.Name }}.\n",
        "charts/database/Chart.yaml": "apiVersion: v2\nname: database\nversion: 1.0.0\n",
        "charts/database/templates/database.yaml": DATABASE,
    }
    for file, content in files.items():
        write(folder, content, f"{name}/{file}")
    return Path(name)


def write_kustomization(folder: Path) -> Path:
    """Write a base of an old release and an overlay that sets an image; return the overlay's folder, as it is to be named."""
    web = WEB.partition("\n")[2].replace("{{ .Values.tag }}", OLD)
    write(folder, web, "base/web.yaml")
    write(folder, "resources: [web.yaml]\n", "base/kustomization.yaml")
    overlay = "resources: [../base]\nimages: [{name: perfana/perfana-fe, newTag: 2.46.1-SNAPSHOT}]\nnamePrefix: acme-\n"
    write(folder, overlay, "overlay/kustomization.yaml")
    return Path("overlay")
