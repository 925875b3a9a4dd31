"""Stretches of single numbers on Python's floats: the eager path's numbers, and NumPy's where there is no real one."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby, product
from threading import Thread
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import MLP, Value, fit, optim
from micrograd_es.notations import FLOATS, written
from micrograd_es.program import Program, record
from micrograd_es.program.arrays import ARRAYS
from micrograd_es.program.blocks import Space
from micrograd_es.program.calls import wanted
from micrograd_es.program.in_numpy.floats import MOST, Floats
from micrograd_es.program.in_numpy.kinds import BESIDE
from micrograd_es.program.in_numpy.runner import Runner
from micrograd_es.program.in_numpy.stretches import FORMS, FUNCTIONS, INPUTS, Number
from micrograd_es.value import apply
from test_program import SAFE, eager, random_function
from test_program_steps import OWN, assert_source_gives_the_same, graph, own, runner_of


def stretches(program: Program) -> list[Floats]:
    """Those of the last call."""
    call = program._calls.last
    return [function for function, _ in call.runner.round if isinstance(function, Floats)] if call else []


def plain(program: Program, inputs: Sequence[float], wrt: str) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """What NumPy's steps alone give for one example: the outputs, and the gradients of parameters and of inputs."""
    output = program.plan.rows(program.tape.outputs[:1]) if wrt else None
    runner = Runner(program.plan, program._shared, 1, wanted(program.plan, wrt), output)
    runner.inputs[...] = inputs
    (runner.backward if wrt else runner.forward)(*[1.0] * bool(wrt))
    outputs = np.array([runner.values[space][row, 0] for space, row in runner.outputs])
    shared, varying = (runner.gradients[space].ravel() for space in Space)
    return outputs, shared[: program.tape.parameters], varying[: program.tape.inputs]


ROSENBROCK = """\
def floats0():
    w0 = w[0]
    w1 = w[1]
    gw11 = gw[11]
    w5 = 1.0 - w0
    w8 = w1 - w0 * w0
    w11 = w5 * w5 + 100.0 * (w8 * w8)
    gw8 = gw11 * 100.0 * (2.0 * w8)
    gw6 = -gw8
    gw0 = gw6 * w0 + gw6 * w0 + -(gw11 * (2.0 * w5))
    squares0 = gw0 * gw0 + gw8 * gw8
    w[11] = w11
    gw[0] = gw0
    gw[1] = gw8
    sums[0] = w11
    squares[0] = squares0
"""


def rosenbrock() -> Program:
    x, y = Value(-1.2, "x"), Value(1.0, "y")
    return record(lambda: (1 - x) ** 2 + 100 * (y - x * x) ** 2)


def filtered() -> Callable[[], Value]:
    """A Kalman filter of a position and a speed, whose noises are learnt, with its matrices written out."""
    q, r = Value(0.1, "q"), Value(0.5, "r")
    seen = np.random.default_rng(0).normal(size=12).tolist()

    def loss() -> Value:
        (place, speed), (a, b, c), total = (Value(0.0), Value(0.0)), (Value(1.0), Value(0.0), Value(1.0)), Value(0.0)
        for z in seen:
            place, a, b, c = place + 0.1 * speed, a + 0.2 * b + 0.01 * c + q / 3000, b + 0.1 * c + q / 200, c + q / 10
            error, s = z - place, a + r
            total = total + es.log(s) + error * error / s
            place, speed = place + a / s * error, speed + b / s * error
            a, b, c = (1 - a / s) * a, (1 - a / s) * b, c - b / s * b
        return total

    return loss


def factor(size: int) -> Callable[[], Value]:
    """The logarithm of the determinant of a matrix of parameters, by Cholesky."""
    draw = np.random.default_rng(1)
    matrix = [[Value(2.0 * (i == j) + draw.uniform(-0.2, 0.2)) for j in range(i + 1)] for i in range(size)]

    def loss() -> Value:
        lower: list[list[Value]] = []
        for i, row in enumerate(matrix):
            lower.append([])
            for j, entry in enumerate(row):
                rest = entry - es.dot(lower[i][:j], lower[j][:j]) if j else entry
                lower[i].append(es.sqrt(rest) if i == j else rest / lower[j][j])
        return es.sum([es.log(row[-1]) for row in lower])

    return loss


