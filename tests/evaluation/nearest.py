"""How near our answers come to presets that people made: a measure that the loop never sees.

Usage: nearest.py --binary PATH --planner PATH [--json OUT]
For each development prompt of a category that the presets have: the log-mel distance (levels made equal) to the nearest
preset of that category. Beside it the same of what was mapped before anybody listened (`--planner` is the example `plan`
of songwalker-generator), and of a random patch: the same category with other words. Needs the shared presets.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from scipy.io import wavfile  # noqa: E402

import protocol  # noqa: E402
from product import Product  # noqa: E402
from random_prompts import random_words  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import logmel  # noqa: E402

PROMPTS = Path(__file__).resolve().parent.parent / "data" / "prompts-dev.json"
PRESETS = Path(__file__).resolve().parents[3] / "shared" / "data" / "vital-presets"
# What the designer's file names begin with.
LABELS = {"ba": "bass", "db": "bass", "ky": "keys", "pd": "pad", "ld": "lead", "pl": "pluck"}
HOLD_S, TAIL_S = 3.0, 1.0


def sound(product, patch, note, folder):
    """One note, stereo, at a loudness of its own: the level is taken out."""
    wav = str(Path(folder) / "sound.wav")
    done = product.run("render", patch, "--out", wav, "--note", note, "--velocity", protocol.VELOCITY, "--hold", HOLD_S,
                       "--tail", TAIL_S, "--bpm", protocol.BPM, "--sample-rate", protocol.RATE, "--seed", 0, "--json")
    if done.returncode != 0:
        return None
    _, samples = wavfile.read(wav)
    samples = samples.T.astype(np.float64)
    power = (samples ** 2).mean()
    return samples / np.sqrt(power) if power > 1e-12 else None


def preset(task):
    binary, path, category = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        patch = Path(folder) / "patch.json"
        done = product.run("import", "vital", path, "-o", patch, "--json")
        if done.returncode != 0:
            raise SystemExit(f"{Path(path).name}: {done.stderr.strip()[-300:]}")
        return category, Path(path).name, sound(product, patch, protocol.note_of(category), folder)


def ours(task):
    """(key, category as declared, sound)"""
    binary, key, prompt, seed = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        answer = product.generate(prompt, seed, str(Path(folder) / "made"))
        if not answer["patch"]:
            return key, None, None
        category = answer["made"]["category"]
        return key, category, sound(product, answer["made"]["patch"], protocol.note_of(category), folder)


def mapped(planner, prompts):
    """What the mapper makes of prompts, by prompt; `planner` answers a line with a line."""
    lines = "".join(json.dumps(prompt) + "\n" for prompt in prompts)
    done = subprocess.run([planner], input=lines, capture_output=True, text=True, check=True)
    return dict(zip(prompts, [json.loads(line)["patch"] for line in done.stdout.splitlines()], strict=True))


def unheard(task):
    binary, key, patch = task
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "patch.json"
        path.write_text(json.dumps(patch), "utf-8")
        category = patch["meta"]["category"]
        return key, category, sound(Product(binary), path, protocol.note_of(category), folder)


def summary(rows):
    values = sorted(row["distance"] for row in rows)
    return f"median {statistics.median(values):5.2f} dB, p10 {values[len(values) // 10]:5.2f}, p90 {values[9 * len(values) // 10]:5.2f}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--planner", required=True)
    parser.add_argument("--json", metavar="OUT")
    arguments = parser.parse_args()
    started = time.monotonic()
    binary = str(Path(arguments.binary).resolve())
    files = [(binary, str(p), LABELS[p.stem.split("_")[1].split(".")[0]]) for p in sorted(PRESETS.glob("*.vital"))
             if p.stem.split("_")[1].split(".")[0] in LABELS]
    if not files:
        raise SystemExit(f"no presets at {PRESETS}")
    prompts = json.loads(PROMPTS.read_text("utf-8"))["prompts"]
    tasks = [(binary, f"prompt {p['id']}", p["prompt"], 0) for p in prompts]
    first = mapped(arguments.planner, [p["prompt"] for p in prompts])
    with ProcessPoolExecutor(2) as pool:
        presets = list(pool.map(preset, files))
        answers = [row for row in pool.map(ours, tasks, chunksize=4) if row[1] in LABELS.values()]
        heard = {key.split(maxsplit=1)[1] for key, _, _ in answers}
        tasks = [(binary, f"unheard {p['id']}", first[p["prompt"]]) for p in prompts if p["id"] in heard]
        random = [(binary, f"random {key.split(maxsplit=1)[1]}", f"{category} {random_words(i)}", i)
                  for i, (key, category, _) in enumerate(answers)]
        answers += [*pool.map(unheard, tasks, chunksize=4), *pool.map(ours, random, chunksize=4)]
    rows = []
    for key, category, mine in answers:
        near = [(logmel.distance(mine, theirs, protocol.RATE), name) for label, name, theirs in presets
                if label == category and mine is not None and theirs is not None]
        if near:
            distance, name = min(near)
            rows.append({"of": key.split()[0], "key": key, "category": category, "distance": distance, "nearest": name})
    for kind in ("prompt", "unheard", "random"):
        mine = [row for row in rows if row["of"] == kind]
        print(f"{kind:<8} {len(mine):3} patches  {summary(mine)}")
        for category in sorted({row["category"] for row in mine}):
            of_it = [row for row in mine if row["category"] == category]
            print(f"  {category:<8} {len(of_it):3}         {summary(of_it)}")
    print(f"\n{len(presets)} presets in {time.monotonic() - started:.0f} s")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
