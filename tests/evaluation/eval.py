"""Renders the prompts of a prompt file through the product and prints how many it follows.

Usage: eval.py --binary PATH [--prompts FILE] [--split dev] [--only ID] [--json OUT] [--keep DIR] [--no-baselines] [--verbose]
Exit code 1 when something could not be evaluated at all, else 0: the figures are for people to judge.
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import bands  # noqa: E402
import protocol  # noqa: E402
import scoring  # noqa: E402
import tables  # noqa: E402
from product import Product, reverb_is_on  # noqa: E402
from random_prompts import random_prompt  # noqa: E402

PROMPTS = Path(__file__).resolve().parent.parent / "data" / "prompts-dev.json"
CATEGORIES = ["bass", "lead", "pad", "pluck", "keys", "organ", "bell", "mallet", "strings", "brass", "wind", "choir", "vox",
              "guitar", "stab", "arp", "sequence", "drum", "fx", "drone"]


def generate(task):
    """Runs in a worker process. `task`: (key, binary, planner, prompt, seed, folder)."""
    key, binary, planner, prompt, seed, folder = task
    Path(folder).mkdir(parents=True)
    return key, Product(binary, planner).generate(prompt, seed, folder)


def measure(task):
    """Runs in a worker process. `task`: (key, binary, patch, note, hold, wav)."""
    key, binary, patch, note, hold, wav = task
    measured = Product(binary).measure(patch, note, hold, wav)
    return key, measured


class Bench:
    """Answers and measurements of one run; each patch is rendered once per (note, hold)."""

    def __init__(self, binary, planner, folder, pool, keep):
        self.binary, self.planner, self.folder, self.pool, self.keep = binary, planner, Path(folder), pool, keep
        self.answers, self.measured = {}, {}

    def generate_all(self, wanted):
        """`wanted`: {key: (prompt, seed)}. What our prompts are held against is the embedded planner's, always."""
        def planner(key):
            return self.planner if key.startswith("prompt-") else "embedded"
        tasks = [(key, self.binary, planner(key), prompt, seed, str(self.folder / key))
                 for key, (prompt, seed) in wanted.items()]
        self.answers.update(self.pool.map(generate, tasks))

    def measure_all(self, wanted):
        """`wanted`: [(key of the answer, note, hold)]; what has no patch stays unmeasured."""
        fresh = [w for w in dict.fromkeys(wanted) if w not in self.measured and self.answers[w[0]]["patch"]]
        tasks = []
        for key, note, hold in fresh:
            wav = str(self.folder / key / f"note{note}-hold{hold:g}.wav")
            tasks.append(((key, note, hold), self.binary, self.answers[key]["made"]["patch"], note, hold, wav))
        for done, (*_, wav) in zip(self.pool.map(measure, tasks), tasks):
            self.measured[done[0]] = done[1]
            if not self.keep:
                Path(wav).unlink(missing_ok=True)

    def heard(self, key, note, hold):
        return self.measured.get((key, note, hold))


def own_protocol(category):
    return protocol.note_of(category), protocol.category_hold(category)


def prompt_protocol(prompt):
    first = prompt["expect"]["category"][0]
    return protocol.note_of(first), protocol.hold_of(first, prompt["prompt"])


def judge_system(bench, prompts, key_of):
    """Verdicts of one system; `key_of(prompt)` names the answer that it gives to a prompt."""
    wanted = []
    for prompt in prompts:
        key, (note, hold) = key_of(prompt), prompt_protocol(prompt)
        wanted.append((key, note, hold))
        declared = bench.answers[key]["made"].get("category")
        if declared and protocol.note_of(declared) != note:
            wanted.append((key, *own_protocol(declared)))
    bench.measure_all(wanted)
    verdicts = []
    for prompt in prompts:
        key, (note, hold) = key_of(prompt), prompt_protocol(prompt)
        answer, first = bench.answers[key], prompt["expect"]["category"][0]
        declared = answer["made"].get("category")
        at_home = bench.heard(key, *own_protocol(declared)) if declared and protocol.note_of(declared) != note else None
        neutral = None if first == "*" else bench.heard(f"neutral-{first}", *own_protocol(first))
        neutral = None if neutral is None or "fault" in neutral else neutral
        verdicts.append(scoring.verdict(prompt, answer, bench.heard(key, note, hold), neutral, at_home))
    return verdicts


def check_neutrals(bench):
    checked = {}
    for category in CATEGORIES:
        answer, heard = bench.answers[f"neutral-{category}"], bench.heard(f"neutral-{category}", *own_protocol(category))
        if not heard or "fault" in heard:
            checked[category] = answer["faults"] or [heard["fault"] if heard else "no patch"]
            continue
        subcategory = answer["patch"]["meta"].get("subcategory")
        checked[category] = bands.broken(category, heard, subcategory, reverb_is_on(answer["patch"]))
        if answer["made"]["category"] != category:
            checked[category].insert(0, f"declared as {answer['made']['category']}")
    return checked


