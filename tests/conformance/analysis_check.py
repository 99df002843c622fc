#!/usr/bin/env python3
"""Compares `songwalker analyse` with the reference descriptors on synthetic and Vital-rendered sounds.

    analysis_check.py --binary target/release/songwalker --tools tests/conformance [--keep DIR] [--verbose]
    analysis_check.py --tools tests/conformance --write-reference engine/tests/data/analysis_reference.json

Writes 32-bit float WAV files to a temporary directory, runs `songwalker analyse X.wav --note N --hold S --json` on each
and compares every key with `descriptors.py` from the directory of tools. Measures must agree within 2 % (levels within
0.1 dB; times within one hop of the envelope, rolloffs and rates within one bin, the pitch within one cent); 0 and "never
reached" must be the same on both sides. Where the reference is no number (silence has no spectrum) ours must be one.
Prints the worst deviation of each measure and a last line `N passed, N failed, N skipped`; exits 1 on any failure.
"""
import argparse, json, math, pathlib, struct, subprocess, sys, tempfile, warnings
import numpy as np

RATE = 44100
SHAPES = {"silent", "swelling", "sustained", "percussive", "plucked", "decaying"}


# ---- sounds: name -> (samples (2, N), rate, note, hold in seconds)

def hz(note):
    return 440.0 * 2.0 ** ((note - 69) / 12)


def adsr(t, hold, attack=0.005, decay=0.1, sustain=1.0, release=0.1):
    held = np.where(t < attack, t / attack, sustain + (1 - sustain) * np.exp(-(t - attack) / decay))
    at_release = held[min(int(hold * len(t) / t[-1]), len(t) - 1)]
    return np.where(t < hold, held, at_release * np.exp(-(t - hold) / release))


def saw(f, t, phase=0.0, top=18000.0):
    return sum(np.sin(2 * np.pi * k * (f * t + phase)) / k for k in range(1, max(2, int(top / f)))) * 0.5


def stereo(left, right=None):
    return np.vstack([left, left if right is None else right])


