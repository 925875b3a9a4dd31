"""The demos of part B of the lectures: every number in them against a computation in NumPy that shares no code."""

from __future__ import annotations

import re
from collections.abc import Mapping
from io import BytesIO
from typing import Any

import numpy as np
import pytest

from command_line import texts
from micrograd_es import blocks, demos, frames, plots, record
from micrograd_es.figures import Figure, Frames
from micrograd_es.figures.digits import NumberFormat
from micrograd_es.nn import MLP

TOPICS = ["b1_vectors", "b2_block_graph", "b3_lego_blocks", "b4_matrices", "b5_errors_by_layer", "b6_cost"]


def written(array: Any, decimals: int = 2) -> str:
    """A vector as a row, a matrix row by row, as a caption has them."""
    number = NumberFormat(decimals=decimals)
    rows = np.atleast_2d(np.asarray(array, dtype=float)) + 0.0  # no −0
    return "[" + "; ".join(" ".join(number(float(x)) for x in row) for row in rows) + "]"


def column(array: Any, decimals: int = 2) -> str:
    return written(np.asarray(array, dtype=float).reshape(-1, 1), decimals)


def pictures(name: str, language: str = "es") -> Mapping[str, Any]:
    return demos.topics()[name].pictures(language)


def said(picture: Figure | Frames) -> str:
    return "\n".join(picture.captions) if isinstance(picture, Frames) else "\n".join(texts(picture.svg().encode()))


