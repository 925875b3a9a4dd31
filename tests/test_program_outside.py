"""Programs as someone who never saw the library would write them: what is refused, and what has to work."""

from __future__ import annotations

import copy
import json
import math
import pickle
import random
from collections.abc import Callable
from fractions import Fraction
from functools import reduce
from pathlib import Path
from threading import Thread
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, RecordingError, Value, flow, record
from micrograd_es.ops import Op, Role
from micrograd_es.value import apply

W = Value(2.0, "w")
SOMETIMES = random.Random(0)
ONCE, STACK = iter([3.0]), [1.0, 2.0]


def caught(x: Value) -> Value:
    try:
        positive = x > 0
    except TypeError:
        positive = False
    return x * 2 if positive else x * 3


def either(x: Value) -> Any:
    try:
        return math.tanh(x)
    except TypeError:
        return es.tanh(x)


def in_another_thread(x: Value) -> Value:
    found: list[Any] = []
    thread = Thread(target=lambda: found.append(x.data))
    thread.start()
    thread.join()
    return W * found[0]


def with_backward(x: Value) -> Value:
    (x * x).backward()
    return W * x.grad


def setting(x: Value) -> Value:
    x.data = 5.0
    return x * W


def asked_in_another_thread(x: Value, threshold: float = 0) -> Value:
    found: list[bool] = []
    thread = Thread(target=lambda: found.append(x > threshold))
    thread.start()
    thread.join()
    return x * W if found[0] else x


def passed_over(x: Value) -> Value:
    try:
        return es.log(x - 5)
    except ValueError:
        return x * W


