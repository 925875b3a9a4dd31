"""The figure sets as files: what is saved for each kind of picture, and what happens where an extra is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from matplotlib.figure import Figure as Plot

from micrograd_es import Value, demos, draw, frames, worksheet


def plot(title: str = "Coste", suptitle: str = "") -> Plot:
    figure = Plot(figsize=(4, 3))
    figure.subplots().plot([1, 2], [3, 4], clip_on=True, label="n")
    figure.axes[0].set_title(title)
    figure.axes[0].legend()
    if suptitle:
        figure.suptitle(suptitle)
    return figure


def topic(name: str, **pictures: demos.Picture) -> demos.Topic:
    both = {"es": f"{name} · título", "en": f"{name} · title"}
    return demos.Topic(name, both, both, lambda language: pictures)


def lacking(name: str, message: str) -> demos.Topic:
    def pictures(language: str) -> dict[str, demos.Picture]:
        raise ImportError(message)

    return demos.Topic(name, {"es": name}, {"es": name}, pictures)


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch):
    """Sets which topics there are."""
    return lambda *topics: monkeypatch.setattr(demos, "topics", lambda: {topic.name: topic for topic in topics})


@pytest.mark.parametrize("kind", ["svg", "pdf"])
def test_a_plot_is_the_same_bytes_each_time_and_says_no_date(tmp_path: Path, kind: str) -> None:
    made = []
    for name in ("first", "again"):
        (tmp_path / name).mkdir()
        demos.save(plot(), tmp_path / name, "b6")
        made.append((tmp_path / name / f"b6.{kind}").read_bytes())
    assert made[0] == made[1]
    assert b"date" not in made[0].lower()
    assert made[0].startswith({"svg": b"<?xml", "pdf": b"%PDF"}[kind])


def test_every_kind_of_picture_is_saved_and_listed_with_its_title(tmp_path: Path, only) -> None:
    f = Value(2, "x") * 3
    only(
        topic("t", figure=draw(f, title="Una figura"), film=frames(f, title="Paso a paso"), plot=plot("De los ejes")),
        topic("s", sheet=worksheet([f, f], title="Una hoja")),
        topic("u", whole=plot("De los ejes", "De toda la figura"), nameless=plot("")),
    )
    files = demos.make_all(tmp_path)
    assert [file.name for file in files] == [
        "figure.svg", "figure.pdf", "film.svg", "film.pdf", "film.html", "plot.svg", "plot.pdf", "sheet.svg",
        "sheet.pdf", "whole.svg", "whole.pdf", "nameless.svg", "nameless.pdf", "index.html",
    ]  # fmt: skip
    assert sorted(files) == sorted(tmp_path.iterdir())
    index = files[-1].read_text("utf-8")
    for file, title in {
        "figure.svg": "Una figura",
        "film.html": "Paso a paso",
        "sheet.pdf": "Una hoja",
        "plot.svg": "De los ejes",
        "whole.svg": "De toda la figura",
        "nameless.svg": "u · título",
    }.items():
        assert f'<h3><a href="{file}">{title}</a></h3>' in index


def test_topics_that_need_an_extra_are_left_out_with_one_line(tmp_path: Path, only) -> None:
    reason = "micrograd_es.plots needs matplotlib. Write: pip install 'micrograd-es[plots]'"
    only(lacking("b5", reason), topic("t", figure=draw(Value(2, "x") * 3)), lacking("b6", reason))
    with pytest.warns(UserWarning, match="without b5, b6: micrograd_es.plots needs matplotlib") as said:
        files = demos.make_all(tmp_path)
    assert len(said) == 1
    assert [file.name for file in files] == ["figure.svg", "figure.pdf", "index.html"]
    with pytest.raises(ImportError, match="needs matplotlib"):  # asked for by name
        demos.make_all(tmp_path, names=["t", "b6"])


def test_an_import_that_fails_for_another_reason_is_an_error(tmp_path: Path, only) -> None:
    only(lacking("b6", "cannot import name 'sof' from 'micrograd_es'"))
    with pytest.raises(ImportError, match="sof"):
        demos.make_all(tmp_path)


def test_listing_the_topics_loads_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    demos.topics.cache_clear()
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # importing it fails
    monkeypatch.delitem(sys.modules, "micrograd_es.plots", raising=False)
    assert {"a1_chain_rule"} <= set(demos.topics())
