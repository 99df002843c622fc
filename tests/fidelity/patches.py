"""Patches for measuring: the default patch, as the JSON Schema of the workspace says it, and how to change it.

A `Case` is one patch played once on both sides, with the measures that judge it.
"""
import copy, dataclasses, functools, json, pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
ROLES = ["TONE_BRIGHTNESS", "AMP_PUNCH", "DRIVE", "MOVEMENT", "SPACE", "WIDTH", "CHARACTER", "FX"]
EFFECTS = ["distortion", "filter", "eq", "compressor", "chorus", "flanger", "phaser", "delay", "reverb"]
CONSTANT = "constant"                                # stands for an imported wavetable that is 1 everywhere
TRIANGLE = [(0, 0), (0.5, 1), (1, 0)]


def points(pairs):
    """A drawn shape; each pair may carry its bend as a third number."""
    return [{"x": p[0], "y": p[1], "power": p[2] if len(p) > 2 else 0} for p in pairs]


def _filled(schema):
    if "default" in schema: return schema["default"]
    if "const" in schema: return schema["const"]
    if "properties" in schema: return {k: _filled(v) for k, v in schema["properties"].items()}
    if schema.get("type") == "array" and "minItems" in schema and "oneOf" not in schema["items"]:
        return [_filled(schema["items"]) for _ in range(schema["minItems"])]
    return None


@functools.cache
def _default():
    top = json.loads((ROOT / "schemas/json/patch.schema.json").read_text())["properties"]
    modules = _filled(top["modules"])
    options = {o["properties"]["type"]["const"]: o for o in top["modules"]["properties"]["fx"]["items"]["oneOf"]}
    modules["fx"] = [_filled(options[name]) for name in EFFECTS]
    for osc in modules["osc"]: osc["wavetable"]["name"] = "saw"; osc["phase_randomness"] = 0
    modules["osc"][0]["enabled"] = True
    modules["sample"]["asset"] = ""
    for lfo in modules["lfo"]: lfo["points"] = points(TRIANGLE)
    meta = {"author": "", "license": "CC0-1.0", "comment": "", "category": "lead", "subcategory": None, "tags": [], "tempo_bpm": None, "imported": False}
    knob = lambda role: {"role_id": role, "label": role, "default": 0, "min": 0, "max": 1, "value": 0, "targets": []}
    return {"schema_version": "1.0", "engine_version": "1.0.0", "synth_target": "vital", "name": "Measured", "meta": meta,
            "modules": modules, "modulation": {"routes": []}, "macros": [knob(role) for role in ROLES]}


def effect(patch, kind):
    return next(fx for fx in patch["modules"]["fx"] if fx["type"] == kind)


def set_at(patch, path, value):
    """Sets one parameter by its path under `modules`; effects are named by kind: `fx/reverb/mix`."""
    parts = path.split("/")
    if parts[0] == "fx": at, parts = effect(patch, parts[1]), parts[2:]
    else: at = patch["modules"]
    for part in parts[:-1]: at = at[int(part) if isinstance(at, list) else part]
    last = int(parts[-1]) if isinstance(at, list) else parts[-1]
    if last not in at and not isinstance(at, list): raise KeyError(path)
    at[last] = value


def new(settings=None, routes=()):
    """The default patch (a saw, phase as it is) with these settings and routes."""
    patch = copy.deepcopy(_default())
    for path, value in (settings or {}).items(): set_at(patch, path, value)
    patch["modulation"]["routes"] = list(routes)
    return patch


def route(source, target, amount, polarity="unipolar", curve=0.0, map=None, stereo=False):
    """A route; the target is a path under `modules` (effects by kind) or a full pointer."""
    target = target if target.startswith("/") else f"/modules/{target}"
    return {"source": source, "target": target, "amount": amount, "polarity": polarity, "curve": curve, "map": map, "stereo": stereo, "bypass": False}


def aimed(patch):
    """Routes that name an effect by kind aim at its place in the chain."""
    for one in patch["modulation"]["routes"] + [t for m in patch["macros"] for t in m["targets"]]:
        key = "target" if "target" in one else "path"
        parts = one[key].split("/")
        if parts[1:3] == ["modules", "fx"] and not parts[3].isdigit():
            parts[3] = str([fx["type"] for fx in patch["modules"]["fx"]].index(parts[3]))
            one[key] = "/".join(parts)
    return patch


@dataclasses.dataclass
class Case:
    """One patch, one note. `dry` is the patch whose harmonics the filter's response is taken against."""
    cohort: str
    name: str
    patch: dict
    note: int = 48
    measures: tuple = ("distance", "level")
    velocity: float = 0.8
    hold: float = 0.9
    total: float = 1.0
    warm_up: float = 2.0
    dry: dict | None = None
    preset: str | None = None
