#!/usr/bin/env python3
"""Does our engine sound as Vital does? Cohorts of modules and whole presets, measured against their bars.

    run.py --probe PROBE [--only COHORT|PRESET]... [--quick] [--verbose] [--ablate WHAT] [--page] [--json FILE]

PROBE is the built `generator/examples/probe.rs`. `--only` takes part of a cohort's or a preset's name.
Needs vita, numpy, scipy. Exit 1 when a bar is broken.
"""
import os
os.environ.setdefault("OMP_NUM_THREADS", "1"); os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
import argparse, concurrent.futures, contextlib, json, multiprocessing, pathlib, sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
import ablate, cohorts, modules, presets, report
from patches import ROOT

QUICK = (2, 6)                                       # of each cohort, counted from one
QUICK_PRESETS = 4


def chosen(cases, only, quick):
    """The cases whose cohort is meant."""
    meant = [c for c in cases if not only or any(o in c.cohort for o in only)]
    if not quick: return meant
    seen = {}
    return [c for c in meant if seen.setdefault(c.cohort, []).append(c) or len(seen[c.cohort]) in QUICK]


def run_modules(pool, cases, options):
    """Judges all cases, printing each cohort when its last case comes in."""
    waiting = {}; own = {}
    for case in cases: waiting[case.cohort] = waiting.get(case.cohort, 0) + 1
    for result in pool.map(modules.judged, [(c, options.ablate) for c in cases], chunksize=2):
        name = result["cohort"]; own.setdefault(name, []).append(result)
        if len(own[name]) < waiting[name]: continue
        print(report.line(name, own[name]), flush=True)
        if options.verbose:
            for text in report.details(own[name]): print(text, flush=True)
    return [result for results in own.values() for result in results]


def run_presets(pool, files, options):
    """Judges every preset at every note; its rows of verdicts, of our renders and of the exports."""
    notes = presets.NOTES[1:2] if options.patches else presets.NOTES
    tasks = [(path, note, options.ablate, not options.ablate) for path in files for note in notes]
    results = []
    for result in pool.map(presets.judged, tasks, chunksize=len(notes)):
        results.append(result)
        print(presets.line(result), flush=True)
    rows = presets.verdicts(results); back = [] if options.ablate or options.patches else presets.verdicts(results, "exported")
    print("\n".join(presets.table(rows, "Presets, our render against Vital's") + (presets.table(back, "Presets, our export in Vital against the original") if back else [])))
    return results, rows, back


@contextlib.contextmanager
def workers(options):
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(options.jobs, context, modules.start, (str(options.probe), str(options.cache))) as pool: yield pool


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--probe", type=pathlib.Path, required=True)
    parser.add_argument("--out", type=pathlib.Path, default=ROOT / "target/fidelity")
    parser.add_argument("--cache", type=pathlib.Path, help="where Vital's renders are kept")
    parser.add_argument("--only", action="append", default=[], metavar="COHORT|PRESET")
    parser.add_argument("--set", choices=("all", "modules", "presets"), default="all")
    parser.add_argument("--patches", type=pathlib.Path, metavar="DIR", help="our own patches below this folder, in place of the real presets")
    parser.add_argument("--list", action="store_true", help="name the cohorts and presets, and run nothing")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--quick", action="store_true", help="two cases of each cohort, four presets")
    parser.add_argument("--verbose", action="store_true", help="the cases that fail, too")
    parser.add_argument("--ablate", choices=sorted(ablate.MADE), help="make our side wrong in this way")
    parser.add_argument("--page", action="store_true", help="write index.html with spectrograms and sounds")
    parser.add_argument("--json", type=pathlib.Path, help="write everything measured to this file")
    options = parser.parse_args()
    options.cache = options.cache or options.out / "cache"
    return options


def main():
    options = arguments()
    cases = [] if options.set == "presets" else chosen(cohorts.cases(), options.only, options.quick)
    found = presets.own(options.patches, options.only) if options.patches else presets.found(options.only)
    files = [] if options.set == "modules" else found[:QUICK_PRESETS if options.quick else None]
    if options.list:
        print("\n".join(list(dict.fromkeys(c.cohort for c in cases)) + [presets.name_of(f) for f in files])); return 0
    if not cases and not files:
        print("no cohort and no preset is called that; --list names them", file=sys.stderr); return 2
    with workers(options) as pool:
        judged = run_modules(pool, cases, options) if cases else []
        heard, rows, back = run_presets(pool, files, options) if files else ([], [], [])
        if options.page:
            import overview
            print(overview.write(pool, options, cases, judged, files, heard, rows, back))
    if options.json: options.json.write_text(json.dumps({"modules": judged, "presets": heard, "verdicts": rows, "export_verdicts": back}, indent=1))
    broken = [row for row in rows + back if not row[3]]
    if judged: print(report.summary(judged))
    if rows: print(f"{len(rows + back) - len(broken)} of {len(rows + back)} bars of whole presets hold")
    return 0 if report.passes(judged) and not broken else 1


if __name__ == "__main__":
    sys.exit(main())
