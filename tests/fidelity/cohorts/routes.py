"""Modulation: curves, polarity, sides, drawn maps, routes on routes, every source and many destinations, macros."""
from patches import Case, aimed, new, points, route
from .draw import Draw, NOTES

LEVEL = {"osc/0/wavetable/name": "sine", "osc/0/level": 0.3, "lfo/0/rate/mode": "hz", "lfo/0/rate/hz": 3.0}
JUMPS = ("osc/0/level", "osc/0/transpose", "osc/0/tune_cents", "osc/0/phase", "filter/0/cutoff_hz", "filter/0/mix", "voicing/voice_transpose", "sample/level",
         "osc/0/pan", "osc/0/wavetable/position", "osc/0/warp/amount", "osc/0/spectral/amount", "filter/0/resonance", "filter/0/drive_db", "filter/0/blend",
         "fx/distortion/drive_db")
FULL = ("distance", "level", "depth")
AIMS = ("osc/0/pan", "osc/0/tune_cents", "osc/0/wavetable/position", "osc/0/unison/detune_cents", "osc/0/unison/blend", "osc/0/unison/stereo_spread",
        "osc/0/warp/amount", "osc/0/spectral/amount", "osc/0/phase", "filter/0/cutoff_hz", "filter/0/resonance", "filter/0/drive_db", "filter/0/blend", "filter/0/mix",
        "fx/distortion/drive_db", "fx/distortion/mix", "fx/filter/cutoff_hz", "fx/eq/band/gain_db", "fx/delay/mix", "fx/reverb/mix", "fx/chorus/mix", "fx/phaser/center_hz",
        "fx/flanger/center_hz", "voicing/master_db", "voicing/voice_tune_cents", "lfo/1/rate/hz", "env/0/release_s", "fx/delay/feedback", "fx/chorus/depth",
        "fx/compressor/mix", "osc/0/unison/frame_spread", "voicing/stereo_width")


def on_level(name, made, measures=FULL):
    draw = Draw(name)
    for i in range(8):
        yield Case(name, str(i + 1), new(LEVEL, [made(draw, i)]), 96, measures, hold=1.5, total=1.7)


def cases():
    yield from on_level("mod/curve", lambda d, i: route("lfo/0", "osc/0/level", 0.6, curve=(-10, -4, -2, -0.5, 0.5, 2, 4, 10)[i]))
    yield from on_level("mod/bipolar", lambda d, i: route("lfo/0", "osc/0/level", (-0.5, -0.3, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6)[i], "bipolar", d.of(0, 0, 3, -3)))
    yield from on_level("mod/stereo", lambda d, i: route("lfo/0", "osc/0/pan", 0.2 + 0.05 * i, d.of("unipolar", "bipolar"), stereo=True), ("distance", "level"))
    yield from on_level("mod/map", lambda d, i: route("lfo/0", "osc/0/level", 0.6, curve=d.of(0, 2),
                                                       map=points([(0, d.within(0, 1)), (0.3, d.within(0, 1), d.within(-5, 5)), (0.7, d.within(0, 1)), (1, d.within(0, 1))])))
    yield from on_route()
    yield from sources()
    yield from destinations()
    yield from jumps()
    yield from knobs()


def on_route():
    for i in range(8):
        routes = [route("lfo/0", "osc/0/level", 0.1), route(("env/1", "lfo/1")[i % 2], "/modulation/routes/0/amount", -0.4 + 0.1 * i)]
        patch = new({**LEVEL, "env/1/attack_s": 0.5, "lfo/1/rate/mode": "hz", "lfo/1/rate/hz": 1.3}, routes)
        yield Case("mod/on_route", str(i + 1), patch, 96, FULL, hold=1.5, total=1.7)


