"""transformers' arithmetic with Pillow: reads one JSON line per case from stdin, writes the pixels to the file it names."""
import json
import math
import sys

from PIL import Image

for line in sys.stdin:
    case = json.loads(line)
    image = Image.open(case["file"]).convert("RGB")
    width, height = image.size
    if "shorter" in case:
        side = case["shorter"]
        long = int(side * max(width, height) / min(width, height))
        size = (side, long) if width <= height else (long, side)
    else:
        size = tuple(case["exact"])
    image = image.resize(size, case["resample"])
    if "crop" in case:
        crop = case["crop"]
        left = math.floor((image.width - crop) / 2)
        top = math.floor((image.height - crop) / 2)
        image = image.crop((left, top, left + crop, top + crop))
    open(case["out"], "wb").write(image.tobytes())
