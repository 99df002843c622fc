"""The editor under a screen of its own: loads, turns, adds, mutes, removes and generates with mouse and keys, then reads from
the saved project what became of it. Pictures land in the folder given by --pictures."""

import base64
import json
import os
import shutil
import subprocess
import sys
import zlib
from pathlib import Path

import juce_state
from given import Given
from screen import FIRST_KNOB, OPEN, Screen, Window, differs, until

# Points of the window at its first size.
ADD_SLOT = (138, 29)
UNDO = (193, 29)
FIRST_MUTE = (745, 120)
FIRST_REMOVE = (879, 120)

# A host that opens the editor until it is closed, and keeps the project then.
HOST = """
import sys, dawdreamer
engine = dawdreamer.RenderEngine(48_000, 512)
plugin = engine.make_plugin_processor("songwalker", sys.argv[1])
plugin.open_editor()
# What was turned reaches a VST3 with its next block.
engine.load_graph([(plugin, [])])
engine.render(0.1)
plugin.save_state(sys.argv[2])
"""


class Editor(Window):
    """The editor in a host."""

    def __init__(self, given: Given, state: Path):
        host = subprocess.Popen([sys.executable, "-c", HOST, given.plugin, str(state)])
        super().__init__(host, "DawDreamer: SongWalker")


def main() -> None:
    given = Given("editor")
    home = given.folder / "home"
    os.environ["SONGWALKER_PLUGIN_HOME"] = str(home)
    pictures = Path(given.arguments.pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    # A path that every keyboard can type.
    patch = Path(shutil.copy(given.patches()[1], given.folder / "bass.json"))
    state = given.folder / "kept"
    recent = home / "cache/recent.json"

    def used() -> list:
        return json.loads(recent.read_text()) if recent.exists() else []

    def drive():
        screen = Screen()
        try:
            editor = Editor(given, state)
            editor.picture(pictures / "new.png")
            editor.generate("warm wide pad with slow movement")
            editor.turn_up(FIRST_KNOB, 40)
            editor.picture(pictures / "generated.png")
            before = editor.shot()
            editor.click(ADD_SLOT)
            until("a second slot", lambda: differs(editor.shot(), before))
            editor.write(OPEN, str(patch))
            until("the loaded patch", lambda: len(used()) == 2)
            editor.click(FIRST_MUTE)
            editor.picture(pictures / "rack.png")
            before = editor.shot()
            editor.click(ADD_SLOT)
            until("a third slot", lambda: differs(editor.shot(), before))
            before = editor.shot()
            editor.click(FIRST_REMOVE)
            until("one slot less", lambda: differs(editor.shot(), before))
            before = editor.shot()
            editor.click(UNDO)
            until("the slot again", lambda: differs(editor.shot(), before))
            before = editor.shot()
            editor.click(FIRST_REMOVE)
            until("one slot less again", lambda: differs(editor.shot(), before))
            editor.picture(pictures / "removed.png")
            editor.close()
        except AssertionError:
            screen.picture(pictures / "failed.png")
            raise
        finally:
            screen.close()
        kept = json.loads(juce_state.unwrap(state.read_bytes()))
        rack = json.loads(zlib.decompress(base64.b64decode(json.loads(kept["fields"]["rack"]))))
        slots = {slot["place"]: slot["content"] for slot in rack["slots"]}
        assert sorted(slots) == [1, 2], f"slots {sorted(slots)}: the first was to be removed, two added"
        loaded = json.loads(rack["patches"][slots[1]["base"]])["name"]
        assert loaded == json.loads(patch.read_text())["name"], loaded
        assert slots[2]["kind"] == "empty"
        assert kept["params"]["mute_1"] == {"bool": True}, kept["params"]["mute_1"]
        turned = kept["params"]["macro_1_1"]["f32"]
        assert turned > 0.6, f"the knob stands at {turned}"
        return f"generated {used()[1]['name']}, loaded {loaded}, turned to {turned:.2f}, muted, removed, brought back, removed"

    given.check("driven by mouse and keys", drive)
    given.end()


main()
