"""Networks that go on elsewhere: weights as NumPy arrays, PyTorch's Sequential and state_dict, ONNX files.

>>> from micrograd_es import export, nn
>>> export.arrays(nn.MLP.from_numbers([[[1.0, -2.0]]], [[0.5]]))
{'layer1.weight': array([[ 1., -2.]]), 'layer1.bias': array([0.5])}
"""

from micrograd_es.export.onnx_file import OPSET, to_onnx
from micrograd_es.export.onnx_reader import from_onnx
from micrograd_es.export.pytorch import from_torch, load_torch_state_dict, to_torch, torch_state_dict
from micrograd_es.export.weights import arrays, load_arrays, load_npz, save_npz

__all__ = [
    "OPSET",
    "arrays",
    "from_onnx",
    "from_torch",
    "load_arrays",
    "load_npz",
    "load_torch_state_dict",
    "save_npz",
    "to_onnx",
    "to_torch",
    "torch_state_dict",
]