def orbit(steps: int) -> Callable[[Value, Value], Value]:
    """Predators and prey by Euler's method, from where they begin."""
    a, b, c, d = Value(1.1), Value(0.4), Value(0.4), Value(0.1)

    def loss(x: Value, y: Value) -> Value:
        for _ in range(steps):
            x, y = x + 0.01 * (a * x - b * x * y), y + 0.01 * (d * x * y - c * y)
        return x * x + y * y

    return loss


def assert_as_eager(fn: Callable[..., Value], *inputs: float) -> Program:
    """Value and gradients are those of the eager path, and come from floats."""
    program = record(fn, *inputs)
    total, (slopes, to_inputs) = program.value_and_grad(*map(np.array, inputs), wrt="both")
    assert stretches(program)
    given = [Value(x) for x in inputs]
    f = fn(*given)
    gradient = es.gradients(f)
    assert total == pytest.approx(f.data, rel=1e-12)
    assert slopes.tolist() == pytest.approx([gradient.get(v, 0) for v in program.values], rel=1e-11, abs=1e-14)
    assert [x.item() for x in to_inputs] == pytest.approx([gradient.get(x, 0) for x in given], rel=1e-11, abs=1e-14)
    assert_source_gives_the_same(program, 1.0)
    for floats in stretches(program):  # nothing is stored before all is computed
        assert all(set(" (").isdisjoint(line.split(" = ")[1]) for line in floats.lines if "] = " in line)
    return program


def test_a_filter_a_factor_and_an_orbit_have_the_numbers_of_the_eager_path() -> None:
    assert_as_eager(filtered())
    assert len(stretches(assert_as_eager(factor(4)))) == 1
    assert len(stretches(assert_as_eager(orbit(20), 1.5, 0.7))) == 1


def test_the_source_is_the_formulas_with_the_names_of_the_rows() -> None:
    source = rosenbrock().source(1)
    assert source.startswith(ROSENBROCK)
    assert source.endswith("def backward(seed):\n    gw11.fill(seed)\n    floats0()\n")
    chain = record(lambda x: es.relu(es.exp(es.relu(es.exp(x) - 1)) - es.relu(es.exp(-x) - 1)), 0.5)
    assert chain.source(1, wrt="").partition("def forward")[0].count("exp(") == 3  # once each


@pytest.mark.parametrize("name", SAFE)
def test_every_operation_has_the_numbers_of_the_eager_path(name: str) -> None:
    w = Value(0.3, "w")

    def fn(x: Value, y: Value) -> Value:
        for _ in range(4):
            x, y = SAFE[name](x * w, y), SAFE[name](y, x + w)
        return es.tanh(x) * es.sin(y + 1)

    assert len(stretches(assert_as_eager(fn, 0.4, -0.7))) == 1


@pytest.mark.parametrize("seed", range(12))
def test_random_graphs_have_the_numbers_of_the_eager_path(seed: int) -> None:
    parameters = [Value(0.3 * i - 0.5) for i in range(4)]
    fn = random_function(seed, 60 + 10 * seed, parameters)
    xs = np.random.default_rng(seed).normal(size=(1, 4))
    program = record(fn, [0.0] * 4, parameters=parameters)
    total, (slopes, (to_inputs,)) = program.value_and_grad(xs, wrt="both")
    assert stretches(program)
    for found, expected in zip((total, slopes, to_inputs), eager(fn, xs, program.values), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-13)
    assert_source_gives_the_same(program, 1.0)
    alone = record(lambda: fn([Value(x) for x in xs[0].tolist()]), parameters=parameters)
    value, gradient = alone.value_and_grad()
    assert [value, *sorted(gradient)] == pytest.approx([total, *sorted(slopes)], rel=1e-11, abs=1e-13)
    assert stretches(alone)


