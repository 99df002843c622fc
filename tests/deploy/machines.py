"""systemd units: known keys and values by systemd's own word, and how much of the machine they open."""

import subprocess
import tempfile
from pathlib import Path

from containers import seconds, shutdown_grace

# What instances of a template are called here.
INSTANCES = {"songwalker-api@": "7761", "songwalker-worker@": "1", "songwalker-scheduler@": "1"}
# The exposure that `systemd-analyze security` may count, of 100.
MOST_EXPOSED = 20


def units(bench):
    analyze = bench.tool("systemd-analyze")
    grace = shutdown_grace(bench.root)
    sources = sorted((bench.deploy / "systemd").glob("*.service"))
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        for source in sources:
            text = source.read_text()
            # The program is not installed here; that it is asked for by this name is looked at elsewhere.
            text = text.replace("/usr/local/bin/songwalker", "/bin/true")
            instance = INSTANCES.get(source.stem)
            unit = folder / (f"{source.stem}{instance}.service" if instance else source.name)
            if source.stem.endswith("@") and not instance:
                yield f"{source.name}: no instance of it is known to this check"
                continue
            unit.write_text(text)
            verify = [analyze, "verify", "--man=no", str(unit)]
            said = subprocess.run(verify, capture_output=True, text=True, check=False)
            lines = [line for line in said.stderr.splitlines() if unit.name in line or source.stem in line]
            yield from (f"{source.name}: {line}" for line in lines)
            if said.returncode != 0 and not lines:
                yield f"{source.name}: {said.stderr.strip() or 'refused'}"
            secure = [analyze, "security", "--offline=yes", "--no-pager", f"--threshold={MOST_EXPOSED}", str(unit)]
            if (done := subprocess.run(secure, capture_output=True, text=True, check=False)).returncode != 0:
                told = [line for line in done.stdout.splitlines() if "exposure" in line.lower()]
                yield f"{source.name}: is more exposed than {MOST_EXPOSED / 10}: {' '.join(told[-1:])}"
            settings = dict(line.split("=", 1) for line in text.splitlines() if "=" in line and line[0] not in "#[")
            if settings.get("Type") == "oneshot":
                continue
            if seconds(settings.get("TimeoutStopSec", "0")) < grace + 10:
                yield f"{source.name}: is killed {settings.get('TimeoutStopSec')} after it was asked to stop"
            if settings.get("OOMPolicy") != "continue":
                yield f"{source.name}: one rendering process out of memory ends the service (OOMPolicy)"
