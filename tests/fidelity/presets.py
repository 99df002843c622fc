"""Whole presets: real `.vital` files, imported and rendered by us, against Vital's own render; and exported again.

The files lie beside the workspace (`../shared/data/vital-presets`) and are no part of it. Each is settled first (no random
phases, no random sources, 120 bpm), then played at notes 36, 60 and 84: held for 2 s, 3 s in all, after 8 s of warm-up.
"""
import functools, json, pathlib
import numpy as np
import ablate, measures, pictures
from modules import WORKER
from patches import ROOT

NOTES = (36, 60, 84)
PLAYED = (0.8, 2.0, 3.0, 8.0)
MODELS = ("analog", "dirty", "ladder", "digital", "diode", "formant", "comb", "phaser")
MORPHS = ("none", "vocode", "formant_scale", "harmonic_stretch", "inharmonic_stretch", "smear", "random_amplitudes", "low_pass", "high_pass", "phase_disperse",
          "shepard", "time_skew")
WARPS = ("none", "sync", "formant", "quantize", "bend", "squeeze", "pulse", "fm_a", "fm_b", "fm_sample", "rm_a", "rm_b", "rm_sample")
EFFECTS = ("chorus", "compressor", "delay", "distortion", "eq", "flanger", "phaser", "reverb")


def found(only=()):
    """The preset files, by name."""
    folders = [parent / "shared/data/vital-presets" for parent in ROOT.parents]
    files = sorted(next((folder for folder in folders if folder.is_dir()), ROOT / "none").glob("*.vital"))
    return [f for f in files if not only or any(o in f.stem for o in only)]


def own(folder, only=()):
    """Our own patches below a folder, such as the bundles of the templates: `patch.json`, or any `.json` right in it."""
    files = sorted([*folder.rglob("patch.json"), *(f for f in folder.glob("*.json") if f.name != "patch.json")])
    return [f for f in files if not only or any(o in str(f.relative_to(folder)) for o in only)]


def name_of(path):
    """What a file's sound is called: its stem, of a bundle the folder above."""
    return path.parent.parent.name if path.name == "patch.json" else path.stem


def features(preset):
    """What a preset uses that sounds: filter models, morphs, warps, effects, wavetable components, sources."""
    s = preset["settings"]; out = set()
    whole = lambda key: int(round(s.get(key, 0)))
    for name in ("filter_1", "filter_2", "filter_fx"):
        if whole(f"{name}_on"): out.add(f"filter {MODELS[whole(f'{name}_model')]}")
    for i in (1, 2, 3):
        if not whole(f"osc_{i}_on"): continue
        for key, words, title in (("spectral_morph_type", MORPHS, "morph"), ("distortion_type", WARPS, "warp")):
            if whole(f"osc_{i}_{key}"): out.add(f"{title} {words[whole(f'osc_{i}_{key}')]}")
        if whole(f"osc_{i}_unison_voices") > 1: out.add("unison")
        if whole(f"osc_{i}_stack_style"): out.add("stack")
        out.update(f"table {c['type'].lower()}" for g in s["wavetables"][i - 1]["groups"] for c in g["components"])
    out.update(f"effect {name}" for name in EFFECTS if whole(f"{name}_on"))
    if whole("filter_fx_on"): out.add("effect filter")
    if whole("sample_on"): out.add("sample")
    for one in s.get("modulations", []):
        if one.get("source") and one.get("destination"): out.add("source " + one["source"].rstrip("0123456789_").replace("macro_control", "macro"))
    return sorted(out)


@functools.lru_cache(4)
def _imported(path):
    """The settled preset, what it is imported to, and what that is exported to; of our own patch the settled export."""
    import vital_oracle
    if path.endswith(".json"): return _exported(json.loads(pathlib.Path(path).read_text()))
    preset = vital_oracle.settle(json.loads(pathlib.Path(path).read_text()))
    probe = WORKER["probe"]; kept = probe.out.with_suffix(".vital")
    kept.write_text(json.dumps(preset))
    answer = probe.ask(**{"import": str(kept), "to": str(probe.out)})
    exported, _ = probe.export(answer["patch"])
    return preset, answer["patch"], [w if isinstance(w, str) else f"{w['feature']}: {w['detail']}" for w in answer.get("warnings", [])], exported


