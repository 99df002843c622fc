"""What must hold of every answer, and the `must` items of single prompts.

Invariants are about the sound (finite, bounded, audible, in tune); musts also read the patch and what was printed.
"""

import json

from assertions import compare


def broken_invariants(measured, category):
    """Descriptions of the global invariants that a sound breaks; empty means audible and bounded."""
    slow = measured["attack_ms"] >= 200
    unpitched = category in ("drum", "fx")
    checks = [("finite", "==", True, True), ("true_peak_db", "<=", -0.1, True), ("lufs", "in", [-36, -6], True),
              ("dc", "<=", 0.03, True), ("onset_ms", "<=", 150, not slow), ("pitch_cents", "in", [-35, 35], not unpitched)]
    return [f"{name} {op} {bound} (is {measured[name]:.4g})"
            for name, op, bound, applies in checks if applies and not compare(measured[name], op, bound)]


def strings_in(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for member in value.values():
            yield from strings_in(member)
    elif isinstance(value, list):
        for member in value:
            yield from strings_in(member)


def echoes(prompt, texts, run=3):
    """Whether any text repeats `run` words of the prompt in a row."""
    words = "".join(c if c.isalnum() else " " for c in prompt.lower()).split()
    runs = {" ".join(words[i:i + run]) for i in range(len(words) - run + 1)}
    return any(r in " ".join("".join(c if c.isalnum() else " " for c in t.lower()).split()) for t in texts for r in runs)


PATCH_KEYS = {"schema_version", "engine_version", "synth_target", "name", "meta", "modules", "modulation", "macros"}
MODULE_KEYS = {"osc", "sample", "filter", "env", "lfo", "random", "fx", "voicing"}


def must_holds(item, prompt, answer):
    """Whether one `must` item holds of an answer (see `product.answer` for its fields)."""
    if item == "no_crash":
        return not answer["crashed"]
    if item == "default_patch_or_documented_error":
        return bool(answer["valid"] or answer["documented_error"])
    if not answer["valid"]:
        return False
    patch = answer["patch"]
    if item == "schema_valid":
        return True
    if item in ("bounded", "audible"):
        return not answer["invariants"]
    if item == "conflict_reported":
        return bool(answer["made"].get("conflicts"))
    if item == "no_prompt_echo":
        return not echoes(prompt, [*strings_in(patch), answer["made"]["name"], *strings_in(answer["intent"])])
    if item == "at_least_one_osc_on":
        return any(osc["enabled"] for osc in patch["modules"]["osc"])
    if item == "no_extra_fields":
        return set(patch) == PATCH_KEYS and set(patch["modules"]) == MODULE_KEYS and "9999" not in json.dumps(patch)
    raise ValueError(f"unknown requirement {item!r}")
