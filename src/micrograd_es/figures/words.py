"""Every word that a figure shows, in Spanish and in English."""

from __future__ import annotations

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
