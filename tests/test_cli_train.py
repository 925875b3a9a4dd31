"""The commands `train` and `predict`: what they write, what they say, and what they refuse."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import numpy as np
import pytest

from command_line import Run
from micrograd_es import plots
from micrograd_es.data import moons
from micrograd_es.training import Predictor

pytestmark = pytest.mark.usefixtures("own_folder")

QUICK = ["--epochs", "3", "--points", "40"]
TABLE = "sepal,petal,kind\n1,5,a\n2,4,b\n3,2,a\n4,1,b\n5,3,c\n1.5,2,c\n2.5,0,a\n3.5,6,b\n"


def rows(path: str) -> list[dict[str, str]]:
    with Path(path).open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_run_says_how_it_goes_and_names_what_it_writes(run: Run) -> None:
    status, out, _ = run("train", "circle", *QUICK)
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("MLP(2 → 4 tanh → 2 tanh → 1 linear; 25 parameters) · Data(40 rows")
    assert [line.split()[0] for line in lines[1:4]] == ["1", "2", "3"]
    assert all(Path(name).is_file() for name in lines[4:])
    assert {"build/train/model.json", "build/train/history.csv", "build/train/run.json"} <= set(lines[4:])
    history = rows("build/train/history.csv")
    assert [row["epoch"] for row in history] == ["1", "2", "3"]
    assert f"train loss {float(history[2]['train_loss']):.4f}" in lines[3]


def test_the_options_are_those_of_the_network_and_of_its_learning(run: Run) -> None:
    words = "--layers 3 --activation relu --dropout 0.1 --init 0.5 --optimizer adam --rate 0.1 --batch 4 --l2 0.01"
    words += " --features x1,x2^2,sin(x1) --standardise --share 0.75 --seed 5 --runner fast --loss hinge"
    status, out, _ = run("train", "moons", *words.split(), "--epochs", "2", "--points", "40")
    assert status == 0
    assert out.startswith("MLP(3 → 3 relu → dropout 0.1 → 1 linear; 16 parameters)")
    read = json.loads(Path("build/train/run.json").read_text(encoding="utf-8"))
    assert read["optimizer"]["name"] == "adam"
    assert {"seed": 5, "batch_size": 4, "examples": 30, "shuffle": True}.items() <= read["settings"].items()
    model = Predictor.load("build/train/model.json")
    assert model.preparation.features == ("x1", "x2²", "sin x1")
    assert model.loss.name == "hinge"


def test_a_run_goes_on_where_it_was(run: Run) -> None:
    run("train", "xor", "--epochs", "6", "--points", "40", "--output", "whole")
    run("train", "xor", *QUICK, "--output", "parts")
    run("train", "xor", "--epochs", "6", "--points", "40", "--output", "parts", "--resume")
    assert rows("parts/history.csv") == rows("whole/history.csv")
    assert Path("parts/model.json").read_bytes() == Path("whole/model.json").read_bytes()
    told = "other has no run.json to go on from: a new run begins"
    assert told in run("train", "xor", *QUICK, "--output", "other", "--resume")[1]
    assert told not in run("train", "xor", *QUICK, "--output", "other", "--resume")[1]


def test_a_table_is_learnt_and_answers_are_written_beside_its_rows(run: Run) -> None:
    Path("t.csv").write_text(TABLE, encoding="utf-8")
    assert run("train", "t.csv", "--target", "kind", "--epochs", "5", "--standardise", "--share", "0.7")[0] == 0
    Path("new.csv").write_text("name,petal,sepal\nuna,5,1\notra,1,4\n", encoding="utf-8")
    assert run("predict", "build/train/model.json", "new.csv", "-o", "out.csv") == (0, "out.csv\n", "")
    found = rows("out.csv")
    model = Predictor.load("build/train/model.json")
    assert [row["predicción"] for row in found] == model.classes([[1, 5], [4, 1]])
    assert list(found[0]) == ["name", "petal", "sepal", "predicción", "salida a", "salida b", "salida c"]
    outputs = [[float(row[f"salida {name}"]) for name in "abc"] for row in found]
    np.testing.assert_array_equal(outputs, model.outputs([[1, 5], [4, 1]]))
    assert run("predict", "build/train/model.json", "new.csv", "--language", "en")[1].startswith(
        "name,petal,sepal,prediction,output a"
    )


def test_a_regression_answers_with_numbers(run: Run) -> None:
    run("train", "regression-plane", "--layers", "", "--epochs", "2", "--points", "50")
    Path("p.csv").write_text("x1;x2\n1,5;-2\n", encoding="utf-8")
    status, out, _ = run("predict", "build/train/model.json", "p.csv")
    assert status == 0
    assert out.splitlines()[0] == "x1;x2;predicción"
    expected = Predictor.load("build/train/model.json").outputs([[1.5, -2]])[0, 0]
    cells = out.splitlines()[1].split(";")  # as the table has them: a decimal comma
    assert cells[:2] == ["1,5", "-2"]
    assert float(cells[2].replace(",", ".")) == expected


def test_two_runs_write_the_same_bytes(run: Run) -> None:
    for folder in ("one", "two"):
        run("train", "moons", *QUICK, "--output", folder)
    for file in sorted(Path("one").iterdir()):
        assert file.read_bytes() == (Path("two") / file.name).read_bytes(), file.name


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        ("train circel", 1, "no data set is called 'circel'; expected one of circle"),
        ("train circulo", 1, r"regression-gaussian, .*digits\. Did you mean 'circle'\?"),
        ("train nowhere.csv", 1, "nowhere.csv: No such file"),
        ("train circle --layers 4,x", 2, "--layers is '4,x'; expected numbers from 1 on, such as 4,2"),
        ("train circle --layers 0", 2, "expected numbers from 1 on"),
        ("train circle --activation tahn", 1, "Did you mean 'tanh'?"),
        ("train circle --activation tanh,relu,relu", 1, "activation has 3 items; expected one for each of the 2"),
        ("train circle --optimizer adan", 1, "Did you mean 'adam'?"),
        ("train circle --loss mes", 1, "--loss is 'mes'; .*Did you mean 'mse'?"),
        ("train circle --features x3", 1, "no feature is called 'x3'"),
        ("train circle --noise 60", 1, "noise is 60.0; expected from 0 to 50"),
        ("train circle --target x1", 2, "--target is of a CSV file"),
        ("train t.csv --noise 3", 2, "--points and --noise are of made data sets"),
        ("train circle --rate 1e200 --loss mse --activation linear", 1, "training stopped at step"),
        ("train circle --l1 1 --l2 1", 2, "not allowed with"),
        ("train circle --l1 -1", 2, "--l1: '-1' is not a number from 0 on"),
        ("train circle --rate nan", 2, "--rate: 'nan' is not a number from 0 on"),
        ("train circle --rate 0,03", 2, "decimals have a point, 0.03"),
        ("train circle --noise 1,5", 2, "decimals have a point, 1.5"),
        ("train circle --epochs 0", 2, "--epochs: '0' is no whole number from 1 on"),
        ("train circle --batch 1.5", 2, "--batch: '1.5' is no whole number from 1 on"),
        ("train circle --share 1", 2, "--share: '1' is not a share between 0 and 1"),
        ("train circle --share 0", 2, "--share: '0' is not a share between 0 and 1"),
        ("train circle --dropout 1", 2, "--dropout: '1' is not a probability from 0 to below 1"),
        ("train circle --output t.csv", 2, "--output is 't.csv', a file; expected a folder"),
        ("train circle --decimal ,", 2, "--decimal is of a CSV file"),
        ("train t.csv --encoding utf-99", 1, "'utf-99' is no known encoding; expected one such as"),
        ("train", 2, "the following arguments are required: DATA"),
        ("predict nowhere.json t.csv", 1, "nowhere.json: No such file"),
        ("predict t.csv t.csv", 1, "t.csv is no model of micrograd_es"),
    ],
)
def test_what_cannot_be_done_is_one_line(run: Run, words: str, status: int, message: str) -> None:
    Path("t.csv").write_text(TABLE, encoding="utf-8")
    found, _, err = run(*words.split())
    assert found == status
    assert len(err.splitlines()) == 1
    assert re.search(message, err), err


def test_a_table_without_a_column_of_the_model_is_refused(run: Run) -> None:
    run("train", "moons", *QUICK)
    Path("t.csv").write_text("x1,y\n1,2\n", encoding="utf-8")
    status, out, err = run("predict", "build/train/model.json", "t.csv", "-o", "out.csv")
    assert (status, out) == (1, "")
    assert "t.csv has no column 'x2'; it has x1, y" in err
    assert not Path("out.csv").exists()


def test_a_cell_that_is_no_number_is_named(run: Run) -> None:
    run("train", "moons", *QUICK)
    Path("t.csv").write_text("x1,x2\n1,2\n1,nada\n", encoding="utf-8")
    assert "t.csv, line 3, column 'x2': 'nada' is no number" in run("predict", "build/train/model.json", "t.csv")[2]


def test_what_is_learnt_is_right_on_points_that_were_not_seen(run: Run) -> None:
    assert run("train", "moons", "--noise", "0.1", "--epochs", "150", "--points", "200", "--optimizer", "adam")[0] == 0
    new = moons(100, noise=0.1, seed=77)
    found = Predictor.load("build/train/model.json").classes(new.inputs)
    assert np.mean([name == new.classes[label] for name, label in zip(found, new.labels, strict=True)]) > 0.97


def test_a_file_of_a_spanish_spreadsheet_is_learnt_and_answered_in_its_own_way(run: Run) -> None:
    rows = "".join(f"{i},5;{i % 4};{'sí' if i > 10 else 'no'}\n" for i in range(20))
    Path("notas.csv").write_bytes(f"horas;sueño;apto\n{rows}".encode("latin-1"))
    assert "Write encoding='latin-1' or another (--encoding in a shell)" in run("train", "notas.csv")[2]
    assert run("train", "notas.csv", "--encoding", "latin-1", "--epochs", "3")[0] == 0
    status, out, _ = run("predict", "build/train/model.json", "notas.csv", "--encoding", "latin-1")
    assert status == 0
    lines = [line.split(";") for line in out.splitlines()]
    assert lines[0] == ["horas", "sueño", "apto", "predicción", "salida"]
    assert lines[1][:3] == ["0,5", "0", "no"]
    assert re.fullmatch(r"-?\d+,\d+", lines[1][4])
    Path("twice.csv").write_text(out, encoding="utf-8")
    assert "has a column 'predicción' already" in run("predict", "build/train/model.json", "twice.csv")[2]


def test_classes_written_as_numbers_are_classes_where_that_is_said(run: Run) -> None:
    Path("t.csv").write_text("a,b,y\n" + "".join(f"{i},{i % 3},{i % 3}\n" for i in range(12)), encoding="utf-8")
    out = run("train", "t.csv", "--kind", "classification", "--epochs", "1")[1]
    assert "classification: 0, 1, 2" in out.splitlines()[0]


def test_the_network_is_drawn_with_the_names_of_its_inputs(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[str]] = []
    real = plots.network
    monkeypatch.setattr(
        plots, "network", lambda model, **look: asked.append(list(look["names"])) or real(model, **look)
    )
    Path("t.csv").write_text("horas,asistencia,nota\n" + "1,0.5,3.5\n2,0.2,4.5\n" * 4, encoding="utf-8")
    assert run("train", "t.csv", "--epochs", "1")[0] == 0
    assert run("train", "circle", "--epochs", "1", "--features", "x1,x2,x1*x2")[0] == 0
    assert asked == [["horas", "asistencia"], ["x1", "x2", "x1·x2"]]
