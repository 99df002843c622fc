"""Oscillators: waves, places in the table, pitch, level, pan, phase, where they go; and the noise."""
from patches import Case, new, route
from .draw import Draw, NOTES

STEADY = ("distance", "level", "pitch")


def cohort(name, drawn, measures=STEADY, base=None, routes=()):
    draw = Draw(name)
    for i in range(8):
        yield Case(name, str(i + 1), new({**(base or {}), **drawn(draw, i)}, routes), NOTES[i], measures)


def cases():
    waves = ("saw", "square", "sine", "triangle", "pwm", "formant_vowels", "brass", "harmonic_sweep")
    yield from cohort("osc/wave", lambda d, i: {"osc/0/wavetable/name": waves[i], "osc/0/wavetable/position": d.within(0, 256)})
    yield from cohort("osc/position", lambda d, i: {"osc/0/wavetable/name": ("basic_shapes", "pwm", "choir", "fm_growl")[i % 4],
                                                     "osc/0/wavetable/position": (0, 10.4, 63.6, 100.3, 128, 200.7, 255.4, 256)[i]})
    yield from cohort("osc/level", lambda d, i: {"osc/0/level": (0.05, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 1.0)[i]})
    yield from cohort("osc/pan", lambda d, i: {"osc/0/pan": (-1, -0.7, -0.4, -0.1, 0.2, 0.5, 0.8, 1)[i]})
    yield from cohort("osc/pitch", lambda d, i: {"osc/0/transpose": (-24, -12, -5, 0, 3, 7, 12, 24)[i], "osc/0/tune_cents": d.within(-100, 100)})
    yield from cohort("osc/fixed_pitch", lambda d, i: {"osc/0/midi_track": False, "osc/0/transpose": (-24, -12, -5, 0, 3, 7, 12, 24)[i]})
    yield from cohort("osc/phase", lambda d, i: {"osc/0/phase": i / 8, "osc/1/enabled": True, "osc/1/phase": d.within(0, 1), "osc/1/transpose": d.of(0, 12)})
    yield from cohort("osc/destination", lambda d, i: {"osc/0/destination": ("filter_1", "filter_2", "both", "effects", "direct")[i % 5], "osc/1/enabled": True,
                                                        "osc/1/transpose": 7, "osc/1/destination": ("direct", "effects", "filter_1")[i % 3],
                                                        "fx/distortion/enabled": i > 3, "fx/distortion/drive_db": 9.0})
    yield from cohort("osc/three", lambda d, i: {**{f"osc/{k}/{n}": v for k in range(3) for n, v in {
        "enabled": True, "level": d.within(0.3, 0.8), "transpose": d.of(-12, 0, 7, 12), "pan": d.within(-1, 1), "wavetable/name": d.of(*waves)}.items()}})
    yield from cohort("osc/moving_frame", lambda d, i: {"osc/0/wavetable/name": waves[i], "lfo/0/rate/mode": "hz", "lfo/0/rate/hz": (0.5, 1, 2, 4, 8, 1, 2, 3)[i]},
                      ("distance", "level"), routes=[route("lfo/0", "osc/0/wavetable/position", 0.8)])
    noise = {"osc/0/enabled": False, "sample/enabled": True}
    yield from cohort("noise/white", lambda d, i: {"sample/level": d.within(0.3, 1), "sample/pan": d.within(-1, 1), "sample/destination": d.of("effects", "direct", "filter_1")},
                      ("distance", "level"), noise)
    yield from cohort("noise/coloured", lambda d, i: {"sample/source": "colored", "sample/color": -1 + 2 * i / 7}, ("distance", "level"), noise)
    yield from cohort("noise/pitch", lambda d, i: {"sample/transpose": d.of(-24, -12, 0, 7, 12, 24), "sample/keytrack": i % 2 == 0, "sample/tune_cents": d.within(-50, 50),
                                                    "sample/bounce": i > 5}, ("distance", "level"), noise)