@pytest.mark.parametrize("name", OWN)
def test_rows_of_ones_own_have_the_numbers_of_numpy(name: str) -> None:
    row, inputs = OWN[name]
    program = record(graph(row, inputs, len(name)), [0.3, -0.2, 0.6])
    xs = [0.4, -1.1, 0.2]
    _, (slopes, (to_inputs,)) = program.value_and_grad(xs, wrt="both")
    _, expected, of_inputs = plain(program, xs, "both")
    np.testing.assert_allclose(slopes, expected, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(to_inputs, of_inputs, rtol=1e-12, atol=1e-13)


def test_a_row_that_asks_what_its_input_is_is_part_of_a_stretch() -> None:
    asks = own(lambda m, x: x * x if x > 0 else 2.0 * x, lambda m, z, x: (2.0 * x if x > 0 else 2.0,))
    loss = orbit(5)
    program = assert_as_eager(lambda x, y: loss(apply(asks, loss(x, y) - 2.0), y), 1.5, 0.7)
    assert [type(function) is Floats for function, _ in runner_of(program).round] == [True]


def test_a_row_that_is_made_for_numbers_stands_between_two_stretches() -> None:
    odd = own(lambda m, x: math.sin(x), lambda m, z, x: (math.cos(x),))
    loss = orbit(5)
    program = assert_as_eager(lambda x, y: loss(apply(odd, loss(x, y) - 2.0), y), 1.5, 0.7)
    steps = [type(function) is Floats for function, _ in runner_of(program).round]
    assert [key for key, _ in groupby(steps)] == [True, False, True, False, True]


SPECIAL = [-math.inf, -1e308, -745.0, -2.5, -2.0, -1.0, -1e-310, -0.0, 0.0, 0.3, 1.0, 2.0, 3.0, 710.0, 1e200, 1.7e308]
SPECIAL += [math.inf, math.nan]


@pytest.mark.parametrize("function", FORMS, ids=lambda function: function.__name__)
def test_a_function_of_floats_is_that_of_numpy_or_raises(function: Any) -> None:
    form = FORMS[function]
    inputs = INPUTS.get(form) or (function.nin if isinstance(function, np.ufunc) else 2 - (form == "same"))
    names = [f"x{i}" for i in range(inputs)]
    text = "x0" if form == "same" else written(Number(form, [Number(name) for name in names]), FLOATS)
    found = eval(f"lambda {', '.join(names)}: {text}", dict(FUNCTIONS))
    beside = [np.array([[x]]) for x in BESIDE[form][1:]] + [np.empty((1, 1))] if form in BESIDE else []
    zeros = [np.zeros((1, 1))] if form == "step" else []

    def expected(*xs: float) -> float:
        given, room = [*[np.array([[x]]) for x in xs], *beside, *zeros], np.empty((1, 1))
        if isinstance(function, np.ufunc):
            (np.heaviside if form == "step" else function)(*given, out=room)
        else:
            function(*given, room)
        return room.item()

    assert_same_or_raises(found, expected, inputs)


@pytest.mark.parametrize("name", ["power", "power_slope", "times_log", "logaddexp"])
def test_a_function_of_the_maths_of_floats_is_that_of_arrays_or_raises(name: str) -> None:
    rule = getattr(ARRAYS, name)
    assert_same_or_raises(FUNCTIONS[name], lambda *xs: np.asarray(rule(*[np.array([[x]]) for x in xs])).item(), 2)


def assert_same_or_raises(found: Callable[..., Any], expected: Callable[..., float], inputs: int) -> None:
    raised = 0
    for xs in product(SPECIAL, repeat=inputs):
        try:
            number = float(found(*xs))
        except (ArithmeticError, ValueError, TypeError):
            raised += 1
            continue
        with np.errstate(all="ignore"):
            assert number == pytest.approx(expected(*xs), rel=1e-13, abs=1e-320, nan_ok=True), xs
    assert raised < len(SPECIAL) ** inputs * 0.6


FAULTS: dict[str, tuple[Callable[[Value], Any], float]] = {
    "divided by 0": (lambda x: 1 / x, 0.0),
    "an overflow of exp": (es.exp, 1000.0),
    "the logarithm of 0": (es.log, 0.0),
    "a power of a number below 0": (lambda x: x ** (x * 0.3), -2.0),
    "a power that overflows": (lambda x: x ** (x + 9.3), 1e200),
    "the sine of infinity": (lambda x: es.sin(x * 1e300), 1e300),
    "infinity less infinity": (lambda x: x * 1e300 - x * 2e300, 1e300),
    "no slope at 0": (es.sqrt, 0.0),
    "a power without a slope": (lambda x: x ** (x + 0.5), 0.0),
}
AFTER: dict[str, Callable[[Value], Any]] = {
    "itself": lambda y: y,
    "the larger": lambda y: es.maximum(y, 2.0),
    "relu": lambda y: es.relu(-y),
    "one over it": lambda y: 1 / y,
    "tanh": es.tanh,
    "a choice": lambda y: es.where(y, 3.0, y * 2.0),
    "not chosen": lambda y: es.where(Value(-1.0), y, 2.0),
}


@pytest.mark.parametrize("after", AFTER)
@pytest.mark.parametrize("name", FAULTS)
def test_what_is_not_finite_is_as_numpy_has_it_and_told_as_ever(name: str, after: str) -> None:
    fault, bad = FAULTS[name]
    w = Value(1.0, "w")

    def fn(x: Value) -> list[Value]:
        first = x * w + 0.0
        last = AFTER[after](fault(first))
        return [first * 2.0 - w, last, es.sin(first * 1e-300) + w * 2.0 - first * first * 1e-300, last * w + w * w]

    good = 1.5
    program = record(fn, good)
    for x in (good, bad, good):
        np.testing.assert_allclose(program(x), plain(program, [x], "")[0], rtol=1e-12)
    assert stretches(program)
    alone = record(lambda x: fn(x)[-1] + fn(x)[0], good)

    def told(x: Any) -> str:
        try:
            alone.value_and_grad(x, wrt="both")
        except ArithmeticError as error:
            return str(error)
        return ""

    assert told(bad) == told(np.full(3, bad)).replace("; in example 0 of the batch.", ".")
    for x in (good, bad, good) if not told(bad) else (good, good):
        found, (slopes, (to_inputs,)) = alone.value_and_grad(x, wrt="both")
        for one, other in zip(([found], slopes, to_inputs), plain(alone, [x], "both"), strict=True):
            np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-300)


