"""The VST3 in DawDreamer, a JUCE host with transport and automation."""

import dawdreamer
import numpy

import juce_state
from given import Given, frames_of, same

SECONDS = 1.0


class Studio:
    """An engine with one plugin."""

    def __init__(self, given: Given, rate: int, block: int, project: bytes | None = None):
        self.engine = dawdreamer.RenderEngine(rate, block)
        self.engine.set_bpm(120.0)
        self.plugin = self.engine.make_plugin_processor("songwalker", given.plugin)
        if project is not None:
            file = given.folder / "dawdreamer-state"
            file.write_bytes(project)
            self.plugin.load_state(str(file))
        self.engine.load_graph([(self.plugin, [])])
        self.rate = rate

    def play(self, seconds: float = SECONDS) -> numpy.ndarray:
        self.plugin.clear_midi()
        for key, start, end in frames_of(self.rate, SECONDS):
            begin = (start + 0.5) / self.rate
            self.plugin.add_midi_note(key, 100, begin, (end - start) / self.rate)
        self.engine.render(seconds)
        return self.engine.get_audio()


def index(plugin, name: str) -> int:
    found = [p["index"] for p in plugin.get_parameters_description() if p["name"] == name]
    assert found, name
    return found[0]


def main() -> None:
    given = Given("dawdreamer")
    patches = given.patches()
    projects = [juce_state.wrap(given.project(patch)) for patch in patches]

    def bits():
        compared = 0
        for patch, project in zip(patches, projects):
            for rate, block in ((44_100, 512), (48_000, 128), (96_000, 2_048)):
                studio = Studio(given, rate, block, project)
                same(studio.play(), given.rendered(patch, rate, SECONDS))
                compared += 1
        return f"{compared} renders while the transport runs: every bit of songwalker render"

    def automation():
        studio = Studio(given, 48_000, 256)
        volume = index(studio.plugin, "Master Volume")
        line = numpy.concatenate([numpy.full(24_000, 60 / 72), numpy.zeros(24_000)]).astype(numpy.float32)
        studio.plugin.set_automation(volume, line)
        audio = studio.play()
        assert numpy.abs(audio[:, :24_000]).max() > 0.01
        assert numpy.abs(audio[:, 26_000:]).max() == 0.0, "the volume's line does nothing"
        return "a line at audio rate"

    def state():
        studio = Studio(given, 48_000, 512, projects[0])
        wanted = studio.play()
        file = given.folder / "kept"
        studio.plugin.save_state(str(file))
        fresh = Studio(given, 48_000, 512, file.read_bytes())
        return same(fresh.play(), wanted)

    def again():
        studio = Studio(given, 48_000, 512)
        first = numpy.abs(studio.play()).max()
        studio.plugin.load_state(str(write(given, projects[1])))
        second = numpy.abs(studio.play()).max()
        assert first > 0.01 and second > 0.01, (first, second)
        return "a project opened between two renders of one engine"

    def names():
        studio = Studio(given, 48_000, 512)
        names = {parameter["name"] for parameter in studio.plugin.get_parameters_description()}
        for name in ("Master Volume", "Slot 1 Brightness", "Slot 3 Cutoff", "Slot 16 Volume"):
            assert name in names, name
        return f"{studio.plugin.get_name()}, {len(names)} parameters"

    def blocks():
        compared = 0
        for block in (1, 4_096):
            studio = Studio(given, 48_000, block, projects[1])
            same(studio.play(0.25), given.rendered(patches[1], 48_000, SECONDS)[:, :12_000])
            compared += 1
        return f"{compared} renders in blocks of 1 and 4096 frames"

    def tempo():
        studio = Studio(given, 48_000, 512, projects[0])
        studio.engine.set_bpm(93.0)
        same(studio.play(), given.rendered(patches[0], 48_000, SECONDS, bpm=93))
        return "93 a minute, offline: the bits of a render"

    def side_by_side():
        engine = dawdreamer.RenderEngine(48_000, 512)
        engine.set_bpm(120.0)
        plugins = []
        for number in range(8):
            plugin = engine.make_plugin_processor(f"songwalker-{number}", given.plugin)
            plugin.load_state(str(write(given, projects[2])))
            plugin.record = True
            for key, start, end in frames_of(48_000, SECONDS):
                plugin.add_midi_note(key, 100, (start + 0.5) / 48_000, (end - start) / 48_000)
            plugins.append(plugin)
        engine.load_graph([(plugin, []) for plugin in plugins])
        engine.render(SECONDS)
        wanted = given.rendered(patches[2], 48_000, SECONDS)
        for plugin in plugins:
            same(plugin.get_audio(), wanted)
        return "8 instances in one graph"

    def bypass():
        studio = Studio(given, 48_000, 512)
        number = index(studio.plugin, "Bypass")
        studio.plugin.set_parameter(number, 1.0)
        assert numpy.abs(studio.play()).max() == 0.0
        studio.plugin.set_parameter(number, 0.0)
        assert numpy.abs(studio.play()).max() > 0.01

    given.check("name and parameters", names)
    given.check("the bits of a render", bits)
    given.check("the shortest and the longest blocks", blocks)
    given.check("the tempo", tempo)
    given.check("side by side", side_by_side)
    given.check("bypass", bypass)
    given.check("automation", automation)
    given.check("state into a fresh instance", state)
    given.check("rendering again", again)
    given.end()


def write(given: Given, project: bytes):
    file = given.folder / "dawdreamer-state"
    file.write_bytes(project)
    return file


main()
