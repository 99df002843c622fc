"""The product as the evaluation uses it: command lines, and what comes back from them.

Owns every call of the `songwalker` binary; knows nothing of prompts' expectations.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from scipy.io import wavfile

import protocol

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "conformance"))
import descriptors  # noqa: E402

ANSWER_KEYS = {"name", "category", "voicing", "patch", "bundle", "preview", "analysis", "intent", "conflicts", "timings_ms"}
TIMEOUT_S = 120


class Product:
    """One binary, by its path."""

    def __init__(self, binary, planner="embedded"):
        self.binary = str(Path(binary).resolve())
        self.planner = planner

    def run(self, *arguments, cwd=None):
        """Each call has a data directory of its own, which goes with it: no answer comes from an earlier call."""
        with tempfile.TemporaryDirectory(prefix="songwalker-data-") as data:
            try:
                return subprocess.run([self.binary, *map(str, arguments)], cwd=cwd, capture_output=True, text=True,
                                      env={**os.environ, "SONGWALKER__DATA_DIR": data}, timeout=TIMEOUT_S,
                                      stdin=subprocess.DEVNULL)
            except subprocess.TimeoutExpired:
                return subprocess.CompletedProcess(arguments, -1, "", f"no answer within {TIMEOUT_S} s")

    def generate(self, prompt, seed, folder, extra=(), variations=0):
        """What `generate` answered.

        `valid`: the object is complete, and `verify` (schemas, hashes, canonical form) accepts the bundle.
        `documented_error`: an error envelope with its exit code and an empty stdout. `crashed`: neither.
        """
        started = time.monotonic()
        done = self.run("generate", "--seed", seed, "--planner", self.planner, "--variations", variations, "--out",
                        folder, "--json", *extra, "--", prompt)
        answer = {"prompt": prompt, "seed": seed, "exit": done.returncode, "seconds": time.monotonic() - started,
                  "valid": False, "documented_error": False, "crashed": False, "faults": [], "made": {}, "patch": None,
                  "intent": None}
        if done.returncode != 0:
            answer["documented_error"] = is_error_envelope(done)
            answer["crashed"] = not answer["documented_error"]
            answer["faults"] = [f"exit code {done.returncode}: {done.stderr.strip()[-400:]}"]
            return answer
        try:
            made = json.loads(done.stdout)
            missing = ANSWER_KEYS - set(made)
            if missing:
                raise ValueError(f"the answer lacks {', '.join(sorted(missing))}")
            for key in ("patch", "bundle", "preview"):
                made[key] = str((Path(folder) / made[key]).resolve()) if not Path(made[key]).is_absolute() else made[key]
            answer["made"] = made
            answer["patch"] = json.loads(Path(made["patch"]).read_text("utf-8"))
            answer["intent"] = _loaded(made["intent"], folder)
        except (ValueError, KeyError, OSError) as fault:
            answer["crashed"] = True
            answer["faults"] = [f"unusable answer: {fault}"]
            return answer
        verified = self.run("verify", made["bundle"])
        answer["valid"] = verified.returncode == 0
        if not answer["valid"]:
            answer["faults"] = [f"verify: {(verified.stderr or verified.stdout).strip()[-400:]}"]
        return answer

    def measure(self, patch, note, hold, wav):
        """The descriptors of one note of a patch, or `{"fault": ...}`."""
        frames = round((hold + protocol.TAIL_S) * protocol.RATE)
        done = self.run("render", patch, "--out", wav, "--note", note, "--velocity", protocol.VELOCITY, "--hold", hold,
                        "--tail", protocol.TAIL_S, "--bpm", protocol.BPM, "--sample-rate", protocol.RATE,
                        "--seed", protocol.SEED, "--json")
        if done.returncode != 0:
            return {"fault": f"render: exit code {done.returncode}: {done.stderr.strip()[-400:]}"}
        rate, samples = wavfile.read(wav)
        if rate != protocol.RATE or samples.dtype != np.float32 or samples.shape != (frames, 2):
            return {"fault": f"render: {samples.shape} {samples.dtype} at {rate} Hz, expected ({frames}, 2) float32"}
        return described(samples.T.astype(np.float64), rate, note, hold)


def described(sound, rate, note, hold):
    """The reference descriptors, or a fault where there is nothing that could be described."""
    if not np.isfinite(sound).all():
        return {"fault": "the sound is not finite"}
    if np.abs(sound).max() < 1e-5:
        return {"fault": "the sound is silent"}
    with np.errstate(all="ignore"):
        measured = descriptors.analyse(sound, rate, protocol.fundamental_hz(note), hold)
    return {name: bool(v) if isinstance(v, (bool, np.bool_)) else float(v) for name, v in measured.items()}


def is_error_envelope(done):
    """Whether a failed call ended as documented: code 2 to 7, nothing on stdout, the envelope on stderr."""
    if not 2 <= done.returncode <= 7 or done.stdout:
        return False
    try:
        error = json.loads(done.stderr.strip().splitlines()[-1])["error"]
        return bool(error["code"]) and bool(error["message"]) and isinstance(error["retryable"], bool)
    except (ValueError, KeyError, IndexError, TypeError):
        return False


def _loaded(value, folder):
    """The answer may carry a document itself or the path to it."""
    return json.loads((Path(folder) / value).read_text("utf-8")) if isinstance(value, str) else value


def reverb_is_on(patch):
    return any(fx["type"] == "reverb" and fx["enabled"] and fx.get("mix", 0) >= 0.2 for fx in patch["modules"]["fx"])
