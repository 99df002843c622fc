"""Same prompt and seed, same bundle: whatever the time zone, language, directory, threads, processor features or build.

Usage: determinism.py --binary PATH [--binary OTHER_BUILD] [--prompts N]
Generates each prompt once plainly, then once under every condition, and compares the zip byte for byte; says which entries
differ. Exit code 1 on any difference.
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


def bundle(binary, prefix, environment, folder, prompt, seed):
    """The bytes of the bundle, made with `folder` as the working directory."""
    folder.mkdir(parents=True, exist_ok=True)
    command = [*prefix, binary, "generate", prompt, "--seed", str(seed), "--planner", "embedded", "--variations", "1",
               "--out", ".", "--json"]
    done = subprocess.run(command, cwd=folder, env={**os.environ, **environment}, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, timeout=300)
    if done.returncode != 0:
        raise SystemExit(f"{' '.join(command)}: exit code {done.returncode}\n{done.stderr}")
    return (folder / json.loads(done.stdout)["bundle"]).read_bytes()


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
            expected = bundle(binaries[0], [], {}, where / "plain", prompt, seed)
            print(f"{prompt!r}: {hashlib.sha256(expected).hexdigest()[:16]}, {len(expected)} bytes")
            for what, binary, prefix, environment, folder in conditions(binaries):
                got = bundle(binary, prefix, environment, where / folder, prompt, seed)
                compared += 1
                if got != expected:
                    different += 1
                    print(f"  DIFFERENT under {what}: {differing_entries(expected, got, scratch)}")
    print(f"{compared - different} of {compared} bundles identical")
    return 1 if different or not compared else 0


if __name__ == "__main__":
    sys.exit(main())
