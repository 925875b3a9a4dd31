"""Compiled, e^x of what is far below 0: as exact as elsewhere, and the C library is asked for nothing it is slow at."""

from __future__ import annotations

import math
from collections.abc import Callable
from ctypes import CFUNCTYPE, c_void_p
from typing import Any

import numpy as np
import pytest

pytest.importorskip("llvmlite")

import micrograd_es as es
from micrograd_es import Value, record
from micrograd_es.program.compiled import machine
from micrograd_es.program.compiled.lanes import Lane, LaneMaths
from micrograd_es.program.compiled.machine import ir

LOW = np.concatenate([np.linspace(-760, -690, 501), -np.geomspace(700, 1e300, 100), [-np.inf, 0.0, 1.0, 700.0]])
MIXED = np.random.default_rng(1).permutation(LOW)
ENDS = [-708.0, -708.3964185322641, -708.4, -744.44, -745.13, -745.133, -745.14, -1416.0, -1e9]

FUNCTIONS: dict[str, tuple[Callable[[Value], Value], Callable[[float], float]]] = {
    "exp": (es.exp, math.exp),
    "sigmoid": (es.sigmoid, lambda x: math.exp(x) / (1 + math.exp(x))),
    "softplus": (es.softplus, lambda x: max(x, 0.0) + math.log1p(math.exp(-abs(x)))),
    "share": (lambda x: es.softmax([x, 0 * x])[0], lambda x: math.exp(x) / (1 + math.exp(x))),
}


@pytest.mark.parametrize("name", FUNCTIONS)
@pytest.mark.parametrize("xs", [LOW, MIXED, np.array(ENDS)], ids=["in order", "mixed", "ends"])
def test_what_is_hardly_above_0_is_right_to_the_last_digits(name: str, xs: np.ndarray) -> None:
    function, true = FUNCTIONS[name]
    xs = xs[np.isfinite(xs)] if name == "share" else xs
    program = record(function, 0.1, fast=True)
    expected = np.array([true(x) for x in xs.tolist()])
    for found in (program(xs), np.array([program(x) for x in xs[:40]])):
        assert (np.abs(found - expected[: len(found)]) <= 4 * np.spacing(expected[: len(found)])).all()


def test_what_is_too_small_is_0_and_nan_is_told() -> None:
    program = record(es.exp, 0.1, fast=True)
    assert (program(np.array([-745.14, -746.0, -1e9, -1e300, -np.inf])) == 0).all()
    assert program(-np.inf) == 0
    for xs in (np.nan, np.array([-800.0, np.nan, 1.0])):
        with pytest.raises(ArithmeticError):
            program.value_and_grad(xs)


def test_what_is_hardly_above_0_is_right_in_single_precision() -> None:
    xs = np.random.default_rng(1).permutation(np.concatenate([np.linspace(-110, 80, 500), [-1e9, -1e30]]))
    found = record(es.exp, 0.1, dtype="float32", fast=True)(xs)
    expected = np.exp(xs.astype("float32").astype(float))
    assert (np.abs(found - expected) <= 8 * np.spacing(expected.astype("float32"))).all()
    assert (found[xs < -104] == 0).all() and (found[xs > -103] > 0).all()


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_the_c_library_is_asked_for_no_vector_that_is_near_what_is_too_small(
    real: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"float64": -708.0, "float32": -87.0}[real]
    monkeypatch.setattr(LaneMaths, "_call", lambda maths, name, x: maths.lane(x))  # what it is asked is its result
    count = machine.lanes(real)
    for low in ([], [0], range(count)):
        xs = np.linspace(asked, 5.0, count, dtype=real)
        xs[list(low)] = np.array([1.01, 1.5, 3.0, 1e4] * 4)[: len(low)] * asked
        found = np.zeros_like(xs)
        _run(_text(ir.VectorType(_type(real), count)), xs, found)
        expected = np.where(xs < asked, (np.maximum(xs, 2 * asked) / 2) ** 2, xs)
        np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("real", ["float64", "float32"])
def test_one_number_is_asked_as_it_is(real: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LaneMaths, "_call", lambda maths, name, x: maths.lane(x))
    for x in (-1e4, -709.0, -1.0, 5.0):
        found = np.zeros(1, real)
        _run(_text(_type(real)), np.array([x], real), found)
        assert found[0] == x


def _type(real: str) -> Any:
    return ir.DoubleType() if real == "float64" else ir.FloatType()


def _text(kind: Any) -> str:
    """A kernel that writes e^x of what stands at one address to another."""
    module, whole = ir.Module(), ir.IntType(64)
    kernel = ir.Function(module, ir.FunctionType(ir.VoidType(), [whole, whole]), "kernel")
    b = ir.IRBuilder(kernel.append_basic_block())
    x, to = (b.inttoptr(place, ir.PointerType()) for place in kernel.args)
    maths = LaneMaths(b, kind)
    b.store(maths.exp(Lane(maths, b.load(x, typ=kind, align=4))).value, to, align=4)
    b.ret_void()
    return str(module)


def _run(text: str, xs: np.ndarray, found: np.ndarray) -> None:
    ((address, _owner),) = machine.loaded({text: lambda: text})
    CFUNCTYPE(None, c_void_p, c_void_p)(address)(xs.ctypes.data, found.ctypes.data)