FROZEN: dict[str, Callable[[Value], Any]] = {
    "a comparison whose error is caught": caught,
    "a float whose error is caught": either,
    "a number read in another thread": in_another_thread,
    "the number of the engine": lambda x: W * x.number,
    "a branch on the number of the engine": lambda x: W * x if x.number > 0 else x * x,
    "a branch on a large number of the engine": lambda x: W * x if x.number > 900 else x * x,
    "a branch on a very negative number of the engine": lambda x: W * x if x.number < -900 else x * x,
    "a branch on text": lambda x: x * x if "-" in str(x) else W * x,
    "a comparison in another thread": asked_in_another_thread,
    "a comparison with a large number in another thread": lambda x: asked_in_another_thread(x, 900),
    "an operation without a result that is passed over": passed_over,
    "text": lambda x: W * float(repr(x).split("(")[1].split(",")[0]),
    "a number that is set": setting,
    "a whole number": lambda x: W * int(x),
    "a rounded number": lambda x: W * round(x, 1),
    "an index": lambda x: W * [1.0, 2.0][x],  # type: ignore[call-overload]
    "an index of an array": lambda x: W * np.arange(3.0)[x],  # type: ignore[call-overload]
    "true or false": lambda x: x if x else W,
    "backward": with_backward,
    "the gradient that an earlier call has left": lambda x: x * (W - 0.1 * W.grad),
    "gradients": lambda x: W * es.gradients(x * x)[x],
    "contributions": lambda x: W * next(iter(es.contributions(x * x).values())),
    "tangents": lambda x: W * list(flow.tangents(x * x, {x: 1}).values())[-1],
    "local gradients": lambda x: W * (x * x).local[0],
    "a copy": lambda x: W * copy.copy(x),
    "a deep copy": lambda x: copy.deepcopy(W * x),
    "a pickle": lambda x: pickle.loads(pickle.dumps(W * x)),
    "a generator of random numbers of its own": lambda x: x * SOMETIMES.choice([1, 2, 3]),
    "an iterator that ends": lambda x: W * x * next(ONCE),
    "a list that gets shorter": lambda x: W * x * STACK.pop(),
    "NumPy's choice": lambda x: np.where(x, W, W),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("name", FROZEN)
def test_what_would_be_frozen_is_refused(name: str) -> None:
    with pytest.raises(RecordingError, match="while a program was recorded"):
        record(FROZEN[name], 0.3)


def test_what_is_refused_says_what_to_write_of_that_and_nothing_else() -> None:
    told = {
        "an index": "dot(chosen, several).",
        "backward": "Write grad(fn)(x), which gives a Value.",
        "gradients": "Write grad(fn)(x), which gives a Value.",
        "a copy": "Write identity(v) for another Value of the same number.",
        "a number that is set": "Compute another Value in its place.",
    }
    for name, advice in told.items():
        with pytest.raises(RecordingError) as caught:
            record(FROZEN[name], 0.3)
        assert str(caught.value).endswith(advice)
        assert "maximum" not in str(caught.value)


def test_what_is_random_is_told_to_be_an_argument() -> None:
    with pytest.raises(RecordingError, match=r"What is random, .* has to be an argument"):
        record(lambda x: x * SOMETIMES.random(), 0.3)
    assert record(lambda x, mask: x * mask, 0.3, 1.0)(0.5, 2.0) == 1.0


def test_an_operation_without_a_result_is_its_own_error() -> None:
    with pytest.raises(ValueError, match=r"log.*expected an input above 0"):
        record(lambda x: es.log(x - 5), 0.3)
    assert record(lambda x: es.log(x), 0.3)(2.0) == pytest.approx(math.log(2))


def test_a_function_that_changes_after_a_few_calls_is_refused() -> None:
    calls: list[Value] = []

    def fn(x: Value) -> Value:
        calls.append(x)
        return x * 2 if len(calls) > 3 else x * 3

    with pytest.raises(RecordingError, match="did something else when it was called again"):
        record(fn, 0.3)


CHANGES: dict[str, tuple[Callable[[Value], Any], Callable[[Value], Any], str]] = {
    "how many results": (lambda x: [x * 2], lambda x: [x * 2, x * 2], "1 results, then 2"),
    "how many terms": (lambda x: es.sum([x, x, x]), lambda x: es.sum([x, x, x, x]), "add of 3, then add of 4"),
    "what a product is of": (lambda x: squared(x * 2), lambda x: (x * 2) * (x * 2), "mul of 2, then two of them"),
    "what a function is of": (lambda x: kept(x * 2), lambda x: es.sin(x * 2) + x * 2, "mul of 2, then two of them"),
    "what a sum is of": (lambda x: thrice(x * 2), lambda x: es.sum([x * 2, x * 2, x * 2]), "then two of them"),
}


def squared(y: Value) -> Value:
    return y * y


def kept(y: Value) -> Value:
    return es.sin(y) + y


def thrice(y: Value) -> Value:
    return es.sum([y, y, y])


@pytest.mark.parametrize("name", CHANGES)
def test_what_a_function_does_otherwise_when_it_is_called_again_is_told(name: str) -> None:
    first, then, told = CHANGES[name]
    functions = iter([first])
    with pytest.raises(RecordingError, match=told):
        record(lambda x: next(functions, then)(x), 0.3)


def test_what_is_refused_while_recording_works_before_and_after() -> None:
    x = Value(3.0)
    with pytest.raises(RecordingError):
        record(lambda y: y * (x * x).local[0], 1.0)
    assert (x * x).local == (3.0, 3.0)
    assert es.gradients(x * x)[x] == 6.0
    assert copy.copy(x).data == 3.0


GRADIENTS: dict[str, tuple[Callable[[Any], Any], Callable[[float], float], Callable[[float], float]]] = {
    "of an argument": (
        lambda x: es.grad(lambda y: y * y * es.sin(y))(x) * W,
        lambda x: 2 * (2 * x * math.sin(x) + x * x * math.cos(x)),
        lambda x: 2 * (2 * math.sin(x) + 4 * x * math.cos(x) - x * x * math.sin(x)),
    ),
    "of a number, with the argument from outside": (
        lambda x: es.grad(lambda y: x * y * y)(3.0) * W,
        lambda x: 12 * x,
        lambda x: 12.0,
    ),
    "of powers": (
        lambda x: es.grad(lambda y: x * y**3 + y**-2)(x),
        lambda x: 3 * x**3 - 2 * x**-3,
        lambda x: 9 * x**2 + 6 * x**-4,
    ),
    "of the larger of two, and of the first where they are alike": (
        lambda x: es.grad(lambda y: es.maximum(y * y, W * y, y + y) * y)(x),
        lambda x: 4 * x if 0 < x < 2 else 3 * x * x,
        lambda x: 4.0 if 0 < x < 2 else 6 * x,
    ),
    "of the smallest": (
        lambda x: es.grad(lambda y: es.minimum(y * y, y))(x),
        lambda x: 2 * x if 0 < x < 1 else 1.0,
        lambda x: 2.0 if 0 < x < 1 else 0.0,
    ),
    "of kinks": (
        lambda x: es.grad(lambda y: es.relu(y) * y + abs(y) * y)(x),
        lambda x: 4 * x if x > 0 else -2 * x,
        lambda x: 4.0 if x > 0 else -2.0,
    ),
}


@pytest.mark.parametrize("name", GRADIENTS)
def test_a_gradient_inside_a_function_is_recorded_as_a_graph(name: str) -> None:
    fn, value, slope = GRADIENTS[name]
    xs = np.array([0.3, -1.7, 2.5])
    program = record(fn, 0.3)
    assert program(xs) == pytest.approx([value(x) for x in xs.tolist()], rel=1e-12)
    slopes = program.value_and_grad(xs, reduce="none", wrt="inputs")[1][0]
    assert slopes == pytest.approx([slope(x) for x in xs.tolist()], rel=1e-12)


def test_a_function_whose_domain_ends_at_its_example_is_recorded() -> None:
    program = record(lambda x: es.sqrt(1 - x), 1.0)
    assert program(np.array([0.75, 1.0])) == pytest.approx([0.5, 0.0])
    assert record(lambda n: 1 / (1 - n), 0)(np.array([3])) == pytest.approx([-0.5])


def test_a_rule_that_looks_up_a_table_is_recorded_though_the_table_ends(add_row: Callable[..., Op]) -> None:
    table = [0.5, 1.0, 4.0]
    looked_up = add_row("table", "t", Role.ROUTER, lambda m, x: table[int(x)], lambda m, z, x: (0,))
    program = record(lambda x: W * apply(looked_up, x), 0.5)
    assert program(np.array([0.5, 1.5, 2.5])).tolist() == [1.0, 2.0, 8.0]


def test_an_array_of_values_is_a_result_and_nothing_is_none() -> None:
    a = np.array([[W, Value(1.0)], [Value(0.5), W]])
    program = record(lambda x: a @ np.array(x), [1.0, 2.0])
    assert program([3.0, 4.0]) == pytest.approx([10.0, 9.5])
    with pytest.raises(TypeError, match=r"the function returned None; .* Write return"):
        record(lambda x: None, 0.0)


@pytest.mark.parametrize("given", [{"a": 1.0}, {1.0}, range(2), None, [0.5, None], (x for x in [1.0])])
def test_examples_and_results_that_are_no_lists_say_what_was_expected(given: Any) -> None:
    with pytest.raises(TypeError, match=r"^an example is .*; expected numbers, .* Write an argument of the function"):
        record(lambda x: W, given)
    with pytest.raises(
        TypeError, match=r"^the function returned .*; expected a Value or a list of Values\. Write return"
    ):
        record(lambda x: given, 0.5)


def test_a_matrix_of_numpy_is_an_array() -> None:
    a = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix)
    assert record(lambda x: [x[1][0] * W, x[0][1]], a)(a) == [6.0, 2.0]
    assert record(lambda x: np.array([[x, W]]).view(np.matrix), 0.5)(3.0) == [[3.0, 2.0]]


