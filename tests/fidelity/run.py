#!/usr/bin/env python3
"""Does our engine sound as Vital does? Every cohort of modules, measured against its bars.

    run.py --probe PROBE [--only COHORT|PRESET]... [--quick] [--verbose] [--ablate WHAT] [--json FILE]

PROBE is the built `generator/examples/probe.rs`. `--only` takes the beginning of a cohort's name, or any part of it.
Needs vita, numpy, scipy. Exit 1 when a bar is broken.
"""
import os
os.environ.setdefault("OMP_NUM_THREADS", "1"); os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import argparse, concurrent.futures, json, multiprocessing, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ablate, cohorts, modules, report
from patches import ROOT


def chosen(cases, only, quick):
    """The cases whose cohort is meant; `quick` takes two of each cohort."""
    meant = [c for c in cases if not only or any(c.cohort == o or c.cohort.startswith(o.rstrip("/") + "/") or o in c.cohort for o in only)]
    if not quick: return meant
    seen = {}
    return [c for c in meant if seen.setdefault(c.cohort, []).append(c) is None and len(seen[c.cohort]) in (2, 6)]


def run_modules(cases, options):
    """Judges all cases, printing each cohort as its last case comes in."""
    waiting = {}; results = []
    for case in cases: waiting[case.cohort] = waiting.get(case.cohort, 0) + 1
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, context, modules.start, (str(options.probe), str(options.cache))) as pool:
        for result in pool.map(modules.judged, [(c, options.ablate) for c in cases], chunksize=2):
            results.append(result)
            waiting[result["cohort"]] -= 1
            if waiting[result["cohort"]]: continue
            own = [r for r in results if r["cohort"] == result["cohort"]]
            print(report.line(result["cohort"], own), flush=True)
            if options.verbose:
                for text in report.details(own): print(text, flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probe", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/fidelity")
    parser.add_argument("--cache", type=pathlib.Path, help="where Vital's renders are kept")
    parser.add_argument("--only", action="append", default=[], metavar="COHORT|PRESET")
    parser.add_argument("--list", action="store_true", help="name the cohorts and run nothing")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="two cases of each cohort")
    parser.add_argument("--verbose", action="store_true", help="the cases that fail, too")
    parser.add_argument("--ablate", choices=sorted(ablate.MADE))
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    options.cache = options.cache or options.out / "cache"
    cases = chosen(cohorts.cases(), options.only, options.quick)
    if options.list:
        print("\n".join(dict.fromkeys(c.cohort for c in cases))); return 0
    results = run_modules(cases, options)
    if options.json: options.json.write_text(json.dumps(results, indent=1))
    print(report.summary(results))
    return 0 if results and report.passes(results) else 1


if __name__ == "__main__":
    sys.exit(main())
