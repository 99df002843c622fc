"""A headless Chromium, driven through its DevTools pipe with nothing but the standard library.

Owns the process and the protocol; what is looked at is page_check.py's. The browser gets a profile of its own, which
goes with it.
"""

import base64
import json
import os
import select
import shutil
import subprocess
import tempfile
import time

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class BrowserError(Exception):
    """The browser refused, died or did not answer in time."""


def find_browser():
    """The path of a Chromium, or None."""
    return next((path for path in map(shutil.which, NAMES) if path), None)


class Browser:
    """One Chromium process. Use it in a `with`."""

    def __init__(self, program):
        self._profile = tempfile.TemporaryDirectory(prefix="songwalker-browser-", ignore_cleanup_errors=True)
        read_end, self._to = os.pipe()
        self._from, write_end = os.pipe()
        command = [
            program, "--headless=new", "--remote-debugging-pipe", "--no-sandbox", "--disable-gpu", "--no-first-run",
            "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
            "--hide-scrollbars", "--force-color-profile=srgb", "--disable-dev-shm-usage", "--mute-audio",
            f"--user-data-dir={self._profile.name}", "about:blank",
        ]
        # The protocol speaks on the descriptors 3 (to the browser) and 4 (from it).
        shell = f'exec "$@" 3<&{read_end} 4>&{write_end}'
        self._process = subprocess.Popen(
            ["bash", "-c", shell, "bash", *command], pass_fds=(read_end, write_end), stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(read_end)
        os.close(write_end)
        self._buffer = b""
        self._last = 0
        self.events = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        try:
            self.call("Browser.close", timeout=5)
        except BrowserError:
            pass
        try:
            self._process.wait(timeout=10)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, 9)
            self._process.wait()
        os.close(self._to)
        os.close(self._from)
        self._profile.cleanup()

    def call(self, method, params=None, session=None, timeout=60):
        """Sends a command and gives its result; events that come meanwhile are kept."""
        self._last += 1
        message = {"id": self._last, "method": method, "params": params or {}}
        if session:
            message["sessionId"] = session
        self._write(json.dumps(message).encode() + b"\0")
        deadline = time.monotonic() + timeout
        wanted = self._last
        while True:
            answer = self._read(deadline, method)
            if answer.get("id") == wanted:
                if "error" in answer:
                    raise BrowserError(f"{method}: {answer['error'].get('message')}")
                return answer.get("result", {})

    def listen(self, seconds):
        """Takes in what events come within that time, at least those that wait already."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                self._read(deadline, "events")
            except TimeoutError:
                return

    def _write(self, data):
        try:
            while data:
                data = data[os.write(self._to, data):]
        except BrokenPipeError as error:
            raise BrowserError("the browser is gone") from error

    def _read(self, deadline, what):
        while b"\0" not in self._buffer:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self._from], [], [], left)[0]:
                if what == "events":
                    raise TimeoutError
                raise BrowserError(f"no answer to {what}")
            chunk = os.read(self._from, 1 << 20)
            if not chunk:
                raise BrowserError("the browser is gone")
            self._buffer += chunk
        text, self._buffer = self._buffer.split(b"\0", 1)
        message = json.loads(text)
        if "method" in message:
            self.events.append(message)
        return message


class Tab:
    """One page in a browser context of its own: no cookie or storage of another."""

    def __init__(self, browser, width, height, scheme="dark", touch=False, reduced_motion=False):
        self.browser = browser
        self.width, self.height = width, height
        self._context = browser.call("Target.createBrowserContext")["browserContextId"]
        self._target = browser.call(
            "Target.createTarget", {"url": "about:blank", "browserContextId": self._context})["targetId"]
        self._session = browser.call(
            "Target.attachToTarget", {"targetId": self._target, "flatten": True})["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log", "DOM", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if touch else 1, "mobile": touch})
        if touch:
            self.call("Emulation.setTouchEmulationEnabled", {"enabled": True})
        self.call("Emulation.setEmulatedMedia", {"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            {"name": "prefers-reduced-motion", "value": "reduce" if reduced_motion else "no-preference"}]})

    def close(self):
        """Closes the page and forgets what it stored."""
        self.browser.call("Target.disposeBrowserContext", {"browserContextId": self._context})

    def call(self, method, params=None, timeout=60):
        """A command to this page."""
        return self.browser.call(method, params, self._session, timeout)

    def events(self, method):
        """The parameters of all events of that name that this page sent."""
        return [event["params"] for event in self.browser.events
                if event["method"] == method and event.get("sessionId") == self._session]

    def open(self, address, timeout=30):
        """Goes there and waits until everything is loaded."""
        loaded = len(self.events("Page.loadEventFired"))
        result = self.call("Page.navigate", {"url": address})
        if result.get("errorText"):
            raise BrowserError(f"{address}: {result['errorText']}")
        deadline = time.monotonic() + timeout
        while len(self.events("Page.loadEventFired")) == loaded:
            if time.monotonic() > deadline:
                raise BrowserError(f"{address} did not load")
            self.browser.listen(0.05)

    def value(self, expression):
        """The value of a JavaScript expression, awaited."""
        result = self.call("Runtime.evaluate", {
            "expression": expression, "returnByValue": True, "awaitPromise": True, "userGesture": False})
        if "exceptionDetails" in result:
            raise BrowserError(f"{expression}: {result['exceptionDetails'].get('exception', {}).get('description')}")
        return result["result"].get("value")

    def until(self, expression, timeout=20):
        """Waits until an expression is true of the page."""
        deadline = time.monotonic() + timeout
        while True:
            if self.value(f"Boolean({expression})"):
                return
            if time.monotonic() > deadline:
                raise BrowserError(f"never came true: {expression}")
            self.browser.listen(0.05)

    def click(self, selector, x=0.5, y=0.5):
        """Clicks as a mouse does, at a share of the element's width and height."""
        self.value(f"document.querySelector({json.dumps(selector)}).scrollIntoView({{block: 'center', behavior: 'instant'}})")
        box = self.value(
            f"(() => {{ const b = document.querySelector({json.dumps(selector)}).getBoundingClientRect();"
            " return [b.left, b.top, b.width, b.height]; })()")
        at = {"x": box[0] + x * box[2], "y": box[1] + y * box[3], "button": "left", "clickCount": 1}
        for kind in ("mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", {"type": kind, **at})

    def key(self, key, code, text=""):
        """Presses and releases a key."""
        number = {" ": 32, "Enter": 13, "Tab": 9, "ArrowRight": 39}.get(key, 0)
        event = {"key": key, "code": code, "windowsVirtualKeyCode": number}
        self.call("Input.dispatchKeyEvent", {"type": "keyDown", "text": text, **event})
        self.call("Input.dispatchKeyEvent", {"type": "keyUp", **event})

    def type(self, text):
        """Types into what has the focus."""
        self.call("Input.insertText", {"text": text})

    def picture(self, path):
        """Writes the whole page, however long, as PNG."""
        size = self.call("Page.getLayoutMetrics")["cssContentSize"]
        shot = self.call("Page.captureScreenshot", {
            "format": "png", "captureBeyondViewport": True,
            "clip": {"x": 0, "y": 0, "width": self.width, "height": max(size["height"], self.height), "scale": 1}})
        with open(path, "wb") as file:
            file.write(base64.b64decode(shot["data"]))
