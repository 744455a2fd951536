"""Scenes of imaging panels: single pictures, grids, screens and pages, with their boxes."""

import cv2
import numpy as np

from sources import CLASSES
from lettering import draw_line, random_line

SIZE = 288
SHOWN = 256  # what the matcher shows: a fifth less time than 288, and scenes are nearly as often right
cv2.setNumThreads(0)
GREY = {"chest_xray", "other_xray", "ct", "mri", "ultrasound"}


def vary(rng, picture):
    """One picture as another scanner, window, crop or export would show it."""
    pixels, label = picture.pixels, picture.label
    height, width = pixels.shape[:2]
    if rng.random() < 0.6:
        least = 0.55 if label in ("pathology", "endoscopy") else 0.8
        h, w = (int(side * rng.uniform(least, 1)) for side in (height, width))
        y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
        pixels = pixels[y : y + h, x : x + w]
    if rng.random() < 0.5 and label not in ("document", "ecg"):
        pixels = pixels[:, ::-1]
    if label in ("pathology", "endoscopy") or (label in ("ct", "mri") and rng.random() < 0.15):
        pixels = np.rot90(pixels, rng.integers(0, 4))
    if label == "other_xray" and rng.random() < 0.5:
        pixels = part(rng, np.rot90(pixels, rng.integers(0, 4)))
    if label == "ultrasound" and rng.random() < 0.45:
        pixels = sector(rng, pixels)
    if label == "ultrasound" and rng.random() < 0.25:
        pixels = doppler(rng, pixels)
    if label not in ("document", "ecg", "ultrasound") and rng.random() < 0.3:
        pixels = turned(rng, pixels)
    if label == "document" and rng.random() < 0.3:
        pixels = np.rot90(pixels, rng.integers(1, 4))
    pixels = np.ascontiguousarray(pixels)
    if label in ("document", "ecg") and rng.random() < 0.35:
        pixels, _ = photographed(rng, pixels, [])
    if rng.random() < 0.55:
        pixels = coarse(rng, pixels)
    pixels = toned(rng, pixels, label)
    if rng.random() < 0.25 and label != "document":
        pixels = lettered(rng, pixels)
    return pixels


def part(rng, pixels):
    """A cut of a limb: other joints show other parts of bones."""
    height, width = pixels.shape[:2]
    h, w = int(height * rng.uniform(0.35, 0.8)), int(width * rng.uniform(0.35, 0.8))
    y, x = rng.integers(0, height - h + 1), rng.integers(0, width - w + 1)
    return pixels[y : y + h, x : x + w]


def sector(rng, pixels):
    """The fan of a curved or phased probe."""
    out = int(rng.integers(200, 360))
    angle = rng.uniform(0.5, 0.85)
    near = rng.uniform(0.02, 0.3)
    y, x = np.mgrid[0:out, 0:out].astype(np.float32) / out
    dx, dy = x - 0.5, y + near
    radius = np.hypot(dx, dy)
    theta = np.arctan2(dx, dy)
    depth = (radius - near) / 0.95
    source_x = (theta / (2 * angle) + 0.5) * (pixels.shape[1] - 1)
    source_y = depth * (pixels.shape[0] - 1)
    fan = cv2.remap(
        np.ascontiguousarray(pixels),
        source_x.astype(np.float32),
        source_y.astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
    )
    fan[(np.abs(theta) > angle) | (depth < 0) | (depth > 1)] = rng.integers(0, 12)
    return fan


