"""A screen of its own with a window manager, and a window on it that is driven by mouse and keys."""

import os
import subprocess
import time
from pathlib import Path

import numpy

# Longest wait for anything, seconds.
PATIENCE = 60
# What is lit in the editor.
LIT = (92, 204, 190)
# Points of the editor at its first size.
PROMPT = (400, 80)
FIRST_KNOB = (288, 152)
OPEN = (86, 591)
# The macros of its first slot.
FIRST_KNOBS = "520x44+264+132"


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
        # Without the last option it would begin anew, and drop who is just coming, whenever the last client leaves.
        screen = ["-screen", "0", "1600x1100x24", "-displayfd", str(write), "-noreset"]
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

    def picture(self, path: Path) -> None:
        subprocess.run(["import", "-window", "root", str(path)], check=False)

    def close(self):
        for process in (self.manager, self.server):
            process.terminate()
            process.wait()


class Window:
    """A window by its title; `program` is the process that opens it."""

    def __init__(self, program: subprocess.Popen, title: str):
        self.program = program
        self.title = title
        self.window = until("the window", self.find)
        until("the first picture", lambda: self.colours() > 40)

    def find(self) -> str:
        assert self.program.poll() is None, "the program has ended"
        return xdotool("search", "--onlyvisible", "--name", self.title).split("\n")[0]

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

    def shot(self, area: str | None = None) -> bytes:
        """The colours of the window, or of an area of it, WIDTHxHEIGHT+X+Y."""
        cut = ["-crop", area, "+repage"] if area else []
        shot = ["import", "-window", self.window, *cut, "-depth", "8", "rgb:-"]
        return subprocess.run(shot, capture_output=True, check=True).stdout

    def turn_up(self, knob: tuple[int, int], up: int) -> None:
        """Drags a knob upwards, and lets go of it once its arc is seen to be longer."""
        around = around_of(knob, 40, 40)
        before = self.count(LIT, around)
        self.move(knob)
        xdotool("mousedown", "1")
        for step in range(up):
            self.move((knob[0], knob[1] - step))
        until("the turned knob", lambda: self.count(LIT, around) > before + 10)
        xdotool("mouseup", "1")

    def write(self, field: tuple[int, int], text: str) -> None:
        """Replaces what stands in a field, and enters it."""
        self.fill(field, text)
        xdotool("key", "Return")

    def generate(self, prompt: str) -> None:
        """Asks for a sound in words, and waits until the first slot's knobs stand where that sound has them."""
        before = self.shot(FIRST_KNOBS)
        self.write(PROMPT, prompt)
        until("the generated sound", lambda: self.shot(FIRST_KNOBS) != before)

    def fill(self, field: tuple[int, int], text: str) -> None:
        """Replaces what stands in a field, once it has the keys: its line is lit then."""
        self.click(field)
        until("the field's line", lambda: self.count(LIT, around_of(field, 60, 40)) > 60)
        xdotool("key", "ctrl+a")
        xdotool("type", "--delay", "40", text)

    def count(self, colour: tuple[int, int, int], area: str) -> int:
        """Pixels of nearly that colour in an area."""
        pixels = numpy.frombuffer(self.shot(area), dtype=numpy.uint8).reshape(-1, 3).astype(int)
        return int((abs(pixels - colour).max(axis=1) < 24).sum())

    def close(self) -> None:
        xdotool("key", "alt+F4")
        try:
            self.program.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.program.kill()
            raise


def around_of(point: tuple[int, int], width: int, height: int) -> str:
    """The area of that size around a point."""
    return f"{width}x{height}+{point[0] - width // 2}+{point[1] - height // 2}"


def differs(one: bytes, other: bytes) -> bool:
    """Whether more than what the mouse lights has changed: a hundredth of the picture."""
    return sum(a != b for a, b in zip(one[::97], other[::97])) > len(one) / 97 / 100


def xdotool(*arguments: str) -> str:
    return subprocess.run(["xdotool", *arguments], capture_output=True, text=True).stdout.strip()
