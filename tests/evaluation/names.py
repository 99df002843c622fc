"""Plans real patch names and prints how often the category is the one the name tells.

Usage: names.py --planner PATH [--names FILE] [--json OUT] [--all]
The planner is `cargo build --release -p songwalker-generator --example plan`: prompts as lines in, plans as lines out. The names
(Surge XT's, with the folder their designer filed them in) lie beside the workspace and are no part of it.

Most names tell nothing ("Novuo", "Thoughts 4"), so the rule, which never asks the planner:

1. A name says a role where it has words of ROLES, the plain nouns of roles and instruments. The last one is its head.
2. All its roles agree: each is the head's own, or one that a folder of the head holds as well (`AGREE`).
3. The designers agree: of the *other* names with the same head word, at least two thirds lie in a folder that answers the
   head's role. Where no other name has that word, the list of nouns decides alone.

Such a name *tells*. Right is a category that answers its folder (`FOLDERS`): designers file by use, not by instrument.
Folders that name no kind of sound (Synths, Polysynths, Splits, Templates, MPE, Chords, ...) are left out.
Exit code 1 when something could not be planned at all, else 0: the figures are for people to judge.
"""

import argparse
import collections
import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

SUSTAINED = {"pad", "strings", "choir", "vox", "drone"}
FOLDERS = {
    "Basses": {"bass"}, "Bass": {"bass"},
    # Solo instruments are played as leads: flutes, trumpets, a talking synth.
    "Leads": {"lead", "wind", "brass", "vox"},
    # What is held: string machines, choirs and drones are filed under pads.
    "Pads": SUSTAINED,
    # What is played with two hands, struck or not.
    "Keys": {"keys", "organ", "bell", "mallet", "pluck"},
    # What is struck or plucked and dies away.
    "Plucks": {"pluck", "bell", "mallet", "guitar", "keys", "stab"},
    # Sound effects, and hums that go on.
    "FX": {"fx", "drone"},
    "Drums": {"drum"}, "Percussion": {"drum", "mallet", "bell"},
    "Sequences": {"sequence", "arp"}, "Rhythms": {"sequence", "arp"}, "Arps": {"arp", "sequence"},
    "Atmospheres": SUSTAINED | {"fx"}, "Soundscapes": SUSTAINED | {"fx"}, "Ambiance": SUSTAINED | {"fx"},
    "Textures": SUSTAINED | {"fx"},
    # Horns stand among them; mouth organs and pipes are organs to us.
    "Winds": {"wind", "brass", "organ"}, "Brass": {"brass", "wind"},
    # Harps and pizzicati are plucks to us.
    "Strings": {"strings", "pluck"},
    "Guitars": {"guitar", "bass"},
    "Vox": {"vox", "choir"}, "Voices": {"vox", "choir"}, "Vocals": {"vox", "choir"},
    "Organs": {"organ"}, "Bells": {"bell"}, "Mallets": {"mallet", "bell"},
}

# Written from what the words mean to a musician, before any planner was asked.
ROLES = {
    "bass": "bass basses basse bassline sub subbass reese reece 808 donk",
    "lead": "lead leads theremin supersaw",
    "pad": "pad pads texture textures soundscape atmosphere",
    "pluck": "pluck plucks pizz pizzicato harp sitar koto banjo psaltery zither",
    "keys": "keys piano rhodes wurlitzer wurli clav clavinet harpsichord harpsi grand epiano",
    "organ": "organ organs hammond b3 accordion harmonium",
    "bell": "bell bells chime chimes glockenspiel celesta",
    "mallet": "marimba vibraphone xylophone kalimba mallet mallets metallophone",
    "strings": "strings violin viola cello violins erhu",
    "brass": "brass trumpet trombone tuba horn horns flugelhorn",
    "wind": "flute panflute recorder sax saxophone clarinet oboe bassoon contrabassoon shakuhachi duduk ocarina bagpipes whistle pipes",
    "choir": "choir choirs chorale",
    "vox": "vox voice voices vocal vocals vocoder soprano tenor singing talking",
    "guitar": "guitar guitars strum",
    "stab": "stab stabs",
    "arp": "arp arps arpeggio",
    "sequence": "seq sequence sequences sequencer",
    "drum": "drum drums kick kicks snare clap claps hat hats cymbal cymbals tom toms ride crash shaker perc percussion gong conga bongo"
            " timpani cowbell claves hihat tabla",
    "fx": "fx riser alarm siren rainfall thunder fireworks airplane impact whoosh laser explosion noise",
    "drone": "drone drones",
}
ROLE_OF = {word: role for role, words in ROLES.items() for word in words.split()}
# What may stand beside a head and mean the same sound: "String Ensemble", "Glass Piano", "Bell Keys", "Choir Pad".
AGREE = [{"pad", "strings", "choir", "vox", "drone"}, {"keys", "bell", "mallet", "organ", "pluck"}, {"wind", "brass"},
         {"arp", "sequence"}, {"pluck", "guitar"}]
