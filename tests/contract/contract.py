"""Holds a running server against its own OpenAPI document: schemathesis draws requests from it, with a key and without.

Usage: contract.py --url URL --data-dir DIR --binary PATH --out DIR [--examples N]
The server must run with SONGWALKER__QUOTAS__ENABLED=false. Exit code 1 where an answer is not as the document says, where an
operation was asked too seldom, never succeeded with a key, or succeeded without one though it asks for one.
"""

import argparse
import json
import os
import subprocess
import sys
import time
import urllib.request
from collections import Counter, defaultdict
from pathlib import Path

from world import World

HERE = Path(__file__).resolve().parent
METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")
# Users who may erase themselves.
USERS = 4


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


def fuzz(arguments, with_key):
    """Runs the fuzzer; whether it found nothing, and the calls it made."""
    name = "with-key" if with_key else "without-key"
    calls = arguments.out / f"{name}.jsonl"
    environment = {
        **os.environ, "PYTHONPATH": str(HERE), "PYTHONDONTWRITEBYTECODE": "1", "SCHEMATHESIS_HOOKS": str(HERE / "hooks.py"),
        "SONGWALKER_CONTRACT": str(arguments.out), "SONGWALKER_CONTRACT_CALLS": str(calls),
        "SONGWALKER_CONTRACT_KEY": "yes" if with_key else "no"}
    command = [str(Path(sys.executable).parent / "st"), "--config-file", str(HERE / "schemathesis.toml"), "--no-color", "run",
               f"{arguments.url}/openapi.json", "--max-examples", str(arguments.examples)]
    if with_key:
        command += ["--header", f"Authorization: Bearer {(arguments.data_dir / 'token').read_text().strip()}"]
    else:
        # Whether a key is asked for is what is tried: nothing is to be drawn in its place.
        command += ["--generation-with-security-parameters", "false", "--exclude-checks", "ignored_auth"]
    started = time.monotonic()
    with open(arguments.out / f"{name}.txt", "w+", encoding="utf-8") as report:
        done = subprocess.run(command, env=environment, stdout=report, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL)
        report.seek(0)
        if done.returncode != 0:
            print(report.read())
    made = [json.loads(line) for line in calls.read_text("utf-8").splitlines()] if calls.exists() else []
    print(f"{name}: {len(made)} calls in {time.monotonic() - started:.0f} s, exit code {done.returncode}")
    return done.returncode == 0, made


def judged(document, calls, with_key, examples):
    """What is wrong with the calls of one run; prints how each operation answered."""
    wrong, answers = [], defaultdict(Counter)
    for call in calls:
        answers[call["operation"]][call["status"]] += 1
    for label, operation in sorted(operations(document).items()):
        counted = answers[label]
        print(f"  {label:40} " + " ".join(f"{status}×{n}" for status, n in sorted(counted.items())))
        succeeded = sum(n for status, n in counted.items() if 200 <= status < 300)
        if takes_something(document, label, operation) and counted.total() < examples:
            wrong.append(f"{label}: only {counted.total()} calls")
        if with_key and not succeeded:
            wrong.append(f"{label}: no 2xx")
        if not with_key and succeeded and needs_key(document, operation):
            wrong.append(f"{label}: {succeeded} successes without a key")
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
    world = World(arguments.url, (arguments.data_dir / "token").read_text().strip())
    environment = {"HOME": str(arguments.data_dir), "SONGWALKER__DATA_DIR": str(arguments.data_dir)}
    world.populate(arguments.binary, environment, USERS)
    world.written(arguments.out / "world.json")
    wrong = []
    for with_key in (True, False):
        found_nothing, calls = fuzz(arguments, with_key)
        run = "with a key" if with_key else "without a key"
        if not found_nothing:
            wrong.append(f"{run}: see above")
        wrong += [f"{run}: {problem}" for problem in judged(document, calls, with_key, arguments.examples)]
    for problem in wrong:
        print(f"WRONG {problem}")
    print(f"{len(operations(document))} operations, {len(wrong)} problems")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
