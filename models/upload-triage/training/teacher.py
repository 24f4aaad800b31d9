"""Cuts an imported MobileNet v1 behind its eighth block and sets its input to 192 x 192: whose maps the trunk learns to give.

    npm run model -- import mobilenet_v1_0.75_192_quant.tflite --labels imagenet_labels.txt --input uint8 --name v1 --out FOLDER
    python teacher.py FOLDER/v1/model.onnx teacher.onnx
"""
import sys

import onnx
from onnx import TensorProto, helper

from model import MAP, SIZE, TRUNK

CONVOLUTIONS = 1 + 2 * len(TRUNK)  # the stem, then a depthwise and a pointwise one a block

if __name__ == "__main__":
    source, target = sys.argv[1:]
    model = onnx.load(source)
    graph = model.graph
    last = [k for k, node in enumerate(graph.node) if node.op_type == "QLinearConv"][CONVOLUTIONS - 1]
    del graph.node[last + 1:]
    for axis in (1, 2):
        graph.input[0].type.tensor_type.shape.dim[axis].dim_value = SIZE
    del graph.output[:], graph.value_info[:]
    graph.output.append(helper.make_tensor_value_info(graph.node[last].output[0], TensorProto.UINT8, [1, *MAP]))
    used = {name for node in graph.node for name in node.input}
    for tensor in [tensor for tensor in graph.initializer if tensor.name not in used]:
        graph.initializer.remove(tensor)
    onnx.checker.check_model(model)
    onnx.save(model, target)