def sources():
    """Sources that a single note has; each aims at the cutoff, at the level and at a frame."""
    played = [(24, 0.1), (36, 0.3), (48, 0.5), (55, 0.64), (60, 0.8), (71, 0.9), (84, 1.0), (96, 0.2)]
    for source in ("velocity", "note", "note_in_octave", "stereo", "mod_wheel", "pitch_bend", "aftertouch", "slide", "lift", "env/3"):
        for i, (note, velocity) in enumerate(played):
            target, amount = (("osc/0/level", 0.5), ("filter/0/cutoff_hz", 0.4), ("osc/0/wavetable/position", 0.7), ("osc/0/pan", 0.6))[i % 4]
            settings = {"osc/0/level": 0.4, "osc/0/wavetable/name": "brass", "filter/0/enabled": True, "env/3/attack_s": 0.3}
            patch = new(settings, [route(source, target, amount, ("unipolar", "bipolar")[i // 4])])
            yield Case(f"mod/source/{source.replace('/', '_')}", f"note {note} to {target}", patch, note, velocity=velocity)


def destinations():
    """An LFO on each of many parameters; four are one cohort with slow, fast, small and great movement each."""
    for k in range(0, len(AIMS), 4):
        group = AIMS[k:k + 4]
        for aim in group:
            for i, (hz, amount, source) in enumerate(((2.0, 0.3, "lfo/0"), (7.0, 0.12, "lfo/0"))):
                kind = aim.split("/")[1]
                settings = {"osc/0/wavetable/name": "pwm", "osc/0/wavetable/position": 100.0, "osc/0/unison/voices": 4, "osc/0/warp/mode": "bend",
                            "osc/0/spectral/mode": "low_pass" if aim.endswith("spectral/amount") else "none", "filter/0/enabled": True, "filter/0/cutoff_hz": 900.0,
                            "lfo/0/rate/mode": "hz", "lfo/0/rate/hz": hz, "lfo/1/rate/mode": "hz"}
                if aim.startswith("fx/"): settings[f"fx/{kind}/enabled"] = True
                routes = [route(source, aim, amount, "bipolar")]
                if aim.startswith("lfo/1"): routes.append(route("lfo/1", "osc/0/pan", 0.5, "bipolar"))
                yield Case(f"mod/aim/{k // 4 + 1}", f"{aim} {hz:g} Hz", aimed(new(settings, routes)), NOTES[i], warm_up=8.0)


def jumps():
    """A square LFO that jumps between blocks: what Vital runs at audio rate (level, pitch, cutoff) jumps at once, the rest over a block."""
    for k in range(0, len(JUMPS), 8):
        for i, aim in enumerate(JUMPS[k:k + 8]):
            settings = {"osc/0/wavetable/name": "brass", "osc/0/wavetable/position": 100.0, "osc/0/warp/mode": "bend", "osc/0/spectral/mode": "low_pass" if "spectral" in aim else "none",
                        "filter/0/enabled": aim.startswith("filter"), "filter/0/cutoff_hz": 900.0, "fx/distortion/enabled": aim.startswith("fx"),
                        "lfo/0/rate/mode": "hz", "lfo/0/rate/hz": 5.3, "lfo/0/points": points([(0, 0), (0, 1), (0.5, 1), (0.5, 0), (1, 0)]), "lfo/0/shape": "square",
                        "sample/enabled": aim.startswith("sample")}
            amount = {"osc/0/transpose": 0.05, "voicing/voice_transpose": 0.05, "osc/0/phase": 0.2}.get(aim, 0.25)
            yield Case(f"mod/jump/{k // 8 + 1}", aim, aimed(new(settings, [route("lfo/0", aim, amount)])), NOTES[i])


def knobs():
    for i in range(8):
        patch = new({"filter/0/enabled": True, "filter/0/cutoff_hz": 500.0})
        patch["macros"][0].update(value=i / 7, targets=[{"path": "/modules/filter/0/cutoff_hz", "amount": 0.4, "curve": 0}])
        patch["macros"][1].update(value=1 - i / 7, targets=[{"path": "/modules/osc/0/pan", "amount": -0.4, "curve": 0}])
        yield Case("mod/macro", str(i + 1), aimed(patch), NOTES[i])
