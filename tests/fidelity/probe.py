"""Our side: the engine and the export as one warm process (`generator/examples/probe.rs`)."""
import json, pathlib, subprocess, tempfile
import numpy as np

RATE = 44_100


class Probe:
    def __init__(self, binary):
        self.binary = binary
        self.folder = tempfile.TemporaryDirectory()
        self.start()

    def start(self):
        self.process = subprocess.Popen([self.binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, **request):
        """The answer of one request; what it writes is `self.out`. A probe that ended (a panic) is an error, and a new one is started."""
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            code = self.process.wait(); self.start()
            raise RuntimeError(f"the probe ended with {code}")
        answer = json.loads(line)
        if "error" in answer: raise ValueError(answer["error"])
        return answer

    @property
    def out(self):
        return pathlib.Path(self.folder.name) / "out"

    def render(self, patch, note, velocity, hold, total, warm_up, **more):
        """(2, N) float64 at 44.1 kHz, 120 bpm, and the milliseconds it took."""
        answer = self.ask(render=patch, to=str(self.out), note=note, velocity=velocity, hold=hold, total=total, warm_up=warm_up, **more)
        return np.fromfile(self.out, "<f4").astype(np.float64).reshape(2, -1), answer["cpu_ms"]

    def export(self, patch, **more):
        """The preset that the patch is exported to, and what it lost on the way."""
        answer = self.ask(export=patch, to=str(self.out), **more)
        return json.loads(self.out.read_text()), answer["lost"]
