"""Networks to and from ONNX files, which onnxruntime and many programs run. The package `onnx` is loaded on first use.

A file has one input, `input` (batch×n_in), and one output, `output` (batch×n_out); the batch may have any size. A
layer is a Gemm, whose weights have the names of `arrays(model)`, and a node for its activation. A Dropout does
nothing when a network predicts, so it is not written.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from micrograd_es.export.chain import Activate, Affine, Link, links
from micrograd_es.export.extras import needed
from micrograd_es.export.onnx_rows import EXACT, ROWS, Graph
from micrograd_es.export.slots import numbers
from micrograd_es.files import as_path, write_files
from micrograd_es.nn import Module
from micrograd_es.tables import chosen

OPSET = 17
"""The version of ONNX's operations that a file asks for: any runtime since 2022 has it."""

_IR_VERSION = 8  # the file format of that time
_DTYPES = {"float32": np.float32, "float64": np.float64}


def to_onnx(model: Module, path: str | PathLike[str], dtype: str = "float32") -> Path:
    """Write the network as an ONNX file of opset 17; gives its path. The same network gives the same bytes.

    Inputs, outputs and weights are float32, which every runtime takes, or "float64", whose outputs agree with the
    model's to the last digits; with float32 it is about 7 digits.

    >>> from micrograd_es.nn import MLP
    >>> from tempfile import mkdtemp
    >>> to_onnx(MLP(2, [3, 1], activation="tanh"), f"{mkdtemp()}/network.onnx").name
    'network.onnx'

    Raises ImportError without the package onnx; TypeError, naming it, for what ONNX does not know (a function as an
    activation, a module of one's own); OSError where the file cannot be written, and then what was there is untouched.
    """
    number = chosen(_DTYPES, dtype, "dtype")
    chain = links(model)
    onnx = needed("onnx", "to_onnx")
    graph = Graph(number)
    end = "input"
    for link in chain:
        end = _added(graph, link, end)
    content = _model(onnx, graph, end, [link for link in chain if isinstance(link, Affine)], repr(model))
    write_files({as_path(path): content.SerializeToString(deterministic=True)})
    return Path(path)


def _added(graph: Graph, link: Link, end: str) -> str:
    """Add a link; gives the name of what it computes."""
    if isinstance(link, Affine):
        weights = [graph.constant(f"{link.name}.weight", numbers(link.weight))]
        if link.bias is not None:
            weights.append(graph.constant(f"{link.name}.bias", numbers(link.bias)))
        return graph.add("Gemm", end, *weights, transB=1)
    if isinstance(link, Activate):
        rows = ROWS | EXACT if graph.dtype is np.float64 else ROWS
        return rows[link.name](graph, end)
    return end


def _model(onnx: Any, graph: Graph, end: str, layers: list[Affine], told: str) -> Any:
    """The file's content: the last output is called `output`."""
    from micrograd_es import __version__

    helper = onnx.helper
    kind = helper.np_dtype_to_tensor_dtype(np.dtype(graph.dtype))
    nodes = [
        helper.make_node(node.op, node.inputs, ["output" if node.output == end else node.output], **node.attributes)
        for node in graph.nodes
    ]
    ends = [
        helper.make_tensor_value_info(name, kind, ["batch", size])
        for name, size in (("input", layers[0].weight.shape[1]), ("output", len(layers[-1].weight)))
    ]
    weights = [onnx.numpy_helper.from_array(array, name) for name, array in graph.constants.items()]
    return helper.make_model(
        helper.make_graph(nodes, "network", ends[:1], ends[1:], weights, doc_string=told),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=_IR_VERSION,
        producer_name="micrograd_es",
        producer_version=__version__,
    )
