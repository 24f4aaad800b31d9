"""MobileNet v1 (Howard et al. 2017) of about half the width: a trunk of eight blocks, distilled, and a tail of two for seven classes."""
import torch
from torch import nn

from norm import NormClip6

SIZE = 192
LABELS = ["barcode", "blank", "chart", "document", "icon", "photo", "screenshot"]
MAP = (384, SIZE // 16, SIZE // 16)  # what the trunk gives for an image: channels, height, width
FEATURES = 512
# (input channels, output channels, stride) of the depthwise-separable blocks.
TRUNK = [(16, 32, 1), (32, 64, 2), (64, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, MAP[0], 1)]
TAIL = [(MAP[0], 512, 2), (512, FEATURES, 1)]


class ConvBN(nn.Module):
    """Convolution, batch norm, ReLU6. Stride 2 pads 0 before and 1 after, as the published graphs do."""

    def __init__(self, i, o, k, stride=1, groups=1):
        super().__init__()
        self.stride = stride
        self.conv = nn.Conv2d(i, o, k, stride, 0 if stride == 2 else k // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(o)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")

    def forward(self, x):
        if self.stride == 2:
            x = nn.functional.pad(x, (0, 1, 0, 1))
        x = self.conv(x)
        if not (self.training and x.dtype == torch.bfloat16):
            return self.bn(x).clamp(0, 6)
        y, mean, var = NormClip6.apply(x, self.bn.weight, self.bn.bias, self.bn.eps)
        self.bn.running_mean.lerp_(mean.float(), self.bn.momentum)
        self.bn.running_var.lerp_(var.float(), self.bn.momentum)
        return y


def blocks(shapes):
    return [layer for i, o, s in shapes for layer in (ConvBN(i, i, 3, s, i), ConvBN(i, o, 1))]


class Trunk(nn.Module):
    """[N, 3, 192, 192] in [-1, 1] -> maps [N, 384, 12, 12] in [0, 6]."""

    def __init__(self):
        super().__init__()
        self.body = nn.Sequential(ConvBN(3, TRUNK[0][0], 3, 2), *blocks(TRUNK))

    def forward(self, x):
        return self.body(x)


class Tail(nn.Module):
    """The trunk's maps [N, 384, 12, 12] in [0, 6] -> logits [N, 7]; `features` gives the pooled [N, 512]."""

    def __init__(self, dropout=0.2):
        super().__init__()
        self.body = nn.Sequential(*blocks(TAIL))
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(FEATURES, len(LABELS))

    def features(self, x):
        return self.body(x).mean((2, 3))

    def forward(self, x):
        return self.head(self.dropout(self.features(x)))
