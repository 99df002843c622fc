"""Whether the knobs of each result do what their names say.

Usage: macros.py --binary PATH [--role ROLE] [--only ID] [--json OUT] [--verbose]
Each development prompt's patch, each role at five positions: Spearman's rank correlation of position and measure must be
0.9 or more and its span a step that can be heard; CHARACTER and FX must change the sound by 2 dB (log-mel).
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

import numpy as np  # noqa: E402
from scipy.io import wavfile  # noqa: E402
from scipy.stats import spearmanr  # noqa: E402

import protocol  # noqa: E402
from product import Product, described  # noqa: E402

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import logmel  # noqa: E402

PROMPTS = Path(__file__).resolve().parent.parent / "data" / "prompts-dev.json"
POSITIONS = [0.0, 0.25, 0.5, 0.75, 1.0]
HOLD_S = 3.0
# A room is heard to its end.
TAIL_S = {"SPACE": protocol.TAIL_S}
OTHER_TAIL_S = 4.0
# Two neighbours out of order are 0.9 but for rounding.
LEAST_RANK, LEAST_DB = 0.9 - 1e-9, 2.0

LONGEST_MS = 1000 * protocol.TAIL_S


def of(name, sign=1.0):
    return lambda m: sign * m[name]


def log_attack(m):
    return -float(np.log2(max(m["attack_ms"], 8.0)))


def log_tail(m):
    return float(np.log2(min(max(m["tail60_ms"], 20.0), LONGEST_MS)))


# Role: [(measure, smallest span)]; one of them is enough.
ROLES = {
    "TONE_BRIGHTNESS": [("brightness", of("brightness_oct"), 0.25)],
    "AMP_PUNCH": [("attack", log_attack, float(np.log2(1.5))), ("crest", of("crest_db"), 1.0)],
    "DRIVE": [("crest", of("crest_db", -1.0), 1.0)],
    "MOVEMENT": [("movement", of("movement"), 0.1)],
    "SPACE": [("tail", log_tail, float(np.log2(1.3)))],
    "WIDTH": [("width", of("width"), 0.05)],
    "CHARACTER": [],
    "FX": [],
}


def rank(values):
    return float(spearmanr(POSITIONS, values).statistic) if len(set(values)) > 1 else 0.0


def judged(role, sounds, measured):
    """(holds, what was seen)"""
    if not ROLES[role]:
        apart = max(logmel.distance(sounds[0], other, protocol.RATE) for other in sounds[1:])
        return apart >= LEAST_DB, f"{apart:.2f} dB"
    seen, holds = [], False
    for name, value, least in ROLES[role]:
        values = [value(m) for m in measured]
        order, span = rank(np.round(values, 3).tolist()), values[-1] - values[0]
        holds |= order >= LEAST_RANK and span >= least
        seen.append(f"{name} ρ {order:.2f} span {span:.3g}: " + " ".join(f"{v:.3g}" for v in values))
    return holds, "; ".join(seen)


def one(task):
    """Runs in a worker process. `task`: (id, prompt, binary, roles)."""
    key, prompt, binary, roles = task
    product = Product(binary)
    with tempfile.TemporaryDirectory() as folder:
        answer = product.generate(prompt, protocol.SEED, str(Path(folder) / "made"))
        if not answer["patch"]:
            return key, None, {}
        category = answer["made"]["category"]
        note, wav = protocol.note_of(category), str(Path(folder) / "turned.wav")
        rows = {}
        for role in roles:
            sounds, measured = [], []
            for position in POSITIONS:
                done = product.run("render", answer["made"]["patch"], "--out", wav, "--note", note, "--velocity",
                                   protocol.VELOCITY, "--hold", HOLD_S, "--tail", TAIL_S.get(role, OTHER_TAIL_S), "--bpm", protocol.BPM,
                                   "--sample-rate", protocol.RATE, "--seed", 0, "--macro", f"{role}={position}", "--json")
                if done.returncode != 0:
                    raise SystemExit(f"{key} {role}: {done.stderr.strip()[-300:]}")
                _, samples = wavfile.read(wav)
                sounds.append(samples.T.astype(np.float64))
                if ROLES[role]:
                    measured.append(described(sounds[-1], protocol.RATE, note, HOLD_S))
            if any("fault" in m for m in measured):
                rows[role] = (False, "silent at an end")
            else:
                rows[role] = judged(role, sounds, measured)
        return key, category, rows


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--role", action="append", choices=sorted(ROLES))
    parser.add_argument("--only", action="append", metavar="ID")
    parser.add_argument("--json", metavar="OUT")
    parser.add_argument("--verbose", action="store_true", help="say of every miss what was measured")
    arguments = parser.parse_args()
    started = time.monotonic()
    roles, binary = arguments.role or list(ROLES), str(Path(arguments.binary).resolve())
    prompts = [p for p in json.loads(PROMPTS.read_text("utf-8"))["prompts"]
               if not arguments.only or p["id"] in arguments.only]
    tasks = [(p["id"], p["prompt"], binary, roles) for p in prompts]
    with ProcessPoolExecutor(2) as pool:
        results = [row for row in pool.map(one, tasks) if row[1]]
    for role in roles:
        misses = [(key, category, rows[role][1]) for key, category, rows in results if not rows[role][0]]
        held = len(results) - len(misses)
        print(f"{role:<16}{held:4} of {len(results)} ({100 * held / len(results):5.1f} %)")
        if arguments.verbose:
            for key, category, seen in misses:
                print(f"    {key:<16} {category:<8} {seen}")
    print(f"\n{len(results)} patches in {time.monotonic() - started:.0f} s")
    if arguments.json:
        rows = [{"id": key, "category": category, "roles": {r: {"holds": bool(h), "seen": s} for r, (h, s) in rows.items()}}
                for key, category, rows in results]
        Path(arguments.json).write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
