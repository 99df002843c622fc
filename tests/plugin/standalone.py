"""SongWalker without a host, on a machine without a sound card: it is heard in its meters, and goes on sounding whatever files
and servers do to it. Pictures land in the folder given by --pictures."""

import base64
import json
import os
import socket
import subprocess
import threading
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from given import Given
from screen import FIRST_KNOB, LIT, OPEN, Screen, Window, differs, until, xdotool

# Points of the window at its first size.
SETTINGS = (308, 29)
SHELF_SERVER = (99, 80)
STOP = (95, 570)
FORGET = (1058, 704)
KEY = (465, 660)
SETTINGS_SERVER = (620, 330)
SETTINGS_SAVE = (401, 424)
# Areas of it.
STATUS = "760x24+290+692"
METERS = "126x240+941+86"
LIST = "220x60+10+120"
# Colours.
RED = (236, 104, 104)
# Fewest pixels of a short message.
SOME = 20


class Hostile(BaseHTTPRequestHandler):
    """A server that lies, and one that hangs."""

    hanging = threading.Event()
    asked = threading.Event()

    def do_GET(self):  # noqa: N802: the library's name
        if "/hangs/" in self.path:
            self.asked.set()
            self.hanging.wait()
            return
        lie = b'{"data": [{"job_id": "../../etc"}]}' if "/v1/" in self.path else b"<html>no bundle</html>"
        self.send_response(200)
        self.send_header("Content-Length", str(len(lie)))
        self.end_headers()
        self.wfile.write(lie)

    def log_message(self, *_):
        pass


class Standalone(Window):
    """The program."""

    def __init__(self, program: Path):
        super().__init__(subprocess.Popen([program, "--backend", "dummy"]), "SongWalker")

    def is_red(self, area: str) -> bool:
        return self.count(RED, area) > SOME

    def fails(self, what: str) -> None:
        """Opens something that cannot be opened; takes the message away again."""
        self.write(OPEN, what)
        until(f"a message on {what}", lambda: self.is_red(STATUS))
        self.sounds()

    def forget(self) -> None:
        self.click(FORGET)
        until("no message", lambda: not self.is_red(STATUS))

    def sounds(self, picture: Path | None = None) -> None:
        """Holds a key down until it is heard, then until it has gone again."""
        self.move(KEY)
        xdotool("mousedown", "1")
        until("a sound", lambda: self.count(LIT, METERS) > 1_000)
        if picture:
            self.picture(picture)
        xdotool("mouseup", "1")
        until("silence", lambda: self.count(LIT, METERS) == 0)


def files(folder: Path) -> dict[str, Path]:
    """Files that are no sounds."""
    cut = folder / "cut.zip"
    cut.write_bytes(b"PK\x03\x04 and no more")
    newer = folder / "newer.json"
    newer.write_text('{"schema_version": "9.0", "modules": {}}')
    huge = folder / "huge.json"
    with huge.open("wb") as file:
        file.truncate(1 << 32)
    return {"cut": cut, "newer": newer, "huge": huge, "missing": folder / "missing.zip"}


def closed_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def main() -> None:
    given = Given("standalone")
    os.environ["SONGWALKER_PLUGIN_HOME"] = str(given.folder / "home")
    pictures = Path(given.arguments.pictures)
    pictures.mkdir(parents=True, exist_ok=True)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    hostile = f"http://127.0.0.1:{server.server_port}"
    screen = Screen()
    try:
        program = Standalone(given.arguments.standalone)

        def plays():
            program.sounds()
            program.generate("warm wide pad")
            program.turn_up(FIRST_KNOB, 40)
            program.sounds(pictures / "playing.png")
            return "the init patch, and one made from words"

        def bad_files():
            told = files(given.folder)
            for name, path in told.items():
                program.fails(str(path))
                program.picture(pictures / f"failed-{name}.png")
                program.forget()
            return f"{', '.join(told)}: a message each, and it plays on"

        def bad_servers():
            links = {
                "lies": f"{hostile}/s/lies",
                "vanished": f"http://127.0.0.1:{closed_port()}/s/gone",
            }
            for name, link in links.items():
                program.fails(link)
                program.picture(pictures / f"failed-{name}.png")
                program.forget()
            program.write(OPEN, f"{hostile}/s/hangs")
            until("a question to the server", Hostile.asked.is_set)
            program.sounds()
            program.picture(pictures / "fetching.png")
            # What is asked after it waits until it is stopped.
            program.write(OPEN, str(given.folder / "missing.zip"))
            until("a message meanwhile", lambda: program.is_red(STATUS))
            program.forget()
            program.click(STOP)
            program.fails(f"{hostile}/s/lies")
            program.forget()
            return "one that lies, one that is gone, one that hangs: it plays on"

        def lying_list():
            before = program.shot()
            program.click(SETTINGS)
            until("the settings", lambda: differs(program.shot(), before))
            program.picture(pictures / "settings.png")
            program.fill(SETTINGS_SERVER, hostile)
            program.click(SETTINGS_SAVE)
            program.click(SHELF_SERVER)
            until("a message in the list", lambda: program.is_red(LIST))
            program.picture(pictures / "server-lies.png")
            program.sounds()

        def ends():
            # The size of its window is that of the next one.
            size = xdotool("getwindowgeometry", "--shell", program.window)
            xdotool("windowsize", program.window, "1200", "800")
            until("a larger window", lambda: xdotool("getwindowgeometry", "--shell", program.window) != size)
            settled = lambda: program.count(RED, LIST) > SOME and program.colours() > 40  # noqa: E731
            until("a picture of it", settled)
            program.close()
            assert program.program.returncode == 0, program.program.returncode
            kept = json.loads((given.folder / "home/plugin.json").read_text())
            assert kept["editor"] == [1200, 800], kept["editor"]
            assert kept["server"] == hostile, "the settings are gone"
            return "its size and settings are kept"

        def begins_again():
            first = session()
            again = Standalone(given.arguments.standalone)
            until("its last size", lambda: "WIDTH=1200" in xdotool("getwindowgeometry", "--shell", again.window))
            again.picture(pictures / "again.png")
            again.close()
            assert session() == first, "it is not what it was"
            knob = first["slots"][0][0]
            assert knob > 0.55, f"the knob stands at {knob}"
            rack = json.loads(zlib.decompress(base64.b64decode(first["rack"])))
            name = json.loads(rack["patches"][rack["slots"][0]["content"]["base"]])["name"]
            assert "Pad" in name, name
            return f"with {name}, its knob at {knob:.2f}"

        def begins_anew():
            home = given.folder / "home"
            (home / "session.json").write_text("{")
            settings = json.loads((home / "plugin.json").read_text())
            settings["editor"] = [1080, 720]
            (home / "plugin.json").write_text(json.dumps(settings))
            anew = Standalone(given.arguments.standalone)
            until("a message on the session", lambda: anew.is_red(STATUS))
            anew.sounds()
            anew.close()
            assert (home / "session-unread.json").read_text() == "{", "it was not kept"
            return "a session that cannot be read is kept beside, and said"

        def session() -> dict:
            return json.loads((given.folder / "home/session.json").read_text())

        for name, step in {
            "plays": plays,
            "files that are wrong": bad_files,
            "servers that are wrong": bad_servers,
            "a list that is wrong": lying_list,
            "ends": ends,
            "begins again": begins_again,
            "begins anew": begins_anew,
        }.items():
            given.check(name, step)
            if given.failed:
                screen.picture(pictures / "failed.png")
                break
    finally:
        Hostile.hanging.set()
        server.shutdown()
        screen.close()
    given.end()


main()
