"""Makes the token classifier of the tests: each word piece has one label, whatever stands beside it.

    pip install onnx numpy && python3 make.py
"""

import json
import pathlib

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

FOLDER = pathlib.Path(__file__).parent
LABELS = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC", "B-MISC"]
PIECES = {
    "[PAD]": "O",
    "[UNK]": "O",
    "[CLS]": "B-PER",
    "[SEP]": "B-PER",
    "old": "B-PER",
    "tom": "I-PER",
    "bram": "B-PER",
    "##ble": "B-PER",
    "##by": "O",
    "moor": "B-LOC",
    "end": "I-LOC",
    "老": "B-PER",
    "虎": "I-PER",
    "fever": "B-MISC",
    "came": "O",
    "from": "O",
    "with": "O",
    ".": "O",
    ",": "O",
}

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
        "vocab": {piece: number for number, piece in enumerate(PIECES)},
    },
}
(FOLDER / "tokenizer.json").write_text(json.dumps(tokenizer, indent=1, ensure_ascii=False) + "\n")
config = {"id2label": {str(number): label for number, label in enumerate(LABELS)}}
(FOLDER / "config.json").write_text(json.dumps(config, indent=1) + "\n")

table = np.full((len(PIECES), len(LABELS)), -4, np.float32)
for number, label in enumerate(PIECES.values()):
    table[number, LABELS.index(label)] = 4
names = ("input_ids", "attention_mask", "token_type_ids")
inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"]) for name in names]
outputs = [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", len(LABELS)])]
nodes = [helper.make_node("Gather", ["table", "input_ids"], ["logits"], axis=0)]
graph = helper.make_graph(nodes, "classifier", inputs, outputs, [numpy_helper.from_array(table, "table")])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
onnx.checker.check_model(model)
onnx.save(model, FOLDER / "model.onnx")
