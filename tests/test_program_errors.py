"""What a program says where it is given, asked or recorded with something else: one sentence, with what to write."""

from __future__ import annotations

import pickle
import re
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.ops import OPS, Op, Role, RuleError
from micrograd_es.value import apply

W = Value(2.0, "w")
with_both = pytest.mark.parametrize("fast", [False, True], ids=["numpy", "fast"])


def recorded(fn: Callable[..., Any], *examples: Any, fast: bool = False, dtype: str = "float64") -> Program:
    if fast:
        pytest.importorskip("llvmlite")
    return record(fn, *examples, fast=fast, dtype=dtype)


# Recording


@pytest.mark.parametrize(
    "fn",
    [
        lambda x: x[:, 0].sum(),
        lambda x: x.sum(),
        lambda x: x.T[0][0],
        lambda x: (x - 1.0).sum(),
        lambda x: x.shape[0] * W,
    ],
)
def test_an_array_comes_to_the_function_as_a_list_and_the_note_says_how_to_index_it(fn: Callable[[Any], Any]) -> None:
    example = np.arange(6.0).reshape(2, 3)
    with pytest.raises((TypeError, AttributeError)) as caught:
        record(fn, example)
    note = caught.value.__notes__[-1]
    assert note.startswith("An example that is an array comes to the function as a list; write x = np.array(x, object)")
    xs = np.random.default_rng(1).normal(size=(4, 2, 3))
    program = record(lambda x: fn(np.array(x, object)), example)
    found = [fn(np.array([[Value(n) for n in row] for row in x.tolist()])).data for x in xs]
    assert program(xs) == pytest.approx(found)


def test_errors_of_other_kinds_and_of_lists_have_no_note_about_arrays() -> None:
    for fn, example in ((lambda x: None.foo, np.zeros(3)), (lambda x: x.sum(), [0.0, 1.0])):  # type: ignore[attr-defined]
        with pytest.raises(AttributeError) as caught:
            record(fn, example)  # type: ignore[arg-type]
        assert not hasattr(caught.value, "__notes__")


# Files


def test_a_program_with_an_operation_that_has_not_been_added_says_so(
    tmp_path: Path, add_row: Callable[..., Op]
) -> None:
    def rows() -> Op:
        return add_row("gelu", "g", Role.SCALER, lambda m, x: x * x, lambda m, z, x: (2 * x,))

    row = rows()
    program = record(lambda x: apply(row, W * x), 0.0)
    file, pickled = program.save(tmp_path / "p.json"), pickle.dumps(program)
    del OPS["gelu"]
    said = r"no operation is called 'gelu'; the table has .*\. Where it is one of your own, write op\(…\) for it before"
    with pytest.raises(ValueError, match=rf"p\.json needs an operation that is not there: {said}"):
        Program.load(file)
    with pytest.raises(ValueError, match=rf"^{said} .*, or unpickle it\.$"):
        pickle.loads(pickled)
    rows()
    assert Program.load(file)(3.0) == pickle.loads(pickled)(3.0) == 36.0


@pytest.mark.parametrize("path", ["", "."])
def test_the_path_of_no_file_is_told(path: str) -> None:
    program = record(lambda x: W * x, 0.0)
    with pytest.raises(OSError, match=r"^the path is '\.', or empty; expected that of a file\. Write a name, such as"):
        program.save(path)


# Runs


@with_both
def test_a_batch_is_told_of_only_where_there_is_one(fast: bool) -> None:
    program = recorded(lambda x: W / x, 1.0, fast=fast)
    for call in (lambda x: program(x, check=True), program.value_and_grad):
        with pytest.raises(ZeroDivisionError, match=r"^div\(w = 2\.0, x = 0\.0\).*a divisor other than 0\.$"):
            call(0.0)
        with pytest.raises(ZeroDivisionError, match=r"a divisor other than 0; in example 0 of the batch\.$"):
            call([0.0])
    program = recorded(lambda x: W * x * x, 1.0, fast=fast, dtype="float32")
    with pytest.raises(ArithmeticError, match=r"the result is too large for float32\. Scale the inputs\.$"):
        program.value_and_grad(1e30)
    with pytest.raises(ArithmeticError, match=r"too large for float32, in example 1 of the batch\. Scale"):
        program.value_and_grad([1.0, 1e30])


@with_both
def test_a_rule_that_fails_for_a_number_is_told_with_operation_label_and_example(
    fast: bool, add_row: Callable[..., Op]
) -> None:
    table = [0.0, 1.0, 4.0]
    row = add_row("table", "t", Role.SCALER, lambda m, x: table[int(x)], lambda m, z, x: (2 * x,))

    def fn(x: Value) -> Value:
        y = apply(row, W * x)
        y.label = "looked up"
        return y

    program = recorded(fn, 1.0, fast=fast)
    xs = np.array([0.0, 1.0, 3.5])
    told = r"table(v0 = 7.0) (looked up): a rule of the row failed (IndexError('list index out of range')); expected"
    for call in (lambda: program(xs, check=True), lambda: program.value_and_grad(xs)):
        with pytest.raises(ArithmeticError, match=re.escape(told) + ".*; in example 2 of the batch"):
            call()
    assert np.isnan(program(xs)).tolist() == [False, False, True]
    with pytest.raises(RuleError, match=r"^table\(x = 7\.0\): a rule of the row failed \(IndexError") as caught:
        apply(row, Value(7.0, "x"))
    assert isinstance(caught.value.__cause__, IndexError)


