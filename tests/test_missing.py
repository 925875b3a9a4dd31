"""What other libraries' objects have and ours have not: each such name says what to write instead, and that works."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import MLP, Adam, Value, record
from micrograd_es.missing import (
    OF_A_FIGURE,
    OF_A_HISTORY,
    OF_A_MODEL,
    OF_A_PROGRAM,
    OF_A_VALUE,
    OF_AN_OPTIMIZER,
    OF_NUMPY,
)
from micrograd_es.training import History

inputs, targets = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([1.0, -1.0])
model = MLP(2, [1], seed=1)
v, w = Value(2.0, "v"), Value(3.0, "w")

OWNERS: dict[str, tuple[Any, Mapping[str, str]]] = {
    "a Value": (v * w, OF_A_VALUE),
    "a model": (model, OF_A_MODEL),
    "a Program": (record(lambda x: model(x)[0], [0.0, 0.0]), OF_A_PROGRAM),
    "an optimiser": (Adam(0.1), OF_AN_OPTIMIZER),
    "a History": (History([0.5], [0.5]), OF_A_HISTORY),
    "a Figure": (es.draw(v * w), OF_A_FIGURE),
}
SEEN: dict[str, Any] = {
    **{name: getattr(es, name) for name in (*es.__all__, "sum")},
    **dict(
        zip(
            ("loss", "model", "program", "optimizer", "history", "figure"),
            [thing for thing, _ in OWNERS.values()],
            strict=True,
        )
    ),
    "micrograd_es": es,
    "inputs": inputs,
    "targets": targets,
    "row": [1.0, 2.0],
    "numpy": np,
    "x": np.array([v, w]),
    "m": 2.5,
    "v": v,
    "w": w,
}
WORDS = re.compile(r", (?:which|whose|a number for) .*| for one example| for all| for an array| for a variance .*")


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, (_, names) in OWNERS.items() for name in names])
def test_a_name_of_another_library_says_what_to_write_instead(
    owner: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    thing, names = OWNERS[owner]
    with pytest.raises(AttributeError) as caught:
        getattr(thing, name)
    assert str(caught.value) == f"{owner} has no attribute {name!r}; write {names[name]}."
    assert name not in dir(thing)
    ways = WORDS.sub("", names[name]).replace("…", "(inputs, targets), loss='mse'")
    for way in ways.split(", or "):
        eval(way, dict(SEEN))


@pytest.mark.parametrize("name", OF_NUMPY)
def test_a_function_of_numpy_says_what_to_write_instead_of_it_for_an_array_and_for_one_value(name: str) -> None:
    told = f"a Value has no attribute {name!r}; write {OF_NUMPY[name]}."
    for call in (lambda: getattr(np, name)(np.array([[v, w]])), lambda: getattr(v, name)()):
        with pytest.raises(AttributeError) as caught:
            call()
        assert str(caught.value) == told
    with pytest.raises(TypeError) as one:
        getattr(np, name)(v)
    assert str(one.value).endswith(f"Write {OF_NUMPY[name]}.")
    assert name not in dir(v)
    for way in WORDS.sub("", OF_NUMPY[name]).split(", or "):
        found = eval(way, dict(SEEN))
        if name not in ("conjugate", "rint"):
            numbers = [y.data for y in np.atleast_1d(found)]
            assert numbers == pytest.approx(getattr(np, name)([2.0, 3.0][: len(numbers)]))


def test_numpy_is_told_what_its_statistics_ask_for() -> None:
    with pytest.raises(AttributeError, match=r"for a variance with the mean m\.$"):
        np.array([v, w]).std()
    (formula,) = {OF_NUMPY["conjugate"].partition(" for a variance")[0]}
    assert eval(formula, dict(SEEN)).data == np.var([2.0, 3.0])


def test_a_class_of_ones_own_may_have_such_a_name() -> None:
    class Estimator(es.Module):
        def __init__(self) -> None:
            self.w, self.compile = Value(1.0, "w"), "later"

        def predict(self, x: list[float]) -> Value:
            return self.w * x[0]

    estimator = Estimator()
    assert (estimator.predict([2.0]).data, estimator.compile) == (2.0, "later")
    assert {"predict", "compile"} <= set(dir(estimator))
    assert "fit" not in dir(estimator)
