"""Effects: every kind and mode, alone after one or two oscillators."""
from patches import Case, new
from .draw import Draw, NOTES
from . import filters

SOURCE = {"osc/0/level": 0.7, "osc/0/wavetable/name": "saw"}
PLUCK = {"env/0/decay_s": 0.15, "env/0/sustain": 0.0, "env/0/release_s": 0.05}


def cohort(name, kind, drawn, measures=("distance", "level"), source=None, hold=0.9, total=1.0, warm_up=2.0, count=8, notes=NOTES):
    """`count` patches with that effect on, its settings drawn."""
    draw = Draw(name)
    for i in range(count):
        settings = {f"fx/{kind}/{k}": v for k, v in drawn(draw, i).items()}
        patch = new({**SOURCE, **(source or {}), f"fx/{kind}/enabled": True, **settings})
        yield Case(name, str(i + 1), patch, notes[i], measures, hold=hold, total=total, warm_up=warm_up)


def cases():
    for part in (distortions, compressors, equalisers, choruses, flangers, phasers, delays, reverbs, effect_filters, orders): yield from part()


def distortions():
    """Rounding to steps tells apart what nothing else does: from note 53 on Vital's right oscillator runs one step of its float faster than
    the left, 8e-8, so that now and then a sample crosses a threshold on one side only. The side channel of a sound that is alike on both
    sides is made of these: high notes are measured in the middle. The sample-rate reducer goes to 20 dB: above, holds are so long that the
    moment in which they fall, which depends on the time since Vital loaded the patch, decides the sound; and not at -6 dB, where a hold is 11/4
    samples and the same moment decides for ever on which quarter the two phases of the oversampling fall."""
    loud = (-20, -6, 0, 4, 8, 12, 18, 28); low = (36, 41, 43, 36, 48, 45, 36, 50); high = (60, 72, 84, 65, 79, 88, 60, 84)
    for name, kind, drives, notes, measures in (
            ("soft_clip", "soft_clip", loud, NOTES, ("distance", "level")), ("hard_clip", "hard_clip", loud, NOTES, ("distance", "level")),
            ("linear_fold", "linear_fold", loud, NOTES, ("distance", "level")), ("sine_fold", "sine_fold", loud, NOTES, ("distance", "level")),
            ("bit_crush", "bit_crush", loud, low, ("distance", "level")), ("bit_crush_high", "bit_crush", loud, high, ("middle", "level")),
            ("down_sample", "down_sample", (-20, -7, 0, 4, 8, 12, 16, 20), NOTES, ("distance", "level"))):
        yield from cohort(f"fx/distortion/{name}", "distortion", lambda d, i, kind=kind, drives=drives: {
            "kind": kind, "drive_db": drives[i], "mix": 1 if i < 5 else d.within(0.3, 0.9)},
            measures, {"osc/0/wavetable/name": "triangle"}, notes=notes)
    for order in ("pre", "post"):
        yield from cohort(f"fx/distortion/filter_{order}", "distortion", lambda d, i, order=order: {
            "kind": d.of("soft_clip", "hard_clip", "linear_fold"), "drive_db": d.within(0, 18), "filter/order": order, "filter/hz": d.hz(150, 8000),
            "filter/resonance": d.within(0, 0.75), "filter/blend": (0, 0.5, 1, 1.5, 2, 0, 1, 2)[i]})


def compressors():
    for bands in ("multi", "low", "high", "single"):
        def drawn(d, i, bands=bands):
            band = lambda name: {f"{name}/upper_threshold_db": d.within(-40, -10), f"{name}/lower_threshold_db": d.within(-60, -40), f"{name}/upper_ratio": d.within(0, 1),
                                 f"{name}/lower_ratio": d.within(-0.2, 0.8), f"{name}/gain_db": d.within(-6, 16)}
            own = {} if i < 2 else {k: v for name in ("low", "band", "high") for k, v in band(name).items()}
            return {"bands": bands, "attack": 0.5 if i < 4 else d.within(0.1, 0.9), "release": 0.5 if i < 4 else d.within(0.1, 0.9), "mix": 1 if i < 6 else 0.5, **own}
        yield from cohort(f"fx/compressor/{bands}", "compressor", drawn)
    yield from cohort("fx/compressor/moving", "compressor", lambda d, i: {"bands": d.of("multi", "single"), "attack": d.within(0.1, 0.9), "release": d.within(0.1, 0.9)},
                      source=PLUCK)


