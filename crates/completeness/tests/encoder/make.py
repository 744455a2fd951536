"""Makes the sentence encoder of the tests: a vector drawn at random for each of some word pieces.

    pip install onnx numpy && python3 make.py

`model.onnx` says a vector for each token, as exports of Sentence Transformers do; `pooled.onnx`
says their mean.
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent
DIMENSIONS = 32
LETTERS = "abcdefghijklmnopqrstuvwxyz0123456789.,:;-/()"
WORDS = (
    "name sex age male female years admission discharge date department married single the of and with "
    "was in on for to no a an is acute chronic left right disease infarction fracture hypertension diabetes "
    "pneumonia appendicitis patient admitted treated given operation surgery days home improved stable "
    "examination blood pressure pain fever cough"
).split()

vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", *LETTERS, *("##" + letter for letter in LETTERS), *WORDS]
tokenizer = {
    "version": "1.0",
    "truncation": None,
    "padding": None,
    "added_tokens": [],
    "normalizer": {
        "type": "BertNormalizer",
        "clean_text": True,
        "handle_chinese_chars": True,
        "strip_accents": None,
        "lowercase": True,
    },
    "pre_tokenizer": {"type": "BertPreTokenizer"},
    "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
    "decoder": None,
    "model": {
        "type": "WordPiece",
        "unk_token": "[UNK]",
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": {token: number for number, token in enumerate(vocabulary)},
    },
}
(FOLDER / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1) + "\n")

vectors = np.random.default_rng(2026).normal(size=(len(vocabulary), DIMENSIONS)).astype(np.float32)


def save(name, nodes, output, shape):
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    outputs = [helper.make_tensor_value_info(output, TensorProto.FLOAT, shape)]
    table = numpy_helper.from_array(vectors, "table")
    graph = helper.make_graph(nodes, name, inputs, outputs, [table])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, FOLDER / f"{name}.onnx")


gathered = helper.make_node("Gather", ["table", "input_ids"], ["all"], axis=0)
cast = helper.make_node("Cast", ["attention_mask"], ["mask"], to=TensorProto.FLOAT)
axes = helper.make_node("Constant", [], ["axes"], value_ints=[2])
column = helper.make_node("Unsqueeze", ["mask", "axes"], ["column"])
masked = helper.make_node("Mul", ["all", "column"], ["last_hidden_state"])
mean = helper.make_node("ReduceMean", ["last_hidden_state"], ["sentence_embedding"], axes=[1], keepdims=0)
each = [gathered, cast, axes, column, masked]
save("model", each, "last_hidden_state", ["batch", "tokens", DIMENSIONS])
save("pooled", [*each, mean], "sentence_embedding", ["batch", DIMENSIONS])
