"""What one note of a preset costs in Vital's own engine, as a share of real time: one line of JSON."""

import argparse
import json
import statistics
import time
from pathlib import Path

import vita

SECONDS = 5.0
RUNS = 5


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("preset", type=Path)
    preset = parser.parse_args().preset
    synth = vita.Synth()
    assert synth.load_json(preset.read_text()), preset
    costs = []
    for _ in range(RUNS):
        began = time.process_time()
        synth.render(48, 0.8, SECONDS, SECONDS)
        costs.append((time.process_time() - began) / SECONDS)
    print(json.dumps({"share": statistics.median(costs)}))


main()
