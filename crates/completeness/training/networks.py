"""The two networks. Both are plain convolutions, so that any runtime runs them."""

import torch
from torch import nn
from torch.nn import functional as F

STRIDE = 8


def conv(inputs, outputs, stride=1, size=3):
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, size, stride, size // 2, bias=False),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
    )


class Residual(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.first = conv(channels, channels)
        self.second = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1, bias=False), nn.BatchNorm2d(channels)
        )

    def forward(self, x):
        return F.relu(x + self.second(self.first(x)))


def grown(x):
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


# Blocks of EfficientNet-Lite0 (Tan and Le 2019, table 1): kernel, stride, growth, outputs.
BLOCKS = [(3, 1, 1, 16), (3, 2, 6, 24), (3, 1, 6, 24), (5, 2, 6, 40), (5, 1, 6, 40), (3, 2, 6, 80)]
BLOCKS += [(3, 1, 6, 80)] * 2 + [(5, 1, 6, 112)] * 3 + [(5, 2, 6, 192)]
FROZEN = 5  # the first blocks see edges, colours and textures: what they learnt from photographs is kept


def same_padding(size, stride):
    """Pixels before and after, as TensorFlow pads what has an even side."""
    return (size - stride) // 2, (size - stride + 1) // 2


class Same(nn.Sequential):
    """A convolution with TensorFlow's padding, its statistics, and ReLU6 unless it is the last."""

    def __init__(self, inputs, outputs, size=1, stride=1, groups=1, bent=True):
        before, after = same_padding(size, stride)
        parts = [nn.ZeroPad2d((before, after, before, after))] if size > 1 else []
        parts += [
            nn.Conv2d(inputs, outputs, size, stride, groups=groups, bias=False),
            nn.BatchNorm2d(outputs, eps=1e-3),
        ]
        super().__init__(*parts, *([nn.ReLU6(inplace=True)] if bent else []))


class Block(nn.Module):
    def __init__(self, inputs, size, stride, growth, outputs):
        super().__init__()
        inner = inputs * growth
        self.parts = nn.Sequential(
            *([Same(inputs, inner)] if growth > 1 else []),
            Same(inner, inner, size, stride, groups=inner),
            Same(inner, outputs, bent=False),
        )
        self.skips = stride == 1 and inputs == outputs

    def forward(self, x):
        return x + self.parts(x) if self.skips else self.parts(x)


class Trunk(nn.Module):
    """EfficientNet-Lite0 up to its twelfth block: maps at stride 8, 16 and 32."""

    def __init__(self):
        super().__init__()
        self.stem = Same(3, 32, 3, 2)
        inputs = [32] + [outputs for *_, outputs in BLOCKS]
        self.blocks = nn.ModuleList(Block(width, *block) for width, block in zip(inputs, BLOCKS))

    def forward(self, x):
        with torch.no_grad():
            x = self.stem((x - 127 / 255) * (255 / 128))
            for block in self.blocks[:FROZEN]:
                x = block(x)
        eighth = x
        for block in self.blocks[FROZEN:-1]:
            x = block(x)
        return eighth, x, self.blocks[-1](x)

    def train(self, mode=True):
        super().train(mode)
        for part in (self.stem, *self.blocks[:FROZEN]):
            part.eval()
        return self

    def load_photographs(self, path):
        """Weights learnt from ImageNet: both list the same layers in the same order."""
        learnt = torch.load(path, map_location="cpu", weights_only=True)
        learnt = [v for k, v in learnt.items() if k.startswith(("_conv_stem", "_bn0", "_blocks"))]
        self.load_state_dict(dict(zip(self.state_dict(), learnt)))


class Panels(nn.Module):
    """Centres of panels at stride 8: scores of the classes and distances to the four sides."""

    def __init__(self, classes):
        super().__init__()
        self.trunk = Trunk()
        self.context = nn.Linear(192, 64)
        self.from_last, self.from_sixteenth = conv(192, 64, size=1), conv(112, 64, size=1)
        self.from_eighth, self.mixed = conv(40, 64, size=1), conv(64, 64)
        self.scores = nn.Sequential(conv(64, 64), nn.Conv2d(64, classes, 1))
        self.sides = nn.Sequential(conv(64, 64), nn.Conv2d(64, 4, 1))
        nn.init.constant_(self.scores[-1].bias, -4.0)
        nn.init.constant_(self.sides[-1].bias, 1.0)

    def maps(self, x):
        """Logits of the classes, and left, top, right, bottom in pixels."""
        eighth, sixteenth, last = self.trunk(x)
        context = self.context(last.mean((2, 3)))[:, :, None, None]
        up = grown(self.from_last(last) + context) + self.from_sixteenth(sixteenth)
        up = self.mixed(grown(up) + self.from_eighth(eighth))
        return self.scores(up), self.sides(up).clamp(-3, 4).exp() * STRIDE

    def forward(self, x):
        """YOLO's form: [batch, 4 + classes, cells] with centre x, y, width, height in pixels."""
        logits, sides = self.maps(x)
        rows, columns = sides.shape[2], sides.shape[3]
        y = (torch.arange(rows, device=x.device, dtype=x.dtype) + 0.5) * STRIDE
        x_ = (torch.arange(columns, device=x.device, dtype=x.dtype) + 0.5) * STRIDE
        left, top, right, bottom = sides.unbind(1)
        boxes = torch.stack(
            [
                x_[None, None, :] + (right - left) / 2,
                y[None, :, None] + (bottom - top) / 2,
                left + right,
                top + bottom,
            ],
            1,
        )
        return torch.cat([boxes, logits.sigmoid()], 1).flatten(2)


class Lettering(nn.Module):
    """How likely each fourth pixel lies in the core of a line, of a side mark, of a bar code."""

    def __init__(self):
        super().__init__()
        self.stem = conv(1, 12, 2)
        self.quarter = nn.Sequential(conv(12, 24, 2), conv(24, 24))
        self.eighth = nn.Sequential(conv(24, 40, 2), Residual(40))
        self.sixteenth = nn.Sequential(conv(40, 64, 2), Residual(64))
        self.from_sixteenth, self.from_eighth = conv(64, 32, size=1), conv(40, 32, size=1)
        self.from_quarter, self.mixed_eighth = conv(24, 24, size=1), conv(32, 24)
        self.mixed_quarter = conv(24, 24)
        self.answer = nn.Conv2d(24, 3, 1)
        nn.init.constant_(self.answer.bias, -3.0)

    def maps(self, x):
        quarter = self.quarter(self.stem(x))
        eighth = self.eighth(quarter)
        up = grown(self.from_sixteenth(self.sixteenth(eighth))) + self.from_eighth(eighth)
        up = grown(self.mixed_eighth(up)) + self.from_quarter(quarter)
        return self.answer(self.mixed_quarter(up))

    def forward(self, x):
        return self.maps(x).sigmoid()
