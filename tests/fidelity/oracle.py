"""Vital's side: renders that repeat (`conformance/vital_oracle.py`), kept on disk by what they are made of."""
import hashlib, json, os, pathlib, sys
import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "conformance"))


class Vital:
    def __init__(self, cache):
        self.cache = pathlib.Path(cache)
        self.cache.mkdir(parents=True, exist_ok=True)

    def render(self, preset, note, velocity, hold, total, warm_up):
        """(2, N) float64 at 44.1 kHz. Only the settings of a preset sound: they and the note are the key."""
        import vital_oracle
        preset = vital_oracle.settle(preset)
        key = json.dumps([preset["settings"], note, velocity, hold, total, warm_up], sort_keys=True)
        path = self.cache / (hashlib.sha256(key.encode()).hexdigest() + ".npy")
        if path.exists(): return np.load(path).astype(np.float64)
        sound = vital_oracle.render(preset, note, velocity, hold, total, warm_up)
        own = path.with_suffix(f".{os.getpid()}.npy")
        np.save(own, sound.astype(np.float32)); own.replace(path)
        return sound