def equalisers():
    gain = (-15, -9, -4, 2, 6, 10, 15, 12)
    for band, mode in (("low", "shelf"), ("low", "high_pass"), ("band", "peak"), ("band", "notch"), ("high", "shelf"), ("high", "low_pass")):
        low, high = {"low": (60, 1200), "band": (150, 6000), "high": (500, 12000)}[band]
        yield from cohort(f"fx/eq/{band}_{mode}", "eq", lambda d, i, band=band, mode=mode, low=low, high=high: {
            f"{band}/mode": mode, f"{band}/hz": d.hz(low, high), f"{band}/gain_db": gain[i], f"{band}/resonance": d.within(0, 0.75)})
    yield from cohort("fx/eq/all", "eq", lambda d, i: {
        f"{band}/{k}": v for band in ("low", "band", "high") for k, v in {"hz": d.hz(100, 8000), "gain_db": d.within(-15, 15), "resonance": d.within(0, 0.7)}.items()})


def choruses():
    """Chorus and flanger follow the song as the phaser does: their phase is rate · seconds since the measured render began, whatever
    sounded before (measured: whatever the warm-up, phase 0 at the start fits). At 8 s and whole eighths of a hertz both laws agree."""
    yield from cohort("fx/chorus/hz", "chorus", lambda d, i: {
        "rate/mode": "hz", "rate/hz": d.hz(0.1, 4), "voices": 1 + i % 4, "depth": d.within(0, 1), "mix": d.within(0.2, 1), "feedback": d.within(-0.8, 0.8),
        "delay_1_ms": d.within(1, 10), "delay_2_ms": d.within(2, 20), "filter_hz": d.hz(100, 4000), "spread": d.within(0.2, 1)})
    yield from cohort("fx/chorus/tempo", "chorus", lambda d, i: {
        "rate/mode": ("tempo", "dotted", "triplet")[i % 3], "rate/sync": d.of("1/1", "1/2", "1/4", "2/1"), "depth": d.within(0.1, 0.7), "mix": 0.5})
    yield from cohort("fx/chorus/default", "chorus", lambda d, i: {"voices": 1 + i % 4, "mix": 0.25 + 0.25 * (i // 4)})


def flangers():
    yield from cohort("fx/flanger/hz", "flanger", lambda d, i: {
        "rate/mode": "hz", "rate/hz": d.hz(0.05, 4), "center_hz": d.hz(80, 2000), "depth": d.within(0, 1), "feedback": d.within(-0.9, 0.9), "mix": d.within(0.1, 0.5),
        "phase": d.within(0, 1)})
    yield from cohort("fx/flanger/tempo", "flanger", lambda d, i: {"rate/mode": ("tempo", "dotted", "triplet")[i % 3], "rate/sync": d.of("1/1", "1/2", "1/4", "2/1")})


def phasers():
    yield from cohort("fx/phaser/hz", "phaser", lambda d, i: {
        "rate/mode": "hz", "rate/hz": d.hz(0.05, 4), "center_hz": d.hz(150, 4000), "depth_st": d.within(0, 48), "feedback": d.within(0, 0.95), "mix": d.within(0.3, 1),
        "phase": d.within(0, 1), "blend": (0, 0.5, 1, 1.5, 2, 1, 0, 2)[i]})
    yield from cohort("fx/phaser/tempo", "phaser", lambda d, i: {"rate/mode": ("tempo", "dotted", "triplet")[i % 3], "rate/sync": d.of("1/1", "1/2", "1/4", "2/1")})


def delays():
    for style in ("mono", "stereo", "ping_pong", "mid_ping_pong"):
        yield from cohort(f"fx/delay/{style}", "delay", lambda d, i, style=style: {
            "style": style, "time/mode": "hz", "time/seconds": d.within(0.03, 0.3), "time_right/mode": "hz", "time_right/seconds": d.within(0.03, 0.3),
            "feedback": d.within(-0.8, 0.9), "mix": d.within(0.2, 0.8), "filter_hz": d.hz(100, 4000), "filter_spread": d.within(0.2, 1)},
            source={**PLUCK, "osc/0/pan": 0.4}, hold=0.3, total=1.5, warm_up=8.0)
    yield from cohort("fx/delay/tempo", "delay", lambda d, i: {
        "style": d.of("mono", "stereo"), "time/mode": ("tempo", "dotted", "triplet")[i % 3], "time/sync": ("1/4", "1/8", "1/16", "1/32", "1/8", "1/16", "1/4", "1/16")[i],
        "time_right/mode": "tempo", "time_right/sync": "1/8"}, source=PLUCK, hold=0.3, total=1.5, warm_up=8.0)


def reverbs():
    yield from cohort("fx/reverb/room", "reverb", lambda d, i: {
        "decay_s": (0.3, 0.6, 1, 1.5, 2, 3, 0.8, 1.2)[i], "size": (0.5, 0.2, 0.5, 0.8, 0.6, 0.4, 1.0, 0.1)[i], "mix": 1 if i % 2 else 0.5, "mod_amount": 0.0},
        ("distance", "level", "t60"), PLUCK, 0.1, 2.5, 8.0)
    yield from cohort("fx/reverb/shelves", "reverb", lambda d, i: {
        "decay_s": d.within(0.5, 2.5), "size": d.within(0.2, 0.9), "mix": d.within(0.3, 1), "predelay_s": d.of(0, 0.02, 0.1), "mod_amount": 0.0,
        "low_shelf/hz": d.hz(50, 500), "low_shelf/gain_db": d.within(-5, 0), "high_shelf/hz": d.hz(800, 8000), "high_shelf/gain_db": d.within(-5, 0),
        "pre_low_hz": d.hz(10, 300), "pre_high_hz": d.hz(1500, 12000)}, ("distance", "level", "t60"), PLUCK, 0.1, 2.5, 8.0)
    yield from cohort("fx/reverb/moving", "reverb", lambda d, i: {
        "decay_s": d.within(0.5, 3), "size": d.within(0.2, 0.9), "mix": d.within(0.3, 1), "mod_amount": d.within(0.1, 0.6), "mod_hz": d.hz(0.1, 2)},
        ("distance", "level", "t60"), PLUCK, 0.1, 2.5, 8.0)
    # A knock of some milliseconds: what the room itself sounds like.
    yield from cohort("fx/reverb/knock", "reverb", lambda d, i: {
        "decay_s": (0.5, 1, 1, 2, 2, 3, 4, 1.5)[i], "size": (0.2, 0.5, 0.8, 0.5, 1.0, 0.3, 0.6, 0.4)[i], "mix": 1.0, "mod_amount": 0.0 if i % 2 else 0.2236},
        ("distance", "level", "t60", "density", "correlation"), {"env/0/decay_s": 0.02, "env/0/sustain": 0.0, "env/0/release_s": 0.01}, 0.03, 1.5, 8.0)
    yield from cohort("fx/reverb/held", "reverb", lambda d, i: {"decay_s": d.within(0.5, 3), "size": d.within(0.2, 0.9), "mix": d.within(0.2, 0.8)}, warm_up=8.0)


def effect_filters():
    for model, styles in filters.STYLES.items():
        yield from cohort(f"fx/filter/{model}", "filter", lambda d, i, model=model, styles=styles: {
            "model": model, "style": styles[i % len(styles)], "cutoff_hz": d.hz(150, 1200) if model == "comb" else d.hz(150, 8000), "resonance": d.within(0, 0.75),
            "drive_db": d.of(0, 0, 6), "blend": (0, 1, 2, 0.5, 1.5, 0, 0, 1)[i], "mix": 1 if i < 6 else 0.6})


def orders():
    """Several effects at once, in several orders."""
    name = "fx/order"; draw = Draw(name)
    for i in range(8):
        on = draw.rng.sample(["distortion", "filter", "eq", "compressor", "chorus", "flanger", "phaser", "delay", "reverb"], 4)
        patch = new({**SOURCE, "fx/distortion/drive_db": 8.0, "fx/eq/band/gain_db": 6.0, "fx/filter/cutoff_hz": 2500.0, "fx/delay/time/mode": "hz",
                     "fx/delay/time/seconds": 0.1, **{f"fx/{kind}/enabled": True for kind in on}})
        draw.rng.shuffle(patch["modules"]["fx"])
        yield Case(name, " ".join(fx["type"] for fx in patch["modules"]["fx"] if fx["enabled"]), patch, NOTES[i], warm_up=8.0)