def test_a_tie_goes_to_the_first_and_a_kink_has_the_slope_0() -> None:
    def fn(x: Value, y: Value) -> Value:
        several = [es.maximum(x, y), es.minimum(y, x), es.maximum(x, y, x), es.minimum(y, x, y), es.where(x - y, x, y)]
        return es.sum([(i + 1.0) * each for i, each in enumerate([*several, es.relu(x - y), abs(y - x)])])

    program = record(fn, 0.0, 0.0)
    _, (x, y) = program.value_and_grad(0.7, 0.7, wrt="inputs")
    assert (x.item(), y.item()) == (1.0 + 3.0, 2.0 + 4.0 + 5.0)
    assert stretches(program)


@pytest.mark.parametrize("reduce", ["mean", "sum", "none"])
@pytest.mark.parametrize("wrt", ["parameters", "inputs", "both"])
def test_all_that_can_be_asked_for_is_as_for_examples_of_a_batch(wrt: str, reduce: str) -> None:
    if reduce == "none" and wrt != "inputs":
        return
    program = record(orbit(6), 1.0, 1.0)
    xs, ys = np.array([1.5, 0.2, 0.9]), np.array([0.7, 1.1, 1.3])
    ones = [program.value_and_grad(xs[i : i + 1], ys[i : i + 1], wrt=wrt, reduce=reduce) for i in range(3)]
    assert stretches(program)
    value, gradient = program.value_and_grad(xs, ys, wrt=wrt, reduce=reduce)
    assert not stretches(program)
    share = 1 / 3 if reduce == "mean" else 1.0
    values = [one for one, _ in ones]
    np.testing.assert_allclose(np.ravel(values) if reduce == "none" else sum(values) * share, value, rtol=1e-12)
    for place, whole in enumerate(gradient if wrt == "both" else [gradient]):
        parts = [of[place] if wrt == "both" else of for _, of in ones]
        if isinstance(whole, list):
            np.testing.assert_allclose(np.concatenate(parts, axis=1) * share, whole, rtol=1e-12)
        else:
            np.testing.assert_allclose(sum(parts) * share, whole, rtol=1e-12)


