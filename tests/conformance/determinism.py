"""Same prompt and seed, same bundle: whatever the time zone, language, directory, threads, processor features or build.

Usage: determinism.py --binary PATH [--binary OTHER_BUILD] [--prompts N]
Generates each prompt once plainly, then twice under every condition, and compares the zip byte for byte; says which entries
differ. Twice: as a job, each in a fresh data directory, so that nothing is answered from before; and from the intent,
which the process itself renders (a job's child gets nothing of its environment). Exit code 1 on any difference.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

PROMPTS = [("warm analog pad with slow movement, wide", 0), ("growly reese bass, 2 Hz wobble", 7),
           ("fm bell, long ring, lots of reverb", 3), ("closed hi hat, metallic", 1), ("bright pluck, 1/8 delay", 11)]
# What a C library picks its functions by; the first spelling is glibc's since 2.33, the second before.
WITHOUT_AVX2 = ("glibc.cpu.hwcaps=-AVX2,-FMA,-AVX,-AVX512F,-AVX512VL,-FMA4,-ERMS,"
                "-AVX2_Usable,-FMA_Usable,-AVX_Fast_Unaligned_Load")


def conditions(binaries):
    """[(what, binary, prefix of the command, environment, folder)]"""
    first = binaries[0]
    cases = [
        ("again", first, [], {}, "again"),
        ("time zone", first, [], {"TZ": "Asia/Kathmandu"}, "tz"),
        ("locale", first, [], {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8", "LANGUAGE": "tr"}, "locale"),
        ("another directory", first, [], {}, "a directory/with spaces/und Umläute/" + "deep/" * 8),
        ("one processor", first, ["taskset", "-c", "0"], {}, "one"),
        ("one thread asked for", first, [], {"RAYON_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}, "threads"),
        ("no AVX2, no FMA", first, [], {"GLIBC_TUNABLES": WITHOUT_AVX2}, "tunables"),
        ("no home, no terminal", first, ["env", "-u", "HOME", "-u", "TERM", "NO_COLOR=1"], {}, "bare"),
    ]
    if not shutil.which("taskset"):
        cases = [case for case in cases if case[2][:1] != ["taskset"]]
    cases += [(f"another build ({Path(b).parent.name})", b, [], {}, f"build-{i}") for i, b in enumerate(binaries[1:])]
    return cases


def generate(binary, prefix, environment, folder, asked, seed):
    """The bytes of the bundle and the intent, made with `folder` as the working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [*prefix, binary, "generate", *asked, "--seed", str(seed), "--planner", "embedded", "--variations", "1",
               "--out", ".", "--json"]
    with tempfile.TemporaryDirectory(dir=folder, prefix="data-") as data:
        done = subprocess.run(command, cwd=folder, env={**os.environ, **environment, "SONGWALKER__DATA_DIR": data},
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    answer = json.loads(done.stdout)
    return (folder / answer["bundle"]).read_bytes(), answer["intent"]


def differing_entries(one, other, scratch):
    """Names of the entries that differ, or what is known where only the container does."""
    contents = []
    for data in (one, other):
        path = scratch / "compared.zip"
        path.write_bytes(data)
        with zipfile.ZipFile(path) as archive:
            contents.append({name: archive.read(name) for name in archive.namelist()})
    a, b = contents
    names = sorted(name for name in a.keys() | b.keys() if a.get(name) != b.get(name))
    return ", ".join(names) or "only the container (order, times or compression)"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", action="append", required=True)
    parser.add_argument("--prompts", type=int, default=3, help=f"how many of the {len(PROMPTS)} prompts")
    arguments = parser.parse_args()
    binaries = [str(Path(b).resolve()) for b in arguments.binary]
    different = compared = 0
    with tempfile.TemporaryDirectory() as name:
        scratch = Path(name)
        for prompt, seed in PROMPTS[:arguments.prompts]:
            where = scratch / f"seed{seed}"
            expected, intent = generate(binaries[0], [], {}, where / "plain", [prompt], seed)
            intent_file = where / "intent.json"
            intent_file.write_text(json.dumps(intent), "utf-8")
            print(f"{prompt!r}: {hashlib.sha256(expected).hexdigest()[:16]}, {len(expected)} bytes")
            for what, binary, prefix, environment, folder in conditions(binaries):
                for way, asked in [("as a job", [prompt]), ("from its intent", ["--intent", str(intent_file)])]:
                    got, _ = generate(binary, prefix, environment, where / folder / way, asked, seed)
                    compared += 1
                    if got != expected:
                        different += 1
                        print(f"  DIFFERENT {way} under {what}: {differing_entries(expected, got, scratch)}")
    print(f"{compared - different} of {compared} bundles identical")
    return 1 if different or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