def repeated_terms(xs: list[Value]) -> Any:
    a, b = W, Value(0.25, "b")
    mean = sum(xs) / len(xs)
    return es.sum([*[es.tanh(a * xs[0] * k) for k in range(5)], *[a * xs[0]] * 5, *[b] * 5, *[mean * a + W] * 3])


def test_the_formulas_of_what_is_added_up_again_and_again_give_its_numbers() -> None:
    program = record(repeated_terms, [0.1, 0.2, 0.3])
    xs = np.random.default_rng(0).normal(size=(7, 3))
    found = program.matrices(xs)
    _, slopes = program.value_and_grad(xs)
    assert found["L"] == pytest.approx(program(xs).mean(), rel=1e-12)
    assert found[f"∂L/∂{W.label}"].item() == pytest.approx(slopes[0], rel=1e-12)


BRANCHING: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "a branch": (lambda m, x: x if x > 0 else 0.1 * x, lambda m, z, x: (1.0 if x > 0 else 0.1,)),
    "a comparison as a factor": (lambda m, x: x * (x > 0), lambda m, z, x: ((x > 0) * 1.0,)),
    "equal to 0": (
        lambda m, x: 1.0 if x == 0 else m.sin(x) / x,
        lambda m, z, x: (0.0 if x == 0 else (m.cos(x) - z) / x,),
    ),
    "true or false": (lambda m, x: x * 2 if x else x + 1, lambda m, z, x: (2 if x else 1,)),
    "a function of math": (lambda m, x: math.exp(x), lambda m, z, x: (z,)),
    "a function of NumPy": (lambda m, x: np.arctan(x), lambda m, z, x: (1 / (1 + x * x),)),
    "a part of a number": (lambda m, x: x % 1 + x // 1 + abs(x), lambda m, z, x: (1 + m.sign(x),)),
    "a constant": (lambda m, x: 3, lambda m, z, x: (0,)),
    "two that are equal": (
        lambda m, x, y: x if x == y else x * y,
        lambda m, z, x, y: (1.0, 0.0) if x == y else (y, x),
    ),
    "three in a branch": (
        lambda m, x, y, c: x + y if c > 0 else x * y,
        lambda m, z, x, y, c: (1.0, 1.0, 0.0) if c > 0 else (y, x, 0.0),
    ),
    "powers written as Python does": (lambda m, x, y: x**3 - y**2, lambda m, z, x, y: (3 * x**2, -2 * y)),
    "two to a power": (lambda m, x: 2**x, lambda m, z, x: (z * math.log(2),)),
    "comparisons that are added up": (
        lambda m, x: m.relu(x) + m.relu(x - 0.25) - m.relu(-x),
        lambda m, z, x: (m.step(x) + m.step(x - 0.25) + m.step(-x),),
    ),
    "a comparison alone": (lambda m, x: m.step(x), lambda m, z, x: (0 * x,)),
    "a comparison in a function": (lambda m, x: x * m.exp(m.step(x)), lambda m, z, x: (m.exp(m.step(x)),)),
    "numbers among the inputs": (
        lambda m, x: m.max([m.min([x, 0.5]), -0.5, -x]) + m.power(m.exp(x), 0.5),
        lambda m, z, x: (0.5 * m.exp(0.5 * x) + m.where(x - 0.5, 0, m.where(x, 1, -1)),),
    ),
    "Fractions": (lambda m, x: x * Fraction(1, 4) + Fraction(1, 2), lambda m, z, x: (Fraction(1, 4),)),
    "infinity": (lambda m, x: m.max([x, -math.inf]), lambda m, z, x: (m.first(z, [x, -math.inf])[0],)),
    "a logarithm of three": (
        lambda m, x: m.log_sum_exp([x, -x, 0.5]),
        lambda m, z, x: (m.exp(x - z) - m.exp(-x - z),),
    ),
    "a step that is repeated": (
        lambda m, x: reduce(lambda y, _: y - (y * y * y + y - x) / (3 * y * y + 1), range(30), 1.0),
        lambda m, z, x: (1 / (3 * z * z + 1),),
    ),
    "the largest, negative": (lambda m, *xs: -m.max(xs), lambda m, z, *xs: tuple(-s for s in m.first(-z, xs))),
    "any number, sorted": (lambda m, *xs: sorted(xs)[0], lambda m, z, *xs: tuple(1.0 * (x == z) for x in xs)),
}


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
@pytest.mark.parametrize("name", BRANCHING)
def test_an_operation_that_asks_what_its_input_is_has_the_numbers_of_the_eager_path(
    name: str, fast: bool, add_row: Callable[..., Op]
) -> None:
    forward, local = BRANCHING[name]
    row = add_row("asks", "a", Role.SCALER, forward=forward, local=local)
    count = row.arity or 3

    def fn(x: list[Value]) -> Value:
        turned = [apply(row, *[x[(i + j) % 3] for j in range(count)]) for i in range(3)]
        return es.sum([*turned, apply(row, *[W, x[0], x[2]][:count])])

    program = record(fn, [0.11, 0.22, 0.33], fast=fast)
    xs = np.array([[0.3, -0.2, 0.0], [0.5, 0.5, 0.9], [0.0, 1.2, -2.75]])
    for rows in (xs, xs[:1], xs[:0]):
        found, (slopes,) = program.value_and_grad(rows, reduce="none", wrt="inputs")
        for x, value, slope in zip(rows.tolist(), found, slopes, strict=True):
            given = [Value(number) for number in x]
            f = fn(given)
            gradient = es.gradients(f)
            assert value == pytest.approx(f.data, rel=1e-12)
            assert slope == pytest.approx([float(gradient[v]) for v in given], rel=1e-12)
    for latex in (False, True):
        assert program.explain(latex=latex, backward=True)
    assert program.matrices(xs)["L"] == pytest.approx(program(xs).mean(), rel=1e-12)


