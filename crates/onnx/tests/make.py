"""Makes small.onnx: every kind of convolution that the crate tells apart, a sum over a skip, and a
constant that two parts share. Needs PyPI's onnx and numpy.

    python make.py small.onnx
"""

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

# rten has no defaults for these.
PLAIN = {"strides": [1, 1], "dilations": [1, 1]}

rng = np.random.default_rng(1)


def weights(name, *shape):
    return numpy_helper.from_array(rng.uniform(-0.5, 0.5, shape).astype(np.float32), name)


def main():
    initializers = [
        weights("stem.w", 8, 1, 3, 3),
        weights("stem.b", 8),
        weights("own.w", 8, 1, 5, 5),
        weights("own.b", 8),
        weights("same.w", 8, 1, 3, 3),
        weights("point.w", 6, 8, 1, 1),
        weights("odd.w", 3, 6, 3, 3),
    ]
    low, high = (numpy_helper.from_array(np.array(value, np.float32)) for value in (0, 6))
    nodes = [
        helper.make_node("Constant", [], ["low"], value=low),
        helper.make_node("Constant", [], ["high"], value=high),
        helper.make_node("Conv", ["x", "stem.w", "stem.b"], ["1"], strides=[2, 2], dilations=[1, 1], pads=[0, 0, 1, 1]),
        helper.make_node("Clip", ["1", "low", "high"], ["2"]),
        helper.make_node("Conv", ["2", "own.w", "own.b"], ["3"], group=8, pads=[2] * 4, **PLAIN),
        helper.make_node("Clip", ["3", "low", "high"], ["4"]),
        helper.make_node("Conv", ["4", "same.w"], ["5"], group=8, pads=[1] * 4, **PLAIN),
        helper.make_node("Add", ["2", "5"], ["6"]),
        helper.make_node("Conv", ["6", "point.w"], ["7"], pads=[0] * 4, **PLAIN),
        helper.make_node("Conv", ["7", "odd.w"], ["8"], pads=[1] * 4, **PLAIN),
        helper.make_node("Sigmoid", ["8"], ["y"]),
    ]
    sides = [1, 1, "height", "width"]
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, sides)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, 3, "rows", "columns"])],
        initializers,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    onnx.save(model, sys.argv[1])


if __name__ == "__main__":
    main()
