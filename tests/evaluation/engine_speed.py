"""How much CPU a second of sound costs, ours and, where `vita` is at hand, Vital's on the exported patch.

Usage: engine_speed.py --binary PATH [--runs N]
CPU time, one processor, median of the runs; printed as a multiple of real time (higher is faster) and as the ratio of ours to
Vital's. Vital plays one note at a time here, so chords have no figure of its own.
"""

import argparse
import json
import os
import shutil
import statistics
import struct
import subprocess
import tempfile
import time
from pathlib import Path

try:
    import vita
except ImportError:
    vita = None

HOLD_S, TAIL_S = 6.0, 4.0
CHORD = [48, 52, 55, 59, 60, 64, 67, 71]


def plain(patch):
    """The patch with everything switched off but one saw."""
    patch = json.loads(json.dumps(patch))
    modules = patch["modules"]
    for slot in [*modules["osc"], modules["sample"], *modules["filter"], *modules["fx"]]:
        slot["enabled"] = False
    patch["modulation"]["routes"] = []
    for macro in patch["macros"]:
        macro["targets"] = []
    modules["voicing"] |= {"mode": "poly", "voices": 16, "oversampling": "2"}
    oscillator(patch, 0, 1)
    return patch


def oscillator(patch, index, voices):
    osc = patch["modules"]["osc"][index]
    osc |= {"enabled": True, "destination": "filter_1"}
    osc["wavetable"] |= {"source": "named", "name": "saw", "position": 0.0}
    osc["unison"] |= {"voices": voices, "detune_cents": 15.0}
    osc["warp"]["mode"] = osc["spectral"]["mode"] = "none"


def low_pass(patch, index):
    patch["modules"]["filter"][index] |= {"enabled": True, "model": "analog", "style": "24", "cutoff_hz": 2000.0}


def effects(patch, *kinds):
    for fx in patch["modules"]["fx"]:
        fx["enabled"] = fx["type"] in kinds


def patches(base):
    """[(title, patch, notes)]"""
    one = plain(base)
    low_pass(one, 0)
    pad = plain(base)
    for index in (0, 1):
        oscillator(pad, index, 7)
    low_pass(pad, 0)
    effects(pad, "chorus", "reverb")
    pad["modulation"]["routes"] = [{"source": "lfo/0", "target": "/modules/filter/0/cutoff_hz", "amount": 0.1,
                                    "polarity": "bipolar", "curve": 0.0, "map": None, "stereo": False, "bypass": False}]
    full = plain(base)
    for index in (0, 1, 2):
        oscillator(full, index, 7)
    for index in (0, 1):
        low_pass(full, index)
    effects(full, *(fx["type"] for fx in full["modules"]["fx"]))
    return [("1 saw + 24 dB analog filter", one, [60]),
            ("pad: 2 x unison 7, filter, LFO, chorus, reverb", pad, [60]),
            ("the same, 8-voice chord", pad, CHORD),
            ("3 osc x unison 7, 2 filters, all effects", full, [60])]


def midi(notes, hold_s):
    """A standard MIDI file at 120 bpm that holds the notes together: 480 ticks a beat."""
    def length(n):
        groups = [n & 127]
        while n > 127:
            n >>= 7
            groups.append(n & 127 | 128)
        return bytes(reversed(groups))
    events = b"".join(length(0) + bytes([0x90, n, 102]) for n in notes)
    events += length(round(hold_s * 960)) + bytes([0x80, notes[0], 0])
    events += b"".join(length(0) + bytes([0x80, n, 0]) for n in notes[1:]) + length(0) + b"\xff\x2f\x00"
    return (b"MThd" + struct.pack(">IHHH", 6, 0, 1, 480) + b"MTrk" + struct.pack(">I", len(events)) + events)


def ours(binary, patch, notes, folder, runs):
    """CPU seconds per second of sound."""
    file = folder / "patch.json"
    file.write_text(json.dumps(patch), "utf-8")
    if len(notes) == 1:
        played = ["--note", str(notes[0]), "--hold", str(HOLD_S)]
    else:
        (folder / "chord.mid").write_bytes(midi(notes, HOLD_S))
        played = ["--midi", str(folder / "chord.mid")]
    costs = []
    for _ in range(runs):
        done = subprocess.run([binary, "render", str(file), "--out", str(folder / "x.wav"), "--velocity", "0.8", *played,
                               "--tail", str(TAIL_S), "--sample-rate", "44100", "--seed", "0", "--json"],
                              capture_output=True, text=True)
        if done.returncode != 0:
            raise SystemExit(f"render: exit code {done.returncode}: {done.stderr.strip()}")
        costs.append(json.loads(done.stdout)["cpu_s"] / (HOLD_S + TAIL_S))
    return statistics.median(costs)


def vitals(binary, folder, notes, runs):
    """CPU seconds per second of sound of the real Vital on the exported patch."""
    file = folder / "patch.vital"
    file.unlink(missing_ok=True)
    subprocess.run([binary, "export", "vital", str(folder / "patch.json"), "-o", str(file)], check=True, capture_output=True)
    synth = vita.Synth()
    if not synth.load_json(file.read_text("utf-8")):
        raise SystemExit("Vital refuses the exported patch")
    costs = []
    for _ in range(runs):
        started = time.process_time()
        synth.render(notes[0], 0.8, HOLD_S, HOLD_S + TAIL_S)
        costs.append((time.process_time() - started) / (HOLD_S + TAIL_S))
    return statistics.median(costs)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--runs", type=int, default=5)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    binary = shutil.which(arguments.binary) or arguments.binary
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        made = subprocess.run([binary, "generate", "lead", "--seed", "0", "--planner", "embedded", "--variations", "0",
                               "--out", name, "--json"], env={**os.environ, "SONGWALKER__DATA_DIR": str(folder / "data")},
                              capture_output=True, text=True, check=True)
        base = json.loads((folder / json.loads(made.stdout)["patch"]).read_text("utf-8"))
        print(f"{'CPU x real time':50}{'ours':>8}{'Vital':>8}{'ratio':>8}")
        for title, patch, notes in patches(base):
            cost = ours(binary, patch, notes, folder, arguments.runs)
            line = f"{title:50}{1 / cost:>8.1f}"
            if vita and len(notes) == 1:
                other = vitals(binary, folder, notes, arguments.runs)
                line += f"{1 / other:>8.1f}{other / cost:>8.2f}"
            print(line, flush=True)


if __name__ == "__main__":
    main()
