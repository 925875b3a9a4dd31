"""A call of a brief compiled program, which is one kernel, against the same call in NumPy: whatever it is given."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.compiled import brief

DTYPES = ("float64", "float32")
X, Y = np.array([[1.0, 2.0], [3.0, -4.0], [0.5, 6.0]]), np.array([0.1, -0.2, 0.3])


class Own(np.ndarray[Any, Any]):
    """A kind of array of the user's."""


@pytest.fixture(scope="module", autouse=True)
def a_cache_of_these_tests(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MICROGRAD_ES_CACHE", str(tmp_path_factory.mktemp("kernels")))
        yield


def neuron(fast: bool, dtype: str = "float64") -> Program:
    w, b = [Value(0.3), Value(-0.7)], Value(0.1)
    return record(
        lambda x, y: (es.tanh(es.dot(w, x) + b) - y) ** 2 / 2 + 0 * es.sqrt(x[0] + 100),
        [0.0, 0.0],
        0.0,
        fast=fast,
        dtype=dtype,
    )


def read_only(x: Any) -> Any:
    x = np.array(x)
    x.flags.writeable = False
    return x


def askew(x: Any) -> Any:
    """The same numbers at places where numbers of that size do not usually stand."""
    x = np.asarray(x)
    found = np.empty(x.nbytes + 1, np.uint8)[1:].view(x.dtype).reshape(x.shape)
    found[...] = x
    return found


INPUTS: dict[str, Callable[[str], tuple[Any, ...]]] = {
    "usual": lambda t: (X[0].astype(t), np.dtype(t).type(0.1)),
    "array and number": lambda t: (X[0].astype(t), 0.1),
    "no axes": lambda t: (X[0].astype(t), np.array(0.1, t)),
    "lists": lambda t: ([1.0, 2.0], 0.1),
    "whole numbers": lambda t: (np.array([1, 2]), 1),
    "the other size": lambda t: (X[0].astype("float32" if t == "float64" else "float64"), np.float32(0.1)),
    "other bytes": lambda t: (X[0].astype(np.dtype(t).newbyteorder()), 0.1),
    "steps": lambda t: (X.astype(t)[:, 0][:2], 0.1),
    "backwards": lambda t: (X.astype(t)[::-1], Y.astype(t)[::-1]),
    "columns": lambda t: (np.asfortranarray(X, t), Y.astype(t)),
    "batch": lambda t: (X.astype(t), Y.astype(t)),
    "another batch": lambda t: (X[:2].astype(t), Y[:2].astype(t)),
    "no examples": lambda t: (X[:0].astype(t), Y[:0].astype(t)),
    "read only": lambda t: (read_only(X.astype(t)), read_only(Y.astype(t))),
    "askew": lambda t: (askew(X.astype(t)), askew(Y.astype(t))),
    "a kind of array": lambda t: (X.astype(t).view(Own), Y.astype(t).view(Own)),
    "too few": lambda t: (X[0].astype(t),),
    "too many": lambda t: (X[0].astype(t), 0.1, 0.1),
    "of other shapes": lambda t: (X[0].astype(t), Y.astype(t)),
    "a text": lambda t: (X[0].astype(t), "0.1"),
    "nothing": lambda t: (X[0].astype(t), None),
    "truth": lambda t: (X[0].astype(t), True),
    "no number": lambda t: (X[0].astype(t), float("nan")),
    "infinite": lambda t: (X.astype(t), np.array([0.1, np.inf, 0.1], t)),
    "outside": lambda t: (np.array([-101.0, 2.0], t), 0.1),
}

OUTS: dict[str, Callable[[str], Any]] = {
    "usual": lambda t: np.empty(3, t),
    "the other size": lambda t: np.empty(3, "float32" if t == "float64" else "float64"),
    "other bytes": lambda t: np.empty(3, np.dtype(t).newbyteorder()),
    "steps": lambda t: np.empty(6, t)[::2],
    "askew": lambda t: askew(np.empty(3, t)),
    "a kind of array": lambda t: np.empty(3, t).view(Own),
    "read only": lambda t: read_only(np.empty(3, t)),
    "too short": lambda t: np.empty(2, t),
    "a column": lambda t: np.empty((3, 1), t),
    "whole numbers": lambda t: np.empty(3, int),
    "a list": lambda t: [0.0, 0.0, 0.0],
}


def answer(program: Program, inputs: tuple[Any, ...], **how: Any) -> tuple[Any, ...]:
    """What a call gives, or the error that it is."""
    try:
        value, gradient = program.value_and_grad(*inputs, **how)
    except Exception as error:
        return type(error), str(error)
    assert how.get("out") is None or gradient is how["out"]
    return type(value), type(gradient), gradient.dtype, np.array([value, *gradient], float)


def agree(found: tuple[Any, ...], expected: tuple[Any, ...], dtype: str) -> None:
    assert found[:3] == expected[:3]
    if len(found) == 4:
        np.testing.assert_allclose(found[3], expected[3], rtol=1e-13 if dtype == "float64" else 2e-5)


@pytest.fixture(scope="module", params=DTYPES)
def programs(request: pytest.FixtureRequest) -> tuple[Program, Program, str]:
    return neuron(True, request.param), neuron(False, request.param), request.param


@pytest.mark.parametrize("name", INPUTS)
@pytest.mark.parametrize("before", ["usual", "no axes", "batch"])
def test_any_inputs_after_usual_ones_give_what_numpy_gives(
    name: str, before: str, programs: tuple[Program, Program, str]
) -> None:
    *both, dtype = programs
    for how in ({}, {"reduce": "sum"}, {"reduce": "".join(["me", "an"])}):
        found = []
        for program in both:
            for _ in range(2):
                program.value_and_grad(*INPUTS[before](dtype))
            found.append(answer(program, INPUTS[name](dtype), **how))
        agree(found[0], found[1], dtype)


@pytest.mark.parametrize("name", OUTS)
def test_the_gradient_goes_wherever_it_can_go(name: str, programs: tuple[Program, Program, str]) -> None:
    *both, dtype = programs
    found = []
    for program in both:
        for _ in range(2):
            program.value_and_grad(*INPUTS["batch"](dtype), out=np.empty(3, dtype))
        found.append(answer(program, INPUTS["batch"](dtype), out=OUTS[name](dtype)))
    agree(found[0], found[1], dtype)


@pytest.mark.parametrize("wrt", ["inputs", "both", "weights"])
def test_another_gradient_is_asked_for_after_the_usual_one(wrt: str, programs: tuple[Program, Program, str]) -> None:
    *both, dtype = programs
    found: list[list[Any]] = []
    for program in both:
        given = INPUTS["batch"](dtype)
        program.value_and_grad(*given)
        try:
            value, gradient = program.value_and_grad(*given, wrt=wrt)
        except ValueError as error:
            assert wrt == "weights" and "expected one of" in str(error)
            continue
        parts = gradient if wrt == "inputs" else [gradient[0], *gradient[1]]
        found.append([value, *parts])
    for one, other in zip(*found, strict=True) if found else ():
        np.testing.assert_allclose(one, other, rtol=1e-13 if dtype == "float64" else 2e-5)


def is_one_call(program: Program, *given: Any, **how: Any) -> bool:
    """Whether a call is the kernel alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(program._calls, "ready", None)
        try:
            program.value_and_grad(*given, **how)
        except TypeError:
            return False
    return True


def test_a_usual_call_is_one_kernel() -> None:
    program, x, out = neuron(True), X[0].copy(), np.empty(3)
    program.value_and_grad(x, 0.1)
    assert is_one_call(program, x, 0.1)
    assert is_one_call(program, x.copy(), np.float64(0.2), out=out)
    assert is_one_call(program, x, np.array(0.3), out=np.empty(3))
    assert not is_one_call(program, x.tolist(), 0.1)
    assert not is_one_call(program, x, 0.1, reduce="sum")
    assert not is_one_call(program, X, Y)


@pytest.mark.filterwarnings("ignore:Setting the shape:DeprecationWarning")  # of NumPy 2.5; it still can be done
def test_an_array_whose_shape_or_kind_was_set_is_seen_as_it_is() -> None:
    program, x, out = neuron(True), X[0].copy(), np.empty(3)
    expected = program.value_and_grad(x, 0.1, out=out)[0]
    x.shape = (2, 1)
    with pytest.raises(ValueError, match="expected"):
        program.value_and_grad(x, 0.1, out=out)
    x.shape = (2,)
    assert program.value_and_grad(x, 0.1, out=out)[0] == expected
    out.shape = (1, 3)
    with pytest.raises(ValueError, match=r"out has the shape \(1, 3\)"):
        program.value_and_grad(x, 0.1, out=out)
    out.shape = (3,)
    out.flags.writeable = False
    with pytest.raises(ValueError, match="read-only"):
        program.value_and_grad(x, 0.1, out=out)


def test_each_call_gives_a_gradient_of_its_own() -> None:
    program = neuron(True)
    gradients = [program.value_and_grad(x, 0.1)[1] for x in X]
    assert len({gradient.tobytes() for gradient in gradients}) == 3
    assert gradients[0].tolist() == program.value_and_grad(X[0], 0.1)[1].tolist()


def test_the_parameters_themselves_may_be_where_the_gradient_goes() -> None:
    program = neuron(True)
    _, expected = program.value_and_grad(X, Y)
    program.value_and_grad(X, Y, out=program.parameters)
    assert program.parameters.tolist() == expected.tolist()


def test_what_is_not_finite_is_found_and_the_next_call_is_as_before() -> None:
    program, out = neuron(True), np.empty(3)
    expected = program.value_and_grad(X, Y, out=out)[0]
    bad = X.copy()
    bad[1, 0] = -101
    with pytest.raises(ArithmeticError, match=r"sqrt.*example 1"):
        program.value_and_grad(bad, Y, out=out)
    assert program.value_and_grad(X, Y, out=out)[0] == expected


def test_an_array_that_is_made_otherwise_is_copied_by_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    assert brief.knows_arrays()
    monkeypatch.setattr(brief, "SHAPE", brief.SHAPE + 8)
    brief.knows_arrays.cache_clear()
    assert not brief.knows_arrays()
    program = neuron(True)
    expected = program.value_and_grad(X, Y)[0]
    assert not is_one_call(program, X, Y)
    assert program.value_and_grad(X, Y)[0] == expected
    brief.knows_arrays.cache_clear()


def test_one_program_in_two_threads_gives_each_its_own_numbers() -> None:
    def repeated(x: Any, y: float, found: set[Any]) -> None:
        out = np.empty(3)
        for _ in range(3000):
            value, _ = program.value_and_grad(x, y, out=out)
            found.add((value, out.tobytes()))

    program = neuron(True)
    given = [(X[0], 0.1), (X[1], 0.2), (X[2].tolist(), 0.3)]
    found: list[set[Any]] = [set() for _ in given]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    threads = [Thread(target=repeated, args=(*one, result)) for one, result in zip(given, found, strict=True)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    for one, result in zip(given, found, strict=True):
        value, gradient = program.value_and_grad(*one)
        assert result == {(value, gradient.tobytes())}


def test_no_object_is_lost_or_given_up() -> None:
    program, x, y, out = neuron(True), X[0].copy(), np.float64(0.1), np.empty(3)
    program.value_and_grad(x, y, out=out)
    objects = x, y, out, None, np.ndarray, x.dtype, float
    held = [sys.getrefcount(each) for each in objects]
    for _ in range(1000):
        program.value_and_grad(x, y, out=out)
        program.value_and_grad(x, 0.1)
    assert max(abs(sys.getrefcount(each) - before) for each, before in zip(objects, held, strict=True)) < 100