def synthetic():
    rng = np.random.default_rng(1)
    sounds = {}

    def add(name, note, hold, make, total=None, rate=RATE):
        t = np.arange(int(rate * (total or hold + 1.0))) / rate
        sounds[name] = (make(t), rate, note, hold)

    add("sine, steady", 69, 2.0, lambda t: stereo(0.3 * np.sin(2 * np.pi * 440 * t) * adsr(t, 2.0, sustain=0.9)))
    add("saw C4", 60, 2.0, lambda t: stereo(0.4 * saw(hz(60), t) * adsr(t, 2.0)))
    add("saw C2, 48 kHz", 36, 2.0, lambda t: stereo(0.4 * saw(hz(36), t) * adsr(t, 2.0)), rate=48000)
    add("saw C4, 22.05 kHz", 60, 1.0, lambda t: stereo(0.4 * saw(hz(60), t, top=9000) * adsr(t, 1.0)), rate=22050)
    add("saw, odd hold", 57, 1.2347, lambda t: stereo(0.4 * saw(hz(57), t) * adsr(t, 1.2347)))
    add("pluck", 60, 2.0, lambda t: stereo(saw(hz(60), t) * adsr(t, 2.0, 0.002, 0.15, 0.0)))
    add("pluck, very short", 72, 1.0, lambda t: stereo(saw(hz(72), t) * adsr(t, 1.0, 0.001, 0.012, 0.0)))
    add("click", 60, 0.5, lambda t: stereo(np.where(t < 0.002, 0.8, 0.0)), total=1.0)
    add("noise", 60, 2.0, lambda t: 0.2 * rng.standard_normal((2, len(t))) * adsr(t, 2.0))
    add("snare", 60, 0.5, lambda t: stereo(0.5 * rng.standard_normal(len(t)) * adsr(t, 0.5, 0.001, 0.06, 0.0)))
    add("pad, slow", 60, 4.0, lambda t: stereo(*[0.2 * sum(saw(hz(60) * 2 ** (c / 1200), t, p) for c, p in
        ((-7 + d, 0.1), (0, 0.3), (6 + d, 0.7))) * adsr(t, 4.0, 1.1, 0.1, 1.0, 0.8) for d in (0, 1.5)]))
    add("detuned, wide", 48, 3.0, lambda t: stereo(0.3 * saw(hz(48) * 1.006, t) * adsr(t, 3.0),
        0.3 * saw(hz(48) / 1.006, t, 0.4) * adsr(t, 3.0)))
    add("out of phase", 60, 1.0, lambda t: stereo(0.3 * saw(hz(60), t), -0.3 * saw(hz(60), t)))
    add("left only", 60, 1.0, lambda t: stereo(0.3 * saw(hz(60), t), 0 * t))
    add("tremolo 5 Hz", 60, 3.0, lambda t: stereo(0.3 * saw(hz(60), t) * (1 + 0.5 * np.sin(2 * np.pi * 5 * t))))
    add("vibrato 6 Hz", 69, 3.0, lambda t: stereo(0.3 * np.sin(2 * np.pi * 440 * t + 440 * 0.015 / 6 * np.sin(2 * np.pi * 6 * t))))
    add("vibrato, long", 57, 9.7, lambda t: stereo(0.3 * saw(hz(57), t + 0.01 / (2 * np.pi * 4.5) * np.sin(2 * np.pi * 4.5 * t))))
    add("out of tune", 60, 2.0, lambda t: stereo(0.4 * saw(hz(60.23), t) * adsr(t, 2.0)))
    add("bell", 72, 2.0, lambda t: stereo(sum(a * np.sin(2 * np.pi * hz(72) * r * t) for r, a in
        ((1, 0.3), (2.76, 0.2), (5.4, 0.1), (8.93, 0.05))) * adsr(t, 2.0, 0.002, 0.5, 0.0)))
    add("swell into the end", 48, 3.0, lambda t: stereo(0.3 * saw(hz(48), t) * np.minimum(t / 3.0, 1)), total=3.0)
    add("clipped and offset", 36, 1.5, lambda t: stereo(np.clip(3 * saw(hz(36), t), -0.6, 0.9) * adsr(t, 1.5)))
    add("sub and hiss", 24, 2.0, lambda t: stereo(0.6 * np.sin(2 * np.pi * hz(24) * t)) * adsr(t, 2.0) +
        0.001 * rng.standard_normal((2, len(t))))
    add("high sine", 108, 1.0, lambda t: stereo(0.5 * np.sin(2 * np.pi * hz(108) * t)))
    add("ends before note-off", 60, 3.0, lambda t: stereo(0.3 * saw(hz(60), t)), total=2.9)
    add("silence", 60, 1.0, lambda t: stereo(0 * t))
    add("0.3 s", 60, 0.15, lambda t: stereo(0.3 * saw(hz(60), t) * adsr(t, 0.15, 0.005, 0.1, 1.0, 0.02)), total=0.3)
    return sounds


def from_vital(tools):
    """Patches of the real engine, or nothing where it is not installed."""
    try:
        import vita
    except ImportError:
        return {}
    sys.path.insert(0, str(tools))
    import vital_oracle
    init = json.loads(vita.Synth().to_json())
    base = {"osc_1_on": 1.0, "osc_1_level": 0.7, "osc_1_random_phase": 0.0, "filter_1_on": 0.0}
    patches = {
        "vital: init": ({}, 60, 2.0, 4.0),
        "vital: low-pass bass": ({"filter_1_on": 1.0, "filter_1_cutoff": 55.0, "filter_1_resonance": 0.6}, 36, 2.0, 4.0),
        "vital: pluck": ({"env_1_decay": 0.8, "env_1_sustain": 0.0, "env_1_release": 0.6}, 60, 2.0, 4.0),
        "vital: pad": ({"osc_1_unison_voices": 7.0, "osc_1_unison_detune": 4.0, "env_1_attack": 0.9, "env_1_release": 1.0,
                        "reverb_on": 1.0, "reverb_dry_wet": 0.4, "chorus_on": 1.0}, 60, 4.0, 12.0),
        "vital: driven": ({"distortion_on": 1.0, "distortion_drive": 20.0, "distortion_mix": 1.0}, 48, 2.0, 3.0),
        "vital: noise": ({"osc_1_on": 0.0, "sample_on": 1.0, "sample_level": 0.7}, 60, 1.0, 2.0),
    }
    sounds = {}
    for name, (settings, note, hold, total) in patches.items():
        preset = json.loads(json.dumps(init))
        preset["settings"].update(base | settings)
        audio = vital_oracle.render(vital_oracle.settle(preset), note, 0.8, hold, total, 1.0)
        sounds[name] = (audio, 44100, note, hold)
    return sounds


