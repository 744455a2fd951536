"""Trains the network that finds writing, side marks and bar codes on pictures.

    train_lettering.py IMAGES OUT --minutes N [--begin WEIGHTS --rate R]

OUT gets `lettering.pt`, `lettering.onnx` and `lettering.jsonl`, the manifest of what went in. All
writing is drawn here, over pictures of IMAGES that have little of their own.
"""

import argparse
import pathlib
import time

import cv2
import numpy as np
import torch
from torch.nn import functional as F

import sources
from drawn import electrocardiogram
from lettering import draw_line, random_line
from networks import Lettering

SIZE, STRIDE, BATCH = 384, 4, 12
# How much of a line's height is its core, so that neighbouring lines stay apart.
CORE = 0.6
WRITING, MARK, BARCODE = range(3)
# Folders whose pictures carry writing of their own, which nobody has marked.
UNMARKED = {"scanned_doc", "ecg", "endoscopy"}


class Scenes(torch.utils.data.IterableDataset):
    def __init__(self, pictures, others, seed):
        self.pictures, self.others, self.seed = pictures, others, seed

    def __iter__(self):
        worker = torch.utils.data.get_worker_info()
        rng = np.random.default_rng([self.seed, worker.id if worker else 0])
        while True:
            pixels, boxes = scene(rng, self.pictures, self.others)
            yield pixels[..., None].transpose(2, 0, 1), targets(boxes)


def scene(rng, pictures, others):
    """A cut of a picture with lines, marks and codes drawn on it: grey pixels and boxes by kind."""
    pixels = ground(rng, pictures, others)
    boxes = []
    for _ in range(int(rng.choice([0, 1, 2, 3, 5, 8]))):
        write_block(rng, pixels, boxes)
    if rng.random() < 0.35:
        put_mark(rng, pixels, boxes)
    if rng.random() < 0.15:
        put_barcode(rng, pixels, boxes)
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    if rng.random() < 0.3:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(30, 96))]
        grey = cv2.imdecode(cv2.imencode(".jpg", grey, quality)[1], cv2.IMREAD_GRAYSCALE)
    if rng.random() < 0.15:
        grey = cv2.GaussianBlur(grey, (3, 3), rng.uniform(0.4, 1.2))
    if rng.random() < 0.2:
        grey = np.clip(grey + rng.normal(0, rng.uniform(2, 12), grey.shape), 0, 255).astype(np.uint8)
    if rng.random() < 0.1:
        grey = 255 - grey
    return grey, boxes


def ground(rng, pictures, others):
    """Part of a picture, larger or smaller, or something smooth."""
    kind = rng.random()
    if kind < 0.1:
        return np.full((SIZE, SIZE, 3), rng.integers(0, 256), np.uint8)
    if kind < 0.2 and others:
        pixels = others[rng.integers(len(others))]
    elif kind < 0.25:
        small = rng.integers(0, 256, (int(rng.integers(2, 50)),) * 2 + (3,)).astype(np.uint8)
        return cv2.resize(small, (SIZE, SIZE), interpolation=int(rng.choice([0, 1, 2])))
    elif kind < 0.37:
        pixels = electrocardiogram(rng, written=False)
    else:
        pixels = pictures[rng.integers(len(pictures))]
    scale = SIZE / min(pixels.shape[:2]) * rng.uniform(1, 2.2)
    pixels = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
    y, x = (rng.integers(0, side - SIZE + 1) for side in pixels.shape[:2])
    pixels = np.ascontiguousarray(pixels[y : y + SIZE, x : x + SIZE])
    if rng.random() < 0.3:
        tones = pixels * rng.uniform(0.4, 1.1) + rng.uniform(0, 60)
        pixels = np.clip(tones, 0, 255).astype(np.uint8)
    return pixels


def write_block(rng, pixels, boxes):
    """One to five lines below each other, as scanners write name, number and date."""
    size = int(np.exp(rng.uniform(np.log(9), np.log(56 if rng.random() < 0.2 else 30))))
    x, y = (int(rng.integers(-8, SIZE - 20)) for _ in range(2))
    bright = rng.random() < 0.75
    tone = int(rng.integers(170, 256) if bright else rng.integers(0, 90))
    colour = (tone, tone, tone) if rng.random() < 0.7 else tuple(int(c) for c in rng.integers(0, 256, 3))
    plate = ((tone + 128) % 256,) * 3 if rng.random() < 0.12 else None
    outline = (255 - tone,) * 3 if rng.random() < 0.15 else None
    for _ in range(rng.integers(1, 6)):
        text = random_line(rng, most=int(rng.integers(2, 40)))
        under = pixels[max(0, y) : y + size, max(0, x) : x + size * 3]
        if under.size == 0:
            return
        # Writing that nobody can see is no writing.
        if plate is None and outline is None and abs(float(under.mean()) - np.mean(colour)) < 45:
            colour = (255, 255, 255) if under.mean() < 128 else (0, 0, 0)
        if any(overlaps((x, y, x + size * len(text), y + size * 1.4), box) for _, box in boxes):
            return
        box = draw_line(rng, pixels, text, x, y, size, colour, plate, outline)
        if box is not None:
            boxes.append((WRITING, box))
        y += int(size * rng.uniform(1.15, 1.9))


