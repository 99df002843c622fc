"""What a run of cohorts says: a line for each cohort, worst first within it, and the verdict."""
import measures

WIDTH = 34


def by_cohort(results):
    cohorts = {}
    for result in results: cohorts.setdefault(result["cohort"], []).append(result)
    return cohorts


def passes(results):
    return not any(r["failed"] or r["faults"] for r in results)


def worst(results):
    """The greatest magnitude of each measure."""
    out = {}
    for r in results:
        for name, value in r["values"].items():
            if name not in out or abs(value) > abs(out[name]): out[name] = value
    return out


def line(cohort, results):
    """One cohort: verdict, how many passed, the worst of each measure, an asterisk where it breaks its bar."""
    figures = "  ".join(f"{name} {value:.3g}{'*' if not abs(value) <= measures.BARS[name] else ''}" for name, value in worst(results).items())
    good = sum(passes([r]) for r in results)
    silent = sum(bool(r.get("silent")) for r in results)
    return f"{'ok  ' if good == len(results) else 'FAIL'} {cohort:{WIDTH}} {good:2}/{len(results):<2} {figures}{f'  ({silent} silent in Vital)' if silent else ''}"


def details(results):
    """The cases that failed, each with its figures."""
    for r in sorted(results, key=lambda r: -max([abs(v) / measures.BARS[k] for k, v in r["values"].items()], default=9e9)):
        if passes([r]): continue
        figures = "  ".join(f"{name} {value:.3g}{'*' if name in r['failed'] else ''}" for name, value in r["values"].items())
        yield f"       {r['name'][:40]:40} note {r['note']:3}  {figures}{'  ' + '; '.join(r['faults']) if r['faults'] else ''}"


def summary(results):
    cohorts = by_cohort(results)
    good = sum(passes(rs) for rs in cohorts.values())
    return f"{good} of {len(cohorts)} cohorts hold; {sum(passes([r]) for r in results)} of {len(results)} cases"
