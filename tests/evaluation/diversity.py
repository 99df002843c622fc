"""Bare category words with several seeds: is each answer of its kind, and are they as different as presets that people made?

Usage: diversity.py --binary PATH [--seeds N] [--word CATEGORY ...] [--json OUT] [--verbose]
Prints a table by category; exit code 1 when a bar is missed.

Distances are Euclidean over 15 descriptors, z-scored over all sounds measured, ours and the presets. Bars: every sound in its
category's band; for bass, keys and pad a mean pairwise distance of at least half the presets'; no two seeds nearer than a
tenth of the mean distance of all sounds of all categories. Needs the shared presets.
"""

import argparse
import itertools
import json
import os
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402

import bands  # noqa: E402
import protocol  # noqa: E402
from nearest import LABELS, PRESETS  # noqa: E402
from product import Product, reverb_is_on  # noqa: E402

WORDS = ["bass", "lead", "pad", "pluck", "keys", "organ", "bell", "strings", "brass", "choir", "arp", "drum"]
SEEDS = 8
# What must be as diverse as half of the presets.
COMPARED = ["bass", "keys", "pad"]
LEAST_OF_PRESETS, LEAST_APART = 0.5, 0.1
LONGEST_MS = 20_000.0


def logarithm(value, least=1.0):
    return float(np.log2(min(max(value, least), LONGEST_MS)))


# The descriptors, each on a scale on which equal steps sound about equal.
AXES = {
    "attack_ms": lambda v: logarithm(v, 5.0),
    "decay20_ms": lambda v: logarithm(v, 5.0),
    "sustain_db": lambda v: max(v, -60.0),
    "release20_ms": lambda v: logarithm(v, 5.0),
    "tail60_ms": lambda v: logarithm(v, 5.0),
    "brightness_oct": float,
    "attack_bright_ratio": lambda v: float(np.log2(max(v, 0.1))),
    "flatness_db": lambda v: max(v, -100.0),
    "low_ratio": float,
    "hf_ratio_db": lambda v: max(v, -100.0),
    "nonharm_db": lambda v: max(v, -100.0),
    "roughness": lambda v: min(v, 4.0),
    "width": float,
    "movement": float,
    "crest_db": float,
}


def point(measured):
    return [scale(measured[name]) for name, scale in AXES.items()]


def ours(task):
    """(word, seed) with its measures, its start and what it breaks of its category's band."""
    binary, word, seed = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        made = Path(folder) / "made"
        made.mkdir()
        answer = product.generate(word, seed, made)
        if not answer["patch"]:
            return word, seed, {"fault": "; ".join(answer["faults"])}
        measured = product.measure(answer["made"]["patch"], protocol.note_of(word), protocol.category_hold(word),
                                   str(Path(folder) / "a.wav"))
        if "fault" not in measured:
            bundle = Path(answer["made"]["patch"]).parent
            provenance = json.loads((bundle / "meta" / "provenance.json").read_text("utf-8"))
            measured["start"] = provenance.get("recipe_id") or provenance["template_id"]
            measured["broken"] = bands.broken(word, measured, answer["patch"]["meta"].get("subcategory"),
                                              reverb_is_on(answer["patch"]))
        return word, seed, measured


def preset(task):
    binary, path, category = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        patch = Path(folder) / "patch.json"
        done = product.run("import", "vital", path, "-o", patch, "--json")
        if done.returncode != 0:
            raise SystemExit(f"{Path(path).name}: {done.stderr.strip()[-300:]}")
        measured = product.measure(patch, protocol.note_of(category), protocol.category_hold(category),
                                   str(Path(folder) / "a.wav"))
        return category, Path(path).name, measured


def distances(points):
    return [float(np.linalg.norm(a - b)) for a, b in itertools.combinations(points, 2)]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--word", action="append", choices=sorted(bands.BANDS), metavar="CATEGORY")
    parser.add_argument("--json", metavar="OUT")
    parser.add_argument("--verbose", action="store_true", help="say of every sound where it started")
    arguments = parser.parse_args()
    started = time.monotonic()
    words = arguments.word or WORDS
    binary = str(Path(arguments.binary).resolve())
    files = [(binary, str(p), LABELS[p.stem.split("_")[1].split(".")[0]]) for p in sorted(PRESETS.glob("*.vital"))
             if p.stem.split("_")[1].split(".")[0] in LABELS]
    if not files:
        raise SystemExit(f"no presets at {PRESETS}")
    with ProcessPoolExecutor(2) as pool:
        sounds = list(pool.map(ours, [(binary, w, s) for w in words for s in range(arguments.seeds)]))
        theirs = [row for row in pool.map(preset, files) if "fault" not in row[2]]
    faults = [f"{word} {seed}: {m['fault']}" for word, seed, m in sounds if "fault" in m]
    sounds = [row for row in sounds if "fault" not in row[2]]
    raw = np.array([point(m) for _, _, m in sounds] + [point(m) for _, _, m in theirs])
    scaled = (raw - raw.mean(axis=0)) / np.maximum(raw.std(axis=0), 1e-9)
    mine, real = scaled[: len(sounds)], scaled[len(sounds):]
    least_apart = LEAST_APART * float(np.mean(distances(mine)))
    missed = list(faults)
    print(f"{'category':<10}{'in band':>9}{'mean':>7}{'presets':>9}{'of them':>9}{'nearest':>9}   starts")
    for word in words:
        at = [i for i, (w, _, _) in enumerate(sounds) if w == word]
        between = distances(mine[at])
        like = distances(real[[i for i, (c, _, _) in enumerate(theirs) if c == word]])
        broken = [f"{word} {sounds[i][1]} ({sounds[i][2]['start']}): {'; '.join(sounds[i][2]['broken'])}"
                  for i in at if sounds[i][2]["broken"]]
        missed += broken
        mean, nearest = float(np.mean(between)), min(between)
        share = mean / float(np.mean(like)) if like else None
        if word in COMPARED and share is not None and share < LEAST_OF_PRESETS:
            missed.append(f"{word}: {share:.2f} of the presets' distance")
        if nearest < least_apart:
            missed.append(f"{word}: two seeds {nearest:.2f} apart, less than {least_apart:.2f}")
        print(f"{word:<10}{len(at) - len(broken):>6}/{len(at)}{mean:>7.2f}"
              + (f"{np.mean(like):>9.2f}{share:>9.2f}" if like else f"{'–':>9}{'–':>9}")
              + f"{nearest:>9.2f}   {len({sounds[i][2]['start'] for i in at})}")
        if arguments.verbose:
            for i in at:
                print(f"    {sounds[i][1]}  {sounds[i][2]['start']}")
    for line in missed:
        print("missed:", line)
    print(f"\n{len(sounds)} sounds, {len(theirs)} presets in {time.monotonic() - started:.0f} s; no two of a category may be "
          f"nearer than {least_apart:.2f}")
    if arguments.json:
        rows = [{"word": w, "seed": s, "start": m["start"], "broken": m["broken"],
                 "point": dict(zip(AXES, point(m)))} for w, s, m in sounds]
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
