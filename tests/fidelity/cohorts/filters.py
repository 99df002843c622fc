"""Filters of a voice: every model and style, a saw through each; how they stand in the path and what moves them.

The response is taken against the same patch with the filter off, where resonance is at most 0.75.

Two measures cannot apply: at these settings the ladder oscillates beside the saw in a way that hangs on everything. Vital against Vital with the
oscillator's level 0.60001 in place of 0.6: response 1.6 dB in `filter/ladder/notch_blend` 6, level 0.79 dB in `filter/ladder/notch_spread`
resonance 1 (14 other cases: at most 0.11). How the ladder oscillates alone is in `filter/self_oscillation`.
"""
from patches import Case, new, route
from .draw import Draw

STYLES = {**{model: ("12", "24", "notch_blend", "notch_spread", "bpn") for model in ("analog", "dirty", "ladder", "digital")},
          "diode": ("12", "24"), "formant": ("12", "24"),
          "comb": ("12", "24", "notch_blend", "notch_spread", "bpn", "comb_6"), "phaser": ("12", "24")}
NOTES = (36, 36, 48, 36, 60, 48, 36, 84)
RESONANCES = (0.0, 0.2, 0.4, 0.5, 0.6, 0.75, 0.3, 0.55)
BLENDS = (0.0, 0.0, 0.5, 1.0, 1.0, 1.4, 2.0, 0.3)
SOURCE = {"osc/0/level": 0.6}


def cases():
    for model, styles in STYLES.items():
        for style in styles: yield from cohort(model, style)
    yield from in_the_path()
    yield from moved()
    yield from self_oscillation()


def cohort(model, style):
    name = f"filter/{model}/{style}"; draw = Draw(name)
    for i, note in enumerate(NOTES):
        cutoff = draw.hz(120, 1200) if model == "comb" else draw.hz(150, 9000)
        settings = {"cutoff_hz": cutoff, "resonance": RESONANCES[i], "blend": BLENDS[i], "drive_db": draw.of(0, 0, 3, 6, 12), "keytrack": draw.of(0, 0, 1, 0.5),
                    "blend_transpose": draw.within(10, 70)}
        if model == "formant":
            settings.update({f"formant/{k}": v for k, v in {"x": draw.within(0, 1), "y": draw.within(0, 1), "transpose": draw.within(-8, 8),
                                                              "resonance": draw.within(0.4, 0.95), "spread": draw.within(-0.5, 0.8)}.items()})
        measures = ("distance", "level") if (name, i) == ("filter/ladder/notch_blend", 5) else ("distance", "level", "response")
        yield case(name, f"{i + 1} {cutoff:.0f} Hz", {"model": model, "style": style, **settings}, note, measures)
    if model in ("analog", "dirty", "ladder", "digital", "diode"):
        for resonance in (0.9, 1.0):
            settings = {"model": model, "style": style, "cutoff_hz": draw.hz(300, 3000), "resonance": resonance, "drive_db": draw.of(0, 6)}
            if (name, resonance) == ("filter/ladder/notch_spread", 1.0): continue
            yield case(name, f"resonance {resonance:g}", settings, 36, ("distance", "level"))


def case(cohort, name, settings, note, measures=("distance", "level", "response")):
    dry = new(SOURCE)
    wet = new({**SOURCE, "filter/0/enabled": True, **{f"filter/0/{k}": v for k, v in settings.items()}})
    return Case(cohort, name, wet, note, measures, dry=dry)


def in_the_path():
    one = {"filter/0/enabled": True, "filter/0/cutoff_hz": 900.0, "filter/0/model": "analog", "filter/0/style": "24"}
    two = {"filter/1/enabled": True, "filter/1/cutoff_hz": 400.0, "filter/1/model": "digital", "filter/1/blend": 2.0}
    ways = {"series": {"filter/1/from_filter_0": True}, "parallel": {"osc/0/destination": "both"}, "second only": {"osc/0/destination": "filter_2"},
            "past both": {"osc/0/destination": "effects"}, "direct": {"osc/0/destination": "direct"}, "half mix": {"filter/0/mix": 0.5},
            "two oscillators": {"osc/1/enabled": True, "osc/1/transpose": 7, "osc/1/destination": "filter_2"},
            "mix and series": {"filter/0/mix": 0.3, "filter/1/mix": 0.6, "filter/1/from_filter_0": True}, "first off": {"filter/0/enabled": False},
            "both off, both": {"filter/0/enabled": False, "filter/1/enabled": False, "osc/0/destination": "both"}}
    for i, (name, settings) in enumerate(ways.items()):
        yield Case("filter/path", name, new({**SOURCE, **one, **two, **settings}), (36, 60, 84)[i % 3])


def moved():
    for i, (model, style) in enumerate((("analog", "12"), ("analog", "24"), ("ladder", "24"), ("digital", "12"), ("dirty", "24"), ("diode", "12"),
                                        ("ladder", "12"), ("digital", "24"))):
        settings = {**SOURCE, "filter/0/enabled": True, "filter/0/model": model, "filter/0/style": style, "filter/0/cutoff_hz": 300.0,
                    "filter/0/resonance": 0.4 + 0.05 * i, "env/1/decay_s": 0.2 + 0.1 * i, "env/1/sustain": 0.1, "env/1/attack_s": 0.02 * i,
                    "lfo/0/rate/mode": "hz", "lfo/0/rate/hz": 3.0 + i}
        routes = [route("env/1", "filter/0/cutoff_hz", 0.5), route("lfo/0", "filter/0/cutoff_hz", 0.15, "bipolar"),
                  route("lfo/0", "filter/0/resonance", 0.2)]
        yield Case("filter/moved", f"{model} {style}", new(settings, routes), (36, 60, 84)[i % 3])


def self_oscillation():
    """Resonance 1, an oscillator of 10 ms, then what the filter goes on with: its pitch hangs on every coefficient of the loop."""
    click = {"osc/0/level": 0.0, "env/1/attack_s": 0.0, "env/1/decay_s": 0.01, "env/1/sustain": 0.0}
    for i, (model, style) in enumerate((m, s) for m in ("analog", "dirty", "ladder", "diode") for s in ("12", "24")):
        for hz in ((300, 3000), (809, 9000))[i % 2]:
            settings = {**click, "filter/0/enabled": True, "filter/0/model": model, "filter/0/style": style, "filter/0/cutoff_hz": float(hz),
                        "filter/0/resonance": 1.0, "filter/0/drive_db": (0.0, 6.0, 12.0)[i % 3]}
            yield Case("filter/self_oscillation", f"{model} {style} {hz} Hz", new(settings, [route("env/1", "osc/0/level", 0.6)]), 60,
                       ("distance", "level", "pitch"))
