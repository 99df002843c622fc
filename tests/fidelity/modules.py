"""One case of a module on both sides: rendered, measured, judged."""
import base64, copy, functools, json
import numpy as np
import ablate, measures, patches, pictures
from oracle import Vital
from probe import Probe

WORKER = {}
SILENT = 1e-4                                        # peak; -80 dBFS


def start(probe, cache):
    """What a worker process keeps: our probe and Vital's renders."""
    WORKER.update(probe=Probe(probe), vital=Vital(cache))


def constant():
    """The imported wavetable that is 1 everywhere, as patches name it; the probe knows it from now on."""
    probe = WORKER["probe"]
    if WORKER.get("constant_of") is not probe.process:
        preset, _ = probe.export(patches.new())
        table = preset["settings"]["wavetables"][0]; table.update(remove_all_dc=False, full_normalize=False)
        for keyframe in table["groups"][0]["components"][0]["keyframes"]:
            keyframe["wave_data"] = base64.b64encode(np.ones(2048, "<f4").tobytes()).decode()
        kept = probe.out.with_suffix(".vital"); kept.write_text(json.dumps(preset))
        answer = probe.ask(**{"import": str(kept)})
        if answer["patch"]["modules"]["osc"][0]["wavetable"]["source"] != "asset": raise ValueError("the import carries no wavetable")
        WORKER.update(constant_of=probe.process, constant=answer["patch"]["modules"]["osc"][0]["wavetable"])
    return WORKER["constant"]


def playable(patch):
    """The patch with the constant wavetable where it asks for it."""
    if patch["modules"]["osc"][0]["wavetable"]["name"] != patches.CONSTANT: return patch
    patch = copy.deepcopy(patch); patch["modules"]["osc"][0]["wavetable"] = constant()
    return patch


def both(case, wrong=None):
    """Vital's render of what the patch exports to, and ours of the patch."""
    probe = WORKER["probe"]; played = (case.note, case.velocity, case.hold, case.total, case.warm_up)
    patch = playable(case.patch)
    preset, lost = probe.export(patch)
    vital = WORKER["vital"].render(preset, *played)
    ours, _ = probe.render(ablate.ablated(patch, wrong), *played)
    return vital, ours, lost


@functools.lru_cache(64)
def _dry(patch, played):
    preset, _ = WORKER["probe"].export(json.loads(patch))
    return WORKER["vital"].render(preset, *played)


def dry(case):
    """Vital's render without the filter, where the case's response is taken against one."""
    if case.dry is None or "response" not in case.measures: return None
    return _dry(json.dumps(case.dry, sort_keys=True), (case.note, case.velocity, case.hold, case.total, case.warm_up))


def judged(task):
    """What was measured of one case: values by measure, and what failed."""
    case, wrong = task
    out = {"cohort": case.cohort, "name": case.name, "note": case.note, "values": {}, "faults": [], "lost": []}
    try:
        vital, ours, out["lost"] = both(case, wrong)
        wanted = round(case.total * measures.RATE)
        if ours.shape[1] < wanted: out["faults"].append(f"{ours.shape[1]} frames, not {wanted}")
        n = min(ours.shape[1], vital.shape[1])
        if not np.isfinite(ours).all(): raise ValueError("not finite")
        if np.abs(vital).max() < SILENT:
            if np.abs(ours).max() >= 2 * SILENT: out["faults"].append("Vital is silent here, ours is not")
            return {**out, "silent": True, "failed": []}
        pair = measures.Pair(vital[:, :n], ours[:, :n], 440 * 2 ** ((case.note - 69) / 12), case.hold, dry(case))
        out["values"] = {name: float(measures.ALL[name](pair)) for name in case.measures}
    except (ValueError, RuntimeError) as error:
        out["faults"].append(str(error)[:300])
    out["failed"] = [name for name, value in out["values"].items() if not abs(value) <= measures.BARS[name]]
    return out


def drawn(task):
    """Writes the pictures and sounds of one case."""
    case, wrong, folder, name = task
    vital, ours, _ = both(case, wrong)
    n = min(vital.shape[1], ours.shape[1])
    pictures.picture(folder, name, vital[:, :n], ours[:, :n])
