"""Collects real pictures into pools (see generate.py) and into the two sets that training never sees.

    python collect.py triage FOLDER POOL VALIDATION.npz     pictures named by sources.tsv, as <label>/<number>.jpg
    python collect.py folder FOLDER POOL NAME LABEL         every picture below a folder, all of one label
    python collect.py debian POOL HELD.npz DEBS             pictures and pages of the Debian packages of packages.tsv

An .npz holds views as the function makes them: x uint8 [N, 224, 224, 3] and y [N], the place of the label in LABELS.
"""
import argparse
import random
import re
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from generate import to_pool_size, write_pool
from model import LABELS
from pictures import blank

HERE = Path(__file__).parent
BLANKS = 120  # generated blank pictures of the validation set: there are no real ones
Image.MAX_IMAGE_PIXELS = 100_000_000


def flat(im):
    """Upright, without alpha: over white, as the function does it."""
    im = ImageOps.exif_transpose(im)
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        im = Image.alpha_composite(Image.new("RGBA", im.size, (255, 255, 255, 255)), im)
    return im.convert("RGB")


def view(im):
    """Shorter side 256 (Lanczos), the middle 224 x 224: uint8 [224, 224, 3]."""
    a = to_pool_size(im)
    y, x = (a.shape[0] - 224) // 2, (a.shape[1] - 224) // 2
    return a[y:y + 224, x:x + 224]


def write_views(path, pictures):
    """Writes (picture, label) pairs as one .npz."""
    x, y = zip(*((view(im), LABELS.index(label)) for im, label in pictures))
    np.savez_compressed(path, x=np.stack(x), y=np.array(y))


def rows(name):
    with open(HERE / name, newline="") as lines:
        return [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]


def corrections():
    """{'label/number': label, or '-' for a picture to leave out}."""
    out = {}
    for span, label in rows("corrections.tsv"):
        folder, numbers = span.split("/")
        first, last = (numbers.split("-") * 2)[:2]
        out.update({f"{folder}/{n:04}": label for n in range(int(first), int(last) + 1)})
    return out


def collect_triage(folder, pool, validation):
    held, fixed = dict(rows("validation.tsv")[1:]), corrections()
    train = []
    for file, _ in rows("sources.tsv")[1:]:
        label = fixed.get(file.rsplit(".", 1)[0], file.split("/")[0])
        if file not in held and label != "-":
            train.append((file, label))
    write_pool(pool, "real", (to_pool_size(flat(Image.open(folder / f))) for f, _ in train), [label for _, label in train])
    views = [(flat(Image.open(folder / f)), label) for f, label in held.items()]
    views += [(blank.draw(random.Random(f"validation-{k}")), "blank") for k in range(BLANKS)]
    write_views(validation, views)
    print(f"{len(train)} pictures to train with, {len(views)} to validate with")


def collect_folder(folder, pool, name, label):
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    write_pool(pool, name, (to_pool_size(flat(Image.open(f))) for f in files), [label] * len(files))
    print(f"{name}: {len(files)}")


def pages(rng, file, most):
    """Up to `most` pages of a PDF as pictures, spread over it."""
    info = subprocess.run(["pdfinfo", file], capture_output=True, text=True, errors="replace").stdout
    found = re.search(r"^Pages:\s+(\d+)", info, re.M)
    for page in sorted(rng.sample(range(1, int(found[1]) + 1), min(most, int(found[1])))) if found else []:
        with tempfile.TemporaryDirectory() as folder:
            subprocess.run(["timeout", "20", "pdftoppm", "-r", str(rng.choice([60, 80, 100])), "-f", str(page), "-l", str(page), file, f"{folder}/page"],
                           capture_output=True)
            for out in Path(folder).iterdir():
                yield flat(Image.open(out))


def drawing(rng, file):
    """An SVG icon on a plain ground, most often white."""
    with tempfile.NamedTemporaryFile(suffix=".png") as out:
        subprocess.run(["rsvg-convert", "-w", "256", "-h", "256", "-o", out.name, file], capture_output=True)
        return on_ground(rng, Image.open(out.name).convert("RGBA"))


def on_ground(rng, mark):
    """A transparent mark on a ground, with a margin."""
    ground = (255, 255, 255) if rng.random() < 0.55 else rng.choice([(0, 0, 0), (30, 30, 34), *[tuple(rng.randrange(256) for _ in range(3))] * 3])
    side = int(max(mark.size) * rng.uniform(1.0, 1.5))
    im = Image.new("RGB", (side, side), ground)
    im.paste(mark, ((side - mark.width) // 2, (side - mark.height) // 2), mark)
    return im


def usable(im, label):
    """Big enough, not a strip, and not empty."""
    small = 48 if label == "icon" else 160
    return min(im.size) >= small and max(im.size) <= 4 * min(im.size) and np.asarray(im.resize((64, 64)), np.float32).std() > 4


def pictures_of(rng, root, label, pattern, limit):
    """Up to `limit` pictures of the files below `root` whose path matches `pattern`."""
    files = sorted(f for f in root.rglob("*") if f.is_file() and not f.is_symlink() and re.search(pattern, str(f.relative_to(root))))
    rng.shuffle(files)
    documents = [f for f in files if f.suffix == ".pdf"]
    each = max(1, min(8, round(limit / len(documents)))) if documents else 0
    count = 0
    for f in files:
        try:
            if f.suffix == ".pdf":
                found = pages(rng, f, each)
            elif f.suffix == ".svg":
                found = [drawing(rng, f)]
            else:
                im = Image.open(f)
                found = [on_ground(rng, im.convert("RGBA")) if label == "icon" else flat(im)]
            for im in found:
                if count < limit and usable(im, label):
                    count += 1
                    yield im
        except (OSError, ValueError, Image.DecompressionBombError):
            continue  # a broken file of a package is no picture
        if count >= limit:
            return


def collect_debian(pool, held, debs):
    """packages.tsv: package, version, label, pattern of paths, most pictures, and `held` or `train`."""
    views = []
    for package, version, label, pattern, limit, use in rows("packages.tsv")[1:]:
        archive = next(iter(debs.glob(f"{package}_*.deb")), None)
        if archive is None:
            print(f"{package}: not there, skipped (apt-get download {package}={version})", flush=True)
            continue
        rng = random.Random(f"{package}-{label}")
        with tempfile.TemporaryDirectory() as root:
            subprocess.run(["dpkg", "-x", archive, root], check=True)
            found = pictures_of(rng, Path(root), label, pattern, int(limit))
            if use == "held":
                views += [(Image.fromarray(to_pool_size(im)), label) for im in found]
                print(f"{package}: {len(views)} held so far", flush=True)
            else:
                arrays = [to_pool_size(im) for im in found]
                write_pool(pool, f"debian-{label}-{package}", arrays, [label] * len(arrays))
                print(f"{package}: {len(arrays)} {label}", flush=True)
    write_views(held, views)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("kind", choices=["triage", "folder", "debian"])
    parser.add_argument("rest", nargs="+")
    args = parser.parse_args()
    if args.kind == "triage":
        collect_triage(*map(Path, args.rest))
    elif args.kind == "folder":
        folder, pool, name, label = args.rest
        collect_folder(Path(folder), Path(pool), name, label)
    else:
        collect_debian(*map(Path, args.rest))
