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


class Panels(nn.Module):
    """Centres of panels at stride 8: scores of the classes and distances to the four sides."""

    def __init__(self, classes):
        super().__init__()
        self.quarter = nn.Sequential(conv(3, 24, 2), conv(24, 32, 2), Residual(32))
        self.eighth = nn.Sequential(conv(32, 56, 2), Residual(56), Residual(56))
        self.sixteenth = nn.Sequential(conv(56, 96, 2), Residual(96), Residual(96))
        self.last = nn.Sequential(conv(96, 128, 2), Residual(128))
        self.context = nn.Linear(128, 128)
        self.from_last, self.from_sixteenth = conv(128, 64, size=1), conv(96, 64, size=1)
        self.from_eighth, self.mixed = conv(56, 64, size=1), conv(64, 64)
        self.scores = nn.Sequential(conv(64, 64), nn.Conv2d(64, classes, 1))
        self.sides = nn.Sequential(conv(64, 64), nn.Conv2d(64, 4, 1))
        nn.init.constant_(self.scores[-1].bias, -4.0)
        nn.init.constant_(self.sides[-1].bias, 1.0)

    def maps(self, x):
        """Logits of the classes, and left, top, right, bottom in pixels."""
        eighth = self.eighth(self.quarter(x))
        sixteenth = self.sixteenth(eighth)
        last = self.last(sixteenth)
        last = last + self.context(last.mean((2, 3)))[:, :, None, None]
        up = grown(self.from_last(last)) + self.from_sixteenth(sixteenth)
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
