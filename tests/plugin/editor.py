"""The editor under a screen of its own: loads, turns, adds, mutes, removes and generates with mouse and keys, then reads from
the saved project what became of it. Pictures land in the folder given by --pictures."""

import base64
import json
import os
import shutil
import subprocess
import sys
import time
import zlib
from pathlib import Path

import juce_state
from given import Given

# Longest wait for anything, seconds.
PATIENCE = 60

# Points of the window at its first size.
ADD_SLOT = (138, 29)
PROMPT = (400, 80)
FIRST_MUTE = (745, 120)
FIRST_REMOVE = (879, 120)
FIRST_KNOB = (288, 152)
OPEN = (86, 591)

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


def until(what: str, ask):
    """Asks until there is an answer."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if answer := ask():
            return answer
        time.sleep(0.05)
    raise AssertionError(f"waited in vain for {what}")


class Screen:
    """An X server with a window manager."""

    def __init__(self):
        read, write = os.pipe()
        screen = ["-screen", "0", "1600x1100x24", "-displayfd", str(write)]
        self.server = subprocess.Popen(["Xvfb", *screen], pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as told:
            number = told.readline().strip()
        assert number, "Xvfb does not start"
        os.environ["DISPLAY"] = f":{number}"
        os.environ["LIBGL_ALWAYS_SOFTWARE"] = "1"
        self.manager = subprocess.Popen(["openbox"], stderr=subprocess.DEVNULL)
        # Only with one there is a number of desktops.
        until("the window manager", lambda: xdotool("get_num_desktops"))

    def close(self):
        for process in (self.manager, self.server):
            process.terminate()
            process.wait()


class Editor:
    """The open editor."""

    def __init__(self, given: Given, state: Path):
        self.host = subprocess.Popen([sys.executable, "-c", HOST, given.plugin, str(state)])
        self.window = until("the editor's window", self.find)
        until("the first picture", lambda: self.colours() > 40)

    def find(self) -> str:
        assert self.host.poll() is None, "the host has ended"
        return xdotool("search", "--onlyvisible", "--name", "DawDreamer: SongWalker").split("\n")[0]

    def colours(self) -> int:
        told = subprocess.run(["import", "-window", self.window, "-format", "%k", "info:"], capture_output=True, text=True)
        return int(told.stdout or 0)

    def picture(self, path: Path) -> None:
        subprocess.run(["import", "-window", self.window, str(path)], check=True)

    def move(self, point: tuple[int, int]) -> None:
        xdotool("mousemove", "--window", self.window, str(point[0]), str(point[1]))

    def click(self, point: tuple[int, int]) -> None:
        # A press as long as a hand's: several pictures of the editor.
        x, y = map(str, point)
        xdotool("mousemove", "--window", self.window, x, y, "sleep", "0.1", "mousedown", "1", "sleep", "0.1", "mouseup", "1")

    def shot(self) -> bytes:
        return subprocess.run(["import", "-window", self.window, "rgb:-"], capture_output=True, check=True).stdout

    def settle(self) -> None:
        """Waits until nothing moves any more: what has landed is drawn, and the host knows of it."""
        until("a still picture", lambda: len({self.shot() for _ in range(5)}) == 1)

    def type(self, text: str) -> None:
        xdotool("type", "--delay", "40", text)
        xdotool("key", "Return")

    def drag(self, point: tuple[int, int], up: int) -> None:
        self.move(point)
        xdotool("mousedown", "1")
        for step in range(up):
            self.move((point[0], point[1] - step))
        xdotool("mouseup", "1")

    def close(self) -> None:
        xdotool("key", "alt+F4")
        try:
            self.host.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.host.kill()
            raise


def differs(one: bytes, other: bytes) -> bool:
    """Whether more than what the mouse lights has changed: a hundredth of the picture."""
    return sum(a != b for a, b in zip(one[::97], other[::97])) > len(one) / 97 / 100


def xdotool(*arguments: str) -> str:
    return subprocess.run(["xdotool", *arguments], capture_output=True, text=True).stdout.strip()


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
            editor.click(PROMPT)
            editor.type("warm wide pad with slow movement")
            until("the generated sound", lambda: len(used()) == 1)
            editor.settle()
            editor.drag(FIRST_KNOB, 40)
            editor.picture(pictures / "generated.png")
            before = editor.shot()
            editor.click(ADD_SLOT)
            until("a second slot", lambda: differs(editor.shot(), before))
            editor.click(OPEN)
            editor.type(str(patch))
            until("the loaded patch", lambda: len(used()) == 2)
            editor.click(FIRST_MUTE)
            editor.picture(pictures / "rack.png")
            before = editor.shot()
            editor.click(ADD_SLOT)
            until("a third slot", lambda: differs(editor.shot(), before))
            before = editor.shot()
            editor.click(FIRST_REMOVE)
            until("one slot less", lambda: differs(editor.shot(), before))
            editor.picture(pictures / "removed.png")
            editor.close()
        except AssertionError:
            subprocess.run(["import", "-window", "root", str(pictures / "failed.png")], check=False)
            raise
        finally:
            screen.close()
        kept = json.loads(juce_state.unwrap(state.read_bytes()))
        rack = json.loads(zlib.decompress(base64.b64decode(json.loads(kept["fields"]["rack"]))))
        slots = {slot["place"]: slot["content"] for slot in rack["slots"]}
        assert sorted(slots) == [1, 2], f"slots {sorted(slots)}: the first was to be removed, two added"
        loaded = rack["patches"][slots[1]["base"]]["name"]
        assert loaded == json.loads(patch.read_text())["name"], loaded
        assert slots[2]["kind"] == "empty"
        assert kept["params"]["mute_1"] == {"bool": True}, kept["params"]["mute_1"]
        turned = kept["params"]["macro_1_1"]["f32"]
        assert turned > 0.6, f"the knob stands at {turned}"
        return f"generated {used()[1]['name']}, loaded {loaded}, turned to {turned:.2f}, muted, removed"

    given.check("driven by mouse and keys", drive)
    given.end()


main()