ENOUGH = 2 / 3


def words_of(name):
    """Lower-case words of letters and digits; `CamelCase` is two words, `Hi-Hat` and `E-Piano` are one."""
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower()
    name = re.sub(r"\bhi[- ]hats?\b", "hihat", re.sub(r"\be[- ]piano\b", "epiano", name))
    return re.findall(r"[a-z]+\d*[a-z]*|\d+", name)


def roles_of(name):
    """The role words of a name, in order."""
    return [word for word in words_of(name) if word in ROLE_OF]


def agree(roles):
    return len(set(roles)) == 1 or any(set(roles) <= group for group in AGREE)


def telling(patches):
    """For each patch the role its name tells, or None: the rule above."""
    heads = [(roles_of(p["name"]) or [None])[-1] for p in patches]
    in_folder = collections.defaultdict(list)
    for patch, head in zip(patches, heads):
        if head and patch["category"] in FOLDERS:
            in_folder[head].append(ROLE_OF[head] in FOLDERS[patch["category"]])
    told = []
    for patch, head in zip(patches, heads):
        role = ROLE_OF.get(head)
        if role is None or patch["category"] not in FOLDERS or not agree([ROLE_OF[w] for w in roles_of(patch["name"])]):
            told.append(None)
            continue
        others = len(in_folder[head]) - 1
        answering = sum(in_folder[head]) - (role in FOLDERS[patch["category"]])
        told.append(role if others == 0 or answering / others >= ENOUGH else None)
    return told


def planned(planner, names):
    """The plan of each name."""
    lines = "".join(json.dumps(name) + "\n" for name in names)
    done = subprocess.run([planner], input=lines, capture_output=True, text=True, timeout=120, check=False)
    plans = [json.loads(line) for line in done.stdout.splitlines()]
    if done.returncode != 0 or len(plans) != len(names):
        sys.exit(f"the planner ended with {done.returncode} after {len(plans)} of {len(names)} names: {done.stderr[-400:]}")
    return plans


def share(rows):
    right = sum(row["right"] for row in rows)
    return f"{right:4d} of {len(rows):4d}  {100 * right / max(len(rows), 1):5.1f} %"


def names_file():
    found = [p / "shared/data/patch-names-dev.json" for p in ROOT.parents if (p / "shared/data/patch-names-dev.json").is_file()]
    return found[0] if found else None


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--planner", required=True, help="the planner as a process: lines of JSON in, lines of JSON out")
    parser.add_argument("--names", type=Path, default=names_file(), help="another file of names and folders")
    parser.add_argument("--json", type=Path, help="write every name with its plan and judgement")
    parser.add_argument("--all", action="store_true", help="list the misses among names that do not tell, too")
    options = parser.parse_args()
    if options.names is None:
        sys.exit("no file of patch names: shared/data/patch-names-dev.json does not lie beside the workspace")
    patches = json.loads(options.names.read_text("utf-8"))["patches"]
    rows = []
    for patch, tells, plan in zip(patches, telling(patches), planned(options.planner, [p["name"] for p in patches])):
        if patch["category"] in FOLDERS:
            got, sure = plan["intent"]["category"], plan["intent"]["confidence"]
            heard = ", ".join(f"{h['word']}={h['entry']}" for h in plan["understood"])
            rows.append({"name": patch["name"], "folder": patch["category"], "tells": tells, "category": got, "confidence": sure,
                         "heard": heard, "right": got in FOLDERS[patch["category"]]})
    telling_rows = [row for row in rows if row["tells"]]
    for row in rows:
        if not row["right"] and (row["tells"] or options.all):
            mark = "" if row["tells"] else "  (does not tell)"
            print(f"{row['folder']:13} {row['name']:42} {row['category']:9} {row['confidence']:.2f}  {row['heard']}{mark}")
    print()
    for folder in FOLDERS:
        of_folder = [row for row in telling_rows if row["folder"] == folder]
        if of_folder:
            print(f"{folder:13} {share(of_folder)}")
    print(f"{'names that tell':20} {share(telling_rows)}")
    sure = [row for row in rows if row["confidence"] >= 0.7]
    print(f"{'planner sure (0.7)':20} {share(sure)}")
    print(f"{'all names':20} {share(rows)}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1), "utf-8")


if __name__ == "__main__":
    main()
