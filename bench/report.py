"""What was measured, as a table beside the bars, as build/bench.json, and as the tables of the documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bench.harness import Result
from bench.peers import OURS, ROWS
from bench.works import WORKS, Graph

ROOT = Path(__file__).parents[1]
RESULTS, PREPARING = ROOT / "build" / "bench.json", ROOT / "build" / "preparing.json"
DOCUMENTS = [ROOT / "docs" / "speed.md", ROOT / "docs" / "velocidad.md"]
BEGIN, END = "<!-- table {} -->", "<!-- end -->"

# What a ratio should reach, by work, runner and peer. Above 1 we are faster.
# fmt: off
BARS = {
    **{(f"W1 {shape} {size}", "eager", "micrograd"): bar
       for shape in ("chain", "wide") for size, bar in ((1_000, 2.5), (100_000, 7.0))},
    ("W2", "numpy", "JAX jit"): 1.2, ("W2", "numpy", "NumPy by hand"): 0.9,
    ("W3", "numpy", "JAX jit"): 1.4, ("W3", "numpy", "NumPy by hand"): 0.9,
    ("W4", "numpy", "JAX jit"): 1.2, ("W4", "numpy", "NumPy by hand"): 0.7,
    ("W5", "numpy", "NumPy by hand"): 0.8, ("W5", "fast", "NumPy by hand"): 1.0,
    ("W2", "fast", "JAX jit"): 7.0,  ("W2", "fast", "NumPy by hand"): 6.0,  ("W2", "fast", "C by hand"): 0.5,
    ("W3", "fast", "JAX jit"): 2.5,  ("W3", "fast", "NumPy by hand"): 1.5,  ("W3", "fast", "C by hand"): 0.5,
    ("W4", "fast", "JAX jit"): 20.0, ("W4", "fast", "NumPy by hand"): 10.0, ("W4", "fast", "C by hand"): 0.5,
    **{(f"W6 {size}", runner, "CasADi mapped VM"): bar
       for size in (100, 1_000, 10_000) for runner, bar in (("numpy", 1.0), ("fast", 5.0))},
}
MOST_BYTES, MOST_PREPARING, MOST_FIRST, MOST_RECORDING = 200, 5.0, 1.0, 1.0  # a node; µs a node; seconds; seconds of W5
# fmt: on


def entries(result: Result) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Runner, peer, and what bench.json says of them."""
    for ours in (row.name for row in OURS if row.name in result.seconds):
        for peer in (name for name in result.seconds if name not in {row.name for row in OURS}):
            entry: dict[str, Any] = {
                "median_us": round(result.median(ours) * 1e6, 3),
                "ratio": float(f"{result.ratio(ours, peer):.4g}"),
                "peer_median_us": round(result.median(peer) * 1e6, 3),
            }
            if isinstance(result.work, Graph) and peer in result.bytes:
                entry["bytes_per_node"] = round(result.bytes[ours] / result.work.size, 1)
                entry["peer_bytes_per_node"] = round(result.bytes[peer] / result.work.size, 1)
            yield ours, peer, entry


def lines(result: Result) -> Iterator[str]:
    """The table's lines of one work."""
    told = result.name
    for name in result.seconds:
        low, high = (f(result.seconds[name]) * 1e6 for f in (min, max))
        yield f"{told:<17}{name:<18}{result.median(name) * 1e6:>14,.1f}   [{low:,.1f} … {high:,.1f}]"
        told = ""
    for ours, peer, entry in entries(result):
        bar = BARS.get((result.name, ours, peer))
        judged = "" if bar is None else f"   bar {bar:g}: {'met' if entry['ratio'] >= bar else 'NOT MET'}"
        held = entry.get("bytes_per_node")
        weight = "" if held is None else f"   {held:.0f} bytes a node, {entry['peer_bytes_per_node']:.0f} of the peer"
        over = "" if held is None or held <= MOST_BYTES else f"   bar {MOST_BYTES}: NOT MET"
        yield f"{'':<17}{ours + ' / ' + peer:<30}{entry['ratio']:>11.3g}{judged}{weight}{over}"
    yield from (f"{'':<17}{name}: left out ({why})" for name, why in result.left_out.items())


def save(results: list[Result], whole: bool, path: Path = RESULTS) -> None:
    """Write the results; where not all works were measured, those that were take the place of older ones."""
    kept: dict[str, Any] = {} if whole or not path.exists() else json.loads(path.read_text(encoding="utf-8"))
    for result in results:
        kept[result.name] = {}
        for ours, peer, entry in entries(result):
            kept[result.name].setdefault(ours, {})[peer] = entry
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


# The documents


