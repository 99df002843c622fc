"""Alerts and dashboard: what Prometheus says of them, and that each leads on to what is to be done."""

import json
import re
import tempfile
from pathlib import Path

import yaml

from containers import complaints_of
from names import anchors


def alert_rules(bench):
    """Every alert, in its order."""
    groups = yaml.safe_load((bench.deploy / "prometheus/alerts.yaml").read_text())["groups"]
    return [rule for group in groups for rule in group["rules"] if "alert" in rule]


def dashboard_of(bench):
    return json.loads((bench.deploy / "grafana/songwalker.json").read_text())


def dashboard_queries(document):
    """What the panels and annotations of a dashboard ask, with who asks."""
    for panel in document["panels"]:
        for target in panel.get("targets", []):
            yield panel["title"], target["expr"]
    for annotation in document["annotations"]["list"]:
        yield annotation["name"], annotation["expr"]


def alerts(bench):
    folder = bench.deploy / "prometheus"
    yield from complaints_of([bench.promtool, "check", "rules", str(folder / "alerts.yaml")])
    yield from complaints_of([bench.promtool, "check", "config", str(folder / "prometheus.yaml")])
    yield from complaints_of([bench.promtool, "test", "rules", str(folder / "alerts.test.yaml")])
    tested = (folder / "alerts.test.yaml").read_text()
    seen = set()
    for rule in alert_rules(bench):
        name, notes = rule["alert"], rule.get("annotations", {})
        if name in seen:
            yield f"{name} is there twice"
        seen.add(name)
        severity = rule.get("labels", {}).get("severity")
        if severity not in {"page", "ticket"}:
            yield f"{name} is neither for the night nor for the morning (severity: {severity})"
        if severity == "page" and not re.search(rf"\b{name}\b", tested):
            yield f"{name} wakes people and has no test"
        for note in ("summary", "description", "runbook"):
            if note not in notes:
                yield f"{name} has no {note}"
        page, _, anchor = notes.get("runbook", "").partition("#")
        if not (bench.root / page).is_file() or anchor not in anchors(bench.root / page):
            yield f"{name} leads to {notes.get('runbook')}, which there is not"


def dashboard(bench):
    document = dashboard_of(bench)
    panels = document["panels"]
    ids = [panel["id"] for panel in panels]
    if len(ids) != len(set(ids)):
        yield "two panels have one id"
    taken = {}
    for panel in panels:
        title = panel["title"]
        if panel["type"] != "row" and not panel.get("description", "").rstrip(".").count(" "):
            yield f"{title}: says not what it answers"
        place = panel["gridPos"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                if x >= 24 or (x, y) in taken:
                    yield f"{title}: lies over {taken.get((x, y), 'the edge')}"
                    break
                taken[x, y] = title
            else:
                continue
            break
        for target in panel.get("targets", []):
            if target["datasource"]["uid"] != "${datasource}":
                yield f"{title}: asks a source of its own"
    yield from unreadable(bench, document)


def unreadable(bench, document):
    """Queries that Prometheus does not read: each as a rule by itself, so that the title of its panel can be told."""
    rules = []
    for number, (_, query) in enumerate(dashboard_queries(document)):
        query = query.replace("$__rate_interval", "5m").replace("$__range", "1h")
        rules.append({"record": f"panel:query:{number}", "expr": query})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "dashboard.yaml"
        path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
        # Queries may ask the same; rules that are equal are no complaint.
        yield from complaints_of([bench.promtool, "check", "rules", "--lint=none", str(path)])