def put_mark(rng, pixels, boxes):
    """A letter of lead, or its Chinese word."""
    size = int(rng.integers(14, 70))
    x, y = (int(rng.integers(0, SIZE - size)) for _ in range(2))
    mark = str(rng.choice(["L", "R", "L", "R", "左", "右"]))
    if any(overlaps((x - 4, y - 4, x + size + 4, y + size * 1.4), box) for _, box in boxes):
        return
    under = pixels[y : y + size, x : x + size].mean()
    colour = (255, 255, 255) if under < 150 else (0, 0, 0)
    box = draw_line(rng, pixels, mark, x, y, size, colour)
    if box is not None:
        boxes.append((MARK, box))


def put_barcode(rng, pixels, boxes):
    w, h = int(rng.integers(50, 180)), int(rng.integers(16, 60))
    x, y = int(rng.integers(0, SIZE - w)), int(rng.integers(0, SIZE - h))
    if any(overlaps((x, y, x + w, y + h), box) for _, box in boxes):
        return
    if rng.random() < 0.6:
        bars = np.repeat(rng.integers(0, 2, w), rng.integers(1, 4, w))[:w] * 255
        code = np.repeat(bars[None], h, 0)
    else:
        h = w = min(w, 70, SIZE - y)
        cells = int(rng.integers(15, 30))
        code = cv2.resize((rng.integers(0, 2, (cells, cells)) * 255).astype(np.uint8), (w, h), interpolation=0)
    pixels[max(0, y - 4) : y + h + 4, max(0, x - 4) : x + w + 4] = 255
    pixels[y : y + h, x : x + w] = code[: SIZE - y, : SIZE - x, None]
    boxes.append((BARCODE, (x, y, x + w, y + h)))


def overlaps(a, b):
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def targets(boxes):
    """Cores of the boxes at the network's stride."""
    cells = SIZE // STRIDE
    maps = np.zeros((3, cells, cells), np.float32)
    for kind, (x0, y0, x1, y1) in boxes:
        cut = (1 - CORE) / 2 * (y1 - y0)
        box = np.array([x0 + cut, y0 + cut, x1 - cut, y1 - cut]) / STRIDE
        left, top = np.floor(box[:2] + 0.3).astype(int)
        right, bottom = np.maximum(np.ceil(box[2:] - 0.3).astype(int), [left + 1, top + 1])
        maps[kind, top:bottom, left:right] = 1
    return maps


def loss(logits, maps):
    """Cross entropy with the harder half of the ground, and Dice's measure."""
    entropy = F.binary_cross_entropy_with_logits(logits, maps, reduction="none")
    core = maps > 0.5
    ground = entropy[~core]
    hardest = ground.topk(min(len(ground), 3 * int(core.sum()) + 2000)).values
    p = logits.sigmoid()
    dice = 1 - 2 * (p * maps).sum((0, 2, 3)) / ((p + maps).sum((0, 2, 3)) + 1)
    return entropy[core].sum() / core.sum().clamp(min=1) + hardest.mean() + dice.mean()


def train(network, loader, minutes, rate, save):
    optimizer = torch.optim.AdamW(network.parameters(), rate, weight_decay=1e-3)
    begin, total = time.monotonic(), 0.0
    for step, (pixels, maps) in enumerate(loader):
        done = (time.monotonic() - begin) / (60 * minutes)
        if done >= 1:
            break
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1, (step + 1) / 100) * (0.5 + 0.5 * np.cos(np.pi * done)) + 1e-5
        x = pixels.float().div(255).contiguous(memory_format=torch.channels_last)
        with torch.autocast("cpu", torch.bfloat16):
            logits = network.maps(x)
        value = loss(logits.float(), maps)
        optimizer.zero_grad()
        value.backward()
        optimizer.step()
        total += value.item()
        if step % 100 == 99:
            print(f"{done:4.0%} step {step + 1} loss {total / 100:.3f}", flush=True)
            total = 0.0
        if step % 500 == 499:
            save(network)
    return network.eval()


def export(network, path):
    """Height and width are free, but multiples of 16."""
    free = {2: "height", 3: "width"}
    torch.onnx.export(
        network,
        (torch.zeros(1, 1, SIZE, SIZE),),
        path,
        input_names=["images"],
        output_names=["output0"],
        dynamic_axes={"images": free, "output0": free},
        opset_version=17,
        dynamo=False,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--minutes", type=float, required=True)
    parser.add_argument("--begin", help="weights of an earlier training to go on from")
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    pictures = sources.load([arguments.images])
    aside = sources.kept_aside(pictures)
    pictures = [
        picture
        for picture in pictures
        if picture.path.parent.parent.name not in UNMARKED and picture.path not in aside
    ]
    arguments.out.mkdir(parents=True, exist_ok=True)
    lines = sources.manifest(pictures)
    (arguments.out / "lettering.jsonl").write_text("".join(f"{line}\n" for line in lines))
    torch.manual_seed(arguments.seed)
    network = Lettering().to(memory_format=torch.channels_last)
    if arguments.begin:
        network.load_state_dict(torch.load(arguments.begin))
    scenes = Scenes([picture.pixels for picture in pictures], sources.distractors([arguments.images]), arguments.seed)
    loader = torch.utils.data.DataLoader(scenes, batch_size=BATCH, num_workers=2, prefetch_factor=4)
    save = lambda network: torch.save(network.state_dict(), arguments.out / "lettering.pt")
    network = train(network, loader, arguments.minutes, arguments.rate, save)
    save(network)
    export(network, str(arguments.out / "lettering.onnx"))


if __name__ == "__main__":
    main()