MISUSED: dict[str, tuple[Callable[[Program], Any], type[Exception], str]] = {
    "no reduce, no wrt": (lambda p: (p(1.0), p.value_and_grad(1.0, wrt="", reduce="")), ValueError, "reduce is ''"),
    "a list as wrt": (
        lambda p: p.value_and_grad(1.0, wrt=["inputs"]),
        ValueError,
        r"wrt is \['inputs'\]; expected one",
    ),
    "a batch below 0": (lambda p: p.source(-1), ValueError, "batch is -1; expected how many examples"),
    "a batch in text": (lambda p: p.source("all"), ValueError, "batch is 'all'; expected how many examples"),
    "a batch that is true": (lambda p: p.source(True), ValueError, "batch is True; expected how many examples"),
    "the source of another": (lambda p: p.source(2, wrt="x"), ValueError, "wrt is 'x'; expected one of 'parameters'"),
    "a Value": (lambda p: p(W), TypeError, r"an input holds Value\(2.0, label='w'\); .* Write v.data for its number"),
    "a very large number": (lambda p: p([10**400]), ValueError, "an input is 1000.*; expected a finite number"),
    "text of numbers": (lambda p: p(["1", "2"]), TypeError, r"holds it: '1'; .* Write np\.array\(x, float\)"),
    "text": (lambda p: p("uno"), TypeError, r"holds it: 'uno'; expected real numbers, .* equal lengths\.$"),
    "nothing": (lambda p: p(None), TypeError, r"an input is None \(NoneType\); expected real numbers"),
    "lists of lengths": (lambda p: p([[1.0], [1.0, 2.0]]), TypeError, r"is \[\[1.0\], .* lists of different lengths"),
    "a generator": (lambda p: p(x for x in [1.0]), TypeError, r"\(generator\); expected .* Write list\(x\)"),
    "a dict": (lambda p: p({"x": 1.0}), TypeError, r"is \{'x': 1.0\} \(dict\); .* Write list\(x.values\(\)\)"),
    "complex numbers": (lambda p: p(np.array([1j])), TypeError, r"of complex128; .* Write x.real"),
    "a column": (lambda p: p(np.ones((3, 1))), ValueError, r"shape \(3, 1\); .* Write x.reshape\(3\) in place"),
    "examples in columns": (
        lambda p: record(lambda x: x[0] * x[1], [0.0, 0.0])(np.ones((2, 5))),
        ValueError,
        r"expected \(batch, 2\), or \(2,\) for one example\. Write x.T in place of the \(2, 5\)",
    ),
    "parameters of Values": (lambda p: setattr(p, "parameters", [W]), TypeError, "parameters holds Value"),
    "no examples": (
        lambda p: record(lambda x, t: x * t),
        TypeError,
        r"0 examples; .*: x, t. Write record\(fn, 0.0, 0.0\)",
    ),
    "too many examples": (
        lambda p: record(lambda x: x, 0.0, 1.0),
        TypeError,
        "given 2 examples; expected one for each",
    ),
    "a class": (
        lambda p: record(es.MLP, [0.0]),
        TypeError,
        r"the class MLP; expected a function or a model. Write MLP",
    ),
    "no Data": (
        lambda p: record(es.MLP(2, [1]), es.data.moons()),
        TypeError,
        r"Data\(100 rows .* \(Data\); expected num",
    ),
    "a misspelt option": (
        lambda p: record(lambda x: x, 0.0, merged=True),  # type: ignore[call-arg]
        TypeError,
        "no option 'merged'; expected one of 'parameters', 'merge', 'dtype', 'fast'. Write merge=",
    ),
    "text for an example": (
        lambda p: record(lambda x: x, "0.5"),
        TypeError,
        r"^an example is '0.5' .* Write float\('0.5'",
    ),
    "text for a result": (
        lambda p: record(lambda x: "x", 0.5),
        TypeError,
        r"^the function returned 'x' \(str\); expected",
    ),
    "a model as parameters": (
        lambda p: record(lambda x: x, 0.5, parameters=es.MLP(1, [1])),  # type: ignore[arg-type]
        TypeError,
        r"parameters is MLP.*; expected a list of Values. Write parameters=\[…\], or model.parameters\(\)",
    ),
    "parameters by name": (
        lambda p: record(lambda x: x, 0.5, parameters={"w": W}),  # type: ignore[arg-type]
        TypeError,
        r"expected a list of Values. Write parameters=list\(named.values\(\)\)",
    ),
    "rows of parameters": (
        lambda p: record(lambda x: x, 0.5, parameters=[[W]]),  # type: ignore[list-item]
        TypeError,
        r"parameters holds \[Value.*; expected Values. Write parameters=\[w for row in rows for w in row\]\.$",
    ),
    "fast in text": (
        lambda p: record(lambda x: x, 0.5, fast="no"),  # type: ignore[arg-type]
        TypeError,
        r"^fast is 'no'; expected True or False\.$",
    ),
    "merge in text": (
        lambda p: record(lambda x: x, 0.5, merge="yes"),  # type: ignore[arg-type]
        TypeError,
        r"^merge is 'yes'; expected True or False\.$",
    ),
    "a check in text": (lambda p: p(1.0, check="no"), TypeError, "check is 'no'; expected True or False"),
    "LaTeX in text": (lambda p: p.explain(latex="no"), TypeError, "latex is 'no'; expected True"),  # type: ignore[arg-type]
    "the language as the first option": (lambda p: p.explain("en"), TypeError, "latex is 'en'; expected True"),  # type: ignore[arg-type]
    "a way back in text": (lambda p: p.explain(backward="no"), TypeError, "backward is 'no'; expected True"),  # type: ignore[arg-type]
    "every step in text": (lambda p: p.explain(steps="no"), TypeError, "steps is 'no'; expected True"),  # type: ignore[arg-type]
    "the matrices of steps": (lambda p: p.matrices(1.0, steps=1), TypeError, "steps is 1; expected True"),  # type: ignore[arg-type]
    "a kind of NumPy's": (
        lambda p: record(lambda x: x, 0.5, dtype=np.float32),  # type: ignore[arg-type]
        ValueError,
        r"^dtype is <class 'numpy.float32'>; expected it by its name\. Write dtype='float32'\.$",
    ),
    "a kind by another name": (
        lambda p: record(lambda x: x, 0.5, dtype="single"),
        ValueError,
        r"^dtype is 'single'; expected it by its name\. Write dtype='float32'\.$",
    ),
    "a kind of half as many digits": (
        lambda p: record(lambda x: x, 0.5, dtype="float16"),
        ValueError,
        r"^dtype is 'float16'; expected one of 'float64', 'float32'\.$",
    ),
    "several kinds": (
        lambda p: record(lambda x: x, 0.5, dtype=np.array(["float32", "float64"])),  # type: ignore[arg-type]
        ValueError,
        "dtype is array.*; expected one of 'float64', 'float32'",
    ),
    "a parameter that is too large": (
        lambda p: record(lambda x: Value(2.0, "v") * x * W, 0.5, parameters=[Value(1e300, "huge"), W], dtype="float32"),
        OverflowError,
        r"^the parameter huge is 1e\+300, too large for float32\. Write dtype='float64', or scale it\.$",
    ),
    "a constant that is too large": (
        lambda p: record(lambda x: x * W - 1e39, 0.5, dtype="float32"),
        OverflowError,
        r"^a constant is 1e\+39, too large for float32\. Write dtype='float64'",
    ),
    "how to reduce without a name": (
        lambda p: p.value_and_grad(np.ones(2), "sum"),
        TypeError,
        r"holds it: 'sum'; expected real numbers, .* Write reduce='sum'\.$",
    ),
    "no kind": (
        lambda p: record(lambda x: x, 0.5, dtype=None),  # type: ignore[arg-type]
        ValueError,
        r"^dtype is None; expected one of 'float64', 'float32'\.$",
    ),
    "no function": (lambda p: record(3, 0.0), TypeError, "record was given 3; expected a function"),
    "a program in a function": (
        lambda p: record(lambda x: x * record(lambda y: y * W, 0.0)(1.0), 0.0),
        RecordingError,
        "another program was recorded",
    ),
}


