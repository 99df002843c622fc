"""What the hosts are given: patches, projects that hold them, and how `songwalker render` sounds. Prints a line for each check."""

import argparse
import struct
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy

# Key, share of the time at which it goes down and up; velocity 100.
NOTES = [(48, 0.0, 0.7), (55, 0.0, 0.71), (60, 0.113, 0.4), (72, 0.5, 0.8)]


class Given:
    """The programs, a folder for what they make, and the count of failures."""

    def __init__(self, host_name: str):
        parser = argparse.ArgumentParser()
        parser.add_argument("--plugin", type=Path, required=True)
        parser.add_argument("--host", type=Path, required=True)
        parser.add_argument("--songwalker", type=Path, required=True)
        parser.add_argument("--standalone", type=Path)
        parser.add_argument("--pictures", type=Path)
        self.arguments = parser.parse_args()
        self.plugin = str(self.arguments.plugin.resolve())
        self.host_name = host_name
        self.folder = Path(tempfile.mkdtemp(prefix="songwalker-plugin-"))
        self.failed = 0

    def check(self, name: str, step) -> None:
        """Runs one line; says what it told, or why it failed."""
        try:
            told = step() or ""
            print(f"{self.host_name}  ok      {name}: {told}", flush=True)
        except Exception as fault:  # noqa: BLE001: whatever a host raises is a line that failed
            self.failed += 1
            print(f"{self.host_name}  FAILED  {name}: {fault!r}", flush=True)

    def end(self) -> None:
        sys.exit(1 if self.failed else 0)

    def patches(self) -> list[Path]:
        """Generated patches, as files."""
        made = []
        for prompt in ("warm wide pad", "acid bass", "glassy bell"):
            out = self.folder / prompt.replace(" ", "-")
            if not out.exists():
                run = [self.arguments.songwalker, "generate", prompt, "--data-dir", self.folder / "data"]
                subprocess.run([*run, "--variations", "0", "--out", out], check=True, capture_output=True)
            made.append(next(out.rglob("patch.json")))
        return made

    def project(self, *patches: Path) -> bytes:
        """A project whose first slots play these."""
        out = self.folder / "project"
        subprocess.run([self.arguments.host, "state", out, *patches], check=True)
        return out.read_bytes()

    def rendered(self, patch: Path, rate: int, seconds: float, bpm: int = 120) -> numpy.ndarray:
        """The notes as `songwalker render` plays them: two rows of float32."""
        midi, out = self.folder / "notes.mid", self.folder / "notes.wav"
        midi.write_bytes(midi_file(rate, seconds))
        run = [self.arguments.songwalker, "render", patch, "--midi", midi, "--out", out]
        run += ["--sample-rate", str(rate), "--tail", "0.5", "--bpm", str(bpm)]
        subprocess.run(run, check=True, capture_output=True)
        return read_wav(out)


def frames_of(rate: int, seconds: float) -> list[tuple[int, int, int]]:
    """Key, first frame, last frame."""
    return [(key, int(start * seconds * rate), int(end * seconds * rate)) for key, start, end in NOTES]


def midi_file(rate: int, seconds: float) -> bytes:
    """The notes at exact frames: as many ticks a quarter, at 120 a minute, as half a second has frames."""
    division = 32_000
    tick = lambda frame: round(frame / rate * 2 * division)  # noqa: E731
    events = []
    for key, start, end in frames_of(rate, seconds):
        events += [(tick(start), 1, bytes([0x90, key, 100])), (tick(end), 0, bytes([0x80, key, 64]))]
    body, now = b"", 0
    for at, _, message in sorted(events):
        body += length(at - now) + message
        now = at
    body += b"\0\xff\x2f\0"
    return b"MThd" + struct.pack(">IHHH", 6, 0, 1, division) + b"MTrk" + struct.pack(">I", len(body)) + body


def length(number: int) -> bytes:
    parts = [number & 127]
    while number := number >> 7:
        parts.append(128 | number & 127)
    return bytes(reversed(parts))


def read_wav(path: Path) -> numpy.ndarray:
    """A WAV of float32 samples: two rows."""
    data = path.read_bytes()
    at, found = 12, None
    while at + 8 <= len(data):
        name, size = data[at : at + 4], struct.unpack("<I", data[at + 4 : at + 8])[0]
        if name == b"fmt ":
            kind, channels, _, _, _, bits = struct.unpack("<HHIIHH", data[at + 8 : at + 24])
            assert channels == 2 and bits == 32, (kind, channels, bits)
        if name == b"data":
            found = numpy.frombuffer(data[at + 8 : at + 8 + size], dtype="<f4")
        at += 8 + size + size % 2
    assert found is not None
    return found.reshape(-1, 2).T


def same(one: numpy.ndarray, other: numpy.ndarray) -> str:
    """Fails unless both have the same bits as far as both go."""
    count = min(one.shape[1], other.shape[1])
    assert count > 1000, f"only {count} frames"
    left = numpy.ascontiguousarray(one[:2, :count], dtype=numpy.float32)
    right = numpy.ascontiguousarray(other[:2, :count], dtype=numpy.float32)
    assert numpy.abs(right).max() > 1e-3, "silence"
    differs = numpy.flatnonzero((left.view(numpy.uint32) != right.view(numpy.uint32)).any(axis=0))
    worst = numpy.abs(left - right).max()
    assert not len(differs), f"{len(differs)} of {count} frames differ, first {differs[0]}, by up to {worst}"
    return f"{count} frames"
