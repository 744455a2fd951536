"""Electrocardiograms, papers and heads of CT drawn by us, so that one hospital's paper or scanner does
not become the answer."""

import cv2
import numpy as np

from lettering import draw_line, random_line

LEADS = ["I", "II", "III", "aVR", "aVL", "aVF", "V1", "V2", "V3", "V4", "V5", "V6"]


def electrocardiogram(rng, written=True):
    """Rows of leads on millimetre paper, plain paper or a dark monitor, with their names or without."""
    width, height = int(rng.integers(420, 900)), int(rng.integers(200, 640))
    paper, minor, major, ink = paper_colours(rng)
    pixels = np.full((height, width, 3), paper, np.uint8)
    step = int(rng.integers(2, 9))
    if rng.random() < 0.85:
        for unit, colour in ((step, minor), (step * 5, major)):
            pixels[::unit] = colour
            pixels[:, ::unit] = colour
    rows = int(rng.choice([1, 3, 3, 4, 4, 6, 6, 12]))
    columns = {1: 1, 3: 4, 4: 4, 6: 2, 12: 1}[rows]
    top = int(rng.integers(0, height // 6))
    beat = step * 5 * rng.uniform(2, 6)
    for row in range(rows):
        middle = top + (height - top) * (row + 0.5) / rows
        y = middle - trace(rng, width, columns, beat, step) * min(1.0, (height - top) / rows / (step * 12))
        x0 = int(rng.integers(0, width // 12))
        points = np.stack([np.arange(x0, width), y[x0:]], 1).astype(np.int32)
        cv2.polylines(pixels, [points], False, ink, int(rng.choice([1, 1, 2])), cv2.LINE_AA)
        for column in range(columns):
            if written and rng.random() < 0.8:
                lead = LEADS[(row + column * rows) % 12]
                x = x0 + column * (width - x0) // columns + 3
                draw_line(rng, pixels, lead, x, int(middle - step * 5), int(rng.integers(10, 15)), ink)
    for line in range(rng.integers(0, 4) if written else 0):
        draw_line(rng, pixels, random_line(rng, 40), int(rng.integers(0, width // 2)), 2 + line * 14, 12, ink)
    return pixels


def paper_colours(rng):
    kind = rng.random()
    if kind < 0.55:
        paper = rng.integers(225, 256, 3)
        if rng.random() < 0.3:
            paper = np.array([245, 215, 215]) + rng.integers(-30, 11, 3)
        minor = np.array([250, 200, 200]) + rng.integers(-40, 6, 3)
        major = np.array([240, 140, 140]) + rng.integers(-40, 16, 3)
        ink = (int(rng.integers(0, 70)),) * 3
    elif kind < 0.8:
        paper, minor, major = (rng.integers(low, low + 25, 1).repeat(3) for low in (230, 205, 170))
        ink = (int(rng.integers(0, 90)),) * 3
    else:
        paper, minor, major = (rng.integers(low, low + 20, 3) for low in (0, 25, 45))
        ink = tuple(int(c) for c in rng.integers(150, 256, 3))
    return paper, minor.clip(0, 255), major.clip(0, 255), ink


def trace(rng, width, columns, beat, step):
    """Heights of a line of beats: P, Q, R, S and T as bells, another shape a lead."""
    x = np.arange(width, dtype=np.float64)
    y = np.zeros(width)
    for column in range(columns):
        inside = (x >= width * column / columns) & (x < width * (column + 1) / columns)
        waves = [
            (-0.18, 0.028, rng.uniform(0.2, 1.5)),
            (-0.03, 0.010, rng.uniform(-2, 0)),
            (0.0, 0.012, rng.uniform(2, 14) * rng.choice([1, 1, 1, -1])),
            (0.03, 0.012, rng.uniform(-6, 0)),
            (0.26, 0.05, rng.uniform(-1.5, 4)),
        ]
        irregular = rng.uniform(0, 0.15)
        at = -rng.uniform(0, beat)
        while at < width + beat:
            for offset, spread, height in waves:
                part = np.exp(-(((x - at) / beat - offset) ** 2) / (2 * spread**2))
                y += np.where(inside, part * height * step, 0)
            at += beat * (1 + rng.normal(0, irregular))
    y += np.sin(x / width * rng.uniform(2, 20)) * rng.uniform(0, step)
    return y + rng.normal(0, rng.uniform(0, 0.6), width)


def paper(rng):
    """A letter, a form or a table."""
    width, height = int(rng.integers(300, 560)), int(rng.integers(340, 720))
    pixels = np.full((height, width, 3), rng.integers(215, 256, 3), np.uint8)
    ink = tuple(int(c) for c in rng.integers(0, 90, 1).repeat(3))
    size = int(rng.integers(6, 14))
    margin = int(rng.integers(8, 60))
    y = margin
    draw_line(rng, pixels, random_line(rng, 20), int(rng.integers(margin, width // 2)), y, size + 6, ink)
    y += 2 * size
    while y < height - margin - size:
        bottom = int(rng.uniform(y + size, height - margin))
        (rows_of_a_table if rng.random() < 0.5 else lines)(rng, pixels, margin, y, bottom, size, ink)
        y = bottom + int(rng.uniform(0.5, 4) * size)
    if rng.random() < 0.3:
        cv2.rectangle(pixels, (margin // 2, margin // 2), (width - margin // 2, height - margin // 2), ink, 1)
    if rng.random() < 0.35:
        stamp(rng, pixels)
    return pixels


def lines(rng, pixels, margin, top, bottom, size, ink):
    width, y = pixels.shape[1] - 2 * margin, top
    share = rng.uniform(0.2, 1.6)
    while y + size < bottom:
        letters = int(width / size * share * rng.uniform(0.5, 1))
        draw_line(rng, pixels, " ".join(random_line(rng, 20) for _ in range(4))[:letters], margin, y, size, ink)
        y += int(size * rng.uniform(1.3, 2.2)) + 1


def rows_of_a_table(rng, pixels, margin, top, bottom, size, ink):
    """Cells, most of them with something in them, between rules across, or across and down, or none."""
    right, columns = pixels.shape[1] - margin, int(rng.integers(2, 8))
    step, filled, ruled = int(size * rng.uniform(1.4, 3)) + 2, rng.uniform(0.3, 1), rng.integers(3)
    ends = np.sort(np.append(rng.integers(margin, right, columns - 1), [margin, right]))
    for y in range(top, bottom - step, step):
        for left, end in zip(ends, ends[1:]):
            if rng.random() < filled and end - left > size:
                text = random_line(rng, max(2, int((end - left) / size * 1.3)))
                draw_line(rng, pixels, text, int(left) + 2, y + 2, size, ink)
        if ruled:
            cv2.rectangle(pixels, (margin, y), (right, y + step), ink, 1)
    for end in ends if ruled == 2 else []:
        cv2.line(pixels, (int(end), top), (int(end), top + (bottom - top - 1) // step * step), ink, 1)


def stamp(rng, pixels):
    height, width = pixels.shape[:2]
    middle = int(rng.integers(width // 4, width)), int(rng.integers(height // 3, height))
    red = (int(rng.integers(170, 240)), int(rng.integers(20, 90)), int(rng.integers(20, 90)))
    radius = int(width * rng.uniform(0.05, 0.12))
    cv2.circle(pixels, middle, radius, red, int(rng.integers(1, 4)), cv2.LINE_AA)
    draw_line(rng, pixels, random_line(rng, 8), middle[0] - radius // 2, middle[1] - 5, 9, red)


def head_of_ct(rng, tones, brain):
    """Hounsfield units of a head of which magnetic resonance (T1) shows a slice, 1 the brightest of its
    brain: what is dark outside the brain is bone or air, what is bright there is fat."""
    tones = np.ascontiguousarray(tones, np.float32)
    head = filled(tones > 0.18)
    near = cv2.dilate(brain.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0  # the fluid around it
    dark = (head & ~near & (tones < 0.42)).astype(np.uint8)
    bone = cv2.morphologyEx(dark, cv2.MORPH_CLOSE, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (7, 7))) > 0
    air = cv2.erode(dark, np.ones((9, 9), np.uint8))  # sinuses: wider than bone is thick
    air = cv2.dilate(air, np.ones((7, 7), np.uint8)) > 0
    values = np.interp(tones, [0.6, 0.95, 1.2], [45, 20, -90])
    values[near] = np.interp(tones, [0.2, 0.45, 0.7, 1], [4, 12, 37, 27])[near]
    values[bone & ~near] = rng.uniform(600, 1300)
    values[bone & ~dark.astype(bool) & ~near] = rng.uniform(250, 600)  # marrow
    values[air & ~near] = -900
    values[~head] = -1000
    values = cv2.GaussianBlur(values.astype(np.float32), (0, 0), rng.uniform(0.5, 1))
    grain = cv2.GaussianBlur(rng.normal(0, 1, values.shape).astype(np.float32), (0, 0), rng.uniform(0.5, 1.2))
    values += grain / grain.std() * rng.uniform(1.5, 6)
    if rng.random() < 0.5:
        holder(rng, values, head)
    return values


def filled(mask):
    """The largest patch, without its holes."""
    outlines, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    patch = np.zeros(mask.shape, np.uint8)
    cv2.drawContours(patch, [max(outlines, key=cv2.contourArea)], -1, 1, -1)
    return patch > 0


def holder(rng, values, head):
    """The rest that a head lies in: a bow of foam and shell below it."""
    rows, columns = np.nonzero(head)
    centre = int(columns.mean()), int(rows.mean())
    radius = int((rows.max() - rows.min()) / 2 * rng.uniform(1.06, 1.15))
    bow = np.zeros(values.shape, np.uint8)
    angle = int(rng.integers(50, 85))
    cv2.ellipse(bow, centre, (radius, radius), 90, -angle, angle, 1, int(rng.integers(1, 4)))
    values[(bow > 0) & ~head] = rng.uniform(-300, 300)
