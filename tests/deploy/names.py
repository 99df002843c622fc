"""Whether the names that deploy/ and its pages use are names of the product: metrics with their labels, settings,
commands, and what pages link to.

What the code is still to bring stands in `to-come.txt`; a line of it that has come is a complaint, so that the list ends
empty.
"""

import re
from pathlib import Path

PAGES = ("docs/OPERATIONS.md", "docs/RUNBOOK.md")
# Labels that Prometheus gives, and those of its own alerts.
GIVEN_LABELS = {"job", "instance", "le"}
SUFFIXES = {"_bucket", "_sum", "_count"}


def sources(root):
    """The text of all Rust sources of the product, without its tests' own folders."""
    for crate in ("api", "cli", "jobs", "scheduler", "workers"):
        for path in sorted((root / crate / "src").rglob("*.rs")):
            yield path.read_text()


def to_come(kind):
    """What the code is still to bring: name → the rest of its line."""
    lines = (Path(__file__).parent / "to-come.txt").read_text().splitlines()
    words = [line.split() for line in lines if line.strip() and not line.startswith("#")]
    return {rest[0]: rest[1:] for found, *rest in words if found == kind}


def emitted(root):
    """The metrics that the code counts: name → (kind, labels)."""
    text = "\n".join(sources(root))
    constants = dict(re.findall(r'const (\w+): &str = "(songwalker_\w+)";', text))
    found = {}
    for kind, name, rest in re.findall(r"\b(counter|gauge|histogram)!\(\s*([^,)]+)(.*?)\)\s*\.", text, re.DOTALL):
        name = name.strip()
        name = name.strip('"') if name.startswith('"') else constants.get(name.rsplit("::", 1)[-1])
        if name:
            known = found.setdefault(name, (kind, set()))
            known[1].update(re.findall(r'"(\w+)"\s*=>', rest))
    return found


def uses(bench):
    """Where metrics are asked for: file and text."""
    from watching import alert_rules, dashboard_of, dashboard_queries

    for rule in alert_rules(bench):
        yield f"alert {rule['alert']}", rule["expr"]
    for title, query in dashboard_queries(dashboard_of(bench)):
        yield f"panel {title!r}", query
    for name in ("prometheus/adapter.yaml", "prometheus/alerts.test.yaml"):
        # Names that the adapter gives are not ours to count.
        text = re.sub(r"name: \{as: \w+\}", "", (bench.deploy / name).read_text())
        yield name, re.sub(r"(?m)^\s*#.*$", "", text)
    for page in PAGES:
        text = (bench.root / page).read_text()
        yield page, "\n".join(re.findall(r"`[^`\n]*`|```.*?```", text, re.DOTALL))


def metrics(bench):
    known = emitted(bench.root)
    coming = to_come("metric")
    for name, (kind, *labels) in coming.items():
        if name in known:
            yield f"{name} has come: take it off tests/deploy/to-come.txt"
        known.setdefault(name, (kind, {label.removeprefix("label=") for label in labels}))
    # What Prometheus keeps of a histogram, and what the adapter of the chart makes.
    made_elsewhere = {"songwalker_jobs_open"}
    complaints = {}
    for place, text in uses(bench):
        for name, selector in re.findall(r"\b(songwalker_[a-z_]+)\b(?:\{([^}]*)\})?", text):
            if name in made_elsewhere:
                continue
            base = next((name.removesuffix(s) for s in SUFFIXES if name.endswith(s) and name.removesuffix(s) in known), name)
            if base not in known:
                complaints[f"{place}: nobody counts {name}"] = None
                continue
            kind, labels = known[base]
            is_series = base != name
            if is_series and kind != "histogram":
                complaints[f"{place}: {base} is a {kind}, there is no {name}"] = None
            if kind == "histogram" and not is_series and not place.startswith("docs/"):
                complaints[f"{place}: {name} is a histogram: _bucket, _sum or _count?"] = None
            for label in re.findall(r"(\w+)\s*(?:=~|!=|!~|=)", selector):
                if label not in labels | GIVEN_LABELS:
                    complaints[f"{place}: {base} has no label {label}"] = None
        for labels in re.findall(r"\bby \(([^)]*)\)", text):
            everything = set().union(GIVEN_LABELS, {"alertname"}, *(known[n][1] for n in known))
            for label in filter(None, map(str.strip, labels.split(","))):
                if label not in everything:
                    complaints[f"{place}: no metric has a label {label}"] = None
    yield from complaints


