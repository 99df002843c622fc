"""Whether measured descriptors satisfy an assertion of the prompt file, and how much evidence that is.

An assertion is `{d, ref: abs|neutral, mode: diff|ratio, op, v, p0}` or `{any: [...], p0}`. A value that was never reached
is infinite; infinity minus infinity satisfies nothing.
"""

import math

# 192 real presets were tried: a share of 0 of them means "fewer than one".
RAREST = 1.0 / 192.0


def compare(value, op, bound):
    if isinstance(value, float) and math.isnan(value):
        return False
    if op == "<=":
        return value <= bound
    if op == ">=":
        return value >= bound
    if op == "==":
        return value == bound
    if op == "in":
        return bound[0] <= value <= bound[1]
    raise ValueError(f"unknown operator {op!r}")


def bits(assertion):
    """Evidence in bits: how surprising it would be for a random real preset to satisfy it."""
    return -math.log2(max(assertion.get("p0", 1.0), RAREST))


def value_of(assertion, measured, neutral):
    """What is compared with the assertion's bound; None where the neutral that it needs is missing."""
    value = measured[assertion["d"]]
    if assertion.get("ref", "abs") == "abs":
        return value
    if neutral is None:
        return None
    reference = neutral[assertion["d"]]
    if assertion["mode"] == "diff":
        return value - reference
    if assertion["mode"] == "ratio":
        return value / reference if reference else float("inf")
    raise ValueError(f"unknown mode {assertion['mode']!r}")


def judge(assertion, measured, neutral):
    """`{passed, bits, parts: [{d, op, v, ref, got, measured, neutral, passed}]}`; passed when any part is."""
    parts = []
    for member in assertion.get("any", [assertion]):
        got = value_of(member, measured, neutral)
        parts.append({
            "d": member["d"], "op": member["op"], "v": member["v"],
            "ref": member.get("mode", "abs") if member.get("ref") == "neutral" else "abs",
            "got": got, "measured": measured[member["d"]],
            "neutral": neutral[member["d"]] if neutral else None,
            "passed": got is not None and compare(got, member["op"], member["v"]),
        })
    return {"passed": any(part["passed"] for part in parts), "bits": bits(assertion), "parts": parts}


def describe(part):
    """One line for people: descriptor, wanted, got, neutral."""
    bound = "..".join(f"{b:g}" for b in part["v"]) if isinstance(part["v"], list) else f"{part['v']:g}"
    against = {"abs": "", "diff": " − neutral", "ratio": " ÷ neutral"}[part["ref"]]
    got = "nothing" if part["got"] is None else f"{part['got']:.4g}"
    line = f"{part['d']}{against} {part['op']} {bound}, got {got}"
    if part["ref"] != "abs" and part["neutral"] is not None:
        line += f" (measured {part['measured']:.4g}, neutral {part['neutral']:.4g})"
    return line
