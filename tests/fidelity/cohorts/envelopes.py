"""Envelopes, on a sine so high that its amplitude is known to half a millisecond, and on a constant wave, which is the amplitude
itself; the amplitude is their square."""
from patches import CONSTANT, Case, new, route
from .draw import Draw

SINE = {"osc/0/wavetable/name": "sine", "osc/0/level": 0.8}
MEASURES = ("distance", "level", "envelope")


def cohort(name, drawn, hold=0.7, total=1.2, wave=SINE, measures=MEASURES):
    draw = Draw(name)
    for i in range(8):
        settings = {"env/0/attack_s": 0.01, "env/0/release_s": 0.1, **{f"env/0/{k}": v for k, v in drawn(draw, i).items()}}
        yield Case(name, str(i + 1), new({**wave, **settings}), 96, measures, velocity=1.0, hold=hold, total=total, warm_up=4.0)


def cases():
    times = (0.002, 0.005, 0.02, 0.05, 0.1, 0.2, 0.35, 0.6)
    powers = (-10, -4, -2, -0.5, 0.5, 2, 4, 10)
    yield from cohort("env/attack", lambda d, i: {"attack_s": times[i]})
    yield from cohort("env/attack_power", lambda d, i: {"attack_s": 0.3, "attack_power": powers[i]})
    yield from cohort("env/decay", lambda d, i: {"decay_s": times[i], "sustain": d.within(0, 0.6)})
    yield from cohort("env/decay_power", lambda d, i: {"decay_s": 0.4, "decay_power": powers[i], "sustain": 0.3})
    yield from cohort("env/release", lambda d, i: {"release_s": times[i], "sustain": d.within(0.4, 1), "decay_s": 0.2})
    yield from cohort("env/release_power", lambda d, i: {"release_s": 0.4, "release_power": powers[i]})
    yield from cohort("env/delay_hold", lambda d, i: {"delay_s": times[i] / 2, "hold_s": d.within(0, 0.2), "decay_s": 0.1, "sustain": 0.4})
    yield from cohort("env/early_release", lambda d, i: {"attack_s": 0.3 + 0.05 * i, "release_s": times[i], "decay_s": 0.3, "sustain": 0.5}, hold=0.15, total=0.9)
    flat = {"wave": {"osc/0/wavetable/name": CONSTANT, "osc/0/level": 0.8}, "measures": ("level", "envelope")}
    yield from cohort("env/constant/attack", lambda d, i: {"attack_s": times[i], "attack_power": d.within(-4, 4)}, **flat)
    yield from cohort("env/constant/decay", lambda d, i: {"decay_s": times[i], "decay_power": d.within(-4, 4), "sustain": d.within(0.1, 0.6)}, **flat)
    yield from cohort("env/constant/release", lambda d, i: {"release_s": times[i], "release_power": d.within(-4, 4)}, **flat)
    yield from modulating()


def modulating():
    """Envelopes 2 to 6 on the level, where they are heard as the first one is."""
    name = "env/modulating"; draw = Draw(name)
    for i in range(8):
        settings = {"osc/0/wavetable/name": "sine", "osc/0/level": 0.0, "env/0/release_s": 1.0, **{f"env/1/{k}": v for k, v in {
            "attack_s": (0.01, 0.05, 0.1, 0.2)[i % 4], "attack_power": draw.within(-4, 4), "decay_s": draw.within(0.05, 0.4), "decay_power": draw.within(-4, 4),
            "sustain": draw.within(0.2, 0.8), "release_s": draw.within(0.05, 0.3), "delay_s": draw.of(0, 0, 0.05)}.items()}}
        yield Case(name, str(i + 1), new(settings, [route("env/1", "osc/0/level", 0.9)]), 96, MEASURES, velocity=1.0, hold=0.7, total=1.2, warm_up=4.0)
