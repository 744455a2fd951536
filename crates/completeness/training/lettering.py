"""Lines of writing as scanners, screens and people put them on pictures. All of it is made up."""

import functools
import pathlib

import numpy as np
from PIL import Image, ImageDraw, ImageFont

# Debian: fonts-dejavu-core fonts-liberation fonts-freefont-ttf fonts-wqy-zenhei fonts-noto-cjk
# fonts-arphic-uming fonts-arphic-ukai
LATIN = sorted(
    str(path)
    for folder in ("dejavu", "liberation", "freefont")
    for path in pathlib.Path("/usr/share/fonts/truetype", folder).glob("*.ttf")
)
CHINESE = sorted(
    str(path)
    for pattern in ("truetype/wqy/*.ttc", "opentype/noto/NotoS*CJK-*.ttc", "truetype/arphic/*.ttc")
    for path in pathlib.Path("/usr/share/fonts").glob(pattern)
)
WORDS = (
    "Name ID Patient Sex Age Date Time Acc Study Series Image Hospital Dept CHEST PA AP LAT kV mAs WL WW "
    "SMITH JOHN MARY TEST DOE BROWN LEE WANG GARCIA Exam No DOB Ward Bed Ref Dr Tech FOV TR TE Zoom mm"
).split()
LABELS = "姓名 性别 年龄 住院号 检查号 科室 床号 日期 医院 影像号 出生日期 患者 男 女 岁 报告 申请医师 机房".split()


def hanzi(rng, count):
    """Characters of the first level of GB 2312."""
    rows = rng.integers(0xB0, 0xD7, count)
    cells = rng.integers(0xA1, 0xFA, count)
    return bytes(byte for pair in zip(rows, cells) for byte in pair).decode("gb2312")


def token(rng):
    kind = rng.integers(7)
    if kind == 0:
        return str(rng.choice(WORDS))
    if kind == 1:
        return str(rng.choice(LABELS)) + (":" if rng.random() < 0.5 else "")
    if kind == 2:
        return hanzi(rng, rng.integers(1, 6))
    if kind == 3:
        return str(rng.integers(1, 10 ** int(rng.integers(1, 9))))
    if kind == 4:
        sign = str(rng.choice(["-", "/", "."]))
        return f"{rng.integers(1930, 2027)}{sign}{rng.integers(1, 13):02}{sign}{rng.integers(1, 29):02}"
    if kind == 5:
        return f"{rng.integers(0, 24):02}:{rng.integers(0, 60):02}:{rng.integers(0, 60):02}"
    letters = "".join(chr(rng.integers(65, 91)) for _ in range(rng.integers(2, 9)))
    return letters if rng.random() < 0.5 else letters.title()


def random_line(rng, most=24):
    line = token(rng)
    while len(line) < most and rng.random() < 0.6:
        line += str(rng.choice([" ", ":", "^", "  "])) + token(rng)
    return line[:most].strip() or "ID"


@functools.lru_cache(maxsize=4000)
def font(path, size):
    return ImageFont.truetype(path, size)


def draw_line(rng, pixels, text, x, y, size, colour, plate=None, outline=None):
    """Draws in place; answers the ink's box (x0, y0, x1, y1), or None if nothing is on the picture."""
    chinese = any(ord(character) > 0x2E80 for character in text)
    paths = CHINESE if chinese or rng.random() < 0.15 else LATIN
    face = font(paths[rng.integers(len(paths))], int(size))
    x0, y0, x1, y1 = face.getbbox(text)
    x0, y0, x1, y1 = int(x + x0), int(y + y0), int(np.ceil(x + x1)), int(np.ceil(y + y1))
    cut = max(0, x0 - 4), max(0, y0 - 4), min(pixels.shape[1], x1 + 5), min(pixels.shape[0], y1 + 5)
    if cut[2] - cut[0] < 10 or cut[3] - cut[1] < 10:
        return None
    patch = Image.fromarray(np.ascontiguousarray(pixels[cut[1] : cut[3], cut[0] : cut[2]]))
    pen = ImageDraw.Draw(patch)
    if plate is not None:
        pen.rectangle((0, 0, *patch.size), fill=plate)
    stroke = {"stroke_width": 1, "stroke_fill": outline} if outline is not None else {}
    pen.text((x - cut[0], y - cut[1]), text, font=face, fill=colour, **stroke)
    pixels[cut[1] : cut[3], cut[0] : cut[2]] = np.asarray(patch)
    box = max(0, x0), max(0, y0), min(pixels.shape[1], x1), min(pixels.shape[0], y1)
    return box if box[2] - box[0] >= 4 and box[3] - box[1] >= 4 else None
