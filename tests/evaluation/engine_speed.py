"""What a second of sound costs, ours and Vital's, on the same patches in the same run.

Usage: engine_speed.py --probe PATH [--runs N] [--json FILE]

CPU time on one processor, median of the runs, ours and Vital's in turns; printed as a multiple of real time (higher is
faster), their ratio, and the bar and aim of the design. Vital plays one note at a time here: what a chord costs it is derived
from the same run, effects once and half a pad's voice for each note (it computes two voices in one go). Exit code 1 where a
ratio is below its bar.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import vita

HOLD_S, TOTAL_S = 6.0, 10.0
CHORD = [48, 52, 55, 59, 60, 64, 67, 71]
MANY = list(range(32, 96))


class Probe:
    """Our engine as a process that stays warm (generator/examples/probe.rs)."""

    def __init__(self, path, folder):
        self.process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.file = str(folder / "sound.f32")

    def ask(self, **asked):
        self.process.stdin.write(json.dumps({"to": self.file} | asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        if "error" in answer:
            sys.exit(f"probe: {answer['error']}")
        return answer

    def cost(self, patch, notes):
        """CPU seconds per second of sound."""
        played = [[0.0, HOLD_S, note, 0.8] for note in notes]
        return self.ask(render=patch, notes=played, total=TOTAL_S)["cpu_ms"] / 1000 / TOTAL_S

    def export(self, patch, file):
        self.ask(export=patch, to=str(file))
        return file.read_text("utf-8")


class Vital:
    """The real engine with one patch."""

    def __init__(self, preset):
        self.synth = vita.Synth()
        if not self.synth.load_json(preset):
            sys.exit("Vital refuses the exported patch")

    def cost(self, note):
        started = time.process_time()
        self.synth.render(note, 0.8, HOLD_S, TOTAL_S)
        return (time.process_time() - started) / TOTAL_S


def copied(patch):
    return json.loads(json.dumps(patch))


def plain(base):
    """Everything off but one saw."""
    patch = copied(base)
    modules = patch["modules"]
    for slot in [*modules["osc"], modules["sample"], *modules["filter"], *modules["fx"]]:
        slot["enabled"] = False
    modules["voicing"] |= {"mode": "poly", "voices": 64, "oversampling": "2"}
    return oscillator(patch, 0, 1)


def oscillator(patch, index, voices, **more):
    osc = patch["modules"]["osc"][index]
    osc |= {"enabled": True, "destination": "filter_1"}
    osc["wavetable"] |= {"source": "named", "name": "saw", "position": 0.0}
    osc["unison"] |= {"voices": voices, "detune_cents": 15.0}
    for module, mode in more.items():
        osc[module] |= mode
    return patch


def low_pass(patch, index, model="analog"):
    patch["modules"]["filter"][index] |= {"enabled": True, "model": model, "style": "24", "cutoff_hz": 2000.0}
    return patch


def effects(patch, *kinds):
    for fx in patch["modules"]["fx"]:
        fx["enabled"] = fx["type"] in kinds
    return patch


def rows(base):
    """[(title, patch, notes, bar, aim)]; without bar the row only informs."""
    one = low_pass(plain(base), 0)
    pad = low_pass(plain(base), 0)
    for index in (0, 1):
        oscillator(pad, index, 7)
    effects(pad, "chorus", "reverb")
    pad["modulation"]["routes"] = [{"source": "lfo/0", "target": "/modules/filter/0/cutoff_hz", "amount": 0.1,
                                    "polarity": "bipolar", "curve": 0.0, "map": None, "stereo": False, "bypass": False}]
    everything = plain(base)
    for index in (0, 1, 2):
        oscillator(everything, index, 7)
    for index in (0, 1):
        low_pass(everything, index)
    kinds = [fx["type"] for fx in everything["modules"]["fx"]]
    effects(everything, *kinds)
    return [("1 saw + 24 dB analog filter", one, [60], 2, 5),
            ("pad: 2 x unison 7, filter, LFO, chorus, reverb", pad, [60], 2, 4),
            ("the same, 8-voice chord", pad, CHORD, 3, 6),
            ("3 osc x unison 7, 2 filters, all effects", everything, [60], 2, 4),
            ("the pad's effects alone", effects(plain(base), "chorus", "reverb"), [60], None, None),
            ("1 saw", plain(base), [60], None, None),
            ("unison 16", oscillator(plain(base), 0, 16), [60], None, None),
            ("unison 7, FM", oscillator(plain(base), 0, 7, warp={"mode": "fm_a", "amount": 0.2}), [60], None, None),
            ("unison 7, smear", oscillator(plain(base), 0, 7, spectral={"mode": "smear", "amount": 0.4}), [60], None, None),
            *((f"1 saw + {model}", low_pass(plain(base), 0, model), [60], None, None) for model in ("ladder", "dirty", "digital")),
            *((f"1 saw + {kind}", effects(plain(base), kind), [60], None, None) for kind in sorted(kinds))]


def measured(title, patch, notes, probe, folder, runs):
    """Median costs, ours and Vital's of one note."""
    vital = Vital(probe.export(patch, folder / "patch.vital"))
    ours, vitals = [], []
    for _ in range(runs):
        ours.append(probe.cost(patch, notes))
        vitals.append(vital.cost(notes[0]))
    return statistics.median(ours), statistics.median(vitals)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--probe", required=True)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    result, held = {}, True
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        probe = Probe(arguments.probe, folder)
        base = probe.ask(default=True)["patch"]
        print(f"{'CPU x real time, one processor, median of ' + str(arguments.runs):50}{'ours':>8}{'Vital':>8}{'ratio':>8}"
              f"{'bar':>6}{'aim':>6}")
        table = rows(base)
        cost = {title: measured(title, patch, notes, probe, folder, arguments.runs) for title, patch, notes, *_ in table}
        effects_alone = cost["the pad's effects alone"][1]
        pad = cost["pad: 2 x unison 7, filter, LFO, chorus, reverb"][1]
        chord = effects_alone + (len(CHORD) / 2) * max(pad - effects_alone, 0.0)
        for title, _, notes, bar, aim in table:
            ours, vitals = cost[title]
            vitals = chord if len(notes) > 1 else vitals
            ratio = vitals / ours
            verdict = "" if bar is None else "aim" if ratio >= aim else "ok" if ratio >= bar else "BELOW"
            held &= verdict != "BELOW"
            marks = "" if bar is None else f"{bar:>6}{aim:>6}  {verdict}"
            print(f"{title:50}{1 / ours:>8.1f}{1 / vitals:>8.1f}{ratio:>8.2f}{marks}{'  (derived)' if len(notes) > 1 else ''}")
            result[title] = {"ours": 1 / ours, "vital": 1 / vitals, "ratio": ratio}
        many = low_pass(plain(base), 0)
        share = 100 * statistics.median(probe.cost(many, MANY) for _ in range(arguments.runs)) * TOTAL_S / HOLD_S
        verdict = "aim" if share <= 10 else "ok" if share <= 25 else "ABOVE"
        held &= verdict != "ABOVE"
        print(f"{'64 voices of saw + filter, % of one core':50}{share:>8.1f}{'':8}{'':8}{25:>6}{10:>6}  {verdict}")
        result["64 voices"] = {"percent": share}
    if arguments.json:
        arguments.json.write_text(json.dumps(result, indent=1), "utf-8")
    sys.exit(0 if held else 1)


if __name__ == "__main__":
    main()