def test_many_rows_in_place_of_an_example_are_noted_beside_the_error_of_the_function() -> None:
    rows = np.ones((5, 2))
    with pytest.raises(TypeError, match="an input of mul is") as found:
        record(lambda x: W * x[0] + x[1], rows)
    assert found.value.__notes__ == [
        "The examples have the shapes (5, 2); for many rows write record(fn, x[0]): one row is an example."
    ]
    with pytest.raises(TypeError, match="an input of mul is") as found:
        record(lambda x: W * [x[0]], rows[0])
    assert not hasattr(found.value, "__notes__")
    assert record(lambda x: W * x[0] + x[1], rows[0])(rows).tolist() == [3.0] * 5


@pytest.mark.parametrize("name", MISUSED)
def test_what_is_misused_gets_one_clear_error_and_the_program_runs_on(name: str) -> None:
    misuse, kind, told = MISUSED[name]
    program = record(lambda x: x * W, 0.0)
    with pytest.raises(kind, match=told):
        misuse(program)
    assert program.value_and_grad(3.0) == (6.0, [3.0])


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_an_example_that_is_at_fault_for_a_parameter_alone_is_named(fast: bool) -> None:
    program = record(lambda x: x**W, 1.0, fast=fast)
    xs = np.ones(9)
    xs[6:] = -2.0
    with pytest.raises(ValueError, match=r"pow\(x = -2.0, w = 2.0\) has no finite .* in example 6 of the batch"):
        program.value_and_grad(xs)
    program = record(lambda x, t: x * t * W, 1.0, 1.0, fast=fast)
    with pytest.raises(OverflowError, match=r"the result is too large.* in example 1 of the batch"):
        program.value_and_grad(np.array([1.0, 1e200, 1.0]), np.array([1.0, 1e200, 1.0]))
    program = record(lambda x: x * W, 1.0, fast=fast)
    with pytest.raises(ArithmeticError, match="the sum over the batch is too large for float64"):
        program.value_and_grad(np.full(5, 0.8e308), reduce="sum")


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_examples_apart_may_add_up_to_too_much(fast: bool) -> None:
    program = record(lambda x: x * W, 1.0, fast=fast)
    values, (slopes,) = program.value_and_grad(np.full(5, 0.8e308), reduce="none", wrt="inputs")
    assert values.tolist() == [1.6e308] * 5
    assert slopes.tolist() == [2.0] * 5
    with pytest.raises(ArithmeticError, match="in example 3 of the batch"):
        program.value_and_grad(np.array([1.0, 1.0, 1.0, 1.8e308]) * 0.99, reduce="none", wrt="inputs")


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_numbers_behind_a_mask_are_not_taken_for_numbers(fast: bool) -> None:
    program = record(lambda x: x * W, 1.0, fast=fast)
    xs = np.ma.array([1.0, 2.0, 3.0], mask=[False, True, False])
    for _ in range(2):
        with pytest.raises(ValueError, match=r"an input has masked numbers; expected all of them"):
            program.value_and_grad(xs)
        with pytest.raises(ValueError, match=r"Write x\.filled"):
            program(xs)
        assert program(xs.data).tolist() == [2.0, 4.0, 6.0]
        assert program.value_and_grad(np.ma.array([1.0, 2.0, 3.0])) == (4.0, [2.0])


