"""Programs as someone who never saw the library would write them: what is refused, and what has to work."""

from __future__ import annotations

import copy
import math
import pickle
import random
from collections.abc import Callable
from threading import Thread
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import RecordingError, Value, flow, record

W = Value(2.0, "w")
SOMETIMES = random.Random(0)


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


FROZEN: dict[str, Callable[[Value], Any]] = {
    "a comparison whose error is caught": caught,
    "a float whose error is caught": either,
    "a number read in another thread": in_another_thread,
    "the number of the engine": lambda x: W * x.number,
    "text": lambda x: W * float(repr(x).split("(")[1].split(",")[0]),
    "a number that is set": setting,
    "true or false": lambda x: x if x else W,
    "backward": with_backward,
    "gradients": lambda x: W * es.gradients(x * x)[x],
    "contributions": lambda x: W * next(iter(es.contributions(x * x).values())),
    "tangents": lambda x: W * list(flow.tangents(x * x, {x: 1}).values())[-1],
    "local gradients": lambda x: W * (x * x).local[0],
    "a copy": lambda x: W * copy.copy(x),
    "a deep copy": lambda x: copy.deepcopy(W * x),
    "a pickle": lambda x: pickle.loads(pickle.dumps(W * x)),
    "a generator of random numbers of its own": lambda x: x * SOMETIMES.choice([1, 2, 3]),
    "NumPy's choice": lambda x: np.where(x, W, W),  # type: ignore[call-overload]
}


@pytest.mark.parametrize("name", FROZEN)
def test_what_would_be_frozen_is_refused(name: str) -> None:
    with pytest.raises(RecordingError, match="while a program was recorded"):
        record(FROZEN[name], 0.3)


def test_a_function_that_changes_after_a_few_calls_is_refused() -> None:
    calls: list[Value] = []

    def fn(x: Value) -> Value:
        calls.append(x)
        return x * 2 if len(calls) > 3 else x * 3

    with pytest.raises(RecordingError, match="did something else when it was called again"):
        record(fn, 0.3)


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


def test_an_array_of_values_is_a_result_and_nothing_is_none() -> None:
    a = np.array([[W, Value(1.0)], [Value(0.5), W]])
    program = record(lambda x: a @ np.array(x), [1.0, 2.0])
    assert program([3.0, 4.0]) == pytest.approx([10.0, 9.5])
    with pytest.raises(TypeError, match=r"the function returned None; .* Write return"):
        record(lambda x: None, 0.0)


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
    parameters = [name for name in found if name.startswith("∂L/∂p") and found[name].size == 1]
    assert any(found[name].item() == pytest.approx(slopes[0], rel=1e-12) for name in parameters)
