"""Data: the distributions of each set, by properties that its definition implies; parts, targets, scale, features."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from micrograd_es.data import (
    DATASETS,
    FEATURES,
    Data,
    circle,
    dataset,
    gaussian,
    moons,
    regression_gaussian,
    regression_plane,
    spiral,
    with_features,
    xor,
    yin_yang,
)

PLAYGROUND = [circle, xor, gaussian, spiral, regression_plane, regression_gaussian]


def signs(data: Data) -> Any:
    return data.targets[:, 0]


# The Playground's sets


@pytest.mark.parametrize("make", PLAYGROUND)
def test_a_seed_gives_the_same_points_and_another_seed_others(make: Callable[..., Data]) -> None:
    first, again, other = make(noise=20, seed=4), make(noise=20, seed=4), make(noise=20, seed=5)
    assert (first.inputs == again.inputs).all()
    assert (first.targets == again.targets).all()
    assert not (first.inputs == other.inputs).any()


@pytest.mark.parametrize("make", PLAYGROUND)
def test_the_sizes_are_the_playgrounds_and_any_other_on_request(make: Callable[..., Data]) -> None:
    regression = make.__name__.startswith("regression")
    assert len(make()) == (1200 if regression else 500)
    assert make().kind == ("regression" if regression else "classification")
    assert len(make(n=7)) == 7


@pytest.mark.parametrize("make", PLAYGROUND)
def test_the_rows_are_shuffled(make: Callable[..., Data]) -> None:
    data = make(n=500, seed=2)
    changes = np.mean(np.diff(signs(data)) != 0)
    assert 0.35 < changes < 1.0 if data.kind == "classification" else changes > 0.5


def test_the_circle_is_a_disc_in_a_ring_and_its_angles_are_uniform() -> None:
    data = circle(n=4000, seed=1)
    radius = np.hypot(*data.inputs.T)
    inside = signs(data) == 1
    assert inside.sum() == 2000
    assert radius[inside].max() < 2.5
    assert 3.5 < radius[~inside].min() < radius[~inside].max() < 5
    assert abs(np.mean(radius[inside]) - 1.25) < 0.05  # uniform in the radius, not over the area
    assert abs(np.mean(radius[~inside]) - 4.25) < 0.04
    assert np.abs(np.mean(data.inputs / radius[:, None], axis=0)).max() < 0.05


def test_the_noise_of_the_circle_moves_the_test_of_the_label_and_not_the_point() -> None:
    clean, noisy = circle(n=4000, seed=3), circle(n=4000, noise=30, seed=3)
    assert sorted(map(tuple, clean.inputs)) == sorted(map(tuple, noisy.inputs))
    radius = np.hypot(*noisy.inputs.T)
    assert not ((radius > 2.5) & (radius < 3.5)).any()
    reach = 2.5 + 5 * 0.3 * np.sqrt(2)  # no point is moved further than the corner of the square of U(−1.5, 1.5)
    assert (signs(noisy)[radius > reach] == -1).all()
    mixed = signs(noisy)[(radius > 2.0) & (radius < 2.5)]
    assert 0.2 < np.mean(mixed == -1) < 0.7
    assert (signs(noisy)[(radius > 3.5) & (radius < 4)] == 1).any()


def test_xor_keeps_its_distance_to_the_axes_and_is_the_sign_of_the_product() -> None:
    data = xor(n=4000, seed=1)
    distance = np.abs(data.inputs)
    assert 0.3 <= distance.min() < 0.31
    assert 5.29 < distance.max() <= 5.3
    assert (np.sign(data.inputs.prod(axis=1)) == signs(data)).all()
    assert abs(np.mean(signs(data))) < 0.05


def test_the_noise_of_xor_flips_labels_only_within_its_reach_of_an_axis() -> None:
    data = xor(n=40000, noise=20, seed=1)
    flipped = np.sign(data.inputs.prod(axis=1)) != signs(data)
    nearest = np.abs(data.inputs).min(axis=1)
    assert flipped.any()
    assert nearest[flipped].max() < 1.0  # U(−5, 5) · 0.2
    assert 0.3 < np.mean(flipped[nearest < 0.35]) < 0.375  # (1 − 0.325) / 2 of those next to an axis


@pytest.mark.parametrize(("noise", "variance"), [(0, 0.5), (25, 2.25), (50, 4.0)])
def test_the_clouds_stand_at_two_and_their_variance_follows_the_noise(noise: float, variance: float) -> None:
    data = gaussian(n=20000, noise=noise, seed=7)
    for sign in (1, -1):
        cloud = data.inputs[signs(data) == sign]
        assert len(cloud) == 10000
        np.testing.assert_allclose(cloud.mean(axis=0), 2 * sign, atol=0.08)
        np.testing.assert_allclose(cloud.var(axis=0), variance, rtol=0.05)
        assert abs(np.corrcoef(cloud.T)[0, 1]) < 0.04


def test_a_spiral_turns_in_proportion_to_its_radius_and_its_twin_is_its_mirror_image() -> None:
    data = spiral(n=600, seed=1)
    arms = []
    for sign in (1, -1):
        arm = data.inputs[signs(data) == sign]
        arm = arm[np.argsort(np.hypot(*arm.T))]
        radius = np.hypot(*arm.T)
        np.testing.assert_allclose(np.diff(radius), 5 / 300, rtol=1e-9)
        turned = np.unwrap(np.arctan2(arm[1:, 0], arm[1:, 1]))
        np.testing.assert_allclose(np.diff(turned), 3.5 * np.pi / 300, rtol=1e-6)
        arms.append(arm)
    np.testing.assert_allclose(arms[0], -arms[1], atol=1e-12)
    assert arms[0][1, 1] > 0  # the first arm sets out upwards


def test_the_noise_of_the_spiral_moves_points_within_a_square() -> None:
    clean, noisy = spiral(n=500, seed=1), spiral(n=500, noise=40, seed=1)
    moved = noisy.inputs - clean.inputs
    assert (noisy.targets == clean.targets).all()
    assert 0.35 < np.abs(moved).max() <= 0.4
    assert np.abs(moved.mean(axis=0)).max() < 0.05


def test_the_plane_is_a_tenth_of_the_sum_and_goes_beyond_one() -> None:
    data = regression_plane(seed=1)
    x1, x2 = data.inputs.T
    np.testing.assert_allclose(signs(data), (x1 + x2) / 10, atol=1e-12)
    assert np.abs(data.inputs).max() <= 6
    assert signs(data).max() > 1.0  # not clamped
    residual = (
        signs(regression_plane(n=5000, noise=50, seed=1)) - regression_plane(n=5000, seed=1).inputs.sum(axis=1) / 10
    )
    assert 0.5 < np.abs(residual).max() <= 0.6  # two of U(−6, 6) · 0.5, in tenths
    np.testing.assert_allclose(residual.var(), 2 * (6 / 12) * 0.06, rtol=0.06)  # 2 · (b − a)² / 12, b − a = 0.6


def test_six_bumps_of_alternating_signs_rise_to_one() -> None:
    data = regression_gaussian(n=40000, seed=1)
    for row, y in enumerate((2.5, -2.5)):
        for column, x in enumerate((-4, 0, 4)):
            sign = 1 if (row + column) % 2 == 0 else -1
            distance = np.hypot(data.inputs[:, 0] - x, data.inputs[:, 1] - y)
            middle = distance < 0.2
            assert middle.sum() > 5
            assert (sign * signs(data)[middle] > 0.9).all()
            ring = (distance > 0.95) & (distance < 1.05)
            np.testing.assert_allclose(signs(data)[ring], sign * 0.5, atol=0.03)
    assert (signs(data)[np.abs(data.inputs[:, 1]) < 0.4] == 0).all()  # the bumps end 0.5 from the axis
    noisy = regression_gaussian(n=40000, noise=25, seed=1)
    assert sorted(noisy.inputs[:, 0]) == sorted(data.inputs[:, 0])
    assert (signs(noisy) != signs(data)).mean() > 0.3


# Moons, yin-yang, and what scikit-learn carries


@pytest.mark.parametrize(("n", "noise", "seed"), [(100, 0.1, 1337), (101, 0.0, 3)])
def test_moons_are_the_points_of_scikit_learn(n: int, noise: float, seed: int) -> None:
    learn = pytest.importorskip("sklearn.datasets")
    points, labels = learn.make_moons(n, noise=noise, random_state=seed)
    data = moons(n, noise=noise, seed=seed)
    np.testing.assert_allclose(data.inputs, points, rtol=0, atol=1e-15)
    assert (signs(data) == 2 * labels - 1).all()


def test_moons_are_half_circles() -> None:
    data = moons(200)
    upper, lower = data.inputs[signs(data) == -1], data.inputs[signs(data) == 1]
    np.testing.assert_allclose(np.hypot(*upper.T), 1)
    np.testing.assert_allclose(np.hypot(lower[:, 0] - 1, lower[:, 1] - 0.5), 1)
    assert upper[:, 1].min() > -1e-12
    assert lower[:, 1].max() < 0.5 + 1e-12


def test_the_yin_yang_sign_turned_by_half_a_turn_swaps_its_halves() -> None:
    data = yin_yang(6000, seed=1)
    assert np.hypot(*(data.inputs - 0.5).T).max() <= 0.5
    np.testing.assert_allclose(np.bincount(data.labels) / 6000, 1 / 3, atol=0.03)
    dots = data.inputs[data.labels == 2]
    nearest = np.minimum(np.hypot(dots[:, 0] - 0.25, dots[:, 1] - 0.5), np.hypot(dots[:, 0] - 0.75, dots[:, 1] - 0.5))
    assert nearest.max() < 0.1
    left = dots[:, 0] < 0.5
    assert 0.45 < left.mean() < 0.55
    halves = [data.inputs[data.labels == k] for k in (0, 1)]
    np.testing.assert_allclose(halves[0].mean(axis=0), 1 - halves[1].mean(axis=0), atol=0.02)
    for points in (halves[0], 1 - halves[1]):  # the lower half has the right disc, and not the left one
        assert (points[:, 1] > 0.5).any()
        assert np.hypot(points[points[:, 1] > 0.5][:, 0] - 0.75, points[points[:, 1] > 0.5][:, 1] - 0.5).max() <= 0.25
        assert np.hypot(points[:, 0] - 0.25, points[:, 1] - 0.5).min() >= 0.25


def test_the_mirrored_inputs_add_up_to_one() -> None:
    data = yin_yang(50, mirrored=True)
    np.testing.assert_allclose(data.inputs[:, :2] + data.inputs[:, 2:], 1)


def test_iris_and_digits_are_those_of_scikit_learn() -> None:
    learn = pytest.importorskip("sklearn.datasets")
    for name, loader in (("iris", learn.load_iris), ("digits", learn.load_digits)):
        data, (inputs, labels) = dataset(name), loader(return_X_y=True)
        assert (data.inputs == inputs).all()
        assert (data.labels == labels).all()
        assert data.targets.shape == (len(labels), labels.max() + 1)


def test_without_scikit_learn_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
    with pytest.raises(ImportError, match=r"pip install 'micrograd-es\[datasets\]'"):
        dataset("iris")


def test_every_set_of_the_table_is_made_by_its_name() -> None:
    for name in set(DATASETS) - {"iris", "digits"}:
        assert len(dataset(name, n=30, seed=2)) == 30
    assert len(dataset("yin_yang", n=30)) == 30


# Parts, targets, scale


def numbered(n: int) -> Data:
    return Data([[i, -i] for i in range(n)], list(range(n)), kind="regression")


def test_a_split_has_every_row_once_and_depends_on_the_seed() -> None:
    data = numbered(101)
    train, test = data.split(0.3, seed=1)
    assert (len(train), len(test)) == (30, 71)
    both = np.concatenate([train.targets, test.targets])[:, 0]
    assert sorted(both) == list(range(101))
    assert (train.inputs[:, 0] == train.targets[:, 0]).all()  # inputs and targets stay together
    assert data.split(0.3, seed=1)[0].targets.tolist() == train.targets.tolist() != data.split(0.3)[0].targets.tolist()


def test_batches_have_every_row_once_and_a_generator_goes_on() -> None:
    data, rng = numbered(10), np.random.default_rng(1)
    epochs = [[batch.targets[:, 0].tolist() for batch in data.batches(4, rng)] for _ in range(2)]
    for epoch in epochs:
        assert [len(batch) for batch in epoch] == [4, 4, 2]
        assert sorted(target for batch in epoch for target in batch) == list(range(10))
    assert epochs[0] != epochs[1]
    assert [b.targets.tolist() for b in data.batches(3, 5)] == [b.targets.tolist() for b in data.batches(3, 5)]


def test_rows_are_chosen_by_number_slice_and_mask() -> None:
    data = numbered(6)
    assert data[-1] == ([5.0, -5.0], [5.0])
    assert data[1:3].targets.tolist() == [[1.0], [2.0]]
    assert data[data.inputs[:, 0] > 3].targets.tolist() == [[4.0], [5.0]]
    assert list(data) == [data[i] for i in range(6)]


def test_standardised_inputs_have_mean_0_and_deviation_1_and_the_test_set_the_scale_of_the_training_set() -> None:
    rng = np.random.default_rng(1)
    train = Data(rng.normal([5, 0.1, 5], [3, 0, 1e-3], (50, 3)), np.tile([0, 1], 25))
    test = train[:7]
    scaled = train.standardised()
    np.testing.assert_allclose(scaled.inputs.mean(axis=0), 0, atol=1e-10)
    np.testing.assert_allclose(scaled.inputs.std(axis=0), [1, 0, 1], atol=1e-10)
    np.testing.assert_array_equal(test.standardised(by=train).inputs, scaled.inputs[:7])
    np.testing.assert_array_equal(test.standardised(by=train.scaling()).inputs, scaled.inputs[:7])


def test_the_coding_of_targets_changes_and_the_labels_stay() -> None:
    data = xor(n=20, seed=1)
    codings = [data.signs(), data.zero_one(), data.one_hot()]
    assert [sorted(set(c.targets.ravel())) for c in codings] == [[-1, 1], [0, 1], [0, 1]]
    assert all((c.labels == data.labels).all() for c in codings)
    assert (codings[2].signs().targets == data.targets).all()


def test_labels_may_be_texts_or_numbers() -> None:
    assert Data.labelled([[1], [2]], ["no", "sí"]).targets.tolist() == [[-1.0], [1.0]]
    three = Data.labelled([[1], [2], [3]], [2, 0, 1])
    assert (three.labels.tolist(), three.classes) == ([2, 0, 1], ("0", "1", "2"))


def test_the_arrays_are_copies_that_cannot_be_written_to() -> None:
    mine = np.zeros((2, 1))
    data = Data(mine, [0, 1])
    mine[0] = 7
    assert data.inputs[0, 0] == 0
    with pytest.raises(ValueError, match="read-only"):
        data.inputs[0, 0] = 1


def test_features_are_functions_of_the_plane_and_ascii_twins_mean_the_same() -> None:
    data = circle(n=40, seed=1)
    x1, x2 = data.inputs.T
    made = with_features(data, ["x1", "x2", "x1^2", "x2**2", "x1*x2", "sin(x1)", "sin x2"])
    assert made.names == tuple(FEATURES)
    np.testing.assert_allclose(made.inputs.T, [x1, x2, x1**2, x2**2, x1 * x2, np.sin(x1), np.sin(x2)])
    assert (made.targets == data.targets).all()


# Errors

REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "no rows": (lambda: Data([], []), "inputs are empty"),
    "no columns": (lambda: Data([[], []], [0, 1]), "inputs are empty"),
    "no targets": (lambda: Data([[1]], []), "targets are empty"),
    "NaN": (lambda: Data([[1, 2], [3, float("nan")]], [0, 1]), "row 1, column 1 of the inputs is nan"),
    "infinite target": (lambda: Data([[1]], [float("inf")], kind="regression"), "of the targets is inf"),
    "sizes": (lambda: Data([[1], [2], [3]], [0, 1]), "3 rows of inputs and 2 of targets"),
    "one axis": (lambda: Data([1, 2], [0, 1]), r"Write \[\[x\] for x in"),
    "ragged": (lambda: Data([[1, 2], [3]], [0, 1]), "the inputs are rows of different lengths"),
    "text of a number": (
        lambda: Data([["1", "2"]], [0]),
        r"hold '1'; expected numbers.* Write np.array\(inputs, float\)",
    ),
    "names of classes": (lambda: Data([[1], [2]], ["a", "b"]), "the targets hold 'a'; .* Write Data.labelled"),
    "None": (lambda: Data([[1], [2]], None), r"the targets are None \(NoneType\); expected numbers, in rows"),
    "images": (lambda: Data(np.zeros((3, 2, 2)), [0, 1, 0]), r"shape \(3, 2, 2\); expected .* Write x.reshape\(3, 4\)"),
    "a comma": (lambda: Data([[1, "2,5"]], [0]), "the inputs hold '2,5'; expected numbers"),
    "text": (lambda: Data([["a"], ["b"]], [0, 1]), "expected numbers"),
    "names": (lambda: Data([[1, 2]], [1], names=("a",)), "1 names were given"),
    "classes": (lambda: Data([[1], [2]], [0, 1], classes=("a", "b", "c")), "3 classes were given"),
    "kind": (lambda: Data([[1]], [1], kind="ranking"), "kind is 'ranking'"),  # type: ignore[arg-type]
    "numbers as classes": (lambda: Data([[1], [2]], [3, 4]), "Write Data.labelled"),
    "two ones in a row": (lambda: Data([[1], [2]], [[1, 1], [0, 1]]), "a single 1 in each row"),
    "unknown label": (lambda: Data.labelled([[1]], ["c"], classes=("a", "b")), "'c' is no class"),
    "one class": (lambda: Data.labelled([[1], [2]], ["a", "a"]), "1 class"),
    "labels of a regression": (lambda: numbered(3).labels, "of a regression"),
    "signs of three": (lambda: yin_yang(9).signs(), r"3 classes; expected two. Write one_hot\(\)"),
    "all to train": (lambda: numbered(3).split(1.0), "share between 0 and 1"),
    "nothing to train": (lambda: numbered(3).split(0.1), "without rows"),
    "batch of 0": (lambda: numbered(3).batches(0), "size of a batch is 0"),
    "batch of a half": (lambda: numbered(3).batches(0.5), "whole number"),  # type: ignore[arg-type]
    "row by name": (lambda: numbered(3)["a"], "chosen by 'a'"),
    "empty part": (lambda: numbered(3)[5:], "inputs are empty"),
    "scale of another size": (lambda: numbered(3).standardised(by=Data([[1]], [1])), "2 columns; expected 1"),
    "noise": (lambda: circle(noise=60), "noise is 60; expected from 0 to 50"),
    "noise of the moons": (lambda: moons(noise=10), "Write noise=0.1"),
    "NaN as noise": (lambda: xor(noise=float("nan")), "noise is nan"),
    "n": (lambda: spiral(n=0), "n is 0"),
    "seed": (lambda: spiral(seed=1.5), "seed is 1.5"),  # type: ignore[arg-type]
    "set": (lambda: dataset("torus"), "no data set is called 'torus'; expected one of circle"),
    "option": (lambda: dataset("yin-yang", noise=3), "no option 'noise'; expected n, seed, mirrored"),
    "feature": (lambda: with_features(circle(), ["x3"]), "no feature is called 'x3'"),
    "no feature": (lambda: with_features(circle(), []), "one or more"),
    "feature twice": (lambda: with_features(circle(), ["x1²", "x1^2"]), "each of them once"),
    "one text": (lambda: with_features(circle(), "x1"), r"Write \['x1'\]"),
    "features of four inputs": (lambda: with_features(yin_yang(9, mirrored=True), ["x1"]), "4 inputs; expected 2"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_meant_gets_one_clear_error(name: str) -> None:
    make, message = REFUSED[name]
    with pytest.raises((ValueError, TypeError), match=message):
        make()


@pytest.mark.parametrize("size", [1e300, 1e-300, 1.0])
def test_inputs_of_any_size_are_standardised(size: float) -> None:
    found = Data([[size, 0], [-size, 0], [2 * size, 0]], [0, 1, 0]).standardised().inputs
    expected = Data([[1.0, 0], [-1.0, 0], [2.0, 0]], [0, 1, 0]).standardised().inputs
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_allclose(found.std(axis=0), [1, 0], rtol=1e-12)


def test_a_name_stands_for_one_column_and_one_class() -> None:
    with pytest.raises(ValueError, match="'a' is twice among the names"):
        Data([[1, 2], [2, 3]], [0, 1], names=("a", "a"))
    with pytest.raises(ValueError, match="'a' is twice among the classes"):
        Data([[1], [2]], [0, 1], classes=("a", "a"))


def test_labels_without_an_order_are_refused() -> None:
    with pytest.raises(TypeError, match="the labels have no order"):
        Data.labelled([[1], [2]], ["a", None])
