"""What the fuzzer cannot know: ids that exist. Three of four valid requests get one; the rest keep what was drawn.

Loaded by schemathesis. Only what was drawn as valid is touched, so that a request that shall be refused stays one.
Every call is written down for contract.py to count: one line of JSON, {"operation", "status"}.
"""

import itertools
import json
import os
import threading
from collections import defaultdict
from pathlib import Path

import schemathesis
from schemathesis.core.parameters import ParameterLocation
from world import World

FOLDER = Path(os.environ["SONGWALKER_CONTRACT"])
SIGNED = os.environ["SONGWALKER_CONTRACT_SIGNED"] == "yes"
WORLD = World.read(FOLDER / "world.json")
LOCK = threading.Lock()
COUNTS = defaultdict(itertools.count)
CALLS = open(os.environ["SONGWALKER_CONTRACT_CALLS"], "a", encoding="utf-8")  # noqa: SIM115 - as long as the process
# So many of the jobs that the fuzzer makes may run to their end; were it all, there would be time for nothing else.
KEPT_JOBS = 5


def turn(what):
    """How often this was asked before."""
    with LOCK:
        return next(COUNTS[what])


def one_of(values, number):
    return values[number % len(values)]


def path_parameters(operation, number):
    """Path parameters that name something that exists, or None."""
    path = operation.split(" ", 1)[1]
    if operation == "DELETE /v1/jobs/{id}" or operation == "POST /v1/jobs/{id}/cancel":
        return {"id": WORLD.job()}
    if operation == "POST /v1/jobs/{id}/retry":
        return {"id": WORLD.cancelled_job()}
    if operation == "DELETE /v1/shares/{id}":
        return {"id": WORLD.share()["id"]}
    if operation == "DELETE /v1/keys/{id}":
        return {"id": WORLD.key()["id"]}
    if path.startswith("/v1/webhooks/{id}"):
        return {"id": WORLD.webhook()["id"]}
    if path.startswith("/v1/admin/users/{id}"):
        return {"id": WORLD.user()["id"]}
    if path.startswith("/v1/admin/keys/{id}"):
        return {"id": WORLD.key()["id"]}
    if path.startswith("/v1/admin/plans/{name}"):
        return {"name": "spare"}
    if path.startswith("/v1/jobs/{id}"):
        return {"id": one_of(WORLD.finished, number)}
    if path.startswith("/v1/templates/{id}"):
        return {"id": one_of(WORLD.templates, number)}
    if path.startswith("/s/{token}"):
        return {"token": one_of(WORLD.tokens, number)}
    return None


def is_valid(case, location):
    component = case.meta.components.get(location) if case.meta else None
    return component is None or component.mode.is_positive


@schemathesis.hook
def before_call(context, case, kwargs):
    operation, is_probe = case.operation.label, case.method.upper() != case.operation.method.upper()
    if is_probe or not (SIGNED or "/s/{token}" in operation):
        return
    number = turn(operation)
    if number % 4 != 3 and case.path_parameters and is_valid(case, ParameterLocation.PATH):
        known = path_parameters(operation, number)
        if known:
            case.path_parameters = known
    if operation == "POST /v1/jobs":
        job_request(case, number)
    if is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict):
        tame(operation, case.body, number)


def tame(operation, body, number):
    """Bodies that are valid by the schema: hosts that are nowhere, plans that are there, names that are new."""
    if operation == "POST /v1/webhooks" and isinstance(body.get("url"), str):
        body["url"] = "https://hooks.invalid/"
    if "/v1/admin/users" in operation and isinstance(body.get("plan"), str):
        body["plan"] = "standard"


def job_request(case, number):
    """Half of the valid requests name nothing that does not exist, and none waits long."""
    if is_valid(case, ParameterLocation.BODY) and isinstance(case.body, dict) and number % 2:
        for absent in ("template_id", "parent_job_id", "webhook_url"):
            case.body.pop(absent, None)
        if "planner" in case.body:
            case.body["planner"] = "embedded"
    if is_valid(case, ParameterLocation.HEADER) and "Prefer" in (case.headers or {}):
        case.headers["Prefer"] = f"wait={number % 2}"


@schemathesis.hook
def after_call(context, case, response):
    operation = case.operation.label
    if case.method.upper() == case.operation.method.upper():
        line = json.dumps({"operation": operation, "status": response.status_code})
        with LOCK:
            CALLS.write(line + "\n")
            CALLS.flush()
    if response.status_code == 201 and operation == "POST /v1/webhooks":
        WORLD.call("DELETE", f"/v1/webhooks/{response.json()['id']}")
    if response.status_code == 200 and operation == "POST /v1/admin/pause":
        WORLD.call("POST", "/v1/admin/resume")
    if response.status_code == 202 and operation in ("POST /v1/jobs", "POST /v1/jobs/{id}/retry"):
        if turn("kept jobs") >= KEPT_JOBS:
            WORLD.cancel(response.json()["id"])
