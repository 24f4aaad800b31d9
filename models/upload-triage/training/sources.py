"""Which images a stage of training may see: sources, and the folds that leave each of them out once.

A source is a repository, a folder, a Debian package or a generator: one pool. folds.tsv has those that are reported on, each
in one fold, whole: spread so that every fold has about as many images of each class. The others are common to all.
"""
import json
from pathlib import Path

from generate import KINDS

HERE = Path(__file__).parent
FOLDS = 5


def read_index(folder):
    """{source: [label, ...]} of a folder of pools or of views."""
    return {f.stem: [row[3] for row in json.loads(f.read_text())] for f in sorted(Path(folder).glob("*.json"))}


def is_generated(source):
    return source.rsplit("-", 1)[0] in KINDS


def fold_of(index):
    """{source: fold} of the sources of an index that are left out once."""
    lines = (HERE / "folds.tsv").read_text().splitlines()[1:]
    folds = {source: int(fold) for source, fold in (line.split("\t") for line in lines)}
    return {source: folds[source] for source in index if source in folds}
