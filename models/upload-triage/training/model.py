"""MobileNet v1 (Howard et al. 2017, table 1) of half the width for seven classes, 160 x 160."""
import torch
from torch import nn

SIZE, WIDTH = 160, 0.5
FEATURES = int(1024 * WIDTH)
LABELS = ["barcode", "blank", "chart", "document", "icon", "photo", "screenshot"]
# (input channels, output channels, stride) of the 13 depthwise-separable blocks at full width.
BLOCKS = [(32, 64, 1), (64, 128, 2), (128, 128, 1), (128, 256, 2), (256, 256, 1), (256, 512, 2),
          *[(512, 512, 1)] * 5, (512, 1024, 2), (1024, 1024, 1)]


class Clip6(torch.autograd.Function):
    """ReLU6 whose gradient works in bfloat16 on a CPU, too."""

    @staticmethod
    def forward(ctx, x):
        y = x.clamp(0, 6)
        ctx.save_for_backward(y)
        return y

    @staticmethod
    def backward(ctx, g):
        y, = ctx.saved_tensors
        return g * ((y > 0) & (y < 6))


class ConvBN(nn.Module):
    """Convolution, batch norm, ReLU (fast, for most of the training) or ReLU6 (the last part, and the product).

    Stride 2 pads 0 before and 1 after, as the published graphs do.
    """

    def __init__(self, i, o, k, stride=1, groups=1):
        super().__init__()
        self.k, self.stride, self.six = k, stride, False
        self.conv = nn.Conv2d(i, o, k, stride, 0 if stride == 2 else k // 2, groups=groups, bias=False)
        self.bn = nn.BatchNorm2d(o)
        nn.init.kaiming_normal_(self.conv.weight, mode="fan_out")

    def forward(self, x):
        if self.stride == 2:
            x = nn.functional.pad(x, (0, 1, 0, 1))
        x = self.bn(self.conv(x))
        return Clip6.apply(x) if self.six else torch.relu_(x)


class MobileNetV1(nn.Module):
    """[N, 3, S, S] in [-1, 1] -> logits [N, 7]; `features` gives the pooled [N, 1024 * width]."""

    def __init__(self, classes=len(LABELS), width=WIDTH, dropout=0.1):
        super().__init__()
        layers = [ConvBN(3, int(32 * width), 3, 2)]
        for i, o, s in BLOCKS:
            i, o = int(i * width), int(o * width)
            layers += [ConvBN(i, i, 3, s, i), ConvBN(i, o, 1)]
        self.body = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(int(1024 * width), classes)

    def features(self, x):
        return self.body(x).mean((2, 3))

    def forward(self, x):
        return self.head(self.dropout(self.features(x)))

    def use_relu6(self):
        for layer in self.body:
            layer.six = True
