"""A category's bare sound beside the same with one modifier: does what must move move, and does the rest stay?

Usage: pairs.py --binary PATH [--seeds N] [--modifier NAME] [--category NAME] [--json OUT] [--verbose]
Prints a table by modifier; exit code 1 when a pair could not be made.

Both patches of a pair have the same seed and template. What is already at its end (no width to lose, no reverb to take
away, no distortion to clean) need not move, but may not move the other way.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import protocol  # noqa: E402
from product import Product  # noqa: E402

CATEGORIES = ["bass", "lead", "pad", "pluck", "keys", "organ", "bell", "strings", "brass", "choir"]
SEEDS = 5
SHORTEST_ATTACK_MS = 10.0
LONGEST_MS = 60_000.0
# Sides without anything in common read 0.5.
WIDEST = 0.48
# A share of reverb that is not heard.
DRY = 0.02
# A filter driven by 3 dB rounds and does not distort.
CLEAN = 0.13
# Sides that have little in common.
UNLIKE = 0.3
# Sides that are as alike as can be.
ALIKE = 0.9999


def shortest(m):
    """The method reads 3 to 9 ms below 10, whatever the patch, and of a low note no less than a cycle."""
    return max(SHORTEST_ATTACK_MS, 1000 / m["f0_hz"])


def attack(m):
    return max(m["attack_ms"], shortest(m))


def tail(m):
    return min(max(m["tail60_ms"], 1.0), LONGEST_MS)


def ring(m):
    return min(max(m["decay60_ms"], 1.0), LONGEST_MS)


def attack_stays(a, b):
    return 0.7 <= attack(b) / attack(a) <= 1.4


def loudness_stays(a, b):
    return abs(b["lufs"] - a["lufs"]) <= 3


def pitch_stays(a, b):
    return abs(b["pitch_cents"] - a["pitch_cents"]) <= 15


def brightness_stays(a, b):
    return abs(b["brightness_oct"] - a["brightness_oct"]) <= 0.4


def nothing_else(_a, _b):
    return True


def longer(a, b):
    return tail(b) >= 1.3 * tail(a) or ring(b) >= 1.3 * ring(a)


def shorter(a, b):
    return tail(b) <= tail(a) / 1.3 or ring(b) <= ring(a) / 1.3


def dirtier(a, b):
    return (b["crest_db"] <= a["crest_db"] - 1 or b["hf_ratio_db"] >= a["hf_ratio_db"] + 4
            or b["roughness"] >= a["roughness"] + 0.2)


def cleaner(a, b):
    """Cleaner by a step, or as clean as it was where nothing distorts."""
    if a["dirt"] <= CLEAN and not dirtier(a, b):
        return True
    return (b["crest_db"] >= a["crest_db"] + 1 or b["hf_ratio_db"] <= a["hf_ratio_db"] - 4
            or b["roughness"] <= a["roughness"] - 0.2)


def fatter(a, b):
    return (b["low_ratio"] >= min(a["low_ratio"] + 0.1, 0.97) or b["roughness"] >= a["roughness"] + 0.1
            or b["width"] >= a["width"] + 0.1)


def thinner(a, b):
    return (b["low_ratio"] <= a["low_ratio"] - 0.1 or b["roughness"] <= a["roughness"] - 0.1
            or b["width"] <= a["width"] - 0.1 or (a["low_ratio"] < 0.1 and not fatter(a, b)
                                                  and b["low_ratio"] <= max(a["low_ratio"], 0.001)))


def more_reverb(a, b):
    """A longer tail and less alike sides; of what has ended before the key is let go, a longer ring."""
    ended = tail(a) <= 1.0 and tail(b) <= 1.0
    rings = ring(b) >= 1.2 * ring(a) if ended else tail(b) >= 1.2 * tail(a)
    # Sides that have little in common already cannot have much less, but they may not have more.
    unlike = b["corr"] <= a["corr"] < UNLIKE
    return rings and (unlike or b["corr"] <= a["corr"] - 0.03)


def less_reverb(a, b):
    """A shorter tail or sides more alike; dry before or dry now, no longer tail."""
    if (a["wet"] == 0 or b["wet"] <= DRY) and tail(b) <= 1.05 * tail(a):
        return True
    return tail(b) <= tail(a) / 1.2 or b["corr"] >= min(a["corr"] + 0.03, ALIKE)


# Name: what is asked of the category's name, what must move, what must not.
MODIFIERS = {
    "brighter": ("brighter {}", lambda a, b: b["brightness_oct"] >= a["brightness_oct"] + 0.25, [attack_stays, loudness_stays]),
    "darker": ("darker {}", lambda a, b: b["brightness_oct"] <= a["brightness_oct"] - 0.25, [attack_stays, loudness_stays]),
    "slower": ("{} with a slower attack", lambda a, b: attack(b) >= 1.5 * attack(a), [brightness_stays]),
    "faster": ("{} with a faster attack", lambda a, b: attack(b) <= max(attack(a) / 1.5, shortest(a)),
               [brightness_stays]),
    "longer": ("{} with a longer release", longer, [attack_stays]),
    "shorter": ("{} with a shorter release", shorter, [attack_stays]),
    "wider": ("wider {}", lambda a, b: b["width"] >= min(a["width"] + 0.05, max(a["width"], WIDEST)), [pitch_stays, loudness_stays]),
    "narrower": ("narrower {}", lambda a, b: b["width"] <= max(a["width"] - 0.05, 0.0) + 1e-6 or
                 (b["width"] < 0.02 and b["width"] <= a["width"]), [pitch_stays, loudness_stays]),
    "more reverb": ("{} with more reverb", more_reverb, [attack_stays]),
    "less reverb": ("{} with less reverb", less_reverb, [attack_stays]),
    "more movement": ("{} with more movement", lambda a, b: b["own_movement"] >= a["own_movement"] + 0.1, [loudness_stays]),
    "static": ("static {}", lambda a, b: b["own_movement"] <= 0.1, [loudness_stays]),
    "distorted": ("more distorted {}", dirtier, [pitch_stays]),
    "cleaner": ("cleaner {}", cleaner, [pitch_stays]),
    "fatter": ("fatter {}", fatter, [nothing_else]),
    "thinner": ("thinner {}", thinner, [nothing_else]),
    "punchier": ("punchier {}", lambda a, b: attack(b) <= attack(a) and
                 b["attack_bright_ratio"] >= a["attack_bright_ratio"] + 0.1, [nothing_else]),
    "detuned": ("detuned {}", lambda a, b: b["roughness"] >= a["roughness"] + 0.15, [pitch_stays]),
}
# The way alone, by whatever amount; only what has none of it (dry, mono, undistorted, a still or instant sound) may stay.
TOWARDS = {
    "brighter": lambda a, b: b["brightness_oct"] > a["brightness_oct"],
    "darker": lambda a, b: b["brightness_oct"] < a["brightness_oct"],
    "slower": lambda a, b: b["attack_ms"] > a["attack_ms"],
    "faster": lambda a, b: b["attack_ms"] < a["attack_ms"] or b["attack_ms"] <= SHORTEST_ATTACK_MS,
    "longer": lambda a, b: tail(b) > tail(a) or ring(b) > ring(a),
    "shorter": lambda a, b: tail(b) < tail(a) or ring(b) < ring(a),
    "wider": lambda a, b: b["width"] > a["width"],
    "narrower": lambda a, b: b["width"] < a["width"] or b["width"] == 0,
    "more reverb": lambda a, b: (tail(b) > tail(a) or ring(b) > ring(a)) and b["corr"] < a["corr"],
    "less reverb": lambda a, b: tail(b) < tail(a) or b["corr"] > a["corr"] or a["wet"] == 0,
    "more movement": lambda a, b: b["own_movement"] > a["own_movement"],
    "static": lambda a, b: b["own_movement"] < a["own_movement"] or b["own_movement"] <= 0.1,
    "distorted": lambda a, b: (b["crest_db"] < a["crest_db"] or b["hf_ratio_db"] > a["hf_ratio_db"]
                               or b["roughness"] > a["roughness"]),
    "cleaner": lambda a, b: (a["dirt"] == 0 or b["crest_db"] > a["crest_db"] or b["hf_ratio_db"] < a["hf_ratio_db"]
                             or b["roughness"] < a["roughness"]),
    "fatter": lambda a, b: b["low_ratio"] > a["low_ratio"] or b["roughness"] > a["roughness"] or b["width"] > a["width"],
    "thinner": lambda a, b: b["low_ratio"] < a["low_ratio"] or b["roughness"] < a["roughness"] or b["width"] < a["width"],
    "punchier": lambda a, b: attack(b) <= attack(a) and b["attack_bright_ratio"] > a["attack_bright_ratio"],
    "detuned": lambda a, b: b["roughness"] > a["roughness"],
}
SHOWN = ["brightness_oct", "attack_ms", "tail60_ms", "decay60_ms", "width", "corr", "roughness", "own_movement", "low_ratio",
         "crest_db", "hf_ratio_db", "attack_bright_ratio", "lufs", "pitch_cents", "sustain_db", "dirt", "wet"]


def alone(patch):
    """The patch without what beats by itself: unison and chorus."""
    patch = json.loads(json.dumps(patch))
    for osc in patch["modules"]["osc"]:
        osc["unison"]["voices"] = 1
    for fx in patch["modules"]["fx"]:
        if fx["type"] == "chorus":
            fx["enabled"] = False
    return patch


def amount(patch, kind):
    return max((fx.get("mix", 0) for fx in patch["modules"]["fx"] if fx["type"] == kind and fx["enabled"]), default=0)


def one(task):
    """Runs in a worker process: makes and measures one patch. `task`: (key, binary, prompt, seed, category, template)."""
    key, binary, prompt, seed, category, template = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        made.mkdir()
        answer = product.generate(prompt, seed, made, ["--template", template] if template else [])
        if not answer["patch"]:
            return key, {"fault": "; ".join(answer["faults"])}
        note, hold = protocol.note_of(category), protocol.category_hold(category)
        measured = product.measure(answer["made"]["patch"], note, hold, str(Path(folder) / "a.wav"))
        if "fault" in measured:
            return key, measured
        bare = Path(folder) / "alone.json"
        bare.write_text(json.dumps(alone(answer["patch"])), "utf-8")
        by_itself = product.measure(str(bare), note, hold, str(Path(folder) / "b.wav"))
        measured["own_movement"] = by_itself.get("movement", 0.0)
        measured["dirt"] = max(amount(answer["patch"], "distortion"),
                               max((f["drive_db"] for f in answer["patch"]["modules"]["filter"] if f["enabled"]), default=0) / 24)
        measured["wet"] = amount(answer["patch"], "reverb")
        provenance = Path(answer["made"]["patch"]).parent / "meta" / "provenance.json"
        grown = json.loads(provenance.read_text("utf-8"))
        measured["f0_hz"] = protocol.fundamental_hz(note)
        measured["template"] = grown.get("recipe_id") or grown["template_id"]
        return key, measured



def judged(name, a, b):
    """What moved as it must, and the names of what moved that must not."""
    _, moves, stays = MODIFIERS[name]
    if "fault" in b:
        return False, ["no sound"]
    return bool(moves(a, b)), [check.__name__ for check in stays if not check(a, b)]


def goes_its_way(key, bases, pairs):
    """Whether the pair of this key has moved the right way, however far."""
    return "fault" not in pairs[key] and TOWARDS[key[0]](bases[key[1:]], pairs[key])


def share(hits, of):
    return f"{100 * hits / of:5.1f} %" if of else "    –  "


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--modifier", action="append", choices=sorted(MODIFIERS), metavar="NAME")
    parser.add_argument("--category", action="append", choices=CATEGORIES, metavar="NAME")
    parser.add_argument("--json", metavar="OUT")
    parser.add_argument("--verbose", action="store_true", help="say of every miss what was measured")
    arguments = parser.parse_args()
    started = time.monotonic()
    categories, names = arguments.category or CATEGORIES, arguments.modifier or list(MODIFIERS)
    binary = str(Path(arguments.binary).resolve())
    with ProcessPoolExecutor(2) as pool:
        bases = dict(pool.map(one, [((c, s), binary, c, s, c, None) for c in categories for s in range(arguments.seeds)]))
        bad = {key: base["fault"] for key, base in bases.items() if "fault" in base}
        tasks = [((n, c, s), binary, MODIFIERS[n][0].format(c), s, c, base.get("template"))
                 for (c, s), base in bases.items() if "fault" not in base for n in names]
        pairs = dict(pool.map(one, tasks, chunksize=4))
    verdicts = {key: judged(key[0], bases[key[1:]], b) for key, b in pairs.items()}
    for key, fault in bad.items():
        print("no base", key, fault)
    if arguments.verbose:
        for (name, category, seed), (moved, side) in verdicts.items():
            if not moved or side:
                a, b = bases[category, seed], pairs[name, category, seed]
                values = " ".join(f"{k} {a[k]:.3g}→{b[k]:.3g}" for k in SHOWN if k in b and abs(a[k] - b[k]) > 1e-9)
                print(f"{name:>13} {category:<8} {seed}  {'' if moved else 'MOVED NOT '}{','.join(side)}  {values}")
        print()
    print(f"{'modifier':<14}{'moves':>9}{'its way':>9}{'rest stays':>12}   by category: misses")
    for name in names:
        mine = {k: v for k, v in verdicts.items() if k[0] == name}
        misses = {}
        for (_, category, _), (moved, side) in mine.items():
            if not moved or side:
                misses[category] = misses.get(category, 0) + 1
        print(f"{name:<14}{share(sum(m for m, _ in mine.values()), len(mine)):>9}"
              f"{share(sum(goes_its_way(key, bases, pairs) for key in mine), len(mine)):>9}"
              f"{share(sum(not s for _, s in mine.values()), len(mine)):>12}   "
              + " ".join(f"{c} {n}" for c, n in misses.items()))
    print(f"{'all':<14}{share(sum(m for m, _ in verdicts.values()), len(verdicts)):>9}"
          f"{share(sum(goes_its_way(key, bases, pairs) for key in pairs), len(pairs)):>9}"
          f"{share(sum(not s for _, s in verdicts.values()), len(verdicts)):>12}   bars: 98 %, 98 %, 95 %")
    print(f"\n{len(verdicts)} pairs, {len(bases)} bases in {time.monotonic() - started:.0f} s")
    if arguments.json:
        def finite(value):
            return None if isinstance(value, float) and (value != value or abs(value) == float("inf")) else value
        rows = [{"modifier": n, "category": c, "seed": s, "moved": verdicts[n, c, s][0], "side": verdicts[n, c, s][1],
                 "base": {k: finite(v) for k, v in bases[c, s].items()}, "with": {k: finite(v) for k, v in b.items()}}
                for (n, c, s), b in pairs.items()]
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 1 if bad or any("fault" in b for b in pairs.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
