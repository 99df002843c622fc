"""The evaluation as text: the table of figures, the strata, the neutrals and, on request, every failure."""

from assertions import describe
from scoring import figures

ROWS = [("valid", "schema-valid", 100), ("bounded", "audible and bounded", 100),
        ("category", "category (declared, and sounds like it)", 97),
        ("category_yielding", "  where the prompt opposes its band, the prompt wins", None),
        ("category_declared", "  declared alone", None),
        ("voicing", "voicing", 95), ("voicing_true", "  declared voicing is the patch's", None),
        ("assertions", "assertions", 94), ("assertions_bits", "assertions, weighted by evidence", 92),
        ("musts", "requirements of single prompts", None),
        ("all_assertions", "prompts that pass all their assertions", 82), ("all_right", "prompts with nothing wrong", None)]
COLUMNS = [("valid", "valid"), ("bounded", "bounded"), ("category", "category"), ("voicing", "voicing"),
           ("assertions", "assert."), ("assertions_bits", "by bits"), ("all_right", "all right")]


def percent(value):
    return "–" if value is None else f"{value:.1f} %"


def overall(systems):
    """`systems`: {title: verdicts}; the first is ours and is held against the bars."""
    computed = {title: figures(verdicts) for title, verdicts in systems.items()}
    lines = [f"{'':54}" + "".join(f"{title:>15}" for title in systems) + f"{'bar':>9}"]
    for key, label, bar in ROWS:
        cells = "".join(f"{percent(computed[title][key]):>15}" for title in systems)
        lines.append(f"{label:54}{cells}" + (f"{'≥ ' + str(bar) + ' %':>9}" if bar else ""))
    return "\n".join(lines)


def by_stratum(verdicts):
    strata = list(dict.fromkeys(v["stratum"] for v in verdicts))
    lines = [f"{'stratum':18}{'n':>3}" + "".join(f"{label:>11}" for _, label in COLUMNS)]
    for stratum in strata:
        group = [v for v in verdicts if v["stratum"] == stratum]
        values = figures(group)
        lines.append(f"{stratum:18}{len(group):>3}" + "".join(f"{percent(values[key]):>11}" for key, _ in COLUMNS))
    return "\n".join(lines)


def neutrals(checked):
    """`checked`: {category: list of broken conditions}."""
    lines = [f"neutrals inside their own band: {sum(not b for b in checked.values())} of {len(checked)}"]
    lines += [f"  {category}: {'; '.join(broken)}" for category, broken in checked.items() if broken]
    return "\n".join(lines)


def failures(verdicts):
    """Every prompt with something wrong, and what."""
    lines = []
    for v in verdicts:
        if v["all_right"]:
            continue
        lines.append(f"{v['id']}: {v['prompt'][:100]}")
        lines += [f"    {fault}" for fault in v["faults"]]
        if not v["accepted"]:
            lines.append(f"    category {v['category']} is not accepted")
        lines += [f"    {v['category']} band: {fault}" for fault in v["band"]]
        if v["voicing_asked"] and not v["voicing_right"]:
            lines.append(f"    voicing {v['voicing']}, wanted {v['voicing_asked']}")
        if not v["voicing_true"]:
            lines.append(f"    declared voicing {v['voicing']} is not the patch's")
        for judged in v["assertions"]:
            if not judged["passed"]:
                lines.append("    " + (" | ".join(describe(p) for p in judged["parts"]) or "nothing was heard"))
        lines += [f"    must {item}: no" for item, held in v["musts"].items() if not held]
    return "\n".join(lines)
