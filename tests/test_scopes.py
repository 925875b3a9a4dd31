"""Scopes: they nest, mark what is made inside, and disturb no other thread or task."""

from __future__ import annotations

import asyncio
import gc
import subprocess
import sys
import threading

import pytest

from micrograd_es import Constant, Value, exp, maximum, scope
from micrograd_es.scopes import Scope


def test_a_scope_marks_all_that_is_made_inside_and_nothing_else() -> None:
    x = Value(1.0)
    with scope("σ") as sigma:
        made = [1 / (1 + exp(-x)), maximum(x, 2), Value(3.0), Constant(2), x**2]
    after = x + 1
    assert [v.scope for v in made] == [sigma] * len(made)
    assert made[0].inputs[0].scope is sigma
    assert (x.scope, after.scope) == (None, None)


def test_scopes_nest_and_know_their_path() -> None:
    with scope("network") as network:
        with scope("layer") as layer, scope("neuron") as neuron:
            inner = Value(1) + 1
        outer = inner * 2
    assert neuron.path() == (network, layer, neuron)
    assert [s.name for s in inner.scope.path()] == ["network", "layer", "neuron"]  # type: ignore[union-attr]
    assert outer.scope is network
    assert repr(neuron) == "Scope('network · layer · neuron')"


def test_two_scopes_of_one_name_are_two() -> None:
    with scope("neuron") as first:
        pass
    with scope("neuron") as second:
        pass
    assert first is not second


def test_what_is_made_inside_is_freed_without_the_collector() -> None:
    gc.collect()
    gc.disable()
    try:
        with scope("outer"), scope("inner") as inner:
            y = exp(Value(1.0, "x")) + 1
            y.label = "y"
        assert y.scope is inner
        del y, inner
        assert gc.collect() == 0
    finally:
        gc.enable()


def test_an_exception_inside_closes_the_scope() -> None:
    with pytest.raises(ZeroDivisionError), scope("outer"), scope("inner"):
        Value(1) / 0
    assert Value(1).scope is None


def test_threads_do_not_disturb_each_other() -> None:
    both_open = threading.Barrier(2, timeout=10)
    found: dict[str, list[Scope | None]] = {}

    def work(name: str) -> None:
        before = (Value(1.0) + 1).scope
        with scope(name):
            both_open.wait()
            inside = (Value(1.0) + 1).scope
            both_open.wait()
        found[name] = [before, inside, (Value(1.0) + 1).scope]

    threads = [threading.Thread(target=work, args=(name,)) for name in ("a", "b")]
    with scope("main"):
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name in ("a", "b"):
        before, inside, after = found[name]
        assert (before, inside and inside.path(), after) == (None, (inside,), None)
        assert inside is not None
        assert inside.name == name


def test_tasks_do_not_disturb_each_other() -> None:
    async def work(name: str) -> str:
        with scope(name):
            await asyncio.sleep(0)
            made = Value(1) * 2
            await asyncio.sleep(0)
        assert made.scope is not None
        return made.scope.name

    async def both() -> list[str]:
        return await asyncio.gather(work("a"), work("b"))

    assert asyncio.run(both()) == ["a", "b"]


FIRST = """
from contextvars import copy_context
from micrograd_es import Value, scope
x = Value(2.0)
before, later = x * x, None
with scope("first") as first:
    inside, leaf, named = x * x, Value(1.0), Value(1.0, "named")
    kept = copy_context()
after = x * x
print([v.scope for v in (x, before, inside, leaf, named, after, kept.run(lambda: x * x), kept.run(Value, 1.0))])
"""


def test_the_first_scope_of_a_process_is_that_of_what_is_made_in_it_and_of_nothing_else() -> None:
    """Before it no Value asks for one; in a context that was copied inside of it, all do after its end."""
    told = subprocess.run([sys.executable, "-c", FIRST], check=True, capture_output=True, text=True).stdout
    first = "Scope('first')"
    assert told == f"[None, None, {first}, {first}, {first}, None, {first}, {first}]\n"


def test_a_scope_whose_name_is_no_text_is_refused() -> None:
    with (
        pytest.raises(TypeError, match=r"the name of a scope is 3 \(int\); expected text\. Write scope\('3'\)"),
        scope(3),
    ):  # type: ignore[arg-type]
        pass
