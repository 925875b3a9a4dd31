"""CSV files: what is found out about them, and the error that each broken one gets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from micrograd_es.data import from_csv


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "notas.csv"


@pytest.mark.parametrize(
    ("text", "names", "inputs"),
    [
        ("a,b,y\n1,2.5,3\n4,5,6\n", ("a", "b"), [[1, 2.5], [4, 5]]),
        ("a;b;y\n1;2,5;3\n4;5;6\n", ("a", "b"), [[1, 2.5], [4, 5]]),
        ("a;b;y\n1;2.5;3\n4;5;6\n", ("a", "b"), [[1, 2.5], [4, 5]]),
        ("\ufeffa\tb\ty\r\n1\t2,5\t3\r\n\r\n4\t5\t6\r\n", ("a", "b"), [[1, 2.5], [4, 5]]),
        ("1,2.5,3\n4,5,6", ("x1", "x2"), [[1, 2.5], [4, 5]]),
        ('"a","b, c",y\n 1 ,2.5,3\n4,5e0,6\n', ("a", "b, c"), [[1, 2.5], [4, 5]]),
    ],
    ids=["commas", "decimal comma", "semicolons, decimal point", "tabs, BOM, blank line", "no header", "quotes"],
)
def test_delimiter_header_and_decimal_sign_are_found_out(path: Path, text: str, names: Any, inputs: Any) -> None:
    path.write_bytes(text.encode())
    data = from_csv(path)
    assert (data.names, data.inputs.tolist(), data.targets.tolist()) == (names, inputs, [[3.0], [6.0]])
    assert data.kind == "regression"


def test_classes_may_be_texts_in_a_file_without_header(path: Path) -> None:
    path.write_text("5.1,3.5,setosa\n7.0,3.2,versicolor\n6.3,3.3,virginica\n")
    data = from_csv(path)
    assert (data.classes, data.labels.tolist()) == (("setosa", "versicolor", "virginica"), [0, 1, 2])


def test_numbers_are_classes_where_that_is_said_and_stand_in_their_order(path: Path) -> None:
    path.write_text("x,y\n1,10\n2,9\n3,2\n")
    assert from_csv(path).kind == "regression"
    data = from_csv(path, kind="classification")
    assert (data.classes, data.labels.tolist()) == (("2", "9", "10"), [2, 1, 0])


def test_target_and_inputs_are_columns_by_name_or_number(path: Path) -> None:
    path.write_text("id,y,a,b\n7,1,2,3\n8,4,5,6\n")
    data = from_csv(path, target="y", inputs=["b", 2])
    assert (data.names, data.inputs.tolist(), data.targets.tolist()) == (("b", "a"), [[3, 2], [6, 5]], [[1], [4]])
    assert from_csv(path, target=-3).names == ("id", "a", "b")


def test_a_column_that_is_no_input_may_hold_anything(path: Path) -> None:
    path.write_text("name,a,y\nAna,1,2\n,3,4\n")
    assert from_csv(path, inputs=["a"]).inputs.tolist() == [[1], [3]]


def test_what_is_said_goes_before_what_would_be_found_out(path: Path) -> None:
    path.write_text("1,2\n3,4\n")
    assert from_csv(path, header=True).names == ("1",)
    path.write_bytes("año;y\n1.5;2\n".encode("latin-1"))
    assert from_csv(path, encoding="latin-1", decimal=".").names == ("año",)


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("", {}, "is empty"),
        ("\n \n", {}, "is empty"),
        ("a,y\n", {}, "no rows under its header"),
        ("a,y\n1,2\n\n,4\n", {}, "line 4, column 'a': the cell is empty"),
        ("a,y\n1,2\n3,\n", {}, "line 3, column 'y': the cell is empty"),
        ("a,y\n1,2\nnan,4\n", {}, "line 3, column 'a': 'nan' is not finite"),
        ("a,y\n1,2\n3,NaN\n", {}, "line 3, column 'y': 'NaN' is not finite"),
        ("a,y\n1,2\n1e999,4\n", {}, "not finite"),
        ("a,y\n1,2\nuno,4\n", {}, "line 3, column 'a': 'uno' is no number"),
        ("a,y\n1,2\n1_0,4\n", {}, "'1_0' is no number"),
        ("a;y\n1.5;2\n1,5;4\n", {}, "'1,5' is no number.*Write decimal=','"),
        ("a,y\n1,2\n3,4,5\n", {}, "line 3 has 3 cells; expected 2, as line 1 has"),
        ("a,y\n1,2\n", {"target": "z"}, "no column 'z'; it has a, y"),
        ("a,y\n1,2\n", {"target": 2}, "no column 2"),
        ("a,y\n1,2\n", {"target": "y", "inputs": ["a", "y"]}, "the target not among them"),
        ("a,y\n1,2\n", {"inputs": []}, "one or more inputs"),
        ("a,a\n1,2\n", {}, "names a column 'a'; expected a name of its own"),
        ("a,y\n1,2\n", {"delimiter": "ab"}, "delimiter is 'ab'"),
        ("a,y\n1,2\n", {"decimal": ";"}, "decimal is ';'; expected '.' or ','"),
        ("a,y\n1.5,2\n", {"decimal": ","}, "line 2, column 'a': '1.5' is no number"),
        ("a,y\n1,NA\n2,3\n", {}, "line 2, column 'y': 'NA' stands among numbers.*--kind in a shell"),
        ("a,y\n1,no\n", {}, "1 class"),
        ('a,y\n1,"2\n', {}, "expected cells between"),
        ("a,y\n1,2\n", {"kind": "ranking"}, "kind is 'ranking'"),
    ],
)
def test_a_broken_file_gets_one_error_that_says_where(path: Path, text: str, options: Any, message: str) -> None:
    path.write_text(text)
    with pytest.raises(ValueError, match=message) as raised:
        from_csv(path, **options)
    assert "notas.csv" in str(raised.value) or str(raised.value).startswith(("the delimiter", "decimal", "kind"))


def test_cells_in_quotes_may_have_a_decimal_comma_between_commas(path: Path) -> None:
    path.write_text('horas,nota\n"2,5","7,1"\n3,"8,5"\n')
    data = from_csv(path, decimal=",")
    assert (data.inputs.tolist(), data.targets.tolist()) == ([[2.5], [3]], [[7.1], [8.5]])


def test_a_file_in_another_encoding_names_the_option(path: Path) -> None:
    path.write_bytes(b"a\xf1o,y\n1,2\n")
    with pytest.raises(ValueError, match="Write encoding='latin-1'"):
        from_csv(path)


def test_a_file_that_is_not_there_is_named(path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"notas\.csv"):
        from_csv(path)
