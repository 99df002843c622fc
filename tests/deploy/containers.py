"""Container image, compose file, and the scripts and YAML files beside them."""

import re
import subprocess
from pathlib import Path

import yaml

YAML_RULES = """{extends: default, rules: {line-length: {max: 160, allow-non-breakable-words: true}, document-start: disable,
  braces: {max-spaces-inside: 1}, comments: {min-spaces-from-content: 1}, truthy: {check-keys: false}}}"""
# It has no shell, and nothing that asks it how it is.
NO_HEALTHCHECK = {"otel-collector", "bucket", "migrate", "admin"}


def complaints_of(command, **kwargs):
    """What a linter says, where it says no."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, **kwargs)
    if done.returncode == 0:
        return []
    return [line for line in (done.stdout + done.stderr).splitlines() if line.strip()] or [f"{command[0]} failed"]


def seconds(text):
    """A time as compose, systemd and our settings write it."""
    found = re.fullmatch(r"(\d+)(ms|s|m|min|h)?", str(text))
    if not found:
        raise ValueError(f"no time: {text!r}")
    return int(found[1]) * {"ms": 0.001, "s": 1, None: 1, "m": 60, "min": 60, "h": 3600}[found[2]]


def shutdown_grace(root):
    """worker.shutdown_grace, seconds, by the default that stands in the code."""
    text = (root / "jobs/src/config/sections.rs").read_text()
    return int(re.search(r"shutdown_grace: Span::from_secs\((\d+)\)", text)[1])


def yaml_files(bench):
    """Every YAML file but the templates of the chart, which are none before they are rendered."""
    files = [f for f in bench.deploy.rglob("*.yaml") if "templates" not in f.parts]
    return complaints_of([bench.tool("yamllint"), "--strict", "--format", "parsable", "-d", YAML_RULES, *map(str, files)])


def image(bench):
    path = bench.deploy / "Dockerfile"
    yield from complaints_of([bench.tool("hadolint"), "--no-color", str(path)])
    text = path.read_text()
    channel = re.search(r'channel = "([^"]+)"', (bench.root / "rust-toolchain.toml").read_text())[1]
    if f"rust:{channel}" not in text or f"RUSTUP_TOOLCHAIN={channel}" not in text:
        yield f"{path.name} builds with another Rust than rust-toolchain.toml's {channel}"
    for needed in ("STOPSIGNAL SIGTERM", "--locked", "USER 65532", "HEALTHCHECK"):
        if needed not in text:
            yield f"{path.name} has no {needed}"


def scripts(bench):
    return complaints_of([bench.tool("shellcheck"), *map(str, sorted(bench.deploy.rglob("*.sh")))])


def compose(bench):
    path = bench.deploy / "compose.yaml"
    schema = [bench.tool("check-jsonschema"), "--builtin-schema", "vendor.compose-spec", str(path)]
    yield from complaints_of(schema)
    document = yaml.safe_load(path.read_text())
    services = document["services"]
    grace = shutdown_grace(bench.root)
    for name, service in services.items():
        image_name = re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", service.get("image", ""))
        if not re.search(r":[^/:]*\d", image_name) or image_name.endswith(":latest"):
            yield f"compose: {name} names no version of its image ({image_name})"
        if name not in NO_HEALTHCHECK and "test" not in service.get("healthcheck", {}):
            yield f"compose: {name} has no healthcheck"
        if name not in {"migrate", "admin"} and "limits" not in service.get("deploy", {}).get("resources", {}):
            yield f"compose: {name} has no limits"
        if name in {"api", "worker", "scheduler"} and seconds(service.get("stop_grace_period", "10s")) < grace + 10:
            yield f"compose: {name} is killed {service.get('stop_grace_period', '10s')} after it was asked to stop"
        for other in service.get("depends_on", {}):
            if other not in services:
                yield f"compose: {name} depends on {other}, which there is not"
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            if source.startswith("./") and not (bench.deploy / source).exists():
                yield f"compose: {name} mounts {source}, which there is not"
            if not source.startswith("./") and source not in document["volumes"]:
                yield f"compose: {name} mounts the volume {source}, which is not declared"
        for secret in service.get("secrets", []):
            secret = secret if isinstance(secret, str) else secret["source"]
            if secret not in document["secrets"]:
                yield f"compose: {name} wants the secret {secret}, which is not declared"
        for variable, value in (service.get("environment") or {}).items():
            if str(value).startswith("/run/secrets/") and Path(value).name not in str(service.get("secrets", [])):
                yield f"compose: {name} reads {value} ({variable}), which it is not given"
    made = (bench.deploy / "compose/make-secrets.sh").read_text()
    for name, secret in document["secrets"].items():
        if not re.search(rf"(keep|password) {re.escape(Path(secret['file']).name)}\b", made):
            yield f"compose: nobody makes the secret {name} ({secret['file']})"
    for name, config in document["configs"].items():
        if not (bench.deploy / config["file"]).exists():
            yield f"compose: the configuration {name} is not there"