def _exported(patch):
    import vital_check, vital_oracle
    patch = vital_check.settled(patch)
    preset, lost = WORKER["probe"].export(patch)
    return vital_oracle.settle(preset), patch, lost, None


def judged(task):
    """What was measured of one preset at one note: of our render, and of Vital's render of our export of it."""
    path, note, wrong, with_export = task
    out = {"preset": name_of(path), "note": note, "values": {}, "exported": {}, "faults": [], "features": [], "warnings": []}
    try:
        preset, patch, out["warnings"], exported = _imported(str(path))
        out["features"] = features(preset)
        vital = WORKER["vital"].render(preset, note, *PLAYED)
        ours, out["cpu_ms"] = WORKER["probe"].render(ablate.ablated(patch, wrong), note, *PLAYED)
        out["values"] = _measured(vital, ours, note, out["faults"])
        if with_export and exported:
            out["exported"] = _measured(vital, WORKER["vital"].render(exported, note, *PLAYED), note, out["faults"])
    except (ValueError, RuntimeError, KeyError) as error:
        out["faults"].append(f"{type(error).__name__}: {error}"[:300])
    return out


def drawn(task):
    """Writes the pictures and sounds of one preset at one note."""
    path, note, wrong, folder, name = task
    preset, patch, _, _ = _imported(str(path))
    vital = WORKER["vital"].render(preset, note, *PLAYED)
    ours, _ = WORKER["probe"].render(ablate.ablated(patch, wrong), note, *PLAYED)
    pictures.picture(folder, name, vital, ours[:, :vital.shape[1]])


def _measured(vital, other, note, faults):
    wanted = round(PLAYED[2] * measures.RATE); n = min(other.shape[1], vital.shape[1])
    if other.shape[1] < wanted: faults.append(f"{other.shape[1]} frames, not {wanted}")
    if not np.isfinite(other).all(): raise ValueError("not finite")
    pair = measures.Pair(vital[:, :n], other[:, :n], 440 * 2 ** ((note - 69) / 12), PLAYED[1])
    values = {name: float(measures.ALL[name](pair)) for name in ("distance", "low_distance", "onset_distance", "level")}
    if measures.is_harmonic(pair): values["pitch"] = measures.pitch(pair)
    return values


LIMITS = (("distance", 1.5, 3.5), ("low_distance", 2.2, 5.2), ("onset_distance", 3.0, 6.0), ("level", 0.3, 1.0))
FEATURE_LIMIT = 2.0
PITCH_LIMIT = 5.0


def verdicts(results, key="values"):
    """Rows of (what, figure, bar, holds) over all presets and notes."""
    held = [r for r in results if r[key]]; rows = []
    if not held: return [("presets measured", 0.0, 1.0, False)]
    for name, median, high in LIMITS:
        values = np.abs([r[key][name] for r in held])
        rows += [(f"{name} median", float(np.median(values)), median), (f"{name} p90", float(np.percentile(values, 90)), high)]
    cents = [abs(r[key]["pitch"]) for r in held if "pitch" in r[key]]
    if cents: rows.append((f"pitch of {len(cents)} harmonic, worst", max(cents), PITCH_LIMIT))
    if key == "values":
        for feature in sorted({f for r in held for f in r["features"]}):
            own = [r[key]["distance"] for r in held if feature in r["features"]]
            rows.append((f"{feature} ({len(own)}), median distance", float(np.median(own)), FEATURE_LIMIT))
    rows.append(("presets that failed", float(len({r['preset'] for r in results if r["faults"]})), 0.0))
    return [(what, figure, bar, figure <= bar) for what, figure, bar in rows]


def line(result):
    """One preset at one note."""
    figures = "  ".join(f"{name.split('_')[0]} {value:6.2f}" for name, value in result["values"].items())
    back = f"  | exported {result['exported']['distance']:.2f}" if result["exported"] else ""
    return f"{result['preset']:26} {result['note']:3}  {figures}{back}{'  ' + '; '.join(result['faults']) if result['faults'] else ''}"


def table(rows, title):
    """The verdicts as text."""
    return [f"\n{title}"] + [f"{'ok  ' if holds else 'FAIL'} {what:48} {figure:8.3f}   bar {bar:g}" for what, figure, bar, holds in rows]
