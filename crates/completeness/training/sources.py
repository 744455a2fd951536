"""The pictures that the detector learns from: class, source, and which are kept for measuring."""

import hashlib
import json
import pathlib
from dataclasses import dataclass

import cv2
import numpy as np

CLASSES = [
    "chest_xray",
    "other_xray",
    "ct",
    "mri",
    "ultrasound",
    "ecg",
    "endoscopy",
    "pathology",
    "fundus",
    "document",
]
FOLDER_CLASS = {"xray_other": "other_xray", "scanned_doc": "document"} | {
    name: name for name in CLASSES
}
SUFFIXES = {".jpg", ".png"}


@dataclass
class Picture:
    label: str
    source: str
    path: pathlib.Path
    pixels: np.ndarray  # height x width x 3, 8 bit, RGB


def subject(path):
    """What must not be on both sides of a split: near slices of one body are nearly one picture."""
    stem = path.stem
    digits = "".join(c for c in stem if c.isdigit())
    # Slices are numbered: blocks of ten go together.
    return f"{path.parent.name}/{stem.rstrip('0123456789')}{int(digits[-6:] or 0) // 10}"


def kept_aside(pictures):
    """Paths that are for measuring: every fifth subject, by a hash, and of a source that has five
    subjects or more one at least."""
    subjects = {}
    for picture in pictures:
        subjects.setdefault(picture.source, {}).setdefault(subject(picture.path), []).append(picture.path)
    aside = set()
    for members in subjects.values():
        order = sorted(members, key=lambda name: hashlib.sha256(name.encode()).digest()[0])
        fifths = [name for name in order if hashlib.sha256(name.encode()).digest()[0] % 5 == 0]
        for name in fifths or (order[:1] if len(order) >= 5 else []):
            aside.update(members[name])
    return aside


def load(folders):
    """All pictures of the classes below each folder's <class>/<source>/."""
    pictures = []
    for path in files(folders, "*/*/*"):
        label = FOLDER_CLASS.get(path.parent.parent.name)
        if label is None or path.suffix not in SUFFIXES:
            continue
        pixels = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        height, width = pixels.shape[:2]
        if min(height, width) * 6 < max(height, width) or pixels.std() < 4:
            continue  # a strip of an edge, or nearly nothing
        pictures.append(Picture(label, path.parent.name, path, pixels))
    return pictures


def files(folders, pattern):
    return [path for folder in folders for path in sorted(pathlib.Path(folder).glob(pattern))]


def distractors(folders):
    """Pictures that show nothing of the classes."""
    return [
        cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)
        for path in files(folders, "distractors/*/*")
        if path.suffix in SUFFIXES
    ]


def manifest(pictures):
    """One line a file: class, source, digest."""
    for picture in pictures:
        digest = hashlib.sha256(picture.path.read_bytes()).hexdigest()
        yield json.dumps(
            {
                "class": picture.label,
                "source": picture.source,
                "file": str(picture.path.relative_to(picture.path.parents[2])),
                "sha256": digest,
            }
        )
