"""The names that the package itself gives to scopes, in Spanish and in English."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from types import MappingProxyType

_PARTS: Mapping[str, str] = MappingProxyType(
    {
        "layer": "capa",
        "hidden layer": "capa oculta",
        "output layer": "capa de salida",
        "neuron": "neurona",
        "network": "red",
        "loss": "pérdida",
        "cost": "coste",
        "block": "bloque",
        "linear": "lineal",
        "linear rows": "lineal",
        "relu": "ReLU",
        "hadamard": "Hadamard",
        "sigmoid": "sigmoide",
        "cross-entropy": "entropía cruzada",
        "cross entropy": "entropía cruzada",
        "softmax cross-entropy": "softmax y entropía cruzada",
        "binary cross-entropy": "entropía cruzada binaria",
        "squared error": "error cuadrático",
        "half squared error": "½ · error cuadrático",
        "mse": "error cuadrático medio",
        "activation": "activación",
        "output": "salida",
        "input": "entrada",
        "example": "ejemplo",
        "regularisation": "regularización",
    }
)
"""The names that the package itself gives to scopes, and their Spanish."""
_WRITTEN: Mapping[str, str] = MappingProxyType({"linear rows": "linear", "relu": "ReLU", "hadamard": "Hadamard"})
"""Those that stand otherwise in English, too."""
_NUMBERED = re.compile(r"(.*?)( \d+)?", re.DOTALL)


def scope_name(name: str, language: str) -> str:
    """The name of a scope in a language, where it is one that the package gives; other names stay as they are.

    >>> scope_name("layer 1", "es"), scope_name("cross_entropy", "es"), scope_name("loss", "en"), scope_name("σ", "es")
    ('capa 1', 'entropía cruzada', 'loss', 'σ')
    >>> scope_name("relu", "en")
    'ReLU'
    """
    found = _NUMBERED.fullmatch(name)
    plain = found[1].replace("_", " ").lower() if found else ""
    known = (_PARTS if language == "es" else _WRITTEN).get(plain)
    if known is None or found is None:
        return name
    return (known[:1].upper() + known[1:] if name[:1].isupper() else known) + (found[2] or "")


def scope_path(names: Iterable[str], language: str) -> str:
    """The names of scopes, from the outermost to the innermost, in a language.

    >>> scope_path(["network", "layer 1", "neuron 2"], "es")
    'red · capa 1 · neurona 2'
    """
    return " · ".join(scope_name(name, language) for name in names)
