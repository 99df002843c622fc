"""From one answer and its measurements to a verdict, and from verdicts to the figures of a table."""

import assertions
import bands
import product
import requirements


def verdict(prompt, answer, measured, neutral, band_measured):
    """Everything that is judged about one prompt.

    `measured` and `neutral` are descriptors (or None), `band_measured` those of the declared category's own note.
    """
    expect = prompt["expect"]
    made, patch = answer["made"], answer["patch"]
    category = made.get("category")
    heard = measured if measured and "fault" not in measured else None
    result = {"id": prompt["id"], "stratum": prompt["stratum"], "prompt": prompt["prompt"], "category": category,
              "voicing": made.get("voicing"), "excused": False, "faults": list(answer["faults"])}
    result["valid"] = answer["valid"]
    if measured and "fault" in measured:
        result["faults"].append(measured["fault"])
    # A documented refusal is a right answer where the prompt allows it: then there is nothing to hear.
    if "default_patch_or_documented_error" in expect.get("must", []) and answer["documented_error"]:
        result.update(valid=True, excused=True, faults=[])
    answer["invariants"] = requirements.broken_invariants(heard, category) if heard else ["nothing was heard"]
    result["bounded"] = result["excused"] or not answer["invariants"]
    if not result["excused"]:
        result["faults"] += answer["invariants"] if heard else []

    accepted = "*" in expect["category"] or category in expect["category"]
    subcategory = patch["meta"].get("subcategory") if patch else None
    hall = bool(patch) and product.reverb_is_on(patch)
    band_heard = band_measured if band_measured and "fault" not in band_measured else heard
    if band_heard:
        result["band"] = bands.broken(category, band_heard, subcategory, hall)
        yielding = bands.broken(category, band_heard, subcategory, hall, expect["descriptors"])
    else:
        result["band"] = yielding = [] if result["excused"] else ["nothing was heard"]
    result["accepted"] = result["excused"] or accepted
    result["category_right"] = result["accepted"] and not result["band"]
    result["category_right_yielding"] = result["accepted"] and not yielding

    result["voicing_true"] = result["excused"] or bool(
        patch and made.get("voicing") == patch["modules"]["voicing"]["mode"])
    result["voicing_asked"] = expect.get("voicing")
    result["voicing_right"] = result["voicing_true"] and made.get("voicing") == expect.get("voicing")

    result["assertions"] = []
    for assertion in expect["descriptors"]:
        if heard:
            judged = assertions.judge(assertion, heard, neutral)
        else:
            judged = {"passed": False, "bits": assertions.bits(assertion), "parts": []}
        result["assertions"].append(judged)
    result["musts"] = {item: requirements.must_holds(item, prompt["prompt"], answer) for item in expect.get("must", [])}
    result["all_assertions"] = all(a["passed"] for a in result["assertions"])
    result["all_right"] = (result["valid"] and result["bounded"] and result["category_right"] and result["all_assertions"]
                           and (result["voicing_asked"] is None or result["voicing_right"])
                           and all(result["musts"].values()))
    return result


def share(hits, count):
    """Percent, or None where there is nothing to count."""
    return 100.0 * hits / count if count else None


def figures(verdicts):
    """The rows of the table, in percent."""
    asked = [v for v in verdicts if v["voicing_asked"]]
    made = [a for v in verdicts for a in v["assertions"]]
    musts = [held for v in verdicts for held in v["musts"].values()]
    asserted = [v for v in verdicts if v["assertions"]]
    n = len(verdicts)
    return {
        "valid": share(sum(v["valid"] for v in verdicts), n),
        "bounded": share(sum(v["bounded"] for v in verdicts), n),
        "category": share(sum(v["category_right"] for v in verdicts), n),
        "category_yielding": share(sum(v["category_right_yielding"] for v in verdicts), n),
        "category_declared": share(sum(v["accepted"] for v in verdicts), n),
        "voicing": share(sum(v["voicing_right"] for v in asked), len(asked)),
        "voicing_true": share(sum(v["voicing_true"] for v in verdicts), n),
        "assertions": share(sum(a["passed"] for a in made), len(made)),
        "assertions_bits": share(sum(a["bits"] for a in made if a["passed"]), sum(a["bits"] for a in made)),
        "musts": share(sum(musts), len(musts)),
        "all_assertions": share(sum(v["all_assertions"] for v in asserted), len(asserted)),
        "all_right": share(sum(v["all_right"] for v in verdicts), n),
    }