def softmax(y: np.ndarray) -> np.ndarray:
    e = np.exp(y - y.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@pytest.mark.parametrize("name", TOPICS)
def test_both_languages_have_the_same_pictures_with_titles_of_their_own(name: str) -> None:
    spanish, english = pictures(name), pictures(name, "en")
    assert list(spanish) == list(english)
    assert len(set(map(demos._title, spanish.values()))) == len(spanish)
    assert all(map(demos._title, [*spanish.values(), *english.values()]))
    for films in zip(spanish.values(), english.values(), strict=True):
        if isinstance(films[0], Frames):
            assert len(films[0]) == len(films[1])


# B1


def test_b1_the_row_that_leaves_is_the_row_that_arrives_times_the_jacobian() -> None:
    def f(x: np.ndarray) -> np.ndarray:
        return np.array([x[0] * x[1], x[1] + x[2] ** 2])

    x, step = np.array([2.0, -1.0, 3.0]), 1e-6
    jacobian = np.stack([(f(x + step * e) - f(x - step * e)) / (2 * step) for e in np.eye(3)], axis=1)
    assert jacobian.shape == (2, 3)
    y = f(x)
    upstream = np.array([3.0, y[1]])
    captions = said(pictures("b1_vectors")["b1_vectors"])
    assert f"y = f(x) = {column(y)}" in captions
    assert f"L = …(y) = {NumberFormat(decimals=2)(float(3 * y[0] + y[1] ** 2 / 2))}" in captions.replace("⋯", "…")
    assert (
        f"∂L/∂x = ∂L/∂y · ∂y/∂x = {written(upstream)} · {written(jacobian)} = {written(upstream @ jacobian)}"
        in captions
    )
    symbols = said(pictures("b1_vectors")["b1_symbols"])
    assert all(shape in symbols for shape in ("1×3", "2×3", "1×2", "3×1", "2×1"))


# B2


def b2_in_numpy() -> dict[str, np.ndarray]:
    """Every stage and every factor of the 3-3-2 network, in the convention of the lecture (columns)."""
    x = np.array([1, -1, 0.5])
    omega0, beta0 = np.array([[1, -0.5, 1], [-1, 1, 0.5], [0.5, 0.5, 1]]), np.array([0, 0.25, 0.5])
    omega1, beta1 = np.array([[0.5, 1, -0.5], [-0.5, 1, 1]]), np.array([1.0, 0])
    z = omega0 @ x + beta0
    h = np.maximum(z, 0)
    y = omega1 @ h + beta1
    s = softmax(y)
    factors = {
        "∂J/∂s": np.array([[0], [-1 / s[1]]]),
        "∂s/∂y": np.array([[s[0] * (1 - s[0]), -s[0] * s[1]], [-s[0] * s[1], s[1] * (1 - s[1])]]),
        "Ω₁ᵀ": omega1.T,
        "diag(1[z > 0])": np.diag((z > 0).astype(float)),
        "Ω₀ᵀ": omega0.T,
    }
    products, total = {}, np.eye(1)
    for name, factor in zip(("s", "y", "h", "z", "x"), factors.values(), strict=True):
        total = factor @ total
        products[f"∂J/∂{name}"] = total
    parameters = {
        "∂J/∂Ω₁": products["∂J/∂y"] @ h[None, :],
        "∂J/∂β₁": products["∂J/∂y"],
        "∂J/∂Ω₀": products["∂J/∂z"] @ x[None, :],
        "∂J/∂β₀": products["∂J/∂z"],
    }
    stages = {"z": z, "h": h, "y": y, "s": s, "J": -np.log(s[1:])}
    return {"factors": factors, "products": products, "parameters": parameters, "stages": stages}  # type: ignore[dict-item]


def test_b2_every_stage_factor_and_gradient_is_that_of_numpy() -> None:
    film, found = pictures("b2_block_graph")["b2_column_steps"], b2_in_numpy()
    captions = said(film)
    for name, numbers in found["stages"].items():
        shown = column(numbers) if len(numbers) > 1 else column(numbers)[1:-1]
        assert re.search(rf"^{name} = .* = {re.escape(shown)}$", captions, re.MULTILINE), name
    factors = found["factors"].values()
    for (name, product), factor in zip(found["products"].items(), factors, strict=True):
        middle = "" if name == "∂J/∂s" else rf".*{re.escape(written(factor))} · .* = "  # the first is its own product
        assert re.search(rf"^{name} = {middle}{re.escape(written(product))}$", captions, re.MULTILINE), name
    for name, gradient in found["parameters"].items():
        assert re.search(rf"^{name} = .* = {re.escape(written(gradient))}$", captions, re.MULTILINE), name


def test_b2_has_a_frame_for_every_factor_and_ends_with_the_whole_product() -> None:
    film, found = pictures("b2_block_graph")["b2_column_steps"], b2_in_numpy()
    names = list(found["factors"])
    frames = [caption for caption in film.captions if caption.startswith("Hacia atrás")]
    assert len(frames) == len(names) == 5
    for count, caption in enumerate(frames, 1):
        known = " · ".join(names[:count][::-1])
        assert f"∂J/∂x = {known if count == 5 else f'… · {known}'}" in caption
    numbers = " · ".join(map(written, list(found["factors"].values())[::-1]))
    assert f"∂J/∂x = {numbers} = {written(found['products']['∂J/∂x'])}" in frames[-1]


def test_b2_as_rows_is_the_same_transposed_the_other_way_round() -> None:
    captions, found = said(pictures("b2_block_graph")["b2_row_steps"]), b2_in_numpy()
    numbers = " · ".join(written(factor.T) for factor in found["factors"].values())
    assert f"∂J/∂x = {numbers} = {written(found['products']['∂J/∂x'].T)}" in captions
    assert "∂J/∂x = ∂J/∂s · ∂s/∂y · Ω₁ · diag(1[z > 0]) · Ω₀" in captions


# B3

B3_UPSTREAM = np.array([2, -1, 0.5])


def b3_in_numpy() -> dict[str, list[np.ndarray]]:
    """For each block what it gives and the gradients of its inputs, by central differences."""
    cross = [np.array([0.5, 0.25, 0.25]), np.array([0.0, 1, 0])]
    logits = np.array([1.0, 0, -1])
    linear = [np.array([2.0, -1, 0.5]), np.array([[1, 0.5, -1], [-0.5, 1, 2.0]]), np.array([0.5, 1])]
    cases = {
        "linear": (lambda x, w, b: w @ x + b, linear),
        "relu": (lambda x: np.maximum(x, 0), [np.array([1.5, -2, 0.5])]),
        "softmax": (softmax, [logits]),
        "cross_entropy": (lambda p, t: -(t * np.log(p)).sum(), cross),
        "softmax_cross_entropy": (lambda y, t: -(t * np.log(softmax(y))).sum(), [logits, cross[1]]),
        "hadamard": (lambda x, p: x * p, [np.array([1.0, -2, 3]), np.array([0.5, 2, -1])]),
        "squared_error": (lambda x, t: ((x - t) ** 2).sum(), [np.array([1.0, 2, 0.5]), np.array([0.0, 2.5, 0.5])]),
    }
    return {name: [fn(*xs), *_differences(fn, xs)] for name, (fn, xs) in cases.items()}


def _differences(fn: Any, xs: list[np.ndarray], step: float = 1e-6) -> list[np.ndarray]:
    def loss(*at: np.ndarray) -> float:
        out = np.asarray(fn(*at))
        return float(out if out.ndim == 0 else out @ B3_UPSTREAM[: len(out)])

    found = []
    for k, x in enumerate(xs):
        gradient = np.zeros_like(x)
        for place in np.ndindex(x.shape):
            moved = np.zeros_like(x)
            moved[place] = step
            up, down = ([*xs[:k], x + sign * moved, *xs[k + 1 :]] for sign in (1, -1))
            gradient[place] = (loss(*up) - loss(*down)) / (2 * step)
        found.append(gradient)
    return found


@pytest.mark.parametrize("name", list(b3_in_numpy()))
def test_b3_the_gradients_on_the_wires_are_central_differences(name: str) -> None:
    shown = texts(pictures("b3_lego_blocks")[f"b3_{name}"].svg().encode())
    number = NumberFormat(decimals=2)
    output, *gradients = b3_in_numpy()[name]
    for array in (output, *gradients):
        for x in np.ravel(array):
            assert number(round(float(x), 8) + 0.0) in shown, (name, array)


def test_b3_says_the_rules_of_the_lecture() -> None:
    made = pictures("b3_lego_blocks")
    rules = {
        "linear": ["∂L/∂x = ∂L/∂y·W", "∂L/∂W = (∂L/∂y)ᵀ·xᵀ", "∂L/∂b = ∂L/∂y"],
        "relu": ["∂L/∂x = ∂L/∂y ⊙ 1[y > 0]"],
        "softmax": ["∂L/∂xj = Σi ∂L/∂yi·yi·(δij − yj)"],
        "softmax_cross_entropy": ["∂L/∂y = p − t", "∂L/∂t = −log p"],
        "hadamard": ["∂L/∂x = ∂L/∂z ⊙ p", "∂L/∂p = ∂L/∂z ⊙ x"],
        "squared_error": ["∂E/∂x = 2(x − t)", "∂E/∂t = 2(t − x)"],
    }
    for name, formulas in rules.items():
        shown = "".join(texts(made[f"b3_{name}"].svg().encode())).replace(" ", "")
        for formula in formulas:
            assert formula.replace(" ", "") in shown, name


# B4


def b4_in_numpy() -> dict[str, np.ndarray]:
    """The two-layer network on a batch with softmax, by the formulas of the lecture."""
    x, c = np.array([[1, 2], [0.5, -1], [-1, 1]]), np.array([1, 0, 1])
    w1, b1 = np.array([[1, -1, 0.5], [0.5, 1, -1]]), np.array([[0, 0.5, 0]])
    w2, b2 = np.array([[1, -1], [0.5, 1], [-1, 0.5]]), np.array([[0.25, 0]])
    z = x @ w1 + b1
    h = np.maximum(z, 0)
    y = h @ w2 + b2
    p = softmax(y)
    to_y = (p - np.eye(2)[c]) / 3
    to_h = to_y @ w2.T
    to_z = to_h * (z > 0)
    back = {"Y": to_y, "W2": h.T @ to_y, "B2": to_y.sum(0, keepdims=True), "H": to_h, "Z": to_z}
    back |= {"W1": x.T @ to_z, "B1": to_z.sum(0, keepdims=True)}
    given = {"X": x, "W1": w1, "B1": b1, "W2": w2, "B2": b2, "Z": z, "H": h, "Y": y}
    loss = -np.log(p[np.arange(3), c]).mean()
    return {**given, **{f"∂L/∂{name}": array for name, array in back.items()}, "L": loss}


def test_b4_the_numbers_of_the_page_are_those_of_the_formulas_in_numpy() -> None:
    page, found = pictures("b4_matrices")["b4_formulas"], b4_in_numpy()
    lowered = str.maketrans("₁₂", "12")
    page.savefig(BytesIO(), format="svg")
    rows = list(page.axes[0].texts)
    names = [text.get_text().translate(lowered).split(" = ")[0] for text in rows]
    number = NumberFormat(decimals=2)
    for name, array in found.items():
        if name == "L":
            continue
        start = names.index(name) + 2  # the formula and its shapes, then the numbers row by row
        shown = [text.get_text() for text in rows[start : start + array.size]]
        assert shown == [number(float(x) + 0.0) for x in array.ravel()], name


def test_b4_the_formulas_are_those_of_the_lecture() -> None:
    shown = [text.get_text() for text in pictures("b4_matrices")["b4_formulas"].axes[0].texts]
    for formula in [
        "Z = X·W₁ + B₁",
        "H = relu(Z)",
        "Y = H·W₂ + B₂",
        "∂L/∂Y = (P − 1[clase correcta]) / m",
        "∂L/∂W₂ = Hᵀ·∂L/∂Y",
        "∂L/∂B₂ = sumas por columnas de ∂L/∂Y",
        "∂L/∂H = ∂L/∂Y·W₂ᵀ",
        "∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0]",
        "∂L/∂W₁ = Xᵀ·∂L/∂Z",
        "∂L/∂B₁ = sumas por columnas de ∂L/∂Z",
    ]:
        assert formula in shown


def test_b4_the_scalar_graph_says_the_same_block_by_block() -> None:
    captions, found = said(pictures("b4_matrices")["b4_batch"]), b4_in_numpy()
    of = {name: written(array) for name, array in found.items() if name != "L"}
    for line in [
        f"Z = X·W₁ + B₁ = {of['Z']}",
        f"H = ReLU(Z) = {of['H']}",
        f"Y = H·W₂ + B₂ = {of['Y']}",
        f"∂L/∂Y = {of['∂L/∂Y']}",
        f"∂L/∂H = ∂L/∂Y · W₂ᵀ = {of['∂L/∂Y']} · {written(found['W2'].T)} = {of['∂L/∂H']}",
        f"∂L/∂Z = ∂L/∂H ⊙ 1[Z > 0] = {of['∂L/∂H']} ⊙ {written(found['Z'] > 0)} = {of['∂L/∂Z']}",
        f"∂L/∂W₂ = Hᵀ · ∂L/∂Y = {written(found['H'].T)} · {of['∂L/∂Y']} = {of['∂L/∂W2']}",
        f"∂L/∂B₂ = 1ᵀ · ∂L/∂Y = {of['∂L/∂B2']}",
        f"∂L/∂W₁ = Xᵀ · ∂L/∂Z = {written(found['X'].T)} · {of['∂L/∂Z']} = {of['∂L/∂W1']}",
        f"∂L/∂B₁ = 1ᵀ · ∂L/∂Z = {of['∂L/∂B1']}",
    ]:
        assert line in captions, line
    assert f" = {NumberFormat(decimals=2)(float(found['L']))}\n" in captions


# B5


def b5_in_numpy() -> tuple[list[np.ndarray], list[np.ndarray]]:
    """The activations and the δ of the 2-3-2 network, by the recurrence of the lecture."""
    weights = [np.array([[1, -2], [0.5, 1.5], [-1.5, 1]]), np.array([[2, -1, 0.5], [-0.5, 1.5, 3]])]
    biases = [np.array([0, -0.5, 0.5]), np.array([0.5, -1])]
    activations = [np.array([1, 0.5])]
    for w, b in zip(weights, biases, strict=True):
        activations.append(1 / (1 + np.exp(-(w @ activations[-1] + b))))
    a1, a2 = activations[1:]
    last = -(np.array([1.0, 0]) - a2) * a2 * (1 - a2)
    return activations, [weights[1].T @ last * a1 * (1 - a1), last]


def test_b5_the_drawing_has_the_delta_of_every_neuron() -> None:
    shown = [text.get_text() for text in pictures("b5_errors_by_layer")["b5_errors_by_layer"].axes[0].texts]
    number = NumberFormat(decimals=3)
    expected = [number(float(delta)) for layer in b5_in_numpy()[1] for delta in layer]
    assert len(expected) == 5
    assert [text for text in shown if re.fullmatch(r"−?\d\.\d{3}", text)] == expected


def test_b5_the_deltas_come_back_block_by_block() -> None:
    captions = said(pictures("b5_errors_by_layer")["b5_steps"])
    activations, (first, last) = b5_in_numpy()
    assert f"∂C/∂a₂ = {column(activations[2] - [1, 0], 3)}" in captions
    assert re.search(rf"∂C/∂z₂ = diag\(a₂·\(1 − a₂\)\) · ∂C/∂a₂ = .* = {re.escape(column(last, 3))}", captions)
    assert re.search(rf"∂C/∂z₁ = diag\(a₁·\(1 − a₁\)\) · ∂C/∂a₁ = .* = {re.escape(column(first, 3))}", captions)
    assert f"∂C/∂b₁ = ∂C/∂z₁ = {column(first, 3)}" in captions
    outer = np.outer(last, activations[1])
    assert re.search(rf"∂C/∂W₂ = ∂C/∂z₂ · a₁ᵀ = .* = {re.escape(written(outer, 3))}", captions)


# B6


def test_b6_the_points_and_exponents_are_counts_by_hand() -> None:
    figure = pictures("b6_cost")["b6_cost"]
    points = [line.get_xydata() for line in figure.axes[0].get_lines() if line.get_marker() not in ("None", None, "")]
    n = np.array([4, 8, 16, 32])
    by_hand = [
        # Forward, a layer: n² products, n² additions with the bias, n ReLU; the error: 2n and one sum.
        3 * (n**2 + n**2 + n) + (n + n + n - 1),
        # Backward, a layer: n² products, n columns of n − 1 additions; a ReLU passes or stops; before it n squares.
        3 * (n**2 + n * (n - 1)) + n,
        # Forward mode: n² products in the first layer, n columns of matrix by vector in the others, then the error's.
        n**2 + 2 * n * (n**2 + n * (n - 1)) + (n * n + n * (n - 1)),
    ]
    assert len(points) == 3
    for curve, counts in zip(points, by_hand, strict=True):
        assert curve.tolist() == np.column_stack([n, counts]).tolist()
    labels = [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
    for curve, label, order in zip(points, labels, (2, 2, 3), strict=True):
        slope = np.polynomial.Polynomial.fit(np.log(curve[:, 0]), np.log(curve[:, 1]), 1).convert().coef[1]
        assert label.endswith(f" {slope:.2f}")
        assert round(slope) == order


# The captions and the page that B4 stands on, with other numbers


@pytest.mark.parametrize(("name", "slope"), [("tanh", "(1 − A²)"), ("sigmoid", "A ⊙ (1 − A)")])
def test_an_activation_of_a_batch_multiplies_entry_by_entry(name: str, slope: str) -> None:
    rng = np.random.default_rng(3)
    x, w = rng.normal(size=(2, 3)), rng.normal(size=(3, 2))
    z = blocks.named("Z", blocks.linear(blocks.named("X", x), blocks.named("W", w), [0.0, 0.0]))
    a = blocks.named("A", getattr(blocks, name)(z))
    loss = blocks.squared_error(a, [[0.0, 0.0], [0.0, 0.0]])
    loss.label = "L"
    captions = said(frames(loss, level=1, digits=5))
    numbers = np.tanh(x @ w) if name == "tanh" else 1 / (1 + np.exp(-x @ w))
    to_z = 2 * numbers * (1 - numbers**2 if name == "tanh" else numbers * (1 - numbers))
    found = re.search(rf"∂L/∂Z = ∂L/∂A ⊙ {re.escape(slope)} = .* ⊙ .* = \[(.*)\]$", captions, re.MULTILINE)
    assert found
    shown = [float(number.replace("−", "-")) for number in re.findall(r"[−\d.]+", found[1])]
    assert shown == pytest.approx(to_z.ravel(), rel=1e-4)


def test_a_page_of_formulas_of_larger_matrices_has_shapes_alone() -> None:
    program = record(MLP(3, [40, 2]), [0.0] * 3)
    page = plots.formulas(program, np.zeros((2, 3)), language="en", given="what the loss says", note="and so on")
    shown = [text.get_text() for text in page.axes[0].texts]
    assert {"3×40", "W₁", "∂L/∂Y = what the loss says", "and so on"} <= set(shown)
    assert sum(bool(re.fullmatch(r"−?\d\.\d\d", text)) for text in shown) < 30
    with pytest.raises(TypeError, match="expected what record"):
        plots.formulas(MLP(3, [2]), [[0.0] * 3])  # type: ignore[arg-type]
