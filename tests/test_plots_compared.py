"""Plots of several models or runs, of one input, and of images: the numbers that they draw, and their errors."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

from micrograd_es import MLP, plots
from micrograd_es.data import Data, circle, with_features, xor
from micrograd_es.plots.saving import title_of

LINE = Data([[0.0], [1.0], [2.0]], [1.0, 3.0, 4.0], kind="regression")


def test_maps_side_by_side_are_those_of_each_model_with_its_own_features() -> None:
    squares = with_features(circle(20), ["x1", "x2", "x1²"])
    model = MLP.from_numbers([[[0.0, 0.0, 2.0]]], [[-1.0]])
    shown = {"2·x1² − 1": (model, squares), "x1": (lambda points: points[:, 0], xor(20))}
    first, second = plots.decision_maps(shown, resolution=10).axes[0].child_axes
    assert [panel.get_title() for panel in (first, second)] == list(shown)
    for panel, function in ((first, lambda x: 2 * x * x - 1), (second, lambda x: x)):
        low, high = panel.get_xlim()
        x = low + (np.arange(10) + 0.5) * (high - low) / 10
        assert np.asarray(panel.images[0].get_array()) == pytest.approx(np.tile(function(x), (10, 1)))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 6, 8])
def test_maps_are_squares_that_do_not_overlap(count: int) -> None:
    model, points = MLP(2, [1]), circle(20)
    figure = plots.decision_maps({str(place): (model, points) for place in range(count)}, resolution=2)
    figure.canvas.draw()
    boxes = [panel.get_tightbbox() for panel in figure.axes[0].child_axes]
    for place, box in enumerate(boxes):
        inner = figure.axes[0].child_axes[place].get_window_extent()
        assert inner.width == pytest.approx(inner.height, rel=0.01)
        assert not any(box.overlaps(other) for other in boxes[place + 1 :])
        assert figure.bbox.x0 <= box.x0 < box.x1 <= figure.bbox.x1
        assert figure.bbox.y0 <= box.y0 < box.y1 <= figure.bbox.y1


def test_losses_of_runs_stand_at_their_epochs() -> None:
    tested = {"train_loss": [3.0, 2.0], "test_loss": [3.5, 2.5], "epoch": [0, 5]}
    axes = plots.compare_losses({"batch": tested, "other": {"train_loss": [1.0, 0.5]}}, language="en").axes[0]
    found = {line.get_label(): line.get_xydata().tolist() for line in axes.get_lines()}
    assert found == {
        "full batch · training": [[0, 3], [5, 2]],
        "full batch · test": [[0, 3.5], [5, 2.5]],
        "other": [[1, 1], [2, 0.5]],
    }


def test_predictions_show_the_errors_of_the_last_model() -> None:
    figure = plots.predictions({"0": lambda x: 0 * x, "2x + 1": lambda x: 2 * x + 1}, LINE)
    errors = next(part for part in figure.axes[0].collections if isinstance(part, LineCollection))
    assert [segment[:, 1].tolist() for segment in errors.get_segments()] == [[1, 1], [3, 3], [5, 4]]


def test_weights_stand_on_the_lines_of_a_network() -> None:
    model = MLP.from_numbers([[[1.5, -2.0]]], [[0.0]])
    texts = [text.get_text() for text in plots.network(model, weights=True, decimals=1).axes[0].texts]
    assert {"1.5", "−2.0"} <= set(texts)


def test_a_plot_is_called_by_its_title() -> None:
    assert title_of(plots.images([[0, 1, 1, 0]], title="Un dígito")) == "Un dígito"
    assert title_of(plots.images([[0, 1, 1, 0]], title="")) == ""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: plots.decision_maps({}), "0 maps .* expected from 1 to 8"),
        (lambda: plots.decision_maps({"a": abs}), r"a model and its data\. Write \{'a': \(model, data\)\}"),
        (lambda: plots.compare_losses({}), "no runs; expected a history"),
        (lambda: plots.compare_losses({"a": {"train_loss": [1], "epoch": [1, 2]}}), "2 epochs and 1 numbers"),
        (lambda: plots.predictions({}, LINE), "no models; expected one"),
        (lambda: plots.predictions({"a": abs}, xor(4)), "expected Data of one input and one target"),
        (lambda: plots.images([[1, 2, 3]]), "3 pixels; expected a square number"),
        (lambda: plots.images([[1, 2, 3, 4]], ["a", "b"]), "1 images have 2 titles"),
    ],
)
def test_what_cannot_be_drawn_says_so(call, message: str) -> None:
    with pytest.raises((ValueError, TypeError), match=message):
        call()


def test_few_epochs_are_counted_in_whole_numbers() -> None:
    axes = plots.compare_losses({"a": {"train_loss": [3, 2, 1]}}).axes[0]
    assert all(tick == int(tick) for tick in axes.get_xticks())