def stored():
    """The sounds that `engine/tests/analysis_reference.rs` makes by the same formulas."""
    def make(seconds, left, right):
        t = np.arange(int(RATE * seconds)) / RATE
        return stereo(left(t), right(t))

    def sawtooth(f, t, harmonics):
        return sum(np.sin(2 * np.pi * f * k * t) / k for k in range(1, harmonics + 1))

    def noise(seed):
        def values(t):
            out, state = np.empty(len(t)), seed
            for i in range(len(t)):
                state = (state * 1664525 + 1013904223) % 2**32
                out[i] = state / 2147483648.0 - 1.0
            return 0.4 * out * np.exp(-t / 0.1)
        return values

    pluck = lambda t: 0.4 * sawtooth(220.0, t, 24) * np.minimum(t / 0.002, 1.0) * np.exp(-t / 0.15)
    pad = lambda f: lambda t: (0.25 * sawtooth(f, t, 8) * np.minimum(t / 0.6, 1.0) * (1.0 - 0.05 * t) *
                               np.exp(-np.maximum(t - 1.6, 0.0) / 0.3))
    moved = lambda t: (0.4 * np.sin(2 * np.pi * 440.0 * t + 2.0 * np.sin(2 * np.pi * 6.0 * t)) *
                       (1.0 + 0.4 * np.sin(2 * np.pi * 4.0 * t)) * (1.0 - 0.05 * t))
    return {
        "pluck": (make(1.5, pluck, pluck), 57, 1.0),
        "pad": (make(3.0, pad(130.4), pad(131.3)), 48, 1.6),
        "vibrato": (make(2.0, moved, lambda t: 0.5 * moved(t)), 69, 1.5),
        "noise": (make(1.5, noise(1), noise(2)), 60, 1.0),
    }


def write_reference(descriptors, path):
    measures = {}
    for name, (samples, note, hold) in stored().items():
        found = descriptors.analyse(samples.astype(np.float32).astype(np.float64), RATE, hz(note), hold)
        measures[name] = {k: v if isinstance(v, bool) else None if math.isinf(v) else float(v) for k, v in found.items()}
    path.write_text(json.dumps(measures, indent=1) + "\n")


# ---- comparison

def write_wav(path, samples, rate):
    data = np.ascontiguousarray(samples.T, dtype="<f4").tobytes()
    header = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 3, 2, rate, rate * 8, 8, 32,
                         b"data", len(data))
    path.write_bytes(header + data)


# The rate of a modulation is arbitrary where there is none.
DEPTHS = {"am_rate_hz": "am_depth_db", "cm_rate_hz": "cm_depth_oct", "mod_rate_hz": "movement", "vibrato_rate_hz": "vibrato_cents"}


def tolerance(key, reference, rate):
    """How far our value of `key` may be from the reference."""
    part = 0.02 * abs(reference)
    if key.endswith("_ms"):
        return max(part, 1000 * int(0.001 * rate) / rate * 1.001)
    if key == "active_s":
        return max(part, int(0.001 * rate) / rate * 1.001)
    if key == "pitch_cents":
        return 1.0
    if key.startswith("rolloff"):
        return max(part, rate / 8192 * 1.001)
    if key.endswith("_rate_hz"):
        return max(part, 100 / 16384 * 1.001)
    if key.endswith("_db") or key == "lufs":
        return 0.1
    if key == "brightness_oct":
        return math.log2(1.02)
    return max(part, 1e-9)


