"""How far variations lie from their sound and from each other, and whether each goes the way of its name.

Usage: variations.py --binary PATH [--count N ...] [--only ID] [--json OUT] [--verbose]
Each development prompt with three variations and with five. Rendered from outside, each variation must be 2 dB (log-mel) or
more from its base and from every other one, and must move what its name says by a step.
"""

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np  # noqa: E402
from scipy.io import wavfile  # noqa: E402

import protocol  # noqa: E402
from product import Product, described  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import logmel  # noqa: E402

PROMPTS = Path(__file__).resolve().parent.parent / "data" / "prompts-dev.json"
COUNTS = [3, 5]
HOLD_S, TAIL_S = 3.0, 4.0
LEAST_DB = 2.0
LONGEST_MS = 1000 * (HOLD_S + TAIL_S)


def time_of(measured, name):
    return float(np.log2(min(max(measured[name], 8.0), LONGEST_MS)))


def times(base, varied, sign, *names):
    """How far the one of these times that moved most went that way, in octaves."""
    return max(sign * (time_of(varied, name) - time_of(base, name)) for name in names)


def step(base, varied, name):
    return varied[name] - base[name]


def grit(base, varied, sign):
    """Drive is heard as less crest, more highs or more roughness; one of them is enough."""
    return max(-sign * step(base, varied, "crest_db") / 1.0, sign * step(base, varied, "hf_ratio_db") / 4.0,
               sign * step(base, varied, "roughness") / 0.2)


# Type: how far it went its way, in steps of which a half must be gone.
WAYS = {
    "brighter": lambda b, v: step(b, v, "brightness_oct") / 0.25,
    "darker": lambda b, v: -step(b, v, "brightness_oct") / 0.25,
    "wider": lambda b, v: step(b, v, "width") / 0.05,
    "narrower": lambda b, v: -step(b, v, "width") / 0.05,
    "longer": lambda b, v: times(b, v, 1, "decay20_ms", "release20_ms", "tail60_ms", "decay60_ms") / 0.38,
    "shorter": lambda b, v: times(b, v, -1, "decay20_ms", "release20_ms", "tail60_ms", "decay60_ms") / 0.38,
    "punchier": lambda b, v: max(times(b, v, -1, "attack_ms") / 0.585, step(b, v, "crest_db") / 1.0,
                                 np.log2(v["attack_bright_ratio"] / b["attack_bright_ratio"]) / 0.1),
    "softer": lambda b, v: times(b, v, 1, "attack_ms") / 0.585,
    "dirtier": lambda b, v: grit(b, v, 1),
    "cleaner": lambda b, v: grit(b, v, -1),
    "wilder": lambda b, v: step(b, v, "movement") / 0.1,
    "calmer": lambda b, v: -step(b, v, "movement") / 0.1,
    "deeper": lambda b, v: max(times(b, v, 1, "tail60_ms", "decay60_ms") / 0.38, step(b, v, "width") / 0.05),
    "drier": lambda b, v: max(times(b, v, -1, "tail60_ms", "decay60_ms") / 0.38, -step(b, v, "width") / 0.05),
}
LEAST_STEPS = 0.5


def varied_patches(made, folder):
    """[(type, path of the patch)], from the base patch and the list of differences beside it."""
    home = Path(made["patch"]).parent
    base = json.loads(Path(made["patch"]).read_text("utf-8"))
    listed = json.loads(next(home.rglob("variations_diff.json")).read_text("utf-8"))["variations"]
    out = []
    for number, variation in enumerate(listed):
        patch = json.loads(json.dumps(base))
        for operation in variation["patch"]:
            *way, last = operation["path"].lstrip("/").split("/")
            at = patch
            for key in way:
                at = at[int(key)] if isinstance(at, list) else at[key]
            at[int(last) if isinstance(at, list) else last] = operation["value"]
        path = Path(folder) / f"variation-{number}.json"
        path.write_text(json.dumps(patch), "utf-8")
        out.append((variation["type"], str(path)))
    return out


