"""The sanity band of each category: what its sound must measure, or it is not what it says it is.

A band can veto a gross error (a pad that decays, a bass without lows); it cannot certify a fine category. Categories
without a published band (wind, guitar, stab) have none here; mallet is held to the struck ones, vox to the voices, a drone
to not dying away.
"""

from assertions import compare

INF = float("inf")
SUSTAINED = ("sustain_db", ">=", -12)
STRUCK = [("attack_ms", "<=", 60), ("sustain_db", "<=", -6), ("attack_bright_ratio", ">=", 0.9)]
BOWED = [("attack_ms", "in", [60, 1500]), SUSTAINED]
RHYTHM = [("attack_ms", "<=", 60), [("sustain_db", "<=", -6), ("am_depth_db", ">=", 3)]]

# A list inside a band is a choice: one of its conditions is enough.
BANDS = {
    "bass": [("attack_ms", "<=", 80), ("low_ratio", ">=", 0.4), ("brightness_oct", "<=", 3), ("mono_loss_db", ">=", -3)],
    "lead": [("attack_ms", "<=", 120), ("sustain_db", ">=", -15), ("brightness_oct", "in", [0, 5])],
    "pad": [("attack_ms", "in", [60, 3000]), SUSTAINED, ("tail60_ms", ">=", 500)],
    "pluck": [("attack_ms", "<=", 60), ("sustain_db", "<=", -20), ("attack_bright_ratio", ">=", 0.9)],
    "keys": STRUCK,
    "mallet": STRUCK,
    "bell": [*STRUCK, [("nonharm_db", ">=", -35), ("brightness_oct", ">=", 1.5)]],
    "strings": BOWED,
    "choir": BOWED,
    "vox": BOWED,
    "brass": [("attack_ms", "in", [10, 400]), ("sustain_db", ">=", -15), ("attack_bright_ratio", "<=", 1.05)],
    "organ": [("attack_ms", "<=", 120), ("sustain_db", ">=", -6), [("movement", "<=", 0.15), ("mod_rate_hz", "<=", 2)]],
    "arp": RHYTHM,
    "sequence": RHYTHM,
    "drum": [("attack_ms", "<=", 20), ("active_s", "<=", 1.2)],
    "fx": [[("cm_depth_oct", ">=", 0.5), ("nonharm_db", ">=", -12)]],
    "drone": [SUSTAINED],
}


def band(category, subcategory=None, hall=False):
    """The conditions of a category; hats, kicks and organs without a hall have one more."""
    conditions = list(BANDS.get(category, []))
    kind = (subcategory or "").lower()
    if category == "drum" and "hat" in kind:
        conditions.append(("hf_ratio_db", ">=", -6))
    if category == "drum" and "kick" in kind:
        conditions.append(("low_ratio", ">=", 0.6))
    if category == "organ" and not hall:
        conditions.append(("release20_ms", "<=", 400))
    return conditions


def _opposed(condition, assertions):
    """Whether the prompt itself asks for the other side: 'a pad with a fast attack'."""
    name, op, _ = condition
    sides = {"<=": {"<="}, ">=": {">="}, "in": {"<=", ">="}}
    for assertion in assertions:
        if assertion.get("d") == name and assertion.get("ref") == "abs":
            asked = sides.get(assertion["op"], set())
            if (op in (">=", "in") and asked == {"<="}) or (op in ("<=", "in") and asked == {">="}):
                return True
    return False


def broken(category, measured, subcategory=None, hall=False, yielding_to=()):
    """Descriptions of the conditions that the sound breaks; those that an assertion of the prompt opposes are left out."""
    faults = []
    for entry in band(category, subcategory, hall):
        choices = entry if isinstance(entry, list) else [entry]
        if any(_opposed(c, yielding_to) for c in choices):
            continue
        if not any(compare(measured[name], op, bound) for name, op, bound in choices):
            faults.append(" or ".join(f"{n} {op} {b} (is {measured[n]:.4g})" for n, op, b in choices))
    return faults
