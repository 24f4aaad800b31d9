"""Preprocessing with Pillow and NumPy, driven line by line over standard input by pillow.ts.

Usage: pillow.py METHOD SIDE SHORTER_SIDE MEAN STD, with METHOD one of bilinear, lanczos, draft, loops.
Input, one JSON a line: {"paths": [...]} loads pictures into memory, {"run": COUNT} prepares the first COUNT of
them. Output, one JSON a line: versions after loading, and {"latenciesMs", "cpuMs"} after a run.
"""

import io
import json
import sys
import time

import numpy
import PIL
from PIL import Image

method = sys.argv[1]
side, shorter_side = int(sys.argv[2]), int(sys.argv[3])
mean, std = float(sys.argv[4]), float(sys.argv[5])
FILTER = Image.LANCZOS if method == "lanczos" else Image.BILINEAR


def centre(data):
    """Bytes of a picture to its resized centre. `draft` is Pillow's shrink-on-load, which has to be asked for."""
    image = Image.open(io.BytesIO(data))
    if method == "draft":
        image.draft("RGB", (shorter_side, shorter_side))
    image = image.convert("RGB")
    scale = shorter_side / min(image.size)
    width, height = (round(length * scale) for length in image.size)
    image = image.resize((width, height), FILTER)
    left, top = (width - side) // 2, (height - side) // 2
    return image.crop((left, top, left + side, top + side))


def vectorised(image):
    pixels = numpy.asarray(image, dtype=numpy.float32)
    pixels *= 1 / (255 * std)
    pixels -= mean / std
    return numpy.ascontiguousarray(pixels.transpose(2, 0, 1)[numpy.newaxis])


def nested_loops(image):
    """The published baseline's method: three nested loops, a list for every pixel."""
    pixels = image.load()
    rows = []
    for y in range(side):
        row = []
        for x in range(side):
            pixel = []
            for channel in range(3):
                pixel.append((pixels[x, y][channel] / 255 - mean) / std)
            row.append(pixel)
        rows.append(row)
    return numpy.array([rows], dtype=numpy.float32)


normalize = nested_loops if method == "loops" else vectorised
pictures = []

for line in sys.stdin:
    message = json.loads(line)
    if "paths" in message:
        for path in message["paths"]:
            with open(path, "rb") as file:
                pictures.append(file.read())
        answer = {
            "versions": {
                "python": sys.version.split()[0],
                "pillow": PIL.__version__,
                "numpy": numpy.__version__,
            }
        }
    else:
        latencies, cpu = [], time.process_time()
        for data in pictures[: message["run"]]:
            start = time.perf_counter()
            normalize(centre(data))
            latencies.append((time.perf_counter() - start) * 1000)
        answer = {"latenciesMs": latencies, "cpuMs": (time.process_time() - cpu) * 1000}
    print(json.dumps(answer), flush=True)