def test_an_array_without_axes_is_an_example() -> None:
    assert record(lambda x: x * W, np.array(3.0))(2.0) == 4.0


def test_numbers_that_are_not_finite_are_written_back_to_no_value() -> None:
    a, b = Value(1.0, "a"), Value(2.0, "b")
    program = record(lambda x: a * x + b, 0.0)
    for values in (program.values, program.values[::-1]):
        program.values[:] = values
        program.parameters[:] = [5.0 if value is a else np.nan for value in values]
        with pytest.raises(ValueError, match="the parameter b is nan; expected a finite number"):
            program.write_back()
    assert (a.data, b.data) == (1.0, 2.0)


def test_numbers_that_are_not_finite_are_not_saved_over_those_that_are(tmp_path: Path) -> None:
    program = record(lambda x: W * x, 0.0)
    file = program.save(tmp_path / "p.json")
    program.parameters[0] = np.nan
    with pytest.raises(ValueError, match="the parameter w is nan; expected a finite number"):
        program.save(file)
    assert Program.load(file).parameters.tolist() == [2.0]


def test_a_number_of_numpy_s_is_a_batch_size_and_its_true_is_true() -> None:
    program = record(lambda x: W * x, 0.0, merge=np.True_)  # type: ignore[arg-type]
    assert program.source(np.int64(3)) == program.source(3)  # type: ignore[arg-type]


