"""Collects real images into pools (see generate.py).

    python collect.py triage FOLDER POOL               images named by sources.tsv, as <label>/<number>.jpg
    python collect.py folder FOLDER POOL NAME LABEL    every image below a folder, all of one label
    python collect.py debian POOL DEBS                 images and pages of the Debian packages of packages.tsv

Each pool is one source: a repository, a folder or a package.
"""
import argparse
import io
import random
import re
import subprocess
import tempfile
from multiprocessing import Pool as Workers
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from generate import to_pool_size, write_pool

HERE = Path(__file__).parent
Image.MAX_IMAGE_PIXELS = 100_000_000


def flat(im):
    """Upright, without alpha: over white, as the function does it."""
    im = ImageOps.exif_transpose(im)
    if im.mode in ("RGBA", "LA", "PA") or "transparency" in im.info:
        im = im.convert("RGBA")
        im = Image.alpha_composite(Image.new("RGBA", im.size, (255, 255, 255, 255)), im)
    return im.convert("RGB")


def rows(name):
    with open(HERE / name, newline="") as lines:
        return [line.rstrip("\n").split("\t") for line in lines if line.strip() and not line.startswith("#")]


def corrections():
    """{'label/name': label, or '-' for an image to leave out}; a row names one file or a range of numbered ones."""
    out = {}
    for span, label in rows("corrections.tsv"):
        numbers = re.fullmatch(r"(\w+)/(\d{4})(?:-(\d{4}))?", span)
        if numbers:
            folder, first, last = numbers[1], int(numbers[2]), int(numbers[3] or numbers[2])
            out.update({f"{folder}/{n:04}": label for n in range(first, last + 1)})
        else:
            out[span] = label
    return out


def collect_triage(folder, pool):
    """One pool per source: `triage-<owner>_<repository>`."""
    fixed, by_source = corrections(), {}
    for file, address in rows("sources.tsv")[1:]:
        label = fixed.get(file.rsplit(".", 1)[0], file.split("/")[0])
        if label != "-":
            by_source.setdefault(address.split("@")[0].replace("/", "_"), []).append((file, label))
    for source, files in by_source.items():
        images = (to_pool_size(flat(Image.open(folder / file))) for file, _ in files)
        write_pool(pool, f"triage-{source}", images, [label for _, label in files], [file for file, _ in files])
        print(f"{source}: {len(files)}", flush=True)


def collect_folder(folder, pool, name, label):
    files = sorted(f for f in folder.rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))
    write_pool(pool, name, (to_pool_size(flat(Image.open(f))) for f in files), [label] * len(files), [f.name for f in files])
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


def drawn(file):
    """An SVG as RGBA, 256 pixels on its longer side."""
    with tempfile.NamedTemporaryFile(suffix=".png") as out:
        subprocess.run(["timeout", "20", "rsvg-convert", "-a", "-w", "256", "-h", "256", "-o", out.name, file], capture_output=True)
        return Image.open(out.name).convert("RGBA")


def within(file):
    """The WebP images that a Qt resource file holds as they are."""
    data = file.read_bytes()
    for found in re.finditer(rb"RIFF(....)WEBP", data, re.S):
        end = found.start() + 8 + int.from_bytes(found[1], "little")
        yield flat(Image.open(io.BytesIO(data[found.start():end])))


def drawing(rng, file):
    """An SVG icon on a plain ground, most often white."""
    return on_ground(rng, drawn(file))


def on_ground(rng, mark):
    """A transparent mark on a ground, with a margin."""
    ground = (255, 255, 255) if rng.random() < 0.55 else rng.choice([(0, 0, 0), (30, 30, 34), *[tuple(rng.randrange(256) for _ in range(3))] * 3])
    side = int(max(mark.size) * rng.uniform(1.0, 1.5))
    im = Image.new("RGB", (side, side), ground)
    im.paste(mark, ((side - mark.width) // 2, (side - mark.height) // 2), mark)
    return im


def usable(im, label):
    """Big enough, not a strip, and not empty."""
    small = 48 if label in ("icon", "barcode") else 160
    return min(im.size) >= small and max(im.size) <= 4 * min(im.size) and np.asarray(im.resize((64, 64)), np.float32).std() > 4


def images_of(rng, root, label, pattern, limit):
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
            elif f.suffix == ".rcc":
                found = within(f)
            elif f.suffix == ".svg":
                found = [drawing(rng, f) if label == "icon" else flat(drawn(f))]
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


def collect_package(job):
    """One row of packages.tsv -> a pool `debian-<label>-<package>`."""
    pool, debs, (package, version, label, pattern, limit, _) = job
    name = f"debian-{label}-{package}"
    archive = next((f for ending in (".deb", ".orig.tar.*") for f in debs.glob(f"{package}_*{ending}")), None)
    if archive is None:
        return f"{package}: not there, skipped (apt-get download {package}={version})"
    if (pool / f"{name}.json").exists():
        return f"{package}: collected before"
    rng = random.Random(f"{package}-{label}")
    with tempfile.TemporaryDirectory() as root:
        unpack = ["dpkg", "-x", archive, root] if archive.suffix == ".deb" else ["tar", "-xf", archive, "-C", root]
        subprocess.run(unpack, check=True)
        arrays = [to_pool_size(im) for im in images_of(rng, Path(root), label, pattern, int(limit))]
        write_pool(pool, name, arrays, [label] * len(arrays))
    return f"{package}: {len(arrays)} {label}"


def collect_debian(pool, debs):
    """packages.tsv: package, version, label, pattern of paths, most images, use (see folds.py)."""
    with Workers(2) as workers:
        for line in workers.imap_unordered(collect_package, [(pool, debs, row) for row in rows("packages.tsv")[1:]]):
            print(line, flush=True)


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
