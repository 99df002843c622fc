"""Voicing and master: velocity, stereo modes and width, level, transposition, oversampling."""
from patches import Case, new
from .draw import Draw, NOTES

WIDE = {"osc/0/unison/voices": 4, "osc/1/enabled": True, "osc/1/pan": 0.7, "osc/1/transpose": 7}


def cohort(name, drawn, base=None, measures=("distance", "level"), velocities=(0.8,) * 8):
    draw = Draw(name)
    for i in range(8):
        yield Case(name, str(i + 1), new({**(base or {}), **drawn(draw, i)}), NOTES[i], measures, velocity=velocities[i])


def cases():
    soft_to_hard = (0.05, 0.15, 0.3, 0.45, 0.6, 0.75, 0.9, 1.0)
    yield from cohort("voicing/velocity", lambda d, i: {"voicing/velocity_to_amp": (1, 1, 0.5, -1, 0.3, -0.5, 0.8, 1)[i]}, velocities=soft_to_hard)
    for mode in ("spread", "rotate"):
        yield from cohort(f"voicing/stereo/{mode}", lambda d, i, mode=mode: {"voicing/stereo_mode": mode, "voicing/stereo_width": i / 7}, WIDE)
    yield from cohort("voicing/master", lambda d, i: {"voicing/master_db": (-60, -40, -24, -12, -6, -3, 0, 6)[i]})
    yield from cohort("voicing/loud", lambda d, i: {"voicing/master_db": 6.0, "osc/0/level": 1.0, "osc/0/unison/voices": 1 + i, "osc/0/unison/detune_cents": 3})
    yield from cohort("voicing/transpose", lambda d, i: {"voicing/voice_transpose": (-24, -12, -5, 0, 3, 7, 12, 24)[i], "voicing/voice_tune_cents": d.within(-90, 90)},
                      measures=("distance", "level", "pitch"))
    dirt = {"filter/0/enabled": True, "filter/0/style": "24", "filter/0/cutoff_hz": 2500.0, "filter/0/drive_db": 6.0}
    for times in ("1", "2", "4", "8"):
        yield from cohort(f"voicing/oversampling/{times}", lambda d, i, times=times: {
            "voicing/oversampling": times, "osc/0/wavetable/name": ("saw", "square")[i % 2], "filter/0/resonance": d.within(0, 0.7),
            "filter/0/model": ("analog", "ladder", "digital", "dirty")[i % 4], "fx/distortion/enabled": i > 5, "fx/distortion/drive_db": 6.0}, dirt)