def test_what_is_printed_counts_one_parameter_as_one() -> None:
    assert str(record(lambda x: W * x, 0.0)).splitlines()[0] == "inputs x; 1 parameter"
    assert str(record(lambda x: x * x, 0.0)).splitlines()[0] == "inputs x; 0 parameters"


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_an_input_that_has_no_local_gradient_may_be_a_constant(fast: bool, add_row: Callable[..., Op]) -> None:
    row = add_row("scaled", "s", Role.SCALER, lambda m, x, k: x * k, lambda m, z, x, k: (k, None))
    program = record(lambda x: apply(row, x * W, 2.5), 0.0, fast=fast)
    assert program.value_and_grad(np.array([1.0, 2.0]), wrt="both")[1][0] == pytest.approx([3.75])
    program = record(lambda x: apply(row, x, W), 0.0, fast=fast)
    with pytest.raises(ValueError, match=r"scaled\(x = 1.0, w = 2.0\) has no local gradient for its input w, at"):
        program.value_and_grad(np.array([1.0, 2.0]))


def test_a_product_of_very_many_is_no_formula() -> None:
    program = record(es.prod, [1.0] * 5_000)
    xs = np.random.default_rng(1).uniform(0.9, 1.1, (2, 5_000))
    _, (slopes,) = program.value_and_grad(xs, reduce="none", wrt="inputs")
    assert slopes == pytest.approx(xs.prod(1)[:, None] / xs, rel=1e-11)


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_where_takes_neither_side_of_a_condition_that_is_no_number(fast: bool) -> None:
    program = record(lambda x: es.where(es.log(x), 2.0, 3.0) + 0 * x, 0.5, fast=fast)
    assert np.isnan(program(np.array([0.5, -1.0, 2.0]))).tolist() == [False, True, False]
    with pytest.raises(ValueError, match=r"log\(x = -1.0\).* in example 1 of the batch"):
        program.value_and_grad(np.array([0.5, -1.0]))


def test_parameters_that_are_set_are_those_that_the_program_runs_on() -> None:
    program = record(lambda x: W * x, 0.0)
    array = program.parameters
    program.parameters = program.parameters - 0.5
    assert program(2.0) == 3.0
    assert program.parameters is array
    with pytest.raises(ValueError, match=r"parameters has the shape \(2,\); expected \(1,\)"):
        program.parameters = np.ones(2)


def test_a_gradient_is_not_cut_to_whole_numbers() -> None:
    program = record(lambda x: W * x, 0.0)
    for out, kind in ((np.zeros(1, int), "an array of int64"), ([0.0], "list")):
        with pytest.raises(TypeError, match=f"out is {kind}; expected an array of floats"):
            program.value_and_grad(np.array([0.5]), out=out)  # type: ignore[arg-type]


@pytest.mark.parametrize("again", [lambda p: pickle.loads(pickle.dumps(p)), copy.deepcopy, copy.copy])
def test_a_program_is_pickled_and_copied(again: Callable[[Program], Program]) -> None:
    weights = [Value(0.3, "a"), Value(0.7, "b"), Value(-0.2, "c")]
    program = record(lambda x: weights[2] * x[1] + es.tanh(weights[1] * x[0]) * weights[0], [0.0, 0.0])
    program.parameters[:] += 1
    twin = again(program)
    assert twin([0.4, 0.5]) == program([0.4, 0.5])
    assert [v.label for v in twin.values] == [v.label for v in program.values]
    twin.parameters[:] = 0
    assert program([0.4, 0.5]) != 0
    twin.write_back()
    assert {v.data for v in twin.values} == {0.0}


