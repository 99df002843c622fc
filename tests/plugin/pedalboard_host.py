"""The VST3 in pedalboard, a JUCE host."""

import numpy
import pedalboard

import juce_state
from given import Given, frames_of, same

SECONDS = 1.0

# Pedalboard asks for the text of every value of every parameter as soon as a plugin is loaded, which takes it the better part
# of a minute for the 2,400 that a multi-timbral VST3 with MIDI controllers has. Parameters are asked one by one here.
pedalboard.ExternalPlugin._get_parameters = lambda self: {}


def load(given: Given):
    return pedalboard.VST3Plugin(given.plugin, plugin_name="SongWalker")


def set_raw(plugin, name: str, value: float) -> None:
    """Sets a parameter, 0..1."""
    plugin._get_parameter(name).raw_value = value


def messages(rate: int) -> list:
    events = []
    for key, start, end in frames_of(rate, SECONDS):
        # In the middle of the frame, so that no rounding of the host moves it to the one before.
        events.append((bytes([0x90, key, 100]), (start + 0.5) / rate))
        events.append((bytes([0x80, key, 64]), (end + 0.5) / rate))
    return sorted(events, key=lambda event: event[1])


def play(plugin, rate: int, block: int, events=None) -> numpy.ndarray:
    return plugin(
        messages(rate) if events is None else events,
        duration=SECONDS,
        sample_rate=rate,
        num_channels=2,
        buffer_size=block,
        reset=True,
    )


def main() -> None:
    given = Given("pedalboard")
    patches = given.patches()
    projects = [juce_state.wrap(given.project(patch)) for patch in patches]

    def names():
        plugin = load(given)
        assert plugin.name == "SongWalker" and plugin.is_instrument, plugin.name
        names = {parameter.name for parameter in plugin._parameters}
        for name in ("Master Volume", "Slot 1 Brightness", "Slot 3 Cutoff", "Slot 16 Volume"):
            assert name in names, name
        return f"{plugin.name} {plugin.version}, {len(names)} parameters"

    def sounds():
        audio = play(load(given), 48_000, 512)
        assert numpy.abs(audio).max() > 0.01
        return f"peak {numpy.abs(audio).max():.3f}"

    def bits():
        compared = 0
        for patch, project in zip(patches, projects):
            for rate, block in ((44_100, 512), (48_000, 333), (96_000, 4_096), (48_000, 64)):
                plugin = load(given)
                plugin.raw_state = project
                same(play(plugin, rate, block), given.rendered(patch, rate, SECONDS))
                compared += 1
        return f"{compared} renders at 44.1, 48 and 96 kHz: every bit of songwalker render"

    def one_frame():
        plugin = load(given)
        plugin.raw_state = projects[0]
        audio = plugin(messages(48_000)[:2], duration=0.1, sample_rate=48_000, num_channels=2, buffer_size=1)
        return same(audio, given.rendered(patches[0], 48_000, SECONDS)[:, :4_800])

    def state():
        first = load(given)
        first.raw_state = projects[1]
        set_raw(first, "Slot 1 Volume", 0.7)
        set_raw(first, "Slot 1 Brightness", 1.0)
        wanted = play(first, 48_000, 512)
        kept = first.raw_state
        fresh = load(given)
        fresh.raw_state = kept
        same(play(fresh, 48_000, 512), wanted)
        return f"{len(juce_state.unwrap(kept))} bytes"

    def side_by_side():
        plugins = [load(given) for _ in range(8)]
        for plugin in plugins:
            plugin.raw_state = projects[2]
        wanted = given.rendered(patches[2], 44_100, SECONDS)
        for plugin in plugins:
            same(play(plugin, 44_100, 256), wanted)
        return "8 instances"

    def volume():
        plugin = load(given)
        loud = numpy.abs(play(plugin, 48_000, 512)).max()
        set_raw(plugin, "Master Volume", (60 - 12) / 72)
        soft = numpy.abs(play(plugin, 48_000, 512)).max()
        assert abs(soft / loud - 10 ** (-12 / 20)) < 0.01, (loud, soft)
        return f"-12 dB is {soft / loud:.4f}"

    def bypass():
        plugin = load(given)
        set_raw(plugin, "Bypass", 1.0)
        assert numpy.abs(play(plugin, 48_000, 512)).max() == 0.0
        set_raw(plugin, "Bypass", 0.0)
        assert numpy.abs(play(plugin, 48_000, 512)).max() > 0.01

    def swaps():
        plugin = load(given)
        held = [(bytes([0x90, key, 100]), 0.0) for key in (48, 55, 60)]
        played = [plugin(held, duration=0.5, sample_rate=48_000, num_channels=2, buffer_size=256, reset=True)]
        for project in projects * 3:
            plugin.raw_state = project
            played.append(plugin([], duration=0.25, sample_rate=48_000, num_channels=2, buffer_size=256, reset=False))
        peaks = [float(numpy.abs(audio).max()) for audio in played]
        assert all(numpy.isfinite(audio).all() for audio in played) and max(peaks) < 8.0, peaks
        assert min(peaks) > 0.01, f"the chord fell silent: {peaks}"
        return f"{len(projects) * 3} projects under a held chord"

    def automation():
        plugin = load(given)
        held = [(bytes([0x90, 60, 100]), 0.0)]
        peaks = []
        for step in range(10):
            set_raw(plugin, "Master Volume", 60 / 72 * (1 - step / 9))
            audio = plugin(held if step == 0 else [], duration=0.1, sample_rate=48_000, num_channels=2, reset=step == 0)
            peaks.append(float(numpy.abs(audio[:, 2_400:]).max()))
        assert all(one > other for one, other in zip(peaks, peaks[1:])) and peaks[-1] == 0.0, peaks
        return f"volume in ten steps from {peaks[0]:.3f} to silence"

    given.check("name and parameters", names)
    given.check("a new instance sounds", sounds)
    given.check("the bits of a render", bits)
    given.check("blocks of one frame", one_frame)
    given.check("state into a fresh instance", state)
    given.check("side by side", side_by_side)
    given.check("volume", volume)
    given.check("automation", automation)
    given.check("swaps", swaps)
    given.check("bypass", bypass)
    given.end()


main()