@pytest.mark.parametrize("reduce", ["mean", "sum"])
def test_what_is_the_same_for_all_examples_runs_on_floats_beside_a_batch(reduce: str) -> None:
    shared, w = factor(4), Value(0.4, "w")

    def fn(x: Value) -> Value:
        return shared() * (es.sin(x * w) + w)

    program = record(fn, 0.5)
    xs = np.linspace(-1, 2, 40)
    total, slopes = program.value_and_grad(xs, reduce=reduce)
    assert stretches(program)
    value, expected, _ = eager(lambda x: fn(x[0]), xs.reshape(-1, 1), program.values)
    share = 1 / 40 if reduce == "mean" else 1.0
    assert total == pytest.approx(value * share, rel=1e-12)
    np.testing.assert_allclose(slopes, expected * share, rtol=1e-11)
    assert program(xs).tolist() == pytest.approx([fn(Value(x)).data for x in xs.tolist()], rel=1e-12)


def test_new_parameters_and_inputs_are_read_at_every_call() -> None:
    program = rosenbrock()
    for x, y in ((-1.2, 1.0), (1.0, 1.0), (0.3, -0.4)):
        program.parameters = [x, y]
        value, gradient = program.value_and_grad()
        assert value == pytest.approx((1 - x) ** 2 + 100 * (y - x * x) ** 2, rel=1e-12)
        assert gradient.tolist() == pytest.approx([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)], rel=1e-12)
        assert program() == pytest.approx(value, rel=1e-12)


def test_fit_learns_from_one_example_at_a_time_as_the_eager_path_does() -> None:
    xs = np.random.default_rng(2).normal(size=(6, 2))
    learnt = []
    for runner in ("eager", "numpy"):
        model, how = MLP(2, [2, 1], activation="tanh", seed=3), optim.Adam(0.05)
        fit(model, (xs, xs[:, :1] * xs[:, 1:]), loss="mse", optimizer=how, epochs=4, batch_size=1, runner=runner)
        learnt.append([w.data for w in model.parameters()])
    assert learnt[1] == pytest.approx(learnt[0], rel=1e-11)


def test_programs_in_several_threads_do_not_disturb_each_other() -> None:
    programs = [record(orbit(12), 1.0, 1.0) for _ in range(3)]
    expected = [program.value_and_grad(1.0 + i, 2.0 - i / 2, wrt="inputs") for i, program in enumerate(programs)]
    wrong: list[int] = []

    def run(i: int) -> None:
        for _ in range(200):
            if programs[i].value_and_grad(1.0 + i, 2.0 - i / 2, wrt="inputs") != expected[i]:
                wrong.append(i)

    threads = [Thread(target=run, args=[i]) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_half_the_precision_large_batches_and_dense_products_stay_in_numpy() -> None:
    narrow, wide = record(orbit(6), 1.0, 1.0, dtype="float32"), record(orbit(6), 1.0, 1.0)
    narrow.value_and_grad(1.5, 0.7)
    wide.value_and_grad(np.ones(32), np.ones(32))
    assert not stretches(narrow) + stretches(wide)
    model = MLP(8, [16, 16, 1], activation="relu", seed=1)
    dense = record(lambda x: model(x)[0], [0.0] * 8)
    dense.value_and_grad(np.ones((1, 8)))
    assert not stretches(dense)


def test_no_more_numbers_than_some_are_written_out() -> None:
    program = assert_as_eager(orbit(MOST // 16), 1.0, 1.0)
    assert sum(len(floats.steps) for floats in stretches(program)) <= MOST
