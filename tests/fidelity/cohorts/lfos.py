"""LFOs on the level of a high sine: rates, modes, shapes, smoothing, delay, stereo.

Vital runs an LFO for every sample where it moves a control of audio rate, such as this level: a square jumps at its very sample.
"""
from patches import Case, aimed, new, points, route
from .draw import Draw

CARRIER = {"osc/0/wavetable/name": "sine", "osc/0/level": 0.3, "lfo/0/rate/mode": "hz"}
SHAPES = {"triangle": [(0, 0), (0.5, 1), (1, 0)], "saw_up": [(0, 0), (1, 1), (1, 0)], "saw_down": [(0, 1), (1, 0), (1, 1)],
          "square": [(0, 0), (0, 1), (0.5, 1), (0.5, 0), (1, 0)], "curved": [(0, 0.1, 4), (0.3, 0.9, -3), (0.7, 0.2, 2), (1, 0.1)],
          "steps": [(0, 0.2), (0.25, 0.2), (0.25, 0.9), (0.5, 0.9), (0.5, 0.4), (0.8, 0.4), (0.8, 0), (1, 0)]}
FULL = ("distance", "level", "rate", "depth")


def cohort(name, drawn, measures=FULL, hold=2.0, total=2.2, note=96, aim="osc/0/level", amount=0.6, base=None):
    draw = Draw(name)
    for i in range(8):
        settings = drawn(draw, i); shape = settings.pop("shape", None)
        settings = {f"lfo/0/{k}": v for k, v in settings.items()}
        if shape: settings.update({"lfo/0/points": points(SHAPES[shape]), "lfo/0/shape": shape if shape in ("triangle", "saw_up", "saw_down", "square") else "custom"})
        yield Case(name, str(i + 1), aimed(new({**CARRIER, **(base or {}), **settings}, [route("lfo/0", aim, amount)])), note, measures, hold=hold, total=total)


def cases():
    rates = (1.5, 2, 3, 4, 6, 9, 14, 20)
    yield from cohort("lfo/rate/hz", lambda d, i: {"rate/hz": rates[i]})
    for mode in ("tempo", "dotted", "triplet"):
        yield from cohort(f"lfo/rate/{mode}", lambda d, i, mode=mode: {"rate/mode": mode, "rate/sync": ("1/2", "1/4", "1/8", "1/16", "1/4", "1/8", "1/2", "1/16")[i],
                                                                       "shape": ("triangle", "saw_up")[i // 4]})
    yield from cohort("lfo/rate/keytrack", lambda d, i: {"rate/mode": "keytrack", "rate/transpose": -60, "rate/tune_cents": d.within(-90, 90)}, note=72)
    for mode in ("trigger", "sync", "envelope", "sustain_envelope", "loop_point", "loop_hold"):
        measures = FULL if mode in ("trigger", "sync") else ("distance", "level", "depth")
        yield from cohort(f"lfo/mode/{mode}", lambda d, i, mode=mode: {"mode": mode, "rate/hz": rates[i] / 2, "phase": i / 8, "shape": tuple(SHAPES)[i % 6]}, measures, 1.2, 2.0)
    for shape in SHAPES:
        yield from cohort(f"lfo/shape/{shape}", lambda d, i, shape=shape: {"shape": shape, "rate/hz": rates[i], "smooth_shape": i % 2 == 1})
    yield from cohort("lfo/smooth", lambda d, i: {"smooth/mode": "time", "smooth/time_s": (0.001, 0.003, 0.01, 0.03, 0.06, 0.1, 0.2, 0.5)[i], "shape": "square"},
                      ("distance", "level", "depth"))
    yield from cohort("lfo/fade", lambda d, i: {"smooth/mode": "fade", "smooth/fade_s": (0, 0.02, 0.05, 0.1, 0.3, 0.6, 1, 1.5)[i], "rate/hz": 4}, ("distance", "level", "depth"))
    yield from cohort("lfo/fade_slow", lambda d, i: {"smooth/mode": "fade", "smooth/fade_s": (0, 0.02, 0.05, 0.1, 0.3, 0.6, 1, 1.5)[i], "rate/hz": 4}, ("distance", "level"),
                      aim="fx/distortion/drive_db", note=60, base={"fx/distortion/enabled": True})
    yield from cohort("lfo/delay", lambda d, i: {"delay_s": (0.01, 0.05, 0.1, 0.2, 0.3, 0.5, 0.8, 1)[i], "rate/hz": 3, "phase": i / 16}, ("distance", "level", "depth"))
    yield from cohort("lfo/stereo", lambda d, i: {"stereo": -0.5 + i / 7, "rate/hz": 2, "shape": tuple(SHAPES)[i % 6]}, ("distance", "level", "depth"))
    yield from cohort("lfo/pitch", lambda d, i: {"rate/hz": rates[i], "shape": tuple(SHAPES)[i % 6]}, ("distance", "level"), note=60, aim="osc/0/transpose", amount=0.02)
    yield from cohort("lfo/phase", lambda d, i: {"phase": i / 8, "rate/hz": 2})
