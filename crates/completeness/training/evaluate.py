"""Measures a panel detector on pictures that it has not seen.

    evaluate.py IMAGES[,IMAGES] MODEL.onnx [--only SOURCE,SOURCE] [--scenes N] [--seed S] [--plain]

With --plain the pictures are as they are; else they are cut, toned, made coarse and turned as in
training. Without --only: the subjects that are kept aside in every source. With it: these sources, whole.
Prints AP50 a class over single pictures, grids and pages, and how often a scene's labels are
exactly right.
"""

import argparse
import collections

import numpy as np
import onnxruntime

import panels
import sources
from train_panels import by_class

SCORE, OVERLAP = 0.35, 0.5
# Closer looks, as src/images/panels.rs has them.
SMALL, SURE, PERHAPS, CLOSER_LOOKS, RIM, AGAIN, NOT_AGAIN = 0.6, 0.85, 0.1, 16, 0.04, 0.4, 0.65
INSIDE = 0.6  # as there


class Detector:
    def __init__(self, model):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(model, options)

    def find(self, canvas):
        """Boxes (label, score, x, y, w, h) in the canvas's pixels, the surest first."""
        seen = self.look(canvas)
        small = [
            (box, scores)
            for box, scores in seen
            if max(box[2:]) < SMALL * max(canvas.shape[:2]) and scores.max() < SURE
        ]
        for box, scores in small[:CLOSER_LOOKS]:
            self.look_closer(canvas, box, scores)
        found = [(sources.CLASSES[scores.argmax()], float(scores.max()), *box) for box, scores in seen]
        return without_parts(sorted(found, key=lambda box: -box[1]))

    def look_closer(self, canvas, box, scores):
        x, y, w, h = box
        rim = RIM * max(w, h)
        left, top = max(0, int(x - rim)), max(0, int(y - rim))
        part = canvas[top : int(np.ceil(y + h + rim)), left : int(np.ceil(x + w + rim))]
        expected = x - left, y - top, w, h
        again = next((other for place, other in self.look(part) if iou(place, expected) > AGAIN), None)
        scores[:] = scores * NOT_AGAIN if again is None else (scores + again) / 2

    def look(self, canvas):
        """Boxes and their scores a class, the best of overlapping ones only."""
        square, [(_, *whole)] = panels.letterbox(canvas, [(None, 0, 0, 1, 1)], panels.SHOWN)
        image = square.astype(np.float32).transpose(2, 0, 1)[None] / 255
        output = self.session.run(None, {"images": image})[0][0]
        boxes, scores = output[:4].T / whole[2], output[4:].T
        cells = np.flatnonzero(scores.max(1) > PERHAPS)
        seen = []
        for cell in cells[np.argsort(-scores[cells].max(1))]:
            x, y, w, h = boxes[cell]
            box = clipped(x - w / 2, y - h / 2, x + w / 2, y + h / 2, canvas)
            if min(box[2:]) >= 1 and all(iou(box, other) < OVERLAP for other, _ in seen):
                seen.append((box, scores[cell]))
        return seen


def clipped(left, top, right, bottom, canvas):
    left, top = max(0, left), max(0, top)
    return left, top, min(canvas.shape[1], right) - left, min(canvas.shape[0], bottom) - top


def without_parts(found):
    """Without boxes that are parts of a surer one of their class, or wholes of it."""
    kept = []
    for label, score, *box in found:
        smaller = lambda other: min(box[2] * box[3], other[2] * other[3])
        again = lambda other: joint(box, other) > INSIDE * smaller(other)
        if not any(label == surer and again(other) for surer, _, *other in kept):
            kept.append((label, score, *box))
    return kept


def joint(a, b):
    w = min(a[0] + a[2], b[0] + b[2]) - max(a[0], b[0])
    h = min(a[1] + a[3], b[1] + b[3]) - max(a[1], b[1])
    return max(0, w) * max(0, h)


def iou(a, b):
    return joint(a, b) / (a[2] * a[3] + b[2] * b[3] - joint(a, b))


def average_precision(found, count):
    """Area under precision over recall, with precision made falling."""
    hits = np.array([hit for _, hit in sorted(found, key=lambda pair: -pair[0])], dtype=float)
    if not count or not len(hits):
        return 0.0
    recall = hits.cumsum() / count
    precision = hits.cumsum() / np.arange(1, len(hits) + 1)
    precision = np.maximum.accumulate(precision[::-1])[::-1]
    return float(np.sum(np.diff(np.concatenate([[0], recall])) * precision))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("images")
    parser.add_argument("model")
    parser.add_argument("--only", default="")
    parser.add_argument("--scenes", type=int, default=600)
    parser.add_argument("--seed", type=int, default=77)
    parser.add_argument("--plain", action="store_true")
    arguments = parser.parse_args()
    if arguments.plain:
        panels.vary = lambda rng, picture: picture.pixels
    only = set(filter(None, arguments.only.split(",")))
    folders = arguments.images.split(",")
    pictures = sources.load(folders)
    aside = sources.kept_aside(pictures)
    pictures = [
        picture for picture in pictures if (picture.source in only if only else picture.path in aside)
    ]
    grouped = by_class(pictures, with_drawn=False)
    others = sources.distractors(folders)
    detector = Detector(arguments.model)
    rng = np.random.default_rng(arguments.seed)
    found, counts = collections.defaultdict(list), collections.Counter()
    exact = missed = truths = 0
    confused = collections.Counter()
    for _ in range(arguments.scenes):
        canvas, truth = panels.scene(rng, grouped, others)
        boxes = detector.find(canvas)
        used = set()
        for label, score, *box in boxes:
            overlaps = [(iou(box, other[1:]), place) for place, other in enumerate(truth) if other[0] == label and place not in used]
            value, place = max(overlaps, default=(0, None))
            hit = value >= 0.5
            if hit:
                used.add(place)
            found[label].append((score, hit))
        counts.update(label for label, *_ in truth)
        shown = [box for box in boxes if box[1] >= SCORE]
        for label, *box in truth:
            near = max(shown, key=lambda other: iou(box, other[2:]), default=None)
            if near is not None and iou(box, near[2:]) > 0.3 and near[0] != label:
                confused[label, near[0]] += 1
        said = collections.Counter(box[0] for box in shown)
        wanted = collections.Counter(label for label, *_ in truth)
        exact += said == wanted
        missed += sum((wanted - said).values())
        truths += len(truth)
    for label in sources.CLASSES:
        if counts[label]:
            print(f"{label:12} AP50 {average_precision(found[label], counts[label]):.3f}  of {counts[label]}")
    print(f"labels of a scene exactly right {exact / arguments.scenes:.3f}, labels missed {missed / truths:.3f}")
    print("taken for another:", {f"{a} for {b}": n for (a, b), n in confused.most_common(8)})


if __name__ == "__main__":
    main()