def one(task):
    """Runs in a worker process. `task`: (id, prompt, binary, count)."""
    key, prompt, binary, count = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        answer = product.generate(prompt, protocol.SEED, str(Path(folder) / "made"), variations=count)
        if not answer["patch"]:
            return None
        made = answer["made"]
        note, wav = protocol.note_of(made["category"]), str(Path(folder) / "turned.wav")

        def heard(patch):
            done = product.run("render", patch, "--out", wav, "--note", note, "--velocity", protocol.VELOCITY,
                               "--hold", HOLD_S, "--tail", TAIL_S, "--bpm", protocol.BPM, "--sample-rate", protocol.RATE,
                               "--seed", 0, "--json")
            if done.returncode != 0:
                raise SystemExit(f"{key}: {done.stderr.strip()[-300:]}")
            _, samples = wavfile.read(wav)
            sound = samples.T.astype(np.float64)
            return sound, described(sound, protocol.RATE, note, HOLD_S)

        base, base_measured = heard(made["patch"])
        rows, sounds = [], []
        for kind, path in varied_patches(made, folder):
            sound, measured = heard(path)
            sounds.append((kind, sound))
            steps = WAYS[kind](base_measured, measured) if "fault" not in measured else -1.0
            rows.append({"kind": kind, "from_base_db": logmel.distance(base, sound, protocol.RATE), "steps": float(steps)})
        pairs = [{"kinds": [a, b], "db": logmel.distance(x, y, protocol.RATE)}
                 for (a, x), (b, y) in itertools.combinations(sounds, 2)]
    return {"id": key, "category": made["category"], "count": count, "varying_ms": made["timings_ms"].get("varying"),
            "variations": rows, "pairs": pairs}


def misses_of(result):
    out = []
    if len(result["variations"]) < result["count"]:
        out.append(f"{len(result['variations'])} of {result['count']} made")
    for row in result["variations"]:
        if row["from_base_db"] < LEAST_DB:
            out.append(f"{row['kind']} {row['from_base_db']:.2f} dB from the base")
        if row["steps"] < LEAST_STEPS:
            out.append(f"{row['kind']} went its way by {row['steps']:.2f} steps")
    return out + [f"{' and '.join(pair['kinds'])} {pair['db']:.2f} dB apart" for pair in result["pairs"] if pair["db"] < LEAST_DB]


def share(values):
    values = list(values)
    return f"{sum(values)} of {len(values)} ({100 * sum(values) / max(len(values), 1):.1f} %)"


def report(count, results, verbose):
    rows = [row for result in results for row in result["variations"]]
    pairs = [pair for result in results for pair in result["pairs"]]
    made = Counter(len(result["variations"]) for result in results)
    print(f"{count} variations asked of {len(results)} prompts")
    print(f"  all made           {share(len(result['variations']) == count for result in results)}"
          f"   by number: {', '.join(f'{n}: {made[n]}' for n in sorted(made, reverse=True))}")
    print(f"  2 dB from base     {share(row['from_base_db'] >= LEAST_DB for row in rows)}"
          f"   median {statistics.median(row['from_base_db'] for row in rows):.2f} dB")
    print(f"  2 dB from others   {share(pair['db'] >= LEAST_DB for pair in pairs)}"
          f"   median {statistics.median(pair['db'] for pair in pairs):.2f} dB")
    print(f"  their own way      {share(row['steps'] >= LEAST_STEPS for row in rows)}")
    print(f"  prompts without a miss {share(not misses_of(result) for result in results)}")
    timed = [result["varying_ms"] for result in results if result["varying_ms"] is not None]
    if timed:
        print(f"  varying            median {statistics.median(timed):.0f} ms")
    kinds = Counter(row["kind"] for row in rows)
    print("  kinds: " + ", ".join(f"{kind} {number}" for kind, number in kinds.most_common()))
    if verbose:
        for result in results:
            for miss in misses_of(result):
                print(f"    {result['id']:<20} {result['category']:<8} {miss}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--count", action="append", type=int, choices=range(1, 6), metavar="N")
    parser.add_argument("--only", action="append", metavar="ID")
    parser.add_argument("--json", metavar="OUT")
    parser.add_argument("--verbose", action="store_true", help="say of every miss what was measured")
    arguments = parser.parse_args()
    started = time.monotonic()
    binary = str(Path(arguments.binary).resolve())
    prompts = [p for p in json.loads(PROMPTS.read_text("utf-8"))["prompts"]
               if not arguments.only or p["id"] in arguments.only]
    kept = []
    for count in arguments.count or COUNTS:
        tasks = [(p["id"], p["prompt"], binary, count) for p in prompts]
        with ProcessPoolExecutor(2) as pool:
            results = [result for result in pool.map(one, tasks) if result]
        report(count, results, arguments.verbose)
        sys.stdout.flush()
        kept += results
    print(f"\n{len(kept)} bundles in {time.monotonic() - started:.0f} s")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(kept, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
