"""The check finds what it is there to find: every file of a copy of deploy/ is broken in its own way, and the check of its
kind must say so.

    test_check.py [--promtool PROGRAM]
"""

import argparse
import contextlib
import io
import re
import shutil
import sys
import tempfile
import unittest
from pathlib import Path

import check
from bench import Bench

ROOT = Path(__file__).resolve().parents[2]
# What the checks read.
READ = ["deploy", "docs", "rust-toolchain.toml", "jobs/src", "api/src", "cli/src", "scheduler/src", "workers/src"]
PROMTOOL = None

# Check, file, what stands there (a regular expression), what is put in its place, and what must be told.
BROKEN = [
    ("yaml", "compose.yaml", "name: songwalker\n", "name: songwalker\nname: twice\n", "duplication"),
    ("yaml", "prometheus/alerts.yaml", "groups:\n", "groups:   \n", "trailing spaces"),
    ("image", "Dockerfile", r"FROM \$\{RUST\} AS build", "FROM rust AS build", "DL3006"),
    ("image", "Dockerfile", "rust:1.95.0", "rust:1.94.0", "another Rust"),
    ("image", "Dockerfile", "STOPSIGNAL SIGTERM\n", "", "STOPSIGNAL"),
    ("shell", "compose/make-secrets.sh", r'mkdir -p "\$folder"', "mkdir -p $folder", "SC2086"),
    ("compose", "compose.yaml", "    read_only: true\n", "    readonly: true\n", "readonly"),
    ("compose", "compose.yaml", "postgres:17.6-bookworm", "postgres", "names no version"),
    ("compose", "compose.yaml", "stop_grace_period: 45s", "stop_grace_period: 25s", "is killed 25s"),
    ("compose", "compose.yaml", r"volumes: \[\"rabbitmq:", "volumes: [\"rabbit:", "not declared"),
    ("compose", "compose/make-secrets.sh", "keep grafana-password", "keep grafana", "nobody makes the secret"),
    ("units", "systemd/songwalker.service", "ProtectSystem=strict", "ProtectSystem=strickt", "songwalker.service"),
    ("units", "systemd/songwalker-worker@.service", "OOMPolicy=continue\n", "", "OOMPolicy"),
    ("units", "systemd/songwalker-api@.service", "TimeoutStopSec=45s", "TimeoutStopSec=20s", "is killed 20s"),
    ("units", "systemd/songwalker-scheduler@.service", r"SystemCallFilter=.*\n|Protect\w+=.*\n|Private\w+=.*\n", "", "exposed"),
    ("chart", "helm/songwalker/templates/services.yaml", "targetPort: http", "targetport: http", "targetport"),
    ("chart", "helm/songwalker/templates/_helpers.tpl", r"\{\{- define \"songwalker.image\" -\}\}", "", "_helpers"),
    ("chart", "helm/songwalker/templates/migrate.yaml", "backoffLimit: 3", "backoffLimit: three", "backoffLimit"),
    ("chart", "helm/songwalker/values.yaml", "slots: 2", "slots: 0", "slots"),
    ("chart", "helm/songwalker/values.schema.json", r'"minimum": 1,\n( +)"maximum": 256', r'"minimum": 0,\n\1"maximum": 256',
     "takes"),
    ("chart", "helm/songwalker/templates/_helpers.tpl", "SONGWALKER__DATABASE__URL_FILE, value: /run", "SONGWALKER__DATABASE__URL, value: /run",
     "secret in its environment"),
    ("chart", "helm/songwalker/templates/_helpers.tpl", r"\(int .root.Values.shutdownGraceSeconds\) 25", "0 20", "is killed 20 s"),
    ("alerts", "prometheus/alerts.yaml", r"max\(songwalker_workers\) == 0", "max(songwalker_workers == 0", "parse"),
    ("alerts", "prometheus/alerts.yaml", r"> 60\n        for: 2m", "> 600\n        for: 2m", "SongWalkerJobsWait"),
    ("alerts", "prometheus/alerts.yaml", "RUNBOOK.md#redis-gone", "RUNBOOK.md#redis-went", "which there is not"),
    ("alerts", "prometheus/alerts.yaml", "SongWalkerNoWorker\n", "SongWalkerNobody\n", "has no test"),
    ("alerts", "prometheus/prometheus.yaml", "scrape_interval", "scrape_intervall", "scrape_intervall"),
    ("dashboard", "grafana/songwalker.json", r"max\(songwalker_outbox_depth\)", "max(songwalker_outbox_depth", "parse"),
    ("dashboard", "grafana/songwalker.json", r'"x": 12,\n', '"x": 11,\n', "lies over"),
    ("metrics", "prometheus/alerts.yaml", "songwalker_erasures_overdue", "songwalker_erasures_late", "nobody counts songwalker_erasures_late"),
    ("metrics", "prometheus/alerts.yaml", 'ending="unwritten"', 'how="unwritten"', "has no label how"),
    ("metrics", "grafana/songwalker.json", "songwalker_jobs_running", "songwalker_jobs_runing", "nobody counts songwalker_jobs_runing"),
    ("metrics", "grafana/songwalker.json", r"songwalker_workers\b", "songwalker_workers_count", "nobody counts|there is no"),
    ("metrics", "prometheus/adapter.yaml", "seriesQuery: songwalker_jobs\n", "seriesQuery: songwalker_job\n", "nobody counts"),
    ("settings", "compose.yaml", "SONGWALKER__QUEUE__URL_FILE", "SONGWALKER__BROKER__URL_FILE", "broker.url_file is no setting"),
    ("settings", "systemd/songwalker.service", "METRICS__LISTEN", "METRICS__LISTENS", "metrics.listens is no setting"),
    ("settings", "helm/songwalker/values.yaml", "retention.prompts: 30d", "retention.prompt: 30d", "retention.prompt is no setting"),
    ("commands", "systemd/songwalker.service", "songwalker serve", "songwalker server", "no command server"),
    ("commands", "compose.yaml", r"songwalker, health", "songwalker, healthy", "no command healthy"),
    ("commands", "../docs/RUNBOOK.md", "`songwalker audit`", "`songwalker auditor`", "no command auditor"),
    ("pages", "../docs/RUNBOOK.md", r"\(#broker-lost\)", "(#broker-gone)", "no such heading"),
    ("pages", "../docs/OPERATIONS.md", r"\(RUNBOOK.md\)", "(RUNBOOKS.md)", "is not there"),
]