@with_both
def test_so_is_one_whose_local_gradient_does(fast: bool, add_row: Callable[..., Op]) -> None:
    slopes = [0.0, 2.0, 4.0]
    row = add_row("late", "l", Role.SCALER, lambda m, x: x * x, lambda m, z, x: (slopes[int(x)],))
    program = recorded(lambda x: apply(row, W * x), 1.0, fast=fast)
    with pytest.raises(
        ArithmeticError, match=r"late\(v0 = 8\.0\): a rule of the row failed.*in example 1 of the batch"
    ):
        program.value_and_grad(np.array([1.0, 4.0]))
    assert program(4.0) == 64.0


@with_both
def test_a_mistake_in_a_rule_stays_what_it_is(fast: bool, add_row: Callable[..., Op]) -> None:
    row = add_row("typo", "t", Role.SCALER, lambda m, x: m.foo(x) if 5 < x < 9 else x, lambda m, z, x: (1.0,))
    program = recorded(lambda x: apply(row, W * x), 1.0, fast=fast)
    for call in (lambda: apply(row, 7.0), lambda: program(3.5), lambda: program.value_and_grad(3.5)):
        with pytest.raises(AttributeError, match="foo"):
            call()


@with_both
def test_an_input_that_is_too_large_for_float32_is_told_with_its_number(fast: bool) -> None:
    program = recorded(lambda x, y: W * es.sum(x) + y, [0.0, 0.0], 0.0, fast=fast, dtype="float32")
    told = r"^the input x01 is 1e\+39, too large for float32\. Write dtype='float64', or scale it"
    for call in (lambda *xs: program(*xs, check=True), program.value_and_grad):
        with pytest.raises(OverflowError, match=told + r"\.$"), warnings.catch_warnings():
            warnings.simplefilter("error")
            call([1.0, 1e39], 1.0)
        with pytest.raises(OverflowError, match=told + r"; in example 1 of the batch\.$"):
            call(np.array([[1.0, 1.0], [1.0, 1e39]]), np.ones(2))
        with pytest.raises(ArithmeticError, match="the input x1 is inf; expected a finite number"):
            call([1.0, 1.0], np.inf)
    with pytest.raises(OverflowError, match=r"^the parameter w is 1e\+39, too large for float32"):
        program.parameters = [1e39]
    assert program.parameters.tolist() == [2.0]


@with_both
def test_a_local_gradient_that_the_rule_never_gives_is_told_as_that(fast: bool, add_row: Callable[..., Op]) -> None:
    never = add_row("never", "n", Role.SCALER, lambda m, x, k: x * k, lambda m, z, x, k: (k, None))
    half = add_row("half", "h", Role.SCALER, lambda m, x: m.sqrt(x), lambda m, z, x: (None if x < 2 else 1 / (2 * z),))
    x = Value(1.0, "x")
    told = (
        r"has no local gradient for its input w, at any point: .* Write it in local of the row never, or give a Const"
    )
    with pytest.raises(ValueError, match=r"^never\(x = 1\.0, w = 2\.0\) " + told):
        apply(never, x, W).backward()
    with pytest.raises(ValueError, match=told):
        recorded(lambda x: apply(never, x, W), 0.0, fast=fast).value_and_grad(np.array([1.0]))
    for f in (apply(half, x), es.sqrt(Value(0.0, "x"))):
        with pytest.raises(ValueError, match=r"has no finite local gradient for its input x; expected a point where"):
            f.backward()


# What is given


def test_inputs_have_no_names() -> None:
    program = record(lambda x: W * x, 0.0)
    told = r"^the program was given x=…; expected inputs without names, and check=…\. Write program\(inputs\)\.$"
    with pytest.raises(TypeError, match=told):
        program(x=1.0)


SHAPES: list[tuple[tuple[Any, ...], tuple[Any, ...], str]] = [
    ((0.0, 0.0), (np.ones(3), 2.0), "Write np.full(3, 2.0) in place of the number 2.0: the same for each example."),
    (
        (np.zeros(2), 0.0),
        (np.ones(2), np.ones(3)),
        "Write np.broadcast_to(x, (3, 2)) in place of the (2,): the same for each example.",
    ),
]


@pytest.mark.parametrize(("examples", "given", "told"), SHAPES, ids=["a number", "a vector"])
def test_one_example_beside_a_batch_says_how_to_repeat_it(
    examples: tuple[Any, ...], given: tuple[Any, ...], told: str
) -> None:
    program = record(lambda x, y: es.sum([v * y for v in np.ravel(x).tolist()]), *examples)
    with pytest.raises(ValueError, match=r"\(batch,\), with one batch size.*" + re.escape(told) + "$"):
        program(*given)
    way = told.partition("Write ")[2].partition(" in place")[0]
    repeated = [
        x if np.ndim(x) > np.ndim(e) else eval(way, {"np": np, "x": x}) for x, e in zip(given, examples, strict=True)
    ]
    rows = [[x if np.ndim(x) == np.ndim(e) else x[i] for x, e in zip(given, examples, strict=True)] for i in range(3)]
    assert program(*repeated).tolist() == [program(*row) for row in rows]


def test_batches_of_several_sizes_are_not_repeated() -> None:
    program = record(lambda x, y, z: x * y * z, 0.0, 0.0, 0.0)
    with pytest.raises(ValueError, match=r"a number for one example\.$"):
        program(np.ones(3), np.ones(2), 1.0)