def evaluate(arguments, folder):
    document = json.loads(Path(arguments.prompts).read_text("utf-8"))
    prompts = [p for p in document["prompts"] if arguments.split in ("all", p.get("split"))
               and (not arguments.only or p["id"] in arguments.only)]
    if not prompts:
        raise SystemExit(f"no prompt of {arguments.prompts} was chosen")
    with ProcessPoolExecutor(2) as pool:
        bench = Bench(str(Path(arguments.binary).resolve()), arguments.planner, folder, pool, bool(arguments.keep))
        wanted = {f"neutral-{c}": (c, protocol.SEED) for c in CATEGORIES}
        wanted |= {f"prompt-{p['id']}": (p["prompt"], protocol.SEED) for p in prompts}
        if arguments.baselines:
            wanted |= {f"random-{p['id']}": random_prompt(i) for i, p in enumerate(prompts)}
        bench.generate_all(wanted)
        bench.measure_all([(f"neutral-{c}", *own_protocol(c)) for c in CATEGORIES])
        systems = {"ours": judge_system(bench, prompts, lambda p: f"prompt-{p['id']}")}
        if arguments.baselines:
            def template_of(prompt):
                declared = bench.answers[f"prompt-{prompt['id']}"]["made"].get("category", "pad")
                return f"neutral-{declared}"
            systems["category only"] = judge_system(bench, prompts, template_of)
            systems["random"] = judge_system(bench, prompts, lambda p: f"random-{p['id']}")
        return prompts, systems, check_neutrals(bench), bench


def written(path, systems, neutrals, bench):
    """The whole result as JSON; what is infinite is null."""
    def finite(value):
        if isinstance(value, float) and value in (float("inf"), float("-inf")) or value != value:
            return None
        if isinstance(value, dict):
            return {k: finite(v) for k, v in value.items()}
        return [finite(v) for v in value] if isinstance(value, list) else value
    measured = {f"{key} note {note} hold {hold:g}": m for (key, note, hold), m in bench.measured.items()}
    result = {"figures": {title: scoring.figures(v) for title, v in systems.items()}, "verdicts": systems,
              "neutrals": neutrals, "measured": measured}
    Path(path).write_text(json.dumps(finite(result), indent=1, ensure_ascii=False) + "\n", "utf-8")


def planned(bench):
    """Who planned the prompts, and what that cost: lines, none where nobody but the embedded planner was asked."""
    told = [answer["made"].get("planner") for key, answer in bench.answers.items() if key.startswith("prompt-")]
    told = [planner for planner in told if planner and planner["asked"] != "embedded"]
    if not told:
        return ""
    words = Counter(p["used"] if not p["fallback"] else f"{p['used']} ({p['fallback']})" for p in told)
    tokens = sum(p["input_tokens"] + p["output_tokens"] for p in told)
    models = ", ".join(sorted({p["model"] for p in told if p["model"]}))
    return (f"planned by {', '.join(f'{who}: {count}' for who, count in words.most_common())}; model {models or 'none'}, "
            f"{sum(p['calls'] for p in told)} calls, {tokens} tokens")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--binary", required=True)
    parser.add_argument("--prompts", default=str(PROMPTS))
    parser.add_argument("--split", default="dev", help="dev, held_out or all")
    parser.add_argument("--planner", default="embedded", choices=["embedded", "hybrid", "llm", "auto"],
                        help="who plans the prompts; a model is the one that SONGWALKER__LLM__... name")
    parser.add_argument("--only", action="append", metavar="ID")
    parser.add_argument("--json", metavar="OUT")
    parser.add_argument("--keep", metavar="DIR", help="keep bundles and renders in this new directory")
    parser.add_argument("--no-baselines", dest="baselines", action="store_false")
    parser.add_argument("--verbose", action="store_true", help="say of every failure what was wanted and what came")
    arguments = parser.parse_args()
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as scratch:
        folder = arguments.keep or scratch
        prompts, systems, neutrals, bench = evaluate(arguments, folder)
        if arguments.json:
            written(arguments.json, systems, neutrals, bench)
    if arguments.verbose:
        print(tables.failures(systems["ours"]), end="\n\n")
    print(tables.by_stratum(systems["ours"]), end="\n\n")
    print(tables.neutrals(neutrals), end="\n\n")
    print(tables.overall(systems))
    if planned(bench):
        print(f"\n{planned(bench)}")
    print(f"\n{len(prompts)} prompts, {len(bench.answers)} patches, {len(bench.measured)} renders "
          f"in {time.monotonic() - started:.0f} s")
    return 1 if any(a["crashed"] for a in bench.answers.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
