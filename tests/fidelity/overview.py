"""What the page shows: the verdicts of a run, then the worst case of each cohort and every preset at its worst note."""
import pathlib
import measures, modules, page, presets, report

MOST_NOTES = 40


def share(result):
    """How much of its bars a case uses up, at most."""
    return max([abs(v) / measures.BARS[k] for k, v in result["values"].items()], default=1e9)


def _modules(pool, options, cases, judged):
    """Table rows and articles of the cohorts; broken ones first."""
    by_name = {(c.cohort, c.name, c.note): c for c in cases}
    rows, tasks, articles = [], [], []
    for number, (cohort, results) in enumerate(report.by_cohort(judged).items()):
        shown = max((r for r in results if r["values"]), key=share, default=None)
        good = sum(report.passes([r]) for r in results)
        rows.append({"cohort": cohort, "anchor": f"c{number}", "good": good, "count": len(results), "holds": good == len(results), "worst": report.worst(results)})
        if shown is None: continue
        tasks.append((by_name[(cohort, shown["name"], shown["note"])], options.ablate, options.out / "sounds", f"c{number}"))
        articles.append((good == len(results), f"c{number}", f"{cohort}: {shown['name']}, note {shown['note']}", shown["values"], shown["failed"], shown["lost"]))
    list(pool.map(modules.drawn, tasks))
    shown = "".join(f"<div id={anchor}>" + page.article(title, values, failed, anchor, notes) + "</div>"
                    for _, anchor, title, values, failed, notes in sorted(articles, key=lambda a: a[0]))
    return rows, shown


def _presets(pool, options, files, heard):
    """An article a preset, at its worst note; the worst first."""
    paths = {presets.name_of(f): f for f in files}; tasks, articles = [], []
    for number, name in enumerate(paths):
        own = [r for r in heard if r["preset"] == name]
        worst = max((r for r in own if r["values"]), key=lambda r: r["values"]["distance"], default=None)
        if worst is None:
            articles.append((1e9, f"<article><h3>{name}</h3><p class=bad>{own[0]['faults'][0] if own and own[0]['faults'] else 'not rendered'}</p></article>")); continue
        tasks.append((paths[name], worst["note"], options.ablate, options.out / "sounds", f"p{number}"))
        limits = {k: high for k, _, high in presets.LIMITS}
        failed = [k for k, v in worst["values"].items() if abs(v) > limits.get(k, presets.PITCH_LIMIT)]
        articles.append((worst["values"]["distance"], page.article(f"{name}, note {worst['note']}", worst["values"], failed, f"p{number}", (worst["features"] + worst["warnings"])[:MOST_NOTES])))
    list(pool.map(presets.drawn, tasks))
    return "".join(text for _, text in sorted(articles, key=lambda a: -a[0]))


def write(pool, options, cases, judged, files, heard, rows, back):
    """Writes `index.html` with everything beside it; says where."""
    tally, sections = [], []
    if judged:
        cohorts, shown = _modules(pool, options, cases, judged)
        good = sum(c["holds"] for c in cohorts)
        tally += [(f"{good} of {len(cohorts)}", "cohorts of modules hold", good == len(cohorts))]
        sections += [("Modules", page.cohort_table(sorted(cohorts, key=lambda c: c["holds"])))]
    if heard:
        tally += [(f"{sum(r[3] for r in rows)} of {len(rows)}", "bars of whole presets hold", all(r[3] for r in rows))]
        sections += [("Whole presets, our render", page.verdict_table(rows))]
        if back:
            tally += [(f"{sum(r[3] for r in back)} of {len(back)}", "bars of exports hold", all(r[3] for r in back))]
            sections += [("Whole presets, our export in Vital", page.verdict_table(back))]
        sections += [("Presets at their worst note", _presets(pool, options, files, heard))]
    if judged: sections += [("Worst case of each cohort", shown)]
    page.write(pathlib.Path(options.out), tally, sections)
    return f"{options.out / 'index.html'}"
