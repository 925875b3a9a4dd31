"""The benchmark: that everybody computes the same, that what it writes has its shape. No time is asserted."""

from __future__ import annotations

import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from bench import report  # noqa: E402
from bench.harness import DisagreementError, Processes, Result, check, measured  # noqa: E402
from bench.irregular import Irregular, Maths  # noqa: E402
from bench.peers import ROWS  # noqa: E402
from bench.preparing import prepared  # noqa: E402
from bench.worker import compared  # noqa: E402
from bench.works import WORKS, Graph, Network, Work, chosen  # noqa: E402

from micrograd_es.ops import OPS  # noqa: E402

SMALL: dict[str, Work] = {
    "W1 chain": Graph("chain", 100),
    "W1 wide": Graph("wide", 100),
    "W2": WORKS["W2"],
    "W3": Network((64, 32, 10), "softmax", 16),
    "W4": WORKS["W4"],
    "W5": Network((50, 20, 10), "softmax", 9),
    "W6": Irregular(100, rows=20),
}


@pytest.mark.parametrize("name", [name for name in SMALL if not name.startswith("W1")])
def test_our_runners_and_numpy_by_hand_agree(name: str) -> None:
    expected = compared(ROWS["NumPy by hand"].job(SMALL[name]))
    assert len(expected) == 3
    for row in ("numpy", "fast"):
        check(name, "NumPy by hand", expected, row, compared(ROWS[row].job(SMALL[name])))


@pytest.mark.parametrize("name", ["W2", "W3", "W4"])
def test_c_written_by_hand_compiles_and_agrees(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("gcc") is None:
        pytest.skip("gcc is not installed")
    monkeypatch.setattr("bench.peers.c_by_hand.LIBRARY", tmp_path / "build" / "by_hand.so")
    expected = compared(ROWS["NumPy by hand"].job(SMALL[name]))
    check(name, "NumPy by hand", expected, "C by hand", compared(ROWS["C by hand"].job(SMALL[name])))


def test_the_eager_path_agrees_with_numpy_by_hand_on_one_example() -> None:
    expected = compared(ROWS["NumPy by hand"].job(SMALL["W4"]))
    check("W4", "NumPy by hand", expected, "eager", compared(ROWS["eager"].job(SMALL["W4"])))


def test_numbers_that_are_apart_are_no_agreement() -> None:
    right, wrong = [np.array([1.0, 2.0, 3.0])], [np.array([1.0, 2.0 + 1e-11, 3.0])]
    check("W2", "numpy", right, "C by hand", right)
    with pytest.raises(DisagreementError, match="W2: numpy and C by hand"):
        check("W2", "numpy", right, "C by hand", wrong)
    with pytest.raises(DisagreementError):
        check("W2", "numpy", right, "C by hand", [np.array([np.nan, 2.0, 3.0])])


@pytest.mark.parametrize("size", [100, 1_000])
def test_an_irregular_expression_has_its_size_forks_and_every_operation(size: int) -> None:
    work = Irregular(size, rows=10)
    used = [x for _, xs in work.nodes for x in set(xs)]
    assert len(work.nodes) == size
    assert {name for name, _ in work.nodes} == set(OPS)
    assert len(used) > len(set(used))
    assert set(used) == set(range(16 + size - 1))  # all but the result
    assert np.isfinite(work.evaluated(Maths(np), work.inputs.T, work.parameters)).all()


@pytest.mark.parametrize("work", ["W1 chain 1000", "W1 wide 1000"])
def test_a_scalar_graph_has_about_the_nodes_that_it_says(work: str) -> None:
    from bench.peers.eager import LIBRARY
    from bench.scalars import graph

    from micrograd_es.graph import topological

    of = WORKS[work]
    assert isinstance(of, Graph)
    assert of.size - 6 <= len(topological(graph(LIBRARY, of)[0])) <= of.size


def small_result(rows: Sequence[str], name: str = "W2") -> Result:
    with Processes() as processes:
        return measured(processes, name, SMALL[name], [ROWS[row] for row in rows], budget=0.0, round_of=1e-4)


def test_bench_json_and_the_documents_have_the_shape_that_is_documented(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    result = small_result(["numpy", "fast", "NumPy by hand"])
    path = tmp_path / "bench.json"
    report.save([result], True, path)
    kept = json.loads(path.read_text(encoding="utf-8"))
    assert list(kept) == ["W2"]
    assert set(kept["W2"]) == {"numpy", "fast"}
    for runner in kept["W2"].values():
        assert set(runner) == {"NumPy by hand"}
        assert set(runner["NumPy by hand"]) == {"median_us", "ratio", "peer_median_us"}
        assert all(number > 0 for number in runner["NumPy by hand"].values())
    table = report.ratios(kept, report.WORDS["speed.md"])
    assert len(table) == 4
    assert "(≥ 0.9)" in table[2] or "(< 0.9)" in table[2]
    assert any("bar 0.9" in line for line in report.lines(result))


def test_results_of_some_works_leave_the_others_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "bench.json"
    path.write_text('{"W3": {"numpy": {}}, "W2": {"old": {}}}', encoding="utf-8")
    result = Result("W2", SMALL["W2"])
    result.seconds = {"numpy": [1e-6, 3e-6], "NumPy by hand": [2e-6, 6e-6]}
    report.save([result], False, path)
    assert json.loads(path.read_text(encoding="utf-8")) == {
        "W3": {"numpy": {}},
        "W2": {"numpy": {"NumPy by hand": {"median_us": 2.0, "ratio": 2.0, "peer_median_us": 4.0}}},
    }


def test_the_documents_have_a_place_for_every_table() -> None:
    for document in report.DOCUMENTS:
        text = document.read_text(encoding="utf-8")
        for name in ("ratios", "bytes", "preparing"):
            assert "| new |" in report.between(text, name, ["| new |"])
    with pytest.raises(ValueError, match="no place"):
        report.between("nothing", "ratios", [])


def test_thousands_are_apart_as_the_language_of_a_document_has_it() -> None:
    row = {"graph": "MLP of 1,000", "nodes": 1243, "runner": "numpy", "start": ""}
    rows = [{**row, "recording_s": 1.5, "first_step_s": 0.002}]
    entry = {"W2": {"numpy": {"micrograd": {"ratio": 20230.0}}}}
    english, spanish = report.WORDS["speed.md"], report.WORDS["velocidad.md"]
    assert "| MLP of 1,000 | 1,243 | `numpy` | 1,500 ms | 2 ms |" in report.preparing(rows, english)[2]
    assert "| MLP de 1\xa0000 | 1\xa0243 | `numpy` | 1\xa0500 ms | 2 ms |" in report.preparing(rows, spanish)[2]
    assert "| 20,230 |" in report.ratios(entry, english)[2]
    assert "| 20\xa0230 |" in report.ratios(entry, spanish)[2]


def test_a_row_that_cannot_take_part_is_named_and_the_rest_is_measured() -> None:
    result = small_result(["numpy", "C by hand"], "W6")
    assert list(result.seconds) == ["numpy"]
    assert "irregular" in result.left_out["C by hand"]


def test_preparing_counts_the_operations_of_the_program() -> None:
    row = prepared("irregular 1,000", False)
    assert row["nodes"] >= 900
    assert row["recording_s"] > 0
    assert row["first_step_s"] > 0


def test_works_are_chosen_by_name_or_family() -> None:
    assert list(chosen(["W6"])) == ["W6 100", "W6 1000", "W6 10000"]
    assert list(chosen([])) == list(WORKS)
    with pytest.raises(ValueError, match="W7"):
        chosen(["W7"])
