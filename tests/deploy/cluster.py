"""The Helm chart: linted and rendered by Helm's own code with every file of ci/, and each object against the schemas of
the oldest and a newer Kubernetes. What is not checked: ServiceMonitor (its schema is not Kubernetes'), and whether a
cluster's admission takes it."""

import contextlib
import re

import yaml

from bench import Missing
from containers import shutdown_grace

VERSIONS = ("1.30", "1.34")
ELSEWHERE = {"ServiceMonitor"}
# Helm likes an icon; we have none to show.
UNIMPORTANT = ("icon is recommended",)


def chart(bench):
    try:
        import helm_python
        from helm_python.chart import Chart, lint
        import kubernetes_validate
    except ImportError as missing:
        raise Missing(missing.name) from missing
    folder = bench.deploy / "helm/songwalker"
    grace = shutdown_grace(bench.root)
    cases = sorted((folder / "ci").glob("*.yaml"))
    if not cases:
        yield "the chart has no values to be rendered with (ci/)"
    for case in cases:
        values = yaml.safe_load(case.read_text())
        report = lint(folder, values, strict=True, kube_version="v1.30.0")
        for message in report["messages"]:
            if message["error"] not in UNIMPORTANT:
                yield f"{case.name}: {message['path']}: {message['error']}"
        try:
            with Chart.load(folder) as loaded:
                loaded.validate_schema(values)
                rendered = loaded.render(values, name="release", namespace="sounds")
        except helm_python.HelmError as error:
            yield f"{case.name}: {error}"
            continue
        seen = set()
        for path, text in rendered.items():
            if path.endswith("NOTES.txt"):
                continue
            for document in yaml.safe_load_all(text):
                if not document:
                    continue
                name = f"{case.name}: {document['kind']} {document['metadata']['name']}"
                key = (document["kind"], document["metadata"]["name"])
                if key in seen:
                    yield f"{name}: is there twice"
                seen.add(key)
                yield from (f"{name}: {problem}" for problem in rules(document, values, grace))
                if document["kind"] in ELSEWHERE:
                    continue
                for version in VERSIONS:
                    with contextlib.redirect_stdout(None):
                        problem = invalid(kubernetes_validate, document, version)
                    if problem:
                        yield f"{name}: Kubernetes {version}: {problem}"
    yield from refuses(folder)


def invalid(kubernetes_validate, document, version):
    """Why Kubernetes would refuse it."""
    try:
        kubernetes_validate.validate(document, version, strict=True)
    except kubernetes_validate.ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
    return None


def rules(document, values, grace):
    """What we ask of an object beyond its form."""
    if document["kind"] not in {"Deployment", "Job"}:
        return
    pod = document["spec"]["template"]["spec"]
    if document["kind"] == "Deployment":
        least = values.get("shutdownGraceSeconds", grace) + 15
        if pod.get("terminationGracePeriodSeconds", 30) < least:
            yield f"is killed {pod.get('terminationGracePeriodSeconds', 30)} s after it was asked to stop"
    if pod.get("automountServiceAccountToken") is not False:
        yield "mounts a token of Kubernetes, for which it has no use"
    for container in pod["containers"]:
        security = container.get("securityContext", {})
        if security.get("readOnlyRootFilesystem") is not True or security.get("allowPrivilegeEscalation") is not False:
            yield "may write where it need not, or gain rights"
        if not container.get("resources", {}).get("requests"):
            yield "asks for no resources"
        if re.search(r":latest$", container["image"]):
            yield "names no version of its image"
        if document["kind"] == "Deployment" and not {"startupProbe", "livenessProbe", "readinessProbe"} <= set(container):
            yield "lacks a probe"
        for variable in container["env"]:
            if re.search(r"(URL|SECRET_KEY)$", variable["name"]) and "PUBLIC" not in variable["name"] and "value" in variable:
                yield f"has a secret in its environment ({variable['name']})"


def refuses(folder):
    """The schema refuses what cannot be meant."""
    import helm_python
    from helm_python.chart import Chart

    base = {"existingSecret": "songwalker"}
    wrong = [
        {},
        {**base, "wroker": {"replicas": 2}},
        {**base, "worker": {"slots": 0}},
        {**base, "worker": {"slots": "two"}},
        {**base, "store": {"prefix": "/somewhere"}},
        {**base, "publicUrl": "sounds.example.org"},
        {**base, "config": {"database.url": "postgres://me:secret@db/x"}},
        {**base, "api": {"resources": {"requests": {"gpu": 1}}}},
        {**base, "image": {"digest": "sha256:abc"}},
    ]
    with Chart.load(folder) as loaded:
        for values in wrong:
            try:
                loaded.validate_schema(values)
            except helm_python.HelmError:
                continue
            yield f"values.schema.json takes {values}"
