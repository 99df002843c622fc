#!/usr/bin/env python3
"""Does the real Vital engine take our `.vital` files, and do they sound there as they do here?

    vital_check.py --tools DIR [--render SONGWALKER] [--note N] [--json] FILES...
    vital_check.py --controls generator/data/vital_controls.json [--write-controls]

Every file must load, read back equal (all 772 values at single precision, LFO shapes, slots, wavetables), sound, and
peak below 0 dBFS. With --render the patch that a file was made of is rendered by our engine too and compared: the file
`X.vital` belongs to `X.json` beside it, else to `../patch.json` (an unpacked bundle); both are made repeatable first
(phase randomness off, random sources removed, 120 bpm). Distances are reported, not judged.
Needs vita, numpy, scipy. DIR holds vital_oracle.py, logmel.py, descriptors.py. Exit 1 when a file fails.
"""
import argparse, base64, concurrent.futures, json, pathlib, subprocess, sys, tempfile

LOW_STYLES = {"Bass", "Percussion"}                 # played at C2, the others at C4
SOUNDS_ABOVE = 1e-3                                 # peak; -60 dBFS
FIGURES = ["distance", "low_distance", "onset_distance", "level_db", "lufs_diff", "centroid_ratio", "attack_diff_ms", "width_diff", "pitch_diff_cents"]


def single(value):
    import numpy as np
    return float(np.float32(value))


def same(a, b):
    return abs(single(a) - single(b)) <= 1e-6 * max(1.0, abs(a))


def differences(written, read):
    """What Vital holds otherwise than the file says."""
    import numpy as np
    out = []
    a, b = written["settings"], read["settings"]
    numbers = {k: v for k, v in a.items() if isinstance(v, (int, float))}
    if len(numbers) != 772:
        out.append(f"{len(numbers)} values, not 772")
    out += [f"{k}: {v} read back as {b.get(k)}" for k, v in numbers.items() if k not in b or not same(v, b[k])]
    for i, (x, y) in enumerate(zip(a["lfos"], b["lfos"])):
        flat = lambda line: line["points"][:2 * line["num_points"]] + line["powers"][:line["num_points"]]
        if x["num_points"] != y["num_points"] or bool(x["smooth"]) != bool(y["smooth"]) or not all(map(same, flat(x), flat(y))):
            out.append(f"lfo {i + 1} has another shape")
    for i, (x, y) in enumerate(zip(a["modulations"], b["modulations"])):
        if (x["source"], x["destination"]) != (y["source"], y["destination"]):
            out.append(f"slot {i + 1}: {x['source']}>{x['destination']} read back as {y['source']}>{y['destination']}")
        if x["source"] and "line_mapping" in x and not all(map(same, x["line_mapping"]["points"], y.get("line_mapping", {"points": []})["points"])):
            out.append(f"slot {i + 1} has another map")
    wave = lambda key: np.frombuffer(base64.b64decode(key["wave_data"]), "<f4")
    for i, (x, y) in enumerate(zip(a["wavetables"], b["wavetables"])):
        keys = [[(k["position"], wave(k)) for g in t["groups"] for c in g["components"] for k in c["keyframes"]] for t in (x, y)]
        if len(keys[0]) != len(keys[1]) or any(p != q or len(u) != 2048 or np.abs(u - v).max() > 1e-6 for (p, u), (q, v) in zip(*keys)):
            out.append(f"wavetable {i + 1} differs")
    if a["sample"]["length"] != b["sample"]["length"]:
        out.append("the sample has another length")
    return out


def patch_of(path):
    """The patch that a file was made of, where it is known."""
    beside = path.with_suffix(".json")
    above = path.parent.parent / "patch.json"
    return beside if beside.exists() else above if path.parent.name == "vital" and above.exists() else None


def settled(patch):
    """The patch without what differs from render to render, as vital_oracle.settle does with a preset."""
    for osc in patch["modules"]["osc"]:
        osc["phase_randomness"] = 0
    patch["modules"]["sample"]["random_start"] = False
    for route in patch["modulation"]["routes"]:
        if route["source"].startswith("random/") or route["source"] == "trigger_random":
            route["bypass"] = True
    return patch


def compared(preset, patch, note, options):
    """How far our render of the patch is from Vital's of the preset."""
    import logmel, descriptors, vital_oracle
    from scipy.io import wavfile
    total = options.hold + options.tail
    vital = vital_oracle.render(vital_oracle.settle(preset), note, options.velocity, options.hold, total)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        (folder / "patch.json").write_text(json.dumps(settled(patch)))
        subprocess.run([*options.render.split(), "render", folder / "patch.json", "--out", folder / "x.wav", "--note", str(note), "--velocity", str(options.velocity),
                        "--hold", str(options.hold), "--tail", str(options.tail), "--bpm", "120", "--warm-up", "8"], check=True, capture_output=True)
        rate, ours = wavfile.read(folder / "x.wav")
    ours = ours.T.astype("float64")
    n = min(ours.shape[1], vital.shape[1]); ours, vital = ours[:, :n], vital[:, :n]
    f0 = 440 * 2 ** ((note - 69) / 12)
    a, b = (descriptors.analyse(x, rate, f0, options.hold) for x in (vital, ours))
    return {"distance": logmel.distance(vital, ours, rate), "low_distance": logmel.low_distance(vital, ours, rate), "onset_distance": logmel.onset_distance(vital, ours, rate),
            "level_db": logmel.level_db(vital, ours), "lufs_diff": b["lufs"] - a["lufs"], "centroid_ratio": b["centroid_hz"] / max(a["centroid_hz"], 1),
            "attack_diff_ms": b["attack_ms"] - a["attack_ms"], "width_diff": b["width"] - a["width"], "pitch_diff_cents": b["pitch_cents"] - a["pitch_cents"]}


