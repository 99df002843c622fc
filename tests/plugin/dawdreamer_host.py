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

    given.check("the bits of a render", bits)
    given.check("automation", automation)
    given.check("state into a fresh instance", state)
    given.check("rendering again", again)
    given.end()


def write(given: Given, project: bytes):
    file = given.folder / "dawdreamer-state"
    file.write_bytes(project)
    return file


main()
