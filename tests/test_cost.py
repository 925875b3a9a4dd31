"""The cost of a graph: counts worked by hand, rows that count by themselves, and how the counts grow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from conftest import points
from micrograd_es import Value, blocks, exp, relu, sqrt, tanh
from micrograd_es.cost import Cost, chain, cost, exponent, growth
from micrograd_es.counting import COUNTING, Counted, Counts, plain
from micrograd_es.ops import OPS, Op, Role
from micrograd_es.value import apply

rows = pytest.mark.parametrize("row", list(OPS.values()), ids=list(OPS))

x, y = Value(3.0, "x"), Value(4.0, "y")
WAYS = ("forward", "local", "backward", "forward_mode")


def counted(costs: Cost) -> dict[str, dict[str, int]]:
    return {way: dict(getattr(costs, way)) for way in WAYS}


# By hand. A product with a local gradient that is always 1 (add, the taken branch of relu) is no multiplication; a
# power has a local gradient for its exponent too, z·log x.
BY_HAND: list[tuple[Callable[[], Value], dict[str, dict[str, int]]]] = [
    (lambda: x + y, {"forward": {"add": 1}, "local": {}, "backward": {}, "forward_mode": {}}),
    (lambda: x * y, {"forward": {"mul": 1}, "local": {}, "backward": {"mul": 2}, "forward_mode": {"mul": 2}}),
    (lambda: x - y, {"forward": {"sub": 1}, "local": {}, "backward": {"neg": 1}, "forward_mode": {"neg": 1}}),
    (lambda: x * x, {"forward": {"mul": 1}, "local": {}, "backward": {"mul": 2, "add": 1},
                     "forward_mode": {"mul": 2, "add": 1}}),
    (lambda: x**2, {"forward": {"mul": 1}, "local": {"mul": 2, "log": 1}, "backward": {"mul": 1},
                    "forward_mode": {"mul": 1}}),
    (lambda: x / y, {"forward": {"div": 1}, "local": {"div": 2, "neg": 1}, "backward": {"mul": 2},
                     "forward_mode": {"mul": 2}}),
    (lambda: tanh(x), {"forward": {"tanh": 1}, "local": {"mul": 1, "sub": 1}, "backward": {"mul": 1},
                       "forward_mode": {"mul": 1}}),
    (lambda: exp(x), {"forward": {"exp": 1}, "local": {}, "backward": {"mul": 1}, "forward_mode": {"mul": 1}}),
    (lambda: relu(x), {"forward": {"compare": 1}, "local": {"compare": 1}, "backward": {}, "forward_mode": {}}),
    # q = x·y forks: back, 2 products at f, 1 sum at q, 2 products at q; forward, 2 columns of 2 + 1 at f, 2 at q
    (lambda: (lambda q: q * q)(x * y), {"forward": {"mul": 2}, "local": {}, "backward": {"mul": 4, "add": 1},
                                        "forward_mode": {"mul": 6, "add": 2}}),
]  # fmt: skip


@pytest.mark.parametrize(("f", "expected"), BY_HAND)
def test_small_graphs_cost_what_a_hand_counts(f: Callable[[], Value], expected: dict[str, dict[str, int]]) -> None:
    assert counted(cost(f(), [x, y])) == expected


@pytest.mark.parametrize(("n", "p"), [(2, 3), (4, 4), (5, 1)])
def test_a_linear_block_costs_one_product_of_matrix_and_vector_each_way(n: int, p: int) -> None:
    inputs = blocks.named("x", [1.5] * n)
    weights, biases = blocks.named("W", [[0.5] * n for _ in range(p)]), blocks.named("b", [1.0] * p)
    f = blocks.squared_error(blocks.linear(inputs, weights, biases), [0.0] * p)
    by_x, by_all = cost(f, inputs), cost(f, [inputs, weights, biases])
    assert by_x.forward == by_all.forward == Counts(mul=n * p + p, add=n * p + p - 1, sub=p)
    assert by_x.backward == Counts(mul=n * p + p, add=n * (p - 1))  # ∂L/∂y·W: n sums of p products
    assert by_all.backward == Counts(mul=2 * n * p + p, add=n * (p - 1))  # and ∂L/∂W: a product for each weight


@pytest.mark.parametrize(("n", "layers"), [(3, 1), (4, 2), (5, 3)])
def test_a_chain_of_layers_costs_what_the_lecture_says(n: int, layers: int) -> None:
    found = cost(*chain(n, layers))
    square, cube = n * n, n**3
    assert found.forward == Counts(
        mul=layers * square + n, add=layers * square + n - 1, sub=n, compare=layers * n
    )  # W·h + b and relu, then Σ (h − 1)²
    assert found.backward == Counts(mul=n + layers * square, add=layers * n * (n - 1))
    assert found.forward_mode == Counts(
        mul=square + (layers - 1) * cube + square, add=(layers - 1) * square * (n - 1) + n * (n - 1)
    )  # W, then W times a matrix in each further layer, then the loss: n rates at n errors


def test_the_exponents_are_two_two_and_three() -> None:
    found = growth((8, 16, 32), layers=4)
    assert found.sizes == (8, 16, 32)
    assert found.totals("forward")[0] == found.costs[0].forward.total()
    exponents = found.exponents
    assert exponents["forward"] == pytest.approx(2, abs=0.1)
    assert exponents["backward"] == pytest.approx(2, abs=0.1)
    assert exponents["forward_mode"] == pytest.approx(3, abs=0.15)


def test_the_exponent_is_the_slope_of_the_line_through_all_points() -> None:
    assert exponent([1, 2, 4, 8], [5, 40, 320, 2560]) == pytest.approx(3)
    assert exponent([1, 10, 100], [1, 100, 100]) == pytest.approx(1)


@rows
def test_every_row_of_the_table_computes_the_same_while_it_is_counted(row: Op) -> None:
    for numbers in points(row, count=2):
        counts = Counts()
        inputs = [Counted(n, counts) for n in numbers]
        z = row.forward(COUNTING, *inputs)
        assert plain(z) == pytest.approx(apply(row, *map(Value, numbers)).data, rel=1e-15)
        assert counts.total() > 0 or row.name == "identity" or len(numbers) == 1
        slopes = [plain(slope) for slope in row.local(COUNTING, z, *inputs)]
        assert slopes == pytest.approx(list(apply(row, *map(Value, numbers)).local), rel=1e-15)


@rows
def test_the_derivatives_that_are_counted_are_those_of_the_graph(row: Op, monkeypatch: pytest.MonkeyPatch) -> None:
    import micrograd_es.cost as module

    arrived: list[Any] = []
    for name in ("backward", "forward"):
        sweep = getattr(module, name)
        monkeypatch.setattr(module, name, lambda *given, sweep=sweep: arrived.append(sweep(*given)))
    (numbers, *_) = points(row, count=1)
    inputs = [Value(n) for n in numbers]
    f = apply(row, *inputs)
    cost(f, inputs)
    back, ahead = arrived
    assert [plain(back[v][0]) for v in inputs] == pytest.approx(list(f.local), rel=1e-15)
    assert [plain(ahead[f][i]) for i in range(len(inputs))] == pytest.approx(list(f.local), rel=1e-15)


def test_a_new_row_counts_by_itself(add_row: Callable[..., Op]) -> None:
    row = add_row(
        "horner", "h", Role.SCALER, lambda m, x: (x * 2 + 1) * x + m.exp(x), lambda m, z, x: (x * 4 + 1 + m.exp(x),)
    )
    assert counted(cost(apply(row, x), x)) == {
        "forward": {"mul": 2, "add": 2, "exp": 1},
        "local": {"mul": 1, "add": 2, "exp": 1},
        "backward": {"mul": 1},
        "forward_mode": {"mul": 1},
    }


def test_the_graph_is_cut_at_the_inputs_and_what_they_do_not_reach_is_not_differentiated() -> None:
    q = tanh(x) * y
    f = q * q + sqrt(Value(0.0))
    assert counted(cost(f, q)) == {
        "forward": {"mul": 1, "add": 1, "sqrt": 1},
        "local": {},
        "backward": {"mul": 2, "add": 1},
        "forward_mode": {"mul": 2, "add": 1},
    }
    assert cost(f, [x]).backward["mul"] == 4


def test_what_counting_refuses() -> None:
    zero = Value(0.0, "o")
    with pytest.raises(ValueError, match=r"sqrt\(o = 0\.0\) has no finite local gradient"):
        cost(sqrt(zero) + y, [zero])
    with pytest.raises(TypeError, match=r"outputs has 3 \(int\) in it; expected Values"):
        cost(3, [x])
    with pytest.raises(ValueError, match=r"sizes=\(4,\) and layers=3; expected two different sizes"):
        growth([4])
    with pytest.raises(ValueError, match=r"layers=0"):
        growth([4, 8], layers=0)


def test_counts_say_themselves() -> None:
    assert str(Counts(mul=1, add=1, sub=1)) == "3 operations: 1 multiplication, 2 additions"
    assert str(Counts(div=1)) == "1 operation: 1 other"
    assert str(Counts()) == "0 operations"
