"""Writes vectors.json: what Pillow makes of small images, for machines without it."""
import base64
import json
import random
from pathlib import Path

from PIL import Image

random.seed(1)
KERNELS = ["nearest", "lanczos3", "linear", "cubic", "box", "hamming"]
vectors = []
for width, height, to_width, to_height in [(5, 4, 9, 8), (23, 17, 8, 6)]:
    source = bytes(random.randrange(256) for _ in range(width * height * 3))
    image = Image.frombytes("RGB", (width, height), source)
    for number, kernel in enumerate(KERNELS):
        pixels = image.resize((to_width, to_height), number).tobytes()
        vectors.append(
            {
                "kernel": kernel,
                "source": {"width": width, "height": height, "pixels": base64.b64encode(source).decode()},
                "size": {"width": to_width, "height": to_height},
                "pixels": base64.b64encode(pixels).decode(),
            }
        )
Path(__file__).with_name("vectors.json").write_text(json.dumps(vectors, indent=2) + "\n")
