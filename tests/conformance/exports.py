"""Makes the patches that conformance looks at: every template, and intents drawn by a fixed pseudo-random sequence.

Usage: exports.py --binary PATH --out DIR [--random N]
Prints one line of JSON per patch: {"vital", "patch", "category", "note", "prompt"}. Exit code 1 when a patch could not be made.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "evaluation"))
from protocol import note_of  # noqa: E402
from random_prompts import random_prompt  # noqa: E402


def templates(binary):
    done = subprocess.run([binary, "templates", "--json"], capture_output=True, text=True, check=True)
    listed = json.loads(done.stdout)
    return listed["templates"] if isinstance(listed, dict) else listed


def make(binary, folder, prompt, seed, template=None):
    """The line about one patch; raises where the product fails. Its job is nobody else's: the data directory goes with it."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [binary, "generate", prompt, "--seed", str(seed), "--planner", "embedded", "--variations", "0",
               "--out", str(folder), "--json", *(["--template", template] if template else [])]
    with tempfile.TemporaryDirectory(prefix="songwalker-data-") as data:
        done = subprocess.run(command, env={**os.environ, "SONGWALKER__DATA_DIR": data}, capture_output=True, text=True,
                              stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode != 0:
        raise RuntimeError(f"{prompt!r} (seed {seed}): exit code {done.returncode}: {done.stderr.strip()[-400:]}")
    made = json.loads(done.stdout)
    patch = folder / made["patch"]
    vital = sorted((patch.parent / "vital").glob("*.vital"))
    if len(vital) != 1:
        raise RuntimeError(f"{prompt!r} (seed {seed}): {len(vital)} .vital files beside {patch.name}")
    return {"vital": str(vital[0]), "patch": str(patch), "category": made["category"], "note": note_of(made["category"]),
            "prompt": prompt}


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--random", type=int, default=100)
    arguments = parser.parse_args()
    binary = str(Path(arguments.binary).resolve())
    out = arguments.out.resolve()
    tasks = [(f"template-{t['id']}", t["category"], 0, t["id"]) for t in templates(binary)]
    tasks += [(f"random-{i:03}", *random_prompt(i), None) for i in range(arguments.random)]
    failed = 0
    with ThreadPoolExecutor(2) as pool:
        made = [(task[0], pool.submit(make, binary, out / task[0], *task[1:])) for task in tasks]
        for name, future in made:
            try:
                print(json.dumps(future.result(), ensure_ascii=False), flush=True)
            except Exception as fault:  # noqa: BLE001 - every fault of one patch is reported, the rest go on
                failed += 1
                print(f"{name}: {fault}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
