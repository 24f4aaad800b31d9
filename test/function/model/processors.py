"""transformers' image processors of classifiers, by their code's arithmetic, with Pillow and NumPy alone.

Reads a list of cases as JSON: {class, config, width, height, pixels}, pixels as base64 of R, G, B. Writes for each
{values, scores}: `pixel_values` [C, H, W] as base64 of float32, and the scores of a model whose logits are the mean of each
channel: softmax, or sigmoid for `problem: multi_label_classification`.
"""

import base64
import json
import math
import sys

import numpy as np
from PIL import Image

IMAGENET = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225])
HALF = ([0.5, 0.5, 0.5], [0.5, 0.5, 0.5])
CLIP = ([0.48145466, 0.4578275, 0.40821073], [0.26862954, 0.26130258, 0.27577711])


def exact(image, height, width, resample):
    return image.resize((width, height), resample)


def shortest_edge(image, edge, resample):
    width, height = image.size
    short, long = (width, height) if width <= height else (height, width)
    other = int(edge * long / short)
    return image.resize((edge, other) if width <= height else (other, edge), resample)


def center_crop(pixels, height, width):
    old_height, old_width = pixels.shape[:2]
    top, left = (old_height - height) // 2, (old_width - width) // 2
    if top >= 0 and left >= 0 and top + height <= old_height and left + width <= old_width:
        return pixels[top:top + height, left:left + width]
    new_height, new_width = max(height, old_height), max(width, old_width)
    padded = np.zeros((new_height, new_width) + pixels.shape[2:], pixels.dtype)
    top_pad, left_pad = math.ceil((new_height - old_height) / 2), math.ceil((new_width - old_width) / 2)
    padded[top_pad:top_pad + old_height, left_pad:left_pad + old_width] = pixels
    top, left = top + top_pad, left + left_pad
    return padded[max(0, top):min(new_height, top + height), max(0, left):min(new_width, left + width)]


def normalize(pixels, mean, std):
    return (pixels - np.asarray(mean)) / np.asarray(std)


def sizes(value):
    return (value, value) if isinstance(value, int) else (value["height"], value["width"])


def statistics(config, default):
    mean, std = config.get("image_mean", default[0]), config.get("image_std", default[1])
    return [np.broadcast_to(np.asarray(value, float), 3) for value in (mean, std)]


def plain(config, image, *, square, size, resample, crop, default):
    """ViT, DeiT, BEiT, SigLIP, PVT (square) and CLIP, BiT, MobileNet (shorter side)."""
    size, resample = config.get("size", size), config.get("resample", resample)
    if isinstance(size, dict) and "shortest_edge" in size:
        image = shortest_edge(image, size["shortest_edge"], resample)
    elif isinstance(size, int) and not square:
        image = shortest_edge(image, size, resample)
    else:
        image = exact(image, *sizes(size), resample)
    pixels = np.asarray(image)
    if config.get("do_center_crop", crop is not None):
        pixels = center_crop(pixels, *sizes(config.get("crop_size", crop)))
    return normalize(pixels / 255, *statistics(config, default))


def convnext(config, image):
    size = config.get("size", 384)
    edge = size if isinstance(size, int) else size["shortest_edge"]
    resample = config.get("resample", 2)
    if edge < 384:
        image = shortest_edge(image, int(edge / config.get("crop_pct", 224 / 256)), resample)
        pixels = center_crop(np.asarray(image), edge, edge)
    else:
        pixels = np.asarray(exact(image, edge, edge, resample))
    return normalize(pixels / 255, *statistics(config, IMAGENET))


def efficientnet(config, image):
    pixels = np.asarray(exact(image, *sizes(config.get("size", 346)), config.get("resample", 0))) / 255
    mean, std = statistics(config, IMAGENET)
    pixels = normalize(pixels, mean, std)
    return normalize(pixels, [0, 0, 0], std) if config.get("include_top", True) else pixels


