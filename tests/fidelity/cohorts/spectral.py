"""Spectral morphs: how the harmonics of a wave are moved."""
from patches import Case, new
from .draw import NOTES

AMOUNTS = (0.05, 0.2, 0.35, 0.5, 0.6, 0.75, 0.9, 1.0)
WAVES = ("saw", "square", "fm_growl", "saw", "formant_vowels", "organ_drawbars", "saw", "brass")
MODES = ("vocode", "formant_scale", "harmonic_stretch", "inharmonic_stretch", "smear", "random_amplitudes", "low_pass", "high_pass",
         "phase_disperse", "shepard", "time_skew")


def cases():
    return [case for mode in MODES for case in cohort(mode)]


def cohort(mode):
    for i, (amount, wave) in enumerate(zip(AMOUNTS, WAVES)):
        settings = {"osc/0/wavetable/name": wave, "osc/0/wavetable/position": 40 * i % 257, "osc/0/spectral/mode": mode, "osc/0/spectral/amount": amount}
        yield Case(f"spectral/{mode}", f"{amount:g} {wave}", new(settings), NOTES[i])
