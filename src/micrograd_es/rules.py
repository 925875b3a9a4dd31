"""The backward rules of the lego blocks, a table like that of the operations (lectures, B3 and B4).

A row says what a block computes, the shapes of what goes in and comes out, and for each input the gradient that leaves:
as a formula with gradients as rows and with gradients as columns, in words, and as a function of plain nested lists.
The tests hold every row against the scalar graph of the block. In the formulas L is the loss, ⊙ multiplies entry by
entry, 1[y > 0] is 1 where it holds and else 0, δ_ij is 1 where i = j and else 0.

The functions take `u`, the gradient that arrives at the output (in the output's shape), the output and the inputs, all
of them numbers, and give the gradient in the input's shape.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import log
from types import MappingProxyType
from typing import Any

from micrograd_es import blocks
from micrograd_es.maths import NUMBERS
from micrograd_es.nested import Nested, lists, mapped, shape, size, transposed


@dataclass(frozen=True)
class Backward:
    """How the gradient leaves through one input of a block; `words` by language."""

    of: str
    row: str  # the formula where gradients are rows (B1, B3)
    words: Mapping[str, str]
    gradient: Callable[..., Nested]
    column: str = ""  # the formula where gradients are columns (B2); the same where nothing is multiplied as a matrix

    def formula(self, layout: str = "row") -> str:
        """The rule as text in one of the layouts of `jacobian`."""
        return self.column or self.row if layout == "column" else self.row


@dataclass(frozen=True)
class Rule:
    """One block: `name` is that of its scope, `title` its name by language, `shapes` by symbol, the output last."""

    name: str
    title: Mapping[str, str]
    build: Callable[..., Any]
    forward: str
    shapes: Mapping[str, str]
    backward: tuple[Backward, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The symbols of the inputs, in the order in which `build` takes them."""
        return tuple(self.shapes)[:-1]

    @property
    def output(self) -> str:
        """The symbol of the output."""
        return tuple(self.shapes)[-1]

    def pull(self, upstream: Nested, *inputs: Nested) -> tuple[Nested, ...]:
        """The gradients of all inputs, by the rule, when `upstream` arrives at the output; numbers only.

        >>> rule("linear").pull([1, 10], [1, 2], [[3, -1], [2, 0]], [0, 5])
        ([23, -1], [[1, 2], [10, 20]], [1, 10])

        Raises ValueError where `upstream` has not the shape of the output, and what the block raises.
        """
        numbers = [lists(x) for x in inputs]
        output = mapped(lambda v: v.data, self.build(*numbers))
        u = lists(upstream)
        if shape(u, "upstream") != shape(output):
            raise ValueError(
                f"upstream is {size(shape(u))}; expected {size(shape(output))}, the shape of {self.output}."
                " Write one number for each entry."
            )
        return tuple(back.gradient(u, output, *numbers) for back in self.backward)


def _by_language(es: str, en: str) -> Mapping[str, str]:
    return MappingProxyType({"es": es, "en": en})


def rule(name: str) -> Rule:
    """The row of the block whose scope has that name.

    >>> rule("linear").backward[0].formula(), rule("linear").backward[0].formula("column")
    ('∂L/∂x = ∂L/∂y·W', '∂L/∂x = Wᵀ·∂L/∂y')
    """
    try:
        return RULES[name]
    except KeyError:
        raise ValueError(f"no block is called {name!r}; the table has {', '.join(RULES)}.") from None


# What the rules need of vectors and matrices of plain numbers. Sums start from their first term, so exact stays exact.


def _dot(xs: Sequence[Any], ys: Sequence[Any]) -> Any:
    return NUMBERS.sum([x * y for x, y in zip(xs, ys, strict=True)])


def _product(a: Nested, b: Nested) -> Nested:
    """The matrix product; a row vector times a matrix is a row vector."""
    columns = transposed(b, len(b[0]))
    return [[_dot(row, column) for column in columns] for row in a] if isinstance(a[0], list) else _product([a], b)[0]


def _turned(matrix: Nested) -> Nested:
    return transposed(matrix, len(matrix[0]))


def _outer(u: Sequence[Any], x: Sequence[Any]) -> Nested:
    return [[a * b for b in x] for a in u]