def compare(reference, ours, rate):
    """Rows (key, reference, ours, deviation in tolerances) of one sound; above 1 is a failure."""
    rows = []
    for key, value in reference.items():
        if key not in ours:
            rows.append((key, value, "missing", math.inf))
            continue
        mine = ours[key]
        if isinstance(value, bool):
            deviation = 0.0 if mine is value else math.inf
        elif math.isinf(value) or mine is None:
            deviation = 0.0 if math.isinf(value) and mine is None else math.inf
        elif math.isnan(value) or reference.get(DEPTHS.get(key), 1.0) < 1e-9:
            deviation = 0.0 if math.isfinite(mine) else math.inf
        elif not math.isfinite(mine) or key.endswith("_ms") and (value == 0.0) != (mine == 0.0):
            deviation = math.inf
        else:
            deviation = abs(value - mine) / tolerance(key, value, rate)
        rows.append((key, value, mine, deviation))
    for key, held in (
        ("spectral_centroid", ours.get("spectral_centroid") == ours.get("centroid_hz")),
        ("envelope_shape", ours.get("envelope_shape") in SHAPES),
        ("dominant_freq_hz", isinstance(ours.get("dominant_freq_hz"), (int, float))),
    ):
        rows.append((key, "", ours.get(key, "missing"), 0.0 if held else math.inf))
    return rows


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", help="the songwalker program")
    parser.add_argument("--tools", required=True, type=pathlib.Path, help="directory of descriptors.py and vital_oracle.py")
    parser.add_argument("--keep", type=pathlib.Path, help="write the sounds here and leave them")
    parser.add_argument("--write-reference", type=pathlib.Path, metavar="FILE", help="only write the values of the unit tests")
    parser.add_argument("--verbose", action="store_true", help="print every failing value")
    args = parser.parse_args()
    sys.path.insert(0, str(args.tools))
    import descriptors

    if args.write_reference:
        write_reference(descriptors, args.write_reference)
        return 0
    if not args.binary:
        parser.error("--binary is missing")
    sounds = synthetic()
    vital = from_vital(args.tools)
    sounds.update(vital)
    worst, failed = {}, []
    with tempfile.TemporaryDirectory() as temporary:
        folder = args.keep or pathlib.Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for number, (name, (samples, rate, note, hold)) in enumerate(sounds.items()):
            samples = samples.astype(np.float32)
            path = folder / f"{number:02}.wav"
            write_wav(path, samples, rate)
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                reference = descriptors.analyse(samples.astype(np.float64), rate, hz(note), hold)
            command = [args.binary, "analyse", str(path), "--note", str(note), "--hold", repr(hold), "--json"]
            run = subprocess.run(command, capture_output=True, text=True)
            if run.returncode != 0:
                failed.append(name)
                print(f"FAILED {name}: exit {run.returncode}: {run.stderr.strip()[:300]}")
                continue
            rows = compare(reference, json.loads(run.stdout), rate)
            wrong = [row for row in rows if row[3] > 1.0]
            if wrong:
                failed.append(name)
                for key, value, mine, _ in wrong if args.verbose else wrong[:5]:
                    print(f"FAILED {name}: {key}: reference {value}, ours {mine}")
            for key, value, mine, deviation in rows:
                if deviation >= worst.get(key, (-1.0,))[0]:
                    worst[key] = (deviation, value, mine, name)

    print(f"\n{'measure':<22}{'worst':>12}  {'reference':>14}{'ours':>14}  sound   (worst: 1 = the whole tolerance)")
    for key, (deviation, value, mine, name) in worst.items():
        show = lambda v: f"{v:.6g}" if isinstance(v, float) else str(v)
        print(f"{key:<22}{deviation:>12.2g}  {show(value):>14}{show(mine):>14}  {name}")
    skipped = 0 if vital else 1
    if skipped:
        print("skipped: sounds of the real Vital (package vita is not installed)")
    print(f"{len(sounds) - len(failed)} passed, {len(failed)} failed, {skipped} skipped")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
