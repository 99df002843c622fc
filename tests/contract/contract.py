"""Holds a running server against its own OpenAPI document: schemathesis draws requests from it, with a key and without.

Usage: contract.py --url URL --data-dir DIR --binary PATH --out DIR [--examples N]
The server must run with SONGWALKER__QUOTAS__ENABLED=false. Exit code 1 where an answer is not as the document says, where
an operation was asked too seldom, never succeeded with a key, or succeeded without one though it asks for one.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path

from world import World

HERE = Path(__file__).resolve().parent
# The document is read from a file: what it is read from over HTTP, the fuzzer leaves out.
DOCUMENT = "openapi.json"
# What succeeds only for a job whose attempts ran out, which takes minutes here; api/tests/api/operators.rs asks for it.
OF_DEAD_LETTERS = ("GET /v1/admin/dead-letters/{id}", "POST /v1/admin/dead-letters/{id}/requeue",
                   "DELETE /v1/admin/dead-letters/{id}")
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def operations(document):
    """{label: what the document says of the operation}"""
    return {f"{method.upper()} {path}": operation for path, methods in document["paths"].items()
            for method, operation in methods.items() if method in METHODS}


def needs_key(document, operation):
    """Whether every way to call it asks for a credential."""
    security = operation.get("security", document.get("security", []))
    return bool(security) and {} not in security


def takes_something(document, label, operation):
    """Whether there is anything to draw: where not, one request is all there is."""
    path = document["paths"][label.split(" ", 1)[1]]
    return bool(operation.get("parameters") or path.get("parameters") or operation.get("requestBody"))


@dataclass
class Run:
    """One run of the fuzzer: who asks, and for what."""

    name: str
    headers: dict
    filters: list

    def fuzz(self, arguments):
        """Whether it found nothing, and the calls it made. The report of what it found is printed."""
        calls = arguments.out / f"{self.name}.jsonl"
        environment = {
            **os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1",
            "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"), "SONGWALKER_CONTRACT": str(arguments.out),
            "SONGWALKER_CONTRACT_CALLS": str(calls), "SONGWALKER_CONTRACT_SIGNED": "yes" if self.headers else "no"}
        command = [str(Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"), "--no-color",
                   "run", str(arguments.out / DOCUMENT), "--url", arguments.url, "--max-examples", str(arguments.examples),
                   # A credential is sent or not; wrong ones are what the check `ignored_auth` tries.
                   "--generation-with-security-parameters", "false", *self.filters]
        command += [word for name, value in self.headers.items() for word in ("--header", f"{name}: {value}")]
        if not self.headers:
            command += ["--exclude-checks", "ignored_auth"]
        started = time.monotonic()
        with open(arguments.out / f"{self.name}.txt", "w+", encoding="utf-8") as report:
            done = subprocess.run(command, env=environment, stdout=report, stderr=subprocess.STDOUT,
                                  stdin=subprocess.DEVNULL)
            report.seek(0)
            if done.returncode != 0:
                print(report.read())
        made = [json.loads(line) for line in calls.read_text("utf-8").splitlines()] if calls.exists() else []
        print(f"{self.name}: {len(made)} calls in {time.monotonic() - started:.0f} s, exit code {done.returncode}")
        return done.returncode == 0, made


def runs(world, guest):
    """Every operation with a credential, in the end without. Who ends a session or erases a user is not asked again."""
    def session():
        cookie, csrf_token = world.session()
        return {"Cookie": cookie, "X-CSRF-Token": csrf_token}
    yield Run("key", {"Authorization": f"Bearer {world.token}"}, ["--exclude-name", "DELETE /v1/me"])
    yield Run("session", session(), ["--include-name", "GET /v1/session"])
    yield Run("session-ended", session(), ["--include-name", "DELETE /v1/session"])
    yield Run("user-erased", {"Authorization": f"Bearer {guest}"}, ["--include-name", "DELETE /v1/me"])
    yield Run("nobody", {}, [])


def judged(document, calls, signed, examples):
    """What is wrong with these calls; prints how each operation answered."""
    wrong, answers = [], defaultdict(Counter)
    for call in calls:
        answers[call["operation"]][call["status"]] += 1
    for label, operation in sorted(operations(document).items()):
        counted = answers[label]
        print(f"  {label:40} " + " ".join(f"{status}×{n}" for status, n in sorted(counted.items())))
        succeeded = sum(n for status, n in counted.items() if 200 <= status < 300)
        if takes_something(document, label, operation) and counted.total() < examples:
            wrong.append(f"{label}: only {counted.total()} calls")
        if signed and not succeeded and label not in OF_DEAD_LETTERS:
            wrong.append(f"{label}: no 2xx")
        if not signed and succeeded and needs_key(document, operation):
            wrong.append(f"{label}: {succeeded} successes of nobody")
    return wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", required=True)
    parser.add_argument("--data-dir", required=True, type=Path)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--examples", type=int, default=100)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with urllib.request.urlopen(f"{arguments.url}/openapi.json", timeout=60) as answer:  # noqa: S310 - loopback
        document = json.load(answer)
    (arguments.out / DOCUMENT).write_text(json.dumps(document), "utf-8")
    world = World(arguments.url, (arguments.data_dir / "token").read_text().strip())
    environment = {"HOME": str(arguments.data_dir), "SONGWALKER__DATA_DIR": str(arguments.data_dir)}
    guest = world.populate(arguments.binary, environment)
    world.written(arguments.out / "world.json")
    wrong, calls = [], {True: [], False: []}
    for run in runs(world, guest):
        found_nothing, made = run.fuzz(arguments)
        calls[bool(run.headers)] += made
        if not found_nothing:
            wrong.append(f"{run.name}: see above")
    for signed, who in [(True, "with a credential"), (False, "without")]:
        print(who)
        wrong += [f"{who}: {problem}" for problem in judged(document, calls[signed], signed, arguments.examples)]
    for problem in wrong:
        print(f"WRONG {problem}")
    print(f"{len(operations(document))} operations, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