class EveryKindOfFaultIsFound(unittest.TestCase):
    def test_what_is_there_is_fine(self):
        self.assertEqual({name: found for name, found in self.found(ROOT, []).items() if found}, {})

    def test_each_broken_file_is_found_by_the_check_of_its_kind(self):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            for name in READ:
                source = ROOT / name
                if source.is_dir():
                    shutil.copytree(source, root / name)
                else:
                    shutil.copy(source, root / name)
            for kind, file, there, instead, told in BROKEN:
                with self.subTest(check=kind, file=file, instead=instead):
                    path = root / "deploy" / file
                    whole = path.read_text()
                    broken, times = re.subn(there, instead, whole)
                    self.assertGreater(times, 0, "this is not in the file any more")
                    path.write_text(broken)
                    try:
                        found = self.found(root, [kind])
                    finally:
                        path.write_text(whole)
                    if kind not in found:
                        self.skipTest(f"{kind} cannot be checked here")
                    self.assertRegex("\n".join(found[kind]), told)

    def found(self, root, only):
        with contextlib.redirect_stdout(io.StringIO()):
            complaints, _ = check.run(Bench(root, PROMTOOL), only)
        return complaints


if __name__ == "__main__":
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--promtool", type=Path)
    given, rest = arguments.parse_known_args()
    PROMTOOL = given.promtool
    unittest.main(argv=[sys.argv[0], *rest])
