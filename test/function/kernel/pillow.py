"""Pillow's resize of the cases that stand on stdin as JSON: an upright crop of each, as base64, in a list on stdout."""

import base64
import json
import sys

from PIL import Image

FILTERS = {
    "nearest": Image.Resampling.NEAREST,
    "box": Image.Resampling.BOX,
    "linear": Image.Resampling.BILINEAR,
    "hamming": Image.Resampling.HAMMING,
    "cubic": Image.Resampling.BICUBIC,
    "lanczos3": Image.Resampling.LANCZOS,
}
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def resize(case):
    mode = "RGB" if case["channels"] == 3 else "L"
    image = Image.frombytes(mode, (case["width"], case["height"]), base64.b64decode(case["pixels"]))
    if case["orientation"] in UPRIGHT:
        image = image.transpose(UPRIGHT[case["orientation"]])
    plan = case["plan"]
    image = image.resize((plan["resize"]["width"], plan["resize"]["height"]), FILTERS[case["filter"]], box=case.get("box"))
    left, top = plan["left"], plan["top"]
    image = image.crop((left, top, left + plan["output"]["width"], top + plan["output"]["height"]))
    return base64.b64encode(image.convert("RGB").tobytes()).decode()


json.dump([resize(case) for case in json.load(sys.stdin)], sys.stdout)
