"""Which images a stage of training may see: sources, and the folds that leave each of them out once.

A source is a repository, a folder, a Debian package or a generator: one pool. The *common* ones are never reported on, so
that every fold may start from weights that saw them. Each of the others is in one fold, whole.
"""
import json
import zlib
from pathlib import Path

from generate import KINDS, NOISE
from model import LABELS

HERE = Path(__file__).parent
FOLDS = 5


def read_index(folder):
    """{source: [label, ...]} of a folder of pools or of views."""
    return {f.stem: [row[3] for row in json.loads(f.read_text())] for f in sorted(Path(folder).glob("*.json"))}


def is_generated(source):
    return source.rsplit("-", 1)[0] in KINDS


def left_out_packages():
    lines = (HERE / "packages.tsv").read_text().splitlines()[1:]
    return {f"debian-{row[2]}-{row[0]}" for row in (line.split("\t") for line in lines) if row[5] == "fold"}


def fold_of(index):
    """{source: fold} of the sources that are left out once. Greedy: the largest source of a class first, into the fold
    that has the fewest images of that class so far (ties by name)."""
    wanted = left_out_packages()
    sources = {s: labels for s, labels in index.items() if s.startswith("triage-") or s in wanted}
    load = [dict.fromkeys([*LABELS, NOISE], 0) for _ in range(FOLDS)]
    folds = {}
    for source in sorted(sources, key=lambda s: (-len(sources[s]), s)):
        label = max(set(sources[source]), key=sources[source].count)
        start = zlib.crc32(source.encode()) % FOLDS
        fold = min(range(FOLDS), key=lambda k: (load[k][label], sum(load[k].values()), (k - start) % FOLDS))
        folds[source] = fold
        for each in sources[source]:
            load[fold][each] += 1
    return folds