def test_a_file_has_the_parameters_in_the_order_in_which_they_were_recorded(tmp_path: Path) -> None:
    ws = [[Value(10.0 * i + j) for j in range(2)] for i in range(4)]
    given = [w for row in ws[::-1] for w in row]

    def turns(x: list[Value]) -> list[Value]:
        return [(es.tanh if i % 2 else es.sin)(es.dot(w, x)) for i, w in enumerate(ws)]

    program = record(turns, [0.1, 0.2], parameters=given)
    assert [v.data for v in program.values] == program.parameters.tolist() != [v.data for v in given]
    program.parameters += 0.5
    file = program.save(tmp_path / "turns.json")
    assert json.loads(file.read_text())["parameters"] == [v.data + 0.5 for v in given]
    for again in (Program.load(file), pickle.loads(pickle.dumps(program)), copy.deepcopy(program)):
        assert again.parameters.tolist() == program.parameters.tolist()
        assert again([0.3, 0.4]) == program([0.3, 0.4])


def changed(data: dict[str, Any], **parts: Any) -> str:
    """The text of a program's file with other parts, of the tape where it has them."""
    tape = json.loads(data["tape"])
    for name, part in parts.items():
        (tape if name in tape and name != "parameters" else data)[name] = part
    return json.dumps({**data, "tape": json.dumps(tape)})


@pytest.mark.parametrize(
    "parts",
    [
        {"parameters": [1.0]},
        {"parameters": ["a", "b"]},
        {"parameters": [math.nan, 1.0]},
        {"shapes": [[2]]},
        {"shapes": [[-2], [-1]]},
        {"shapes": [[2], [True]]},
        {"shapes": [[2.0], []]},
        {"shapes": [[10**30], []]},
        {"names": ["a", 7, "c", "d", "e"]},
        {"entries": [["mul", [3, 0], "", 5]], "outputs": [6]},
        {"entries": [["mul", [3, 0], None, ""]], "outputs": [6]},
        {"result": [None, None]},
        {"constants": [math.nan]},
        {"outputs": []},
        {"outputs": [7.5]},
        {"entries": [["tanh", [0, 1], "", ""]]},
        {"entries": [["add", [], "", ""]]},
        {"entries": [["add", [0.5, 1], "", ""]]},
    ],
    ids=str,
)
def test_a_file_whose_parts_do_not_fit_is_no_program(parts: dict[str, Any], tmp_path: Path) -> None:
    other = Value(0.5, "v")
    program = record(lambda x, t: (W * x[0] + other * x[1] - t) ** 2, [0.0, 0.0], 0.0)
    data = json.loads(program.save(tmp_path / "p.json").read_text(encoding="utf-8"))
    path = tmp_path / "q.json"
    path.write_text(changed(data, **parts), encoding="utf-8")
    with pytest.raises(ValueError, match=r"q\.json is no program of micrograd_es"):
        Program.load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match=r"q\.json is no program of micrograd_es"):
        Program.load(path)


def test_labels_do_not_break_the_lines_of_a_program() -> None:
    strange = Value(2.0, "a\nreturn v9")
    assert str(record(lambda x: strange * x, 0.0)).splitlines()[1] == r"v0 = mul('a\nreturn v9', x)"


def test_examples_and_parameters_that_are_no_lists_say_what_to_write() -> None:
    with pytest.raises(ValueError, match="lists of different lengths"):
        record(lambda x: x[0][0], [[1.0, 2.0], [3.0]])
    with pytest.raises(TypeError, match="expected a list of Values"):
        record(lambda x: W * x, 0.0, parameters=W)  # type: ignore[arg-type]


def test_the_gradient_of_an_output_that_has_none_of_its_own_is_not_given() -> None:
    several = record(lambda x: [W * x, x], 0.0)
    with pytest.raises(ValueError, match=r"upstream has the shape \(9, 9\); expected \(3, 2\), that of the outputs"):
        several.matrices(np.ones(3), upstream=np.ones((9, 9)))
    with pytest.raises(ValueError, match="upstream is given for a single output"):
        record(lambda x: W * x, 0.0).matrices(np.ones(3), upstream=np.ones((3, 1)))


@pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])
def test_operations_of_many_inputs_take_one(fast: bool) -> None:
    def fn(x: Value) -> Value:
        return es.maximum(W * x) + es.minimum(x) * es.prod([x]) + es.sum([x]) + es.log_sum_exp([x])

    program = record(fn, 0.5, fast=fast)
    xs = np.array([0.3, -1.7])
    assert program(xs) == pytest.approx([fn(Value(x)).data for x in xs.tolist()], rel=1e-12)
    assert program.value_and_grad(xs, wrt="inputs", reduce="sum")[1][0] == pytest.approx(2 * xs + 4, rel=1e-12)


def test_an_expression_is_read_while_a_program_is_recorded() -> None:
    program = record(lambda x: es.parse("(a + 2^3·1)^2 / √(b² + 1)", a=1.0, b=2.0) * x, 0.0)
    assert program(2.0) == pytest.approx(162 / math.sqrt(5), rel=1e-12)