def check(path, options):
    """All about one file; `faults` is empty where it passes."""
    import numpy as np, vita, vital_oracle
    out = {"file": str(path), "faults": []}
    text = path.read_text()
    try:
        preset = json.loads(text)
    except ValueError as error:
        out["faults"].append(f"not JSON: {error}"); return out
    if not text.startswith('{"author":"'):
        out["faults"].append("does not begin with its author")
    if len(text) < 5000 or '"preset_style":"' not in text[:5000]:
        out["faults"].append("Vital's browser would not find its style")
    synth = vita.Synth()
    if not synth.load_json(text):
        out["faults"].append("Vital refuses it"); return out
    out["faults"] += differences(preset, json.loads(synth.to_json()))
    note = options.note if options.note is not None else 36 if preset.get("preset_style") in LOW_STYLES else 60
    sound = vital_oracle.render(preset, note, options.velocity, options.hold, options.hold + options.tail)
    peak = float(np.abs(sound).max())
    out.update(note=note, peak_db=20 * np.log10(max(peak, 1e-9)), kilobytes=len(text) // 1024)
    if not np.isfinite(sound).all(): out["faults"].append("not finite")
    if peak < SOUNDS_ABOVE: out["faults"].append("silent")
    if peak >= 1.0: out["faults"].append(f"peaks at {out['peak_db']:+.2f} dBFS")
    source = patch_of(path)
    if options.render and source:
        try:
            out.update(compared(preset, json.loads(source.read_text()), note, options))
        except subprocess.CalledProcessError as error:
            out["faults"].append("our engine does not render it: " + error.stderr.decode(errors="replace").strip()[-300:])
    return out


def table(results):
    import numpy as np
    for r in results:
        figures = "".join(f" {r[k]:9.2f}" for k in FIGURES if k in r)
        print(f"{'FAIL' if r['faults'] else 'ok':4} {pathlib.Path(r['file']).name[:44]:44} {r.get('note', 0):4} {r.get('peak_db', 0):7.2f} dB{figures}")
        for fault in r["faults"][:8]: print(f"       {fault}")
    measured = [r for r in results if "distance" in r]
    if measured:
        print(f"\n{'against our own render':30} {'median':>9} {'p90':>9} {'worst':>9}   ({len(measured)} files)")
        for k in FIGURES:
            v = np.array([abs(r[k]) if k != "centroid_ratio" else abs(np.log2(max(r[k], 1e-6))) for r in measured])
            print(f"{'|' + (k if k != 'centroid_ratio' else 'centroid_octaves') + '|':30} {np.median(v):9.3f} {np.percentile(v, 90):9.3f} {v.max():9.3f}")
    failed = sum(bool(r["faults"]) for r in results)
    print(f"\n{len(results) - failed} passed, {failed} failed")


def controls(path, write):
    """Compares the list of controls with the engine's own, or writes it."""
    import numpy as np, vita
    synth = vita.Synth(); aims = set(vita.get_modulation_destinations())
    short = lambda x: np.format_float_positional(np.float32(x), unique=True, trim="-")
    row = lambda d: f'["{d.name}",{short(d.min)},{short(d.max)},{short(d.default_value)},{int(d.is_discrete)},{int(d.name in aims)}]'
    rows = [row(synth.get_control_details(name)) for name in sorted(synth.get_controls())]
    text = '{"columns":["name","min","max","default","discrete","destination"],"controls":[\n' + ",\n".join(rows) + "\n]}\n"
    if write: path.write_text(text); return 0
    equal = path.read_text() == text
    print(f"{path.name}: {'as the engine has it' if equal else 'differs from the engine'}")
    return 0 if equal else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    parser.add_argument("--tools", type=pathlib.Path, default=pathlib.Path(__file__).parent)
    parser.add_argument("--render", help="the songwalker program")
    parser.add_argument("--note", type=int)
    parser.add_argument("--velocity", type=float, default=0.8)
    parser.add_argument("--hold", type=float, default=2.0)
    parser.add_argument("--tail", type=float, default=1.0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--controls", type=pathlib.Path)
    parser.add_argument("--write-controls", action="store_true")
    options = parser.parse_args()
    sys.path.insert(0, str(options.tools))
    code = controls(options.controls, options.write_controls) if options.controls else 0
    if options.files:
        with concurrent.futures.ProcessPoolExecutor(options.jobs) as pool:
            results = list(pool.map(check, options.files, [options] * len(options.files)))
        print(json.dumps(results, indent=1)) if options.json else table(results)
        code = 1 if any(r["faults"] for r in results) else code
    elif not options.controls:
        parser.error("no files")
    return code


if __name__ == "__main__":
    sys.exit(main())