def doppler(rng, pixels):
    """A box, upright or slanted, in which what moves is red, yellow or blue."""
    height, width = pixels.shape[:2]
    w, h = rng.uniform(0.2, 0.8) * width, rng.uniform(0.2, 0.7) * height
    x, y, slant = rng.uniform(0, width - w), rng.uniform(0, height - h), rng.uniform(-0.4, 0.4) * h
    corners = np.int32([[x, y], [x + w, y], [x + w + slant, y + h], [x + slant, y + h]])
    box = np.zeros((height, width), np.uint8)
    cv2.fillPoly(box, [corners], 255)
    cells = int(rng.integers(3, 14))
    flow = cv2.resize(rng.normal(0, 1, (cells, cells)).astype(np.float32), (width, height))
    hot, cold = np.stack([flow, flow - 1.2, flow * 0], 2), np.stack([flow * 0, -flow - 1.2, -flow], 2)
    colours = (np.where(flow[..., None] > 0, hot, cold) * 160).clip(0, 255)
    moving = (box > 0) & (np.abs(flow) > rng.uniform(0.2, 1))
    pixels = np.where(moving[..., None], colours, pixels).astype(np.uint8)
    if rng.random() < 0.7:
        cv2.polylines(pixels, [corners], True, tuple(int(c) for c in rng.integers(100, 256, 3)))
    return pixels


def turned(rng, pixels):
    height, width = pixels.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), rng.uniform(-15, 15), rng.uniform(0.85, 1.15))
    edge = pixels[0, 0].tolist()
    return cv2.warpAffine(np.ascontiguousarray(pixels), turn, (width, height), borderValue=edge)


