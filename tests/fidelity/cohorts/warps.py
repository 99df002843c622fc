"""Warps: how a wave is bent as it is read. FM and RM take another oscillator that is not heard (level 0) or the noise."""
from patches import Case, new
from .draw import Draw, NOTES

AMOUNTS = (0.1, 0.25, 0.4, 0.5, 0.65, 0.8, 0.9, 1.0)
WAVES = ("saw", "sine", "square", "fm_growl", "saw", "sine", "formant_vowels", "triangle")
MODES = ("sync", "formant", "quantize", "bend", "squeeze", "pulse", "fm_a", "fm_b", "fm_sample", "rm_a", "rm_b", "rm_sample")


def cases():
    return [case for mode in MODES for case in cohort(mode)]


def cohort(mode):
    name = f"warp/{mode}"; draw = Draw(name)
    for i, (amount, wave) in enumerate(zip(AMOUNTS, WAVES)):
        settings = {"osc/0/wavetable/name": wave, "osc/0/wavetable/position": 64 * (i % 4), "osc/0/warp/mode": mode, "osc/0/warp/amount": amount,
                    "osc/0/warp/phase": 0.5 if i < 4 else draw.within(0, 1)}
        if mode[:2] in ("fm", "rm"): settings.update(modulator(mode, i, draw))
        if mode in ("fm_a", "fm_b", "fm_sample") : settings["osc/0/warp/amount"] = round(0.7 * amount, 3)
        # A triangle read 16 times faster has no partial but one at 16·f: at note 84 above the 16 kHz that the bands reach, which then show
        # what is left of the windows' skirts.
        yield Case(name, f"{amount:g} {wave}", new(settings), 72 if (mode, amount) == ("sync", 1.0) else NOTES[i])


def modulator(mode, i, draw):
    """The other oscillator: a pure tone or a saw at a simple ratio, or the noise, past everything that is heard."""
    if mode.endswith("sample"):
        return {"sample/enabled": True, "sample/level": 0.0, "sample/destination": "effects"}
    at = f"osc/{1 if mode.endswith('a') else 2}/"
    return {at + "enabled": True, at + "level": 0.0, at + "wavetable/name": "sine" if i % 3 else "triangle", at + "transpose": draw.of(-12, 0, 7, 12, 19)}
