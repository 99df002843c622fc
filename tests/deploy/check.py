"""Whether what is in deploy/ and what docs say of it can be: every file by the linter of its kind, and by rules of our own
where files speak of each other. Prints what was looked at, what could not be for want of a tool, and every complaint; ends
with 1 where there is one.

    check.py [--root FOLDER] [--promtool PROGRAM] [--only NAME ...]
"""

import argparse
import sys
import time
from pathlib import Path

import cluster
import containers
import machines
import names
import watching
from bench import Bench, Missing

CHECKS = {
    "yaml": containers.yaml_files,
    "image": containers.image,
    "shell": containers.scripts,
    "compose": containers.compose,
    "units": machines.units,
    "chart": cluster.chart,
    "alerts": watching.alerts,
    "dashboard": watching.dashboard,
    "metrics": names.metrics,
    "settings": names.settings,
    "commands": names.commands,
    "pages": names.pages,
}


def run(bench, only):
    """Every complaint, by check; and what was not checked."""
    complaints, unchecked = {}, {}
    for name, check in CHECKS.items():
        if only and name not in only:
            continue
        began = time.monotonic()
        try:
            complaints[name] = list(check(bench))
        except Missing as missing:
            unchecked[name] = f"{missing} is not there"
            print(f"{name:10} not checked: {missing} is not there")
            continue
        found = complaints[name]
        print(f"{name:10} {'fine' if not found else f'{len(found)} complaints'} ({time.monotonic() - began:.1f} s)")
    return complaints, unchecked


def main():
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    arguments.add_argument("--promtool", type=Path)
    arguments.add_argument("--only", action="append", choices=list(CHECKS), default=[])
    given = arguments.parse_args()
    complaints, _ = run(Bench(given.root, given.promtool), given.only)
    for name, found in complaints.items():
        for complaint in found:
            print(f"{name}: {complaint}")
    return 1 if any(complaints.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
