"""Recall on sources that nobody trained for: each left-out source is judged by the network of its fold.

    python protocol.py CHECKPOINTS --views MAPS --exact EXACT --duplicates duplicates.json --card ../README.md --full protocol.md

MAPS and EXACT hold what the trunk makes of the views, CHECKPOINTS fold0.pt to fold4.pt, whose training saw every source but those
of its fold. Each is quantised as the product is. The temperature of a fold is fitted on the left-out sources of the other folds; the
product's, which is printed, on those of all. Writes the table of the classes into the model's card and all tables into --full, each
between the two marks of the file, and CHECKPOINTS/judgements.json.
"""
import argparse
import json
import re
from pathlib import Path

import numpy as np
import torch

from generate import NOISE
from memory import maps_of
from model import LABELS
from quantize import all_features, best_temperature, calibration_error, quantised, training_views
from sources import FOLDS, fold_of, read_index
from train import sources_of

FEWEST = 10  # images of a class that a source must have to get a line of its own
UNKNOWN = 0.5  # below this score an answer counts as "unknown"


def judge(args):
    """Rows of (source, image, label, fold) and their INT8 and fp32 logits [N, 7]."""
    index, doubles = read_index(args.exact), json.loads(args.duplicates.read_text())
    folds, rows, logits = fold_of(read_index(args.views)), [], {"INT8": [], "fp32": []}
    for fold in range(FOLDS):
        torch.manual_seed(0)
        layers, floats, head, _ = quantised(args.checkpoints / f"fold{fold}.pt", training_views(args.views, sources_of(args.views, f"fold{fold}")))
        for source in sorted(s for s in index if folds.get(s) == fold):
            maps = maps_of(args.exact, source)
            keep = [k for k in range(len(maps)) if k not in doubles.get(source, [])]
            rows += [(source, k, index[source][k], fold) for k in keep]
            for kind, tail in (("INT8", layers), ("fp32", floats)):
                logits[kind].append(all_features(tail, maps[keep], kind == "INT8") @ head[0].T + head[1])
        print(f"fold {fold}: {len(rows)} images so far", flush=True)
    return rows, {kind: torch.cat(parts) for kind, parts in logits.items()}


def per_source(rows, hit):
    """{label: [(recall, source, images, {what it was taken for})]}, worst first."""
    groups = {}
    for k, (source, _, label, _) in enumerate(rows):
        if label != NOISE:
            groups.setdefault((label, source), []).append(k)
    out = {label: [] for label in LABELS}
    for (label, source), places in groups.items():
        if len(places) >= FEWEST:
            guesses = [LABELS[hit[k]] for k in places]
            wrong = {g: guesses.count(g) for g in set(guesses) if g != label}
            out[label].append((1 - sum(wrong.values()) / len(places), source, len(places), wrong))
    return {label: sorted(found, key=lambda row: row[:3]) for label, found in out.items() if found}


def name(source):
    kind, rest = source.split("-", 1)
    return rest.replace("_", "/", 1) if kind == "triage" else "Debian's " + re.sub(r"^(-|[a-z]+)-", "", rest)


def tables(rows, logits):
    known = [k for k, row in enumerate(rows) if row[2] != NOISE]
    other = [k for k, row in enumerate(rows) if row[2] == NOISE]
    y = torch.tensor([LABELS.index(rows[k][2]) for k in known])
    fold = torch.tensor([row[3] for row in rows])
    scaled = {kind: x.clone() for kind, x in logits.items()}
    for f in range(FOLDS):  # cross-fitted
        fit = fold[known] != f
        t = float(best_temperature(logits["INT8"][known][fit], y[fit]))
        for x in scaled.values():
            x[fold == f] /= t
    temperature = float(best_temperature(logits["INT8"][known], y))
    found = {kind: per_source(rows, x.argmax(1).tolist()) for kind, x in logits.items()}
    mean = lambda kind, label: float(np.mean([row[0] for row in found[kind][label]]))
    overall = {kind: float(np.mean([mean(kind, label) for label in found[kind]])) for kind in found}
    lines = ["| class | sources | images | INT8: mean of the sources | worst source | fp32: mean |", "|---|--:|--:|--:|---|--:|"]
    for label, group in found["INT8"].items():
        recall, source, n, _ = group[0]
        lines.append(f"| {label} | {len(group)} | {sum(g[2] for g in group)} | {mean('INT8', label):.1%} | {recall:.1%}: {name(source)} ({n}) | {mean('fp32', label):.1%} |")
    lines.append(f"| **mean of the classes** | | | **{overall['INT8']:.1%}** | | {overall['fp32']:.1%} |")
    error = {kind: calibration_error(x[known], y) for kind, x in scaled.items()}
    lines += ["", f"Expected calibration error over all of these images, temperatures cross-fitted: {error['INT8']:.3f} (fp32 {error['fp32']:.3f})."]
    short = "\n".join(lines)
    lines += ["", "Every left-out source, INT8:", "", "| class | source | images | recall | taken for |", "|---|---|--:|--:|---|"]
    for label, group in found["INT8"].items():
        for recall, source, n, wrong in group:
            lines.append(f"| {label} | {name(source)} | {n} | {recall:.1%} | {', '.join(f'{g} {k}' for g, k in sorted(wrong.items(), key=lambda w: -w[1]))} |")
    score = scaled["INT8"].softmax(1).amax(1)
    right = scaled["INT8"][known].argmax(1) == y
    lines += ["", f"None of the seven (sources left out in the same way), and the seven themselves, by their highest score:", "",
              f"| source | images | under {UNKNOWN} | under 0.9 |", "|---|--:|--:|--:|"]
    for source in sorted({rows[k][0] for k in other}):
        s = score[[k for k in other if rows[k][0] == source]]
        lines.append(f"| {name(source)} | {len(s)} | {float((s < UNKNOWN).float().mean()):.1%} | {float((s < 0.9).float().mean()):.1%} |")
    s = score[known]
    lines.append(f"| the seven, rightly labelled | {int(right.sum())} | {float((s[right] < UNKNOWN).float().mean()):.1%} | {float((s[right] < 0.9).float().mean()):.1%} |")
    lines.append(f"| the seven, wrongly labelled | {int((~right).sum())} | {float((s[~right] < UNKNOWN).float().mean()):.1%} | {float((s[~right] < 0.9).float().mean()):.1%} |")
    return short, "\n".join(lines), temperature


def write_between_marks(path, text):
    page, start, end = path.read_text(), "<!-- protocol.py writes from here -->\n", "<!-- to here -->"
    if start not in page or end not in page:
        raise SystemExit(f"{path}: expected the marks {start.strip()!r} and {end!r}")
    path.write_text(page[:page.index(start)] + start + "\n" + text + "\n\n" + page[page.index(end):])


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("checkpoints", type=Path)
    parser.add_argument("--views", type=Path, required=True)
    parser.add_argument("--exact", type=Path, required=True)
    parser.add_argument("--duplicates", type=Path, required=True)
    parser.add_argument("--card", type=Path)
    parser.add_argument("--full", type=Path)
    args = parser.parse_args()
    torch.set_num_threads(1)
    rows, logits = judge(args)
    (args.checkpoints / "judgements.json").write_text(json.dumps({"rows": rows, **{kind: x.tolist() for kind, x in logits.items()}}))
    short, full, temperature = tables(rows, logits)
    print(full)
    print(f"temperature {temperature:.3f}")
    if args.card:
        write_between_marks(args.card, short)
    if args.full:
        write_between_marks(args.full, full)


if __name__ == "__main__":
    main()