def levit(config, image):
    size = config.get("size", 224)
    edge = size if isinstance(size, int) else size["shortest_edge"]
    pixels = np.asarray(shortest_edge(image, int((256 / 224) * edge), config.get("resample", 3)))
    if config.get("do_center_crop", True):
        pixels = center_crop(pixels, *sizes(config.get("crop_size", 224)))
    return normalize(pixels / 255, *statistics(config, IMAGENET))


def poolformer(config, image):
    size, ratio = config.get("size", 224), config.get("crop_pct", 0.9)
    edge = size if isinstance(size, int) else size["shortest_edge"]
    pixels = np.asarray(shortest_edge(image, int(edge / ratio), config.get("resample", 3)))
    pixels = center_crop(pixels, *sizes(config.get("crop_size", 224)))
    return normalize(pixels / 255, *statistics(config, IMAGENET))


def mobilevit(config, image):
    size = config.get("size", 224)
    edge = size if isinstance(size, int) else size["shortest_edge"]
    pixels = np.asarray(shortest_edge(image, edge, config.get("resample", 2)))
    pixels = center_crop(pixels, *sizes(config.get("crop_size", 256))) / 255
    return pixels[..., ::-1] if config.get("do_flip_channel_order", True) else pixels


def timm(config, image):
    """torchvision's Resize and CenterCrop, which rounds half to even."""
    side = config["input_size"][1]
    filters = {"bilinear": 2, "bicubic": 3, "lanczos": 1, "nearest": 0}
    resample = filters[config.get("interpolation", "bicubic")]
    image = shortest_edge(image, math.floor(side / config.get("crop_pct", 0.875)), resample)
    left, top = int(round((image.width - side) / 2.0)), int(round((image.height - side) / 2.0))
    pixels = np.asarray(image.crop((left, top, left + side, top + side)))
    return normalize(pixels / 255, config.get("mean", IMAGENET[0]), config.get("std", IMAGENET[1]))


def gray(config, image):
    pixels = np.asarray(shortest_edge(image.convert("L"), config["size"]["shortest_edge"], config["resample"]))
    pixels = center_crop(pixels, *sizes(config["crop_size"]))[..., None]
    return (pixels / 255 - config["image_mean"]) / config["image_std"]


CLASSES = {
    "ViT": lambda c, i: plain(c, i, square=True, size=224, resample=2, crop=None, default=HALF),
    "Siglip": lambda c, i: plain(c, i, square=True, size=224, resample=3, crop=None, default=HALF),
    "Pvt": lambda c, i: plain(c, i, square=True, size=224, resample=2, crop=None, default=IMAGENET),
    "Beit": lambda c, i: plain(c, i, square=True, size=256, resample=3, crop=224, default=HALF),
    "DeiT": lambda c, i: plain(c, i, square=True, size=256, resample=3, crop=224, default=IMAGENET),
    "CLIP": lambda c, i: plain(c, i, square=False, size=224, resample=3, crop=224, default=CLIP),
    "Bit": lambda c, i: plain(c, i, square=False, size=224, resample=3, crop=224, default=CLIP),
    "MobileNetV1": lambda c, i: plain(c, i, square=False, size=256, resample=2, crop=224, default=HALF),
    "MobileNetV2": lambda c, i: plain(c, i, square=False, size=256, resample=2, crop=224, default=HALF),
    "ConvNext": convnext,
    "EfficientNet": efficientnet,
    "Levit": levit,
    "PoolFormer": poolformer,
    "MobileViT": mobilevit,
    "timm": timm,
    "gray": gray,
}


def evaluate(case):
    image = Image.frombytes("RGB", (case["width"], case["height"]), base64.b64decode(case["pixels"]))
    values = CLASSES[case["class"]](case["config"], image)
    logits = values.mean((0, 1))
    if case.get("problem") == "multi_label_classification":
        scores = 1 / (1 + np.exp(-logits))
    else:
        scores = np.exp(logits - logits.max())
        scores /= scores.sum()
    planes = np.ascontiguousarray(values.transpose(2, 0, 1), "<f4")
    return {"shape": list(planes.shape), "values": base64.b64encode(planes.tobytes()).decode(), "scores": list(scores)}


json.dump([evaluate(case) for case in json.load(sys.stdin)], sys.stdout)
