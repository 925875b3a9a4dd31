"""Every word that a figure shows, in Spanish and in English."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from micrograd_es.ops import Role

WORDS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "es": {
            "graph": "Grafo computacional de {f}",
            "summary": "{gates} puertas, {leaves} entradas. {f} = {value}.",
            "gradient_list": "Gradientes: {list}.",
            "names": "Entradas y puertas",
            "names_text": "El grafo computacional de {f}, sin calcular todavía.",
            "leaves": "Valores de entrada",
            "forward": "Hacia adelante",
            "backward": "Hacia atrás",
            "start": "Empieza la retropropagación",
            "start_text": "La derivada de {f} respecto de sí misma es 1.",
            "sum": "Sumador en la rama",
            "sum_text": "Se suman los gradientes que vuelven por cada rama de {x}:",
            "local_short": "local",
            "locals": "gradientes locales",
            "folded": "Plegado: {list}.",
            "folded_item": "{name} ({gates} puertas)",
            "hidden": "lo demás",
            "values": "{n} valores",
            "inputs": "{n} entradas",
            "more": "y {n} entradas más",
            "block_graph": "Grafo de bloques de {f}",
            "block_summary": "{blocks} bloques, {leaves} entradas y parámetros. {f} = {value}.",
            "block_names": "Entradas y bloques",
            "block_names_text": "El grafo de bloques de {f}, sin calcular todavía.",
            "column_layout": "Gradientes en columna: cada jacobiana, traspuesta (∂y/∂x: una fila por entrada x).",
            "row_layout": "Gradientes en fila: ∂y/∂x tiene una fila por salida y, una columna por entrada x.",
            "map": "Mapas: color, positivo; gris, negativo; más intenso, mayor.",
            "parameters": "Parámetros",
            "parameter_text": "Lo que el entrenamiento busca: el gradiente de los parámetros del bloque.",
            Role.DISTRIBUTOR.value: "distribuidor",
            Role.SWAPPER.value: "intercambiador",
            Role.ROUTER.value: "enrutador",
            Role.SCALER.value: "",
            "accumulator": "sumador",
            "distributor_rule": "reparte el gradiente tal cual entre sus entradas",
            "swapper_rule": "multiplica el gradiente por la OTRA entrada",
            "router_rule": "manda todo el gradiente a la entrada elegida y 0 a las demás",
            "scaler_rule": "multiplica el gradiente por su pendiente",
            "block_rule": "multiplica el gradiente por la derivada del bloque",
            "add": "Suma",
            "mul": "Multiplicación",
            "max": "Máximo",
            "min": "Mínimo",
            "where": "Elección",
            "identity": "Identidad",
            "sub": "Resta",
            "neg": "Cambio de signo",
            "div": "División",
            "reciprocal": "Inverso",
            "pow": "Potencia",
            "exp": "Exponencial",
            "log": "Logaritmo",
            "sqrt": "Raíz cuadrada",
            "abs": "Valor absoluto",
            "tanh": "Tangente hiperbólica",
            "sigmoid": "Sigmoide",
            "relu": "ReLU",
            "softplus": "Softplus",
            "sin": "Seno",
            "cos": "Coseno",
            "log_sum_exp": "Log-suma-exp",
        },
        "en": {
            "graph": "Computational graph of {f}",
            "summary": "{gates} gates, {leaves} inputs. {f} = {value}.",
            "gradient_list": "Gradients: {list}.",
            "names": "Inputs and gates",
            "names_text": "The computational graph of {f}, not computed yet.",
            "leaves": "Input values",
            "forward": "Forward",
            "backward": "Backward",
            "start": "The backward pass starts",
            "start_text": "The derivative of {f} with respect to itself is 1.",
            "sum": "Branch accumulator",
            "sum_text": "The gradients that come back on the branches of {x} add up:",
            "local_short": "local",
            "locals": "local gradients",
            "folded": "Folded: {list}.",
            "folded_item": "{name} ({gates} gates)",
            "hidden": "the rest",
            "values": "{n} values",
            "inputs": "{n} inputs",
            "more": "and {n} more inputs",
            "block_graph": "Block graph of {f}",
            "block_summary": "{blocks} blocks, {leaves} inputs and parameters. {f} = {value}.",
            "block_names": "Inputs and blocks",
            "block_names_text": "The block graph of {f}, not computed yet.",
            "column_layout": "Gradients are columns: every Jacobian is transposed (∂y/∂x: a row for each input x).",
            "row_layout": "Gradients are rows: ∂y/∂x has a row for each output y, a column for each input x.",
            "map": "Maps: colour, positive; grey, negative; stronger, larger.",
            "parameters": "Parameters",
            "parameter_text": "What training is after: the gradient of the parameters of the block.",
            Role.DISTRIBUTOR.value: "distributor",
            Role.SWAPPER.value: "swapper",
            Role.ROUTER.value: "router",
            Role.SCALER.value: "",
            "accumulator": "accumulator",
            "distributor_rule": "hands the gradient on unchanged to all its inputs",
            "swapper_rule": "multiplies the gradient by the OTHER input",
            "router_rule": "hands all of the gradient to the input it chose, 0 to the rest",
            "scaler_rule": "multiplies the gradient by its slope",
            "block_rule": "multiplies the gradient by the derivative of the block",
            "add": "Addition",
            "mul": "Multiplication",
            "max": "Maximum",
            "min": "Minimum",
            "where": "Choice",
            "identity": "Identity",
            "sub": "Subtraction",
            "neg": "Change of sign",
            "div": "Division",
            "reciprocal": "Reciprocal",
            "pow": "Power",
            "exp": "Exponential",
            "log": "Logarithm",
            "sqrt": "Square root",
            "abs": "Absolute value",
            "tanh": "Hyperbolic tangent",
            "sigmoid": "Sigmoid",
            "relu": "ReLU",
            "softplus": "Softplus",
            "sin": "Sine",
            "cos": "Cosine",
            "log_sum_exp": "Log-sum-exp",
        },
    }
)


def words(language: str) -> Mapping[str, str]:
    """The table of words of a language.

    >>> words("es")["swapper"], words("en")["swapper"]
    ('intercambiador', 'swapper')
    """
    try:
        return WORDS[language]
    except (KeyError, TypeError):
        raise ValueError(f"the language is {language!r}; expected one of {', '.join(WORDS)}.") from None


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