def coarse(rng, pixels):
    """Few pixels drawn large, so that size and sharpness do not become the answer."""
    height, width = pixels.shape[:2]
    scale = rng.uniform(48, 200) / max(height, width)
    if scale >= 1:
        return pixels
    small = cv2.resize(pixels, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    mode = rng.choice([cv2.INTER_LINEAR, cv2.INTER_CUBIC, cv2.INTER_NEAREST])
    return cv2.resize(small, (width, height), interpolation=int(mode))


def toned(rng, pixels, label):
    """Window, gamma, inversion, tint."""
    tones = pixels.astype(np.float32) / 255
    low, high = rng.uniform(-0.15, 0.2), rng.uniform(0.75, 1.2)
    tones = np.clip((tones - low) / (high - low), 0, 1) ** rng.uniform(0.6, 1.6)
    if label == "mri" and rng.random() < 0.3:
        coil = rng.uniform(0.4, 1.3, (2, 2)).astype(np.float32)  # brighter where the coil is near
        tones *= cv2.resize(coil, tones.shape[1::-1])[..., None]
    if label in GREY:
        if label in ("ct", "mri") and rng.random() < 0.15:
            tones = tones * rng.uniform(0.4, 0.8) + rng.uniform(0.1, 0.5)  # background above black
        if label in ("chest_xray", "other_xray") and rng.random() < 0.15:
            tones = 1 - tones
        if label in ("chest_xray", "other_xray") and rng.random() < 0.15:
            tones = cv2.createCLAHE(3, (4, 4)).apply((tones[..., 0].clip(0, 1) * 255).astype(np.uint8))
            tones = np.repeat(tones[..., None], 3, 2).astype(np.float32) / 255
        if rng.random() < 0.1:
            tones = tones * rng.uniform(0.8, 1, 3)
    else:
        tones = tones * rng.uniform(0.8, 1.2, 3)
        if rng.random() < 0.12:
            tones = np.repeat(tones.mean(2, keepdims=True), 3, 2)  # a grey copy
    if rng.random() < 0.3:
        tones = tones + rng.normal(0, rng.uniform(0.005, 0.05), tones.shape)
    return (np.clip(tones, 0, 1) * 255).astype(np.uint8)


def lettered(rng, pixels):
    """Letters in the corners, as scanners write them; they are no panels."""
    height, width = pixels.shape[:2]
    scale = max(1.0, 200 / max(height, width))
    pixels = cv2.resize(pixels, None, fx=scale, fy=scale)
    colour = (255, 255, 255) if rng.random() < 0.8 else tuple(int(c) for c in rng.integers(120, 256, 3))
    for _ in range(rng.integers(1, 6)):
        size = int(rng.integers(8, 15))
        text = random_line(rng, most=14)
        x = rng.integers(0, max(1, pixels.shape[1] // 2)) if rng.random() < 0.5 else 3
        y = int(rng.integers(0, max(1, pixels.shape[0] - size)))
        draw_line(rng, pixels, text, int(x), y, size, colour)
    return pixels


def background(rng, height, width, others):
    kind = rng.random()
    if kind < 0.35:
        return np.full((height, width, 3), rng.integers(0, 30), np.uint8)
    if kind < 0.6:
        return np.full((height, width, 3), rng.integers(225, 256), np.uint8)
    if kind < 0.85:
        return np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
    if kind < 0.93 and others:
        return cv2.resize(others[rng.integers(len(others))], (width, height))
    return noise(rng, height, width)


def noise(rng, height, width):
    """Smooth or rough patterns of no meaning."""
    cells = int(rng.integers(2, 40))
    small = rng.integers(0, 256, (cells, cells, 3 if rng.random() < 0.5 else 1)).astype(np.uint8)
    grown = cv2.resize(small, (width, height), interpolation=int(rng.choice([0, 1, 2])))
    return grown if grown.ndim == 3 else np.repeat(grown[..., None], 3, 2)


def single(rng, pick, others):
    """One picture, alone or with a rim."""
    picture = pick()
    pixels = vary(rng, picture)
    height, width = pixels.shape[:2]
    rim = [int(max(height, width) * rng.uniform(0, 0.12)) if rng.random() < 0.25 else 0 for _ in range(4)]
    canvas = background(rng, height + rim[0] + rim[1], width + rim[2] + rim[3], others)
    canvas[rim[0] : rim[0] + height, rim[2] : rim[2] + width] = pixels
    return canvas, [(picture.label, rim[2], rim[0], width, height)]


def grid(rng, pick, others):
    """Panels in rows, as a viewer or a printed film shows them."""
    rows, columns = rng.integers(1, 4), rng.integers(1, 5)
    if rows * columns == 1:
        columns = 2
    cell_w, cell_h = (int(rng.integers(100, 220)) for _ in range(2))
    gap, margin = (int(rng.integers(0, 24)) if rng.random() < 0.8 else 0 for _ in range(2))
    head = int(rng.integers(0, 60)) if rng.random() < 0.3 else 0
    height = rows * cell_h + (rows - 1) * gap + 2 * margin + head
    width = columns * cell_w + (columns - 1) * gap + 2 * margin
    canvas = background(rng, height, width, others)
    ink = (255, 255, 255) if canvas.mean() < 128 else (20, 20, 20)
    if head > 14:
        draw_line(rng, canvas, random_line(rng, most=30), 4, 2, min(head - 6, 18), ink)
    boxes, stretch = [], rng.random() < 0.5
    same = pick() if rng.random() < 0.2 and gap else None  # one picture many times: apart, or none could tell
    for row in range(rows):
        for column in range(columns):
            if rng.random() < 0.12:
                continue
            picture = same or pick()
            x, y = margin + column * (cell_w + gap), head + margin + row * (cell_h + gap)
            boxes.append(place(canvas, vary(rng, picture), picture.label, x, y, cell_w, cell_h, stretch))
    return canvas, boxes


def place(canvas, pixels, label, x, y, w, h, stretch):
    """Puts pixels into a cell, whole, in the cell's form or their own."""
    height, width = pixels.shape[:2]
    if not stretch:
        scale = min(w / width, h / height)
        inner_w, inner_h = max(1, int(width * scale)), max(1, int(height * scale))
        x, y, w, h = x + (w - inner_w) // 2, y + (h - inner_h) // 2, inner_w, inner_h
    canvas[y : y + h, x : x + w] = cv2.resize(pixels, (w, h), interpolation=cv2.INTER_AREA)
    return (label, x, y, w, h)


def scattered(rng, pick, others):
    """A few panels anywhere on a page or screen, lines of writing between them."""
    height, width = (int(rng.integers(300, 640)) for _ in range(2))
    canvas = background(rng, height, width, others)
    ink = (255, 255, 255) if canvas.mean() < 128 else (20, 20, 20)
    for _ in range(rng.integers(0, 8)):
        y = int(rng.integers(0, height - 20))
        draw_line(rng, canvas, random_line(rng, most=40), int(rng.integers(0, width // 2)), y, 12, ink)
    boxes = []
    for _ in range(rng.integers(1, 5)):
        picture = pick()
        w, h = (int(side * rng.uniform(0.2, 0.6)) for side in (width, height))
        x, y = int(rng.integers(0, width - w)), int(rng.integers(0, height - h))
        if any(overlap((x, y, w, h), box[1:]) for box in boxes):
            continue
        boxes.append(place(canvas, vary(rng, picture), picture.label, x, y, w, h, rng.random() < 0.3))
    return canvas, boxes


def overlap(a, b):
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]


def nothing(rng, others):
    height, width = (int(rng.integers(100, 500)) for _ in range(2))
    if rng.random() < 0.6 and others:
        other = others[rng.integers(len(others))]
        h, w = (int(side * rng.uniform(0.4, 1)) for side in other.shape[:2])
        y, x = rng.integers(0, other.shape[0] - h + 1), rng.integers(0, other.shape[1] - w + 1)
        return np.ascontiguousarray(other[y : y + h, x : x + w]), []
    return background(rng, height, width, others), []


def photographed(rng, canvas, boxes):
    """A phone's photo of a screen: perspective, light, blur."""
    height, width = canvas.shape[:2]
    corners = np.float32([[0, 0], [width, 0], [width, height], [0, height]])
    shift = rng.uniform(-0.06, 0.06, (4, 2)) * [width, height]
    inset = np.float32([[1, 1], [-1, 1], [-1, -1], [1, -1]]) * [width * 0.07, height * 0.07]
    warp = cv2.getPerspectiveTransform(corners, (corners + shift + inset).astype(np.float32))
    fill = rng.integers(0, 256, 3).tolist()
    canvas = cv2.warpPerspective(canvas, warp, (width, height), borderValue=fill)
    light = cv2.resize(rng.uniform(0.7, 1.15, (2, 2)).astype(np.float32), (width, height))
    canvas = np.clip(canvas * light[..., None], 0, 255).astype(np.uint8)
    moved = []
    for label, x, y, w, h in boxes:
        points = np.float32([[[x, y], [x + w, y], [x + w, y + h], [x, y + h]]])
        points = cv2.perspectiveTransform(points, warp)[0]
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        moved.append((label, x0, y0, x1 - x0, y1 - y0))
    return canvas, moved


def letterbox(canvas, boxes, size=SIZE):
    """The whole scene in a square, as the matcher shows it to the network."""
    height, width = canvas.shape[:2]
    scale = size / max(height, width)
    w, h = max(1, round(width * scale)), max(1, round(height * scale))
    mode = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    square = np.full((size, size, 3), 114, np.uint8)
    square[:h, :w] = cv2.resize(canvas, (w, h), interpolation=mode)
    return square, [(label, *(value * scale for value in box)) for label, *box in boxes]


def scene(rng, by_class, others):
    """One picture for training or measuring, and its boxes (label, x, y, w, h)."""
    labels = list(by_class)

    def pick():
        # First the class, then the source, then the picture: large sources do not rule.
        sources = by_class[labels[rng.integers(len(labels))]]
        pictures = sources[list(sources)[rng.integers(len(sources))]]
        return pictures[rng.integers(len(pictures))]

    kind = rng.random()
    if kind < 0.44:
        canvas, boxes = single(rng, pick, others)
    elif kind < 0.77:
        canvas, boxes = grid(rng, pick, others)
    elif kind < 0.93:
        canvas, boxes = scattered(rng, pick, others)
    else:
        canvas, boxes = nothing(rng, others)
    if rng.random() < 0.12:
        canvas, boxes = photographed(rng, canvas, boxes)
    if rng.random() < 0.5:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(35, 96))]
        canvas = cv2.imdecode(cv2.imencode(".jpg", canvas, quality)[1], cv2.IMREAD_COLOR)
    return canvas, boxes


def class_index(label):
    return CLASSES.index(label)