def keys(root):
    """The keys of the configuration, as the sections' structs have them."""
    found = {"data_dir"}
    text = (root / "jobs/src/config/sections.rs").read_text()
    for section, body in re.findall(r"pub struct (\w+) \{\n(.*?)\n\}", text, re.DOTALL):
        found.update(f"{section.lower()}.{field}" for field in re.findall(r"^    pub (\w+):", body, re.MULTILINE))
    return found


def settings(bench):
    known = keys(bench.root) | set(to_come("setting"))
    files = [f for f in bench.deploy.rglob("*") if f.is_file() and "secrets" not in f.parts]
    files += [bench.root / page for page in PAGES]
    for path in files:
        text = path.read_text()
        for variable in sorted(set(re.findall(r"\bSONGWALKER__([A-Z_]+[A-Z])\b", text))):
            key = variable.lower().replace("__", ".")
            # `docs/` explain the form itself.
            if key not in known and key != "section.key":
                yield f"{path.name}: {key} is no setting"
    chart = bench.deploy / "helm/songwalker"
    for path in [chart / "values.yaml", *(chart / "ci").glob("*.yaml")]:
        config = re.search(r"(?m)^config:\n((?:  .*\n)+)", path.read_text())
        for key in re.findall(r"(?m)^  ([a-z_.]+):", config[1] if config else ""):
            if key not in known:
                yield f"{path.name}: {key} is no setting"
    for page in PAGES:
        for key in re.findall(r"`([a-z_]+\.[a-z_]+)`", (bench.root / page).read_text()):
            if key.split(".")[0] in {k.split(".")[0] for k in known} and key not in known:
                yield f"{page}: {key} is no setting"


def commands(bench):
    arguments = "\n".join(path.read_text() for path in sorted((bench.root / "cli/src").glob("args*.rs")))
    body = re.search(r"pub enum Command \{(.*?)\n\}", arguments, re.DOTALL)[1]
    known = {kebab(name) for name in re.findall(r"(?m)^    (\w+)[(,]", body)}
    for name in to_come("command"):
        if name in known:
            yield f"{name} has come: take it off tests/deploy/to-come.txt"
        known.add(name)
    unit = r"ExecStart=/usr/local/bin/songwalker (\S+)"
    for path in sorted((bench.deploy / "systemd").glob("*.service")):
        yield from unknown(path.name, re.findall(unit, path.read_text()), known)
    compose = (bench.deploy / "compose.yaml").read_text()
    asked = re.findall(r"command: \[(migrate|api|worker|scheduler|serve)\]", compose)
    asked += re.findall(r"/usr/local/bin/songwalker, (\w+)", compose)
    yield from unknown("compose.yaml", asked, known)
    for page in PAGES:
        text = (bench.root / page).read_text()
        code = "\n".join(re.findall(r"```sh\n(.*?)```|`(songwalker [^`]+)`", text, re.DOTALL) and
                         [a or b for a, b in re.findall(r"```sh\n(.*?)```|`(songwalker [^`]+)`", text, re.DOTALL)])
        asked = re.findall(r"(?m)(?:^|-- |\| |`|\s)songwalker ([a-z][a-z-]*)(?=\s|$|`)", code)
        yield from unknown(page, asked, known)


def kebab(name):
    return re.sub(r"(?<!^)([A-Z])", r"-\1", name).lower()


def unknown(place, asked, known):
    for name in sorted(set(asked) - known):
        yield f"{place}: songwalker has no command {name}"


def anchors(page):
    """The anchors of a page's headings."""
    headings = re.findall(r"(?m)^#+ (.+)$", re.sub(r"(?s)```.*?```", "", page.read_text()))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def pages(bench):
    for page in PAGES:
        path = bench.root / page
        for target in re.findall(r"\]\(([^)]+)\)", path.read_text()):
            if target.startswith(("http://", "https://")):
                continue
            file, _, anchor = target.partition("#")
            there = (path.parent / file) if file else path
            if not there.exists():
                yield f"{page}: {target} is not there"
            elif anchor and anchor not in anchors(there):
                yield f"{page}: {target} has no such heading"