def _rows(fn: Callable[..., Nested], *xs: Nested) -> Nested:
    """fn of vectors, or of each row of matrices."""
    return [fn(*rows) for rows in zip(*xs, strict=True)] if isinstance(xs[0][0], list) else fn(*xs)


def _through_softmax(u: Sequence[Any], y: Sequence[Any]) -> list[Any]:
    return [NUMBERS.sum([u[i] * y[i] * ((i == j) - y[j]) for i in range(len(y))]) for j in range(len(y))]


def _share(u: Any, xs: Nested) -> Any:
    """What each row of a mean over rows gets of the gradient: u/m for m rows, u for a vector."""
    return u / len(xs) if isinstance(xs[0], list) else u


def _shares_less_targets(y: Sequence[Any], t: Sequence[Any]) -> list[Any]:
    total = NUMBERS.sum(t)
    return [p * total - target for p, target in zip(_softmax(y), t, strict=True)]


def _softmax(y: Sequence[Any]) -> list[Any]:
    return list(NUMBERS.shares(NUMBERS.log_sum_exp(y), y))


def _minus_log_softmax(y: Sequence[Any]) -> list[Any]:
    total = NUMBERS.log_sum_exp(y)
    return [total - x for x in y]


_TABLE = (
    Rule(
        "linear", _by_language("lineal", "linear"), blocks.linear, "y = W·x + b",
        {"x": "n", "W": "p×n", "b": "p", "y": "p"},
        (
            Backward("x", "∂L/∂x = ∂L/∂y·W", _by_language(
                "el gradiente que llega, por la matriz de pesos",
                "the upstream gradient times the matrix of weights"),
                lambda u, y, x, w, b: _product(u, w), "∂L/∂x = Wᵀ·∂L/∂y"),
            Backward("W", "∂L/∂W = (∂L/∂y)ᵀ·xᵀ", _by_language(
                "cada gradiente que llega, por cada entrada",
                "each upstream gradient times each input"),
                lambda u, y, x, w, b: _outer(u, x), "∂L/∂W = ∂L/∂y·xᵀ"),
            Backward("b", "∂L/∂b = ∂L/∂y", _by_language(
                "el gradiente que llega, sin cambios", "the upstream gradient, unchanged"),
                lambda u, y, x, w, b: u),
        ),
    ),
    Rule(
        "linear rows", _by_language("lineal por filas", "linear by rows"), blocks.linear, "Y = X·W + B",
        {"X": "m×n", "W": "n×p", "B": "p", "Y": "m×p"},
        (
            Backward("X", "∂L/∂X = ∂L/∂Y·Wᵀ", _by_language(
                "el gradiente que llega, por la traspuesta de los pesos",
                "the upstream gradient times the transposed weights"),
                lambda u, y, x, w, b: _product(u, _turned(w))),
            Backward("W", "∂L/∂W = Xᵀ·∂L/∂Y", _by_language(
                "la traspuesta de las entradas, por el gradiente que llega",
                "the transposed inputs times the upstream gradient"),
                lambda u, y, x, w, b: _product(_turned(x), u)),
            Backward("B", "∂L/∂B = Σᵢ (∂L/∂Y)ᵢ", _by_language(
                "la suma por columnas del gradiente que llega: el sesgo se usa en todas las filas",
                "the column sums of the upstream gradient: the bias is used in every row"),
                lambda u, y, x, w, b: [NUMBERS.sum(column) for column in _turned(u)]),
        ),
    ),
    Rule(
        "relu", _by_language("ReLU", "ReLU"), blocks.relu, "y = max(0, x)", {"x": "n", "y": "n"},
        (
            Backward("x", "∂L/∂x = ∂L/∂y ⊙ 1[y > 0]", _by_language(
                "pasa donde la salida es positiva; donde no, 0",
                "passes where the output is positive, 0 elsewhere"),
                lambda u, y, x: mapped(lambda a, z: a if z > 0 else 0 * a, u, y)),
        ),
    ),
    Rule(
        "sigmoid", _by_language("sigmoide", "sigmoid"), blocks.sigmoid, "y = σ(x)", {"x": "n", "y": "n"},
        (
            Backward("x", "∂L/∂x = ∂L/∂y ⊙ y ⊙ (1 − y)", _by_language(
                "por la salida y por 1 menos la salida", "times the output and 1 minus the output"),
                lambda u, y, x: mapped(lambda a, z: a * z * (1 - z), u, y)),
        ),
    ),
    Rule(
        "tanh", _by_language("tanh", "tanh"), blocks.tanh, "y = tanh(x)", {"x": "n", "y": "n"},
        (
            Backward("x", "∂L/∂x = ∂L/∂y ⊙ (1 − y²)", _by_language(
                "por 1 menos el cuadrado de la salida", "times 1 minus the square of the output"),
                lambda u, y, x: mapped(lambda a, z: a * (1 - z * z), u, y)),
        ),
    ),
    Rule(
        "softmax", _by_language("softmax", "softmax"), blocks.softmax, "y_i = e^{x_i} / Σ_j e^{x_j}",
        {"x": "n", "y": "n"},
        (
            Backward("x", "∂L/∂x_j = Σ_i ∂L/∂y_i·y_i·(δ_ij − y_j)", _by_language(
                "cada entrada cambia todas las salidas: se suma sobre ellas",
                "each input changes every output: the sum over them"),
                lambda u, y, x: _rows(_through_softmax, u, y)),
        ),
    ),
    Rule(
        "cross-entropy", _by_language("entropía cruzada", "cross-entropy"), blocks.cross_entropy,
        "L = −Σ_i t_i·log p_i", {"p": "n", "t": "n", "L": "1"},
        (
            Backward("p", "∂L/∂p_i = −t_i / p_i", _by_language(
                "menos el objetivo entre la probabilidad", "minus the target over the probability"),
                lambda u, y, p, t: mapped(lambda q, c: -_share(u, p) * c / q, p, t)),
            Backward("t", "∂L/∂t_i = −log p_i", _by_language(
                "menos el logaritmo de la probabilidad", "minus the logarithm of the probability"),
                lambda u, y, p, t: mapped(lambda q: -_share(u, p) * log(q), p)),
        ),
    ),
    Rule(
        "softmax cross-entropy", _by_language("softmax y entropía cruzada", "softmax and cross-entropy"),
        blocks.softmax_cross_entropy, "p = softmax(y), L = −Σ_i t_i·log p_i", {"y": "n", "t": "n", "L": "1"},
        (
            Backward("y", "∂L/∂y = p − t", _by_language(
                "la predicción menos el objetivo (los objetivos suman 1)",
                "the prediction minus the target (the targets sum to 1)"),
                lambda u, loss, y, t: mapped(lambda d: _share(u, y) * d, _rows(_shares_less_targets, y, t))),
            Backward("t", "∂L/∂t = −log p", _by_language(
                "menos el logaritmo de la predicción", "minus the logarithm of the prediction"),
                lambda u, loss, y, t: mapped(lambda d: _share(u, y) * d, _rows(_minus_log_softmax, y))),
        ),
    ),
    Rule(
        "hadamard", _by_language("producto de Hadamard", "Hadamard product"), blocks.hadamard, "z = x ⊙ p",
        {"x": "n", "p": "n", "z": "n"},
        (
            Backward("x", "∂L/∂x = ∂L/∂z ⊙ p", _by_language(
                "por la otra entrada", "times the other input"),
                lambda u, z, x, p: mapped(lambda a, c: a * c, u, p)),
            Backward("p", "∂L/∂p = ∂L/∂z ⊙ x", _by_language(
                "por la otra entrada", "times the other input"),
                lambda u, z, x, p: mapped(lambda a, c: a * c, u, x)),
        ),
    ),
    Rule(
        "squared error", _by_language("error cuadrático", "squared error"), blocks.squared_error,
        "E = Σ_i (x_i − t_i)²", {"x": "n", "t": "n", "E": "1"},
        (
            Backward("x", "∂E/∂x = 2(x − t)", _by_language(
                "el doble de lo que sobra", "twice what is too much"),
                lambda u, e, x, t: mapped(lambda a, c: u * 2 * (a - c), x, t)),
            Backward("t", "∂E/∂t = 2(t − x)", _by_language(
                "el doble de lo que falta", "twice what is missing"),
                lambda u, e, x, t: mapped(lambda a, c: u * 2 * (c - a), x, t)),
        ),
    ),
)  # fmt: skip

RULES: Mapping[str, Rule] = MappingProxyType({row.name: row for row in _TABLE})