def ratios(kept: dict[str, Any], words: dict[str, str]) -> list[str]:
    """A table of ratios: a line for each work and runner, a column for each peer; the bar in brackets."""
    peers = [name for name in ROWS if any(name in found for runners in kept.values() for found in runners.values())]
    made = [f"| {words['work']} | {words['runner']} | {' | '.join(peers)} |", "|---|---|" + "---:|" * len(peers)]
    for name in (name for name in WORKS if name in kept):
        for runner, found in kept[name].items():
            cells = [_cell(name, runner, peer, found.get(peer), words) for peer in peers]
            made.append(f"| {name} | `{runner}` | {' | '.join(cells)} |")
    return made


def _cell(name: str, runner: str, peer: str, entry: dict[str, Any] | None, words: dict[str, str]) -> str:
    if entry is None:
        return "–"
    bar = BARS.get((name, runner, peer))
    ratio = entry["ratio"]
    number = f"{ratio:.1g}" if ratio < 0.1 else f"{ratio:.2f}" if ratio < 20 else _whole(ratio, words)
    return number if bar is None else f"**{number}** ({'≥' if ratio >= bar else '<'} {bar:g})"


def _whole(number: float, words: dict[str, str]) -> str:
    """A number without decimals, its thousands apart as the language has it."""
    return f"{number:,.0f}".replace(",", words["thousands"])


def weights(kept: dict[str, Any], words: dict[str, str]) -> list[str]:
    """The bytes a node of W1."""
    made = [f"| {words['work']} | micrograd_es | micrograd |", "|---|---:|---:|"]
    for name, runners in kept.items():
        entry = runners.get("eager", {}).get("micrograd", {})
        if "bytes_per_node" in entry:
            made.append(f"| {name} | {entry['bytes_per_node']:.0f} | {entry['peer_bytes_per_node']:.0f} |")
    return made


def preparing(kept: list[dict[str, Any]], words: dict[str, str]) -> list[str]:
    """How long a program takes to be ready."""
    columns = ("graph", "nodes", "runner", "recording", "first step", "a node", "start")
    made = ["| " + " | ".join(words[c] for c in columns) + " |", "|---|---:|---|---:|---:|---:|---|"]
    for row in kept:
        start = {"": "–", "first": words["new"], "second": words["known"]}[row["start"]]
        each = (row["recording_s"] + row["first_step_s"]) / row["nodes"] * 1e6
        made.append(
            f"| {_graph(row['graph'], words)} | {_whole(row['nodes'], words)} | `{row['runner']}` |"
            f" {_whole(row['recording_s'] * 1e3, words)} ms | {_whole(row['first_step_s'] * 1e3, words)} ms |"
            f" {each:.1f} µs | {start} |"
        )
    return made


def _graph(name: str, words: dict[str, str]) -> str:
    """The name of a graph: what it is, and where more than one is prepared, of how many nodes about."""
    return name.replace(" of ", words["of"]).replace(",", words["thousands"])


WORDS = {
    "speed.md": {
        "work": "work", "runner": "runner", "graph": "graph", "nodes": "nodes", "recording": "`record`",
        "first step": "first step", "a node": "both, a node", "start": "kernels", "new": "compiled", "known": "kept",
        "of": " of ", "thousands": ",",
    },
    "velocidad.md": {
        "work": "trabajo", "runner": "modo", "graph": "grafo", "nodes": "nodos", "recording": "`record`",
        "first step": "primer paso", "a node": "ambos, por nodo", "start": "núcleos", "new": "compilados",
        "known": "guardados", "of": " de ", "thousands": "\N{NO-BREAK SPACE}",
    },
}  # fmt: skip


def write_documents() -> None:
    """Put the tables of build/bench.json and build/preparing.json into the documents."""
    if not RESULTS.exists():
        raise FileNotFoundError("there is no build/bench.json; measure first: make bench-peers.")
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    prepared = json.loads(PREPARING.read_text(encoding="utf-8")) if PREPARING.exists() else []
    for document in DOCUMENTS:
        text, words = document.read_text(encoding="utf-8"), WORDS[document.name]
        tables = {"ratios": ratios(kept, words), "bytes": weights(kept, words), "preparing": preparing(prepared, words)}
        for name, table in tables.items():
            text = between(text, name, table)
        document.write_text(text, encoding="utf-8")


def between(text: str, name: str, table: list[str]) -> str:
    """The text with a table between its marks."""
    before, begin, rest = text.partition(BEGIN.format(name))
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"the document has no place for the table {name}: {BEGIN.format(name)} … {END}.")
    return before + begin + "\n" + "\n".join(table) + "\n" + end + after
