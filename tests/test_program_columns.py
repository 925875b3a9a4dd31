"""How the inputs of a batch come to be columns: at once, or those of some examples after the others."""

from __future__ import annotations

import numpy as np
import pytest

import micrograd_es as es
from micrograd_es import Program, Value, record
from micrograd_es.program.columns import Parts
from test_program_blocks import values

Given = list[list[Value]]


def program(*shape: int, dtype: str = "float64", fast: bool = False) -> Program:
    """Weighted sums of an input of some shape, after another one of three numbers."""
    weights = values(*shape) if len(shape) > 1 else [values(*shape)]

    def fn(first: list[Value], x: Given) -> list[Value]:
        lines = x if len(shape) > 1 else [x]
        return [
            first[0] * first[2],
            es.sum([w * a for ws, xs in zip(weights, lines, strict=True) for w, a in zip(ws, xs, strict=True)]),
        ]

    return record(fn, [0.1] * 3, np.full(shape, 0.1).tolist(), dtype=dtype, fast=fast)


def parts_of(made: Program) -> list[int]:
    """In how many parts each input was copied at the last call."""
    call = made._calls.last
    assert call is not None
    return [len(place.parts) if isinstance(place, Parts) else 1 for _, place, *_ in call.places]


CASES = {
    (256,): [(16, 1), (17, 2), (100, 7)],
    (16, 16): [(16, 1), (17, 2), (100, 7)],
    (4, 128): [(8, 1), (9, 2)],
    (128,): [(32, 1), (33, 2)],
    (64,): [(100, 1)],
    (250,): [(100, 1)],
}


@pytest.mark.parametrize("shape", CASES, ids=str)
def test_the_inputs_of_a_batch_are_copied_as_they_are(shape: tuple[int, ...]) -> None:
    made = program(*shape)
    weights = np.array([v.data for v in made.values]).reshape(shape)
    for batch, parts in CASES[shape]:
        for seed in range(2):  # the first call makes its places, the second one has them
            rng = np.random.default_rng(seed)
            first, x = rng.normal(size=(batch, 3)), rng.normal(size=(batch, *shape))
            found = made(first, x)
            assert parts_of(made) == [1, parts]
            np.testing.assert_allclose(found[:, 0], first[:, 0] * first[:, 2], rtol=1e-14)
            np.testing.assert_allclose(
                found[:, 1], (x * weights).reshape(batch, -1).sum(axis=1), rtol=1e-11, atol=1e-12
            )


def test_float32_and_other_numbers_are_copied_in_parts_as_well() -> None:
    made = program(256, dtype="float32")
    for kind in (np.float32, np.float64, np.int64):
        x = np.arange(100 * 256).reshape(100, 256).astype(kind) % 7
        found = made(np.ones((100, 3), np.float32), x)
        assert parts_of(made) == [1, 4]
        weights = np.array([v.data for v in made.values])
        np.testing.assert_allclose(found[:, 1], x @ weights, rtol=1e-4, atol=1e-4)


def test_one_example_and_compiled_programs_copy_inputs_at_once() -> None:
    made = program(256)
    made(np.ones(3), np.ones(256))
    assert parts_of(made) == [1, 1]
    pytest.importorskip("llvmlite")
    made = program(256, fast=True)
    made(np.ones((100, 3)), np.ones((100, 256)))
    assert parts_of(made) == [1, 1]


def test_a_given_array_whose_shape_is_set_to_another_one_is_refused() -> None:
    made, x = program(128), np.ones((40, 128))
    made(np.ones((40, 3)), x)
    x.resize((128, 40), refcheck=False)
    with pytest.raises(ValueError, match="128"):
        made(np.ones((40, 3)), x)
