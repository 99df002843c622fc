"""Unison: number, detuning, levels, width, spreads over the voices, and stacks of intervals. Phases are not random."""
from patches import Case, new
from .draw import Draw, NOTES

STACKS = ("center_drop_12", "center_drop_24", "octave", "octave_2", "power_chord", "power_chord_2", "major_chord", "minor_chord", "harmonics", "odd_harmonics")
VOICES = (2, 3, 4, 5, 7, 8, 12, 16)


def cohort(name, drawn, measures=("distance", "level")):
    draw = Draw(name)
    for i in range(8):
        settings = {"osc/0/unison/voices": VOICES[i], **{f"osc/0/{k}": v for k, v in drawn(draw, i).items()}}
        yield Case(name, f"{VOICES[i]} voices", new(settings), NOTES[i], measures)


def cases():
    yield from cohort("unison/voices", lambda d, i: {})
    yield from cohort("unison/one_voice", lambda d, i: {"unison/voices": 1, "unison/stereo_spread": i / 7})
    yield from cohort("unison/detune", lambda d, i: {"unison/detune_range_st": (2, 2, 1, 4, 2, 12, 2, 2)[i], "unison/detune_cents": (2, 5, 10, 20, 40, 60, 80, 120)[i],
                                                      "unison/detune_power": (1.5, 1.5, -3, 0, 1.5, 4, -5, 5)[i]})
    yield from cohort("unison/blend", lambda d, i: {"unison/blend": i / 7})
    yield from cohort("unison/width", lambda d, i: {"unison/stereo_spread": i / 7})
    yield from cohort("unison/frames", lambda d, i: {"wavetable/name": d.of("pwm", "brass", "harmonic_sweep"), "wavetable/position": 128, "unison/frame_spread": d.within(-128, 128)})
    yield from cohort("unison/warps", lambda d, i: {"warp/mode": d.of("sync", "bend", "squeeze", "formant"), "warp/amount": 0.5, "unison/warp_spread": d.within(-0.5, 0.5)})
    yield from cohort("unison/morphs", lambda d, i: {"spectral/mode": d.of("low_pass", "formant_scale", "smear", "harmonic_stretch"), "spectral/amount": 0.5,
                                                      "unison/spectral_spread": d.within(-0.5, 0.5)})
    for stack in STACKS:
        yield from cohort(f"stack/{stack}", lambda d, i, stack=stack: {"unison/stack": stack, "unison/detune_cents": 0 if i % 2 else 8}, ("distance", "level", "pitch"))
