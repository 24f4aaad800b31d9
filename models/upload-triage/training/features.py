"""Cuts an imported MobileNet v2 behind its pooled features and sets its input to 192 x 192, for teacher.ts.

    npm run model -- import mobilenet_v2_1.0_224_quant.tflite --labels imagenet_labels.txt --input uint8 --name v2 --out FOLDER
    python features.py FOLDER/v2/model.onnx features.onnx
"""
import sys

import onnx
from onnx import TensorProto, helper

from views import RENDERED

source, target = sys.argv[1:]
model = onnx.load(source)
graph = model.graph
last = next(k for k, node in enumerate(graph.node) if node.op_type == "QLinearGlobalAveragePool")
del graph.node[last + 1:]
for axis in (1, 2):
    graph.input[0].type.tensor_type.shape.dim[axis].dim_value = RENDERED
del graph.output[:], graph.value_info[:]
graph.output.append(helper.make_tensor_value_info(graph.node[last].output[0], TensorProto.UINT8, [1, 1280, 1, 1]))
used = {name for node in graph.node for name in node.input}
unused = [tensor for tensor in graph.initializer if tensor.name not in used]
for tensor in unused:
    graph.initializer.remove(tensor)
onnx.save(model, target)
