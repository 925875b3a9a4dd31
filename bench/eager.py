"""W1: building and differentiating one graph of N nodes, node by node, beside the micrograd package.

    python bench/eager.py

Two works. *chain*: v·w, +b, tanh, ·c, exp, ·b, +c, relu, again and again. *wide*: many terms leaf·leaf → tanh, exp or
relu → ·leaf, summed as a binary tree. Leaves count as nodes and are built inside the timed part.

A round is several graphs one after the other, as in training: each is built, differentiated and dropped before the
next, with the garbage collector on as Python has it, so that what a library leaves for the collector is in its time.
Before a round the collector has run, outside the time. Each peer runs in a process of its own; rounds are interleaved;
the time is the process's CPU time. Values and gradients must agree to 1e-12 before any time is printed. Medians of
rounds also go to build/bench.json.
"""

from __future__ import annotations

import gc
import json
import math
import multiprocessing as mp
import statistics
import sys
import threading
import time
import tracemalloc
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NamedTuple

ROUNDS = {1_000: (21, 20), 10_000: (9, 5), 100_000: (5, 2)}  # rounds, and graphs in each
WORKS = ("chain", "wide")
PEERS = ("micrograd_es", "micrograd")
RESULTS = Path(__file__).parents[1] / "build" / "bench.json"

Unary = Callable[[Any], Any]


class Peer(NamedTuple):
    """What a work calls of a library; adding, multiplying and backward() are methods everywhere."""

    value: Callable[[float], Any]
    tanh: Unary
    exp: Unary
    relu: Unary


def ours() -> Peer:
    from micrograd_es import Value, exp, relu, tanh

    return Peer(Value, tanh, exp, relu)


def micrograd() -> Peer:
    """micrograd 0.1.0, with the tanh and exp that it lacks written in its own style."""
    from micrograd.engine import Value

    def tanh(x: Any) -> Any:
        t = math.tanh(x.data)
        out = Value(t, (x,), "tanh")

        def _backward() -> None:
            x.grad += (1 - t**2) * out.grad

        out._backward = _backward
        return out

    def exp(x: Any) -> Any:
        out = Value(math.exp(x.data), (x,), "exp")

        def _backward() -> None:
            x.grad += out.data * out.grad

        out._backward = _backward
        return out

    return Peer(Value, tanh, exp, Value.relu)


def chain(peer: Peer, size: int) -> tuple[Any, list[Any]]:
    """The last node of a chain of `size` nodes, and its four leaves."""
    value, tanh, exp, relu = peer
    x, w, b, c = value(0.5), value(0.8), value(0.3), value(-0.4)
    v = x
    for _ in range((size - 4) // 8):
        v = relu(exp(tanh(v * w + b) * c) * b + c)
    for _ in range((size - 4) % 8):
        v = v + b
    return v, [x, w, b, c]


def wide(peer: Peer, size: int) -> tuple[Any, list[Any]]:
    """The sum of terms of six nodes, added two by two: `size` nodes with the sums, less than seven missing."""
    value, *functions = peer
    leaves, terms = [], []
    for i in range((size + 1) // 7):
        a, b, c = value(0.1 + i % 7 / 10), value(0.9 - i % 11 / 10), value(0.5 - i % 3)
        leaves += (a, b, c)
        terms.append(functions[i % 3](a * b) * c)
    while len(terms) > 1:
        odd = [terms.pop()] if len(terms) % 2 else []
        terms = [x + y for x, y in zip(terms[::2], terms[1::2], strict=True)] + odd
    return terms[0], leaves


def timed(build: Callable[..., tuple[Any, list[Any]]], peer: Peer, size: int) -> float:
    """Seconds of CPU time a graph, forward, backward and dropped, over a round of them."""
    graphs = ROUNDS[size][1]
    gc.collect()
    start = time.process_time()
    for _ in range(graphs):
        f, leaves = build(peer, size)
        f.backward()
        del f, leaves
    return (time.process_time() - start) / graphs


def outcome(build: Callable[..., tuple[Any, list[Any]]], peer: Peer, size: int) -> list[float]:
    """The result and the gradients of the leaves."""
    f, leaves = build(peer, size)
    f.backward()
    return [f.data, *[leaf.grad for leaf in leaves]]


def bytes_per_node(build: Callable[..., tuple[Any, list[Any]]], peer: Peer, size: int) -> float:
    """What a graph holds after its backward pass, by tracemalloc, over its nodes."""
    gc.collect()
    tracemalloc.start()
    f, leaves = build(peer, size)
    f.backward()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    del f, leaves
    return held / size


def serve(connection: Connection, name: str) -> None:
    """One peer's process: answer (what, work, size) until nothing more is asked."""
    peer = ours() if name == "micrograd_es" else micrograd()
    builders = {"chain": chain, "wide": wide}
    measures: dict[str, Callable[..., Any]] = {"time": timed, "outcome": outcome, "bytes": bytes_per_node}

    def answer() -> None:
        while question := connection.recv():
            what, work, size = question
            connection.send(measures[what](builders[work], peer, size))

    sys.setrecursionlimit(10_000_000)  # micrograd walks its graph by recursion
    threading.stack_size(512 << 20)
    thread = threading.Thread(target=answer)
    thread.start()
    thread.join()


def agree(first: list[float], second: list[float]) -> bool:
    """Whether both hold the same numbers to 1e-12."""
    return len(first) == len(second) and all(
        math.isclose(x, y, rel_tol=1e-12, abs_tol=1e-15) for x, y in zip(first, second, strict=True)
    )


def measured(ask: Callable[..., Any]) -> Iterator[tuple[str, int, dict[str, list[float]], dict[str, float]]]:
    """For every work and size the seconds of each round and the bytes per node, by peer."""
    for work in WORKS:
        for size, (rounds, _) in ROUNDS.items():
            if not agree(*[ask(peer, "outcome", work, size) for peer in PEERS]):
                raise SystemExit(f"W1 {work} {size}: the peers' values and gradients differ by more than 1e-12")
            seconds: dict[str, list[float]] = {peer: [] for peer in PEERS}
            for number in range(rounds):
                for peer in PEERS if number % 2 else PEERS[::-1]:
                    seconds[peer].append(ask(peer, "time", work, size))
            yield work, size, seconds, {peer: ask(peer, "bytes", work, min(size, 10_000)) for peer in PEERS}


def save(results: dict[str, Any]) -> None:
    """Merge the results into what other benchmarks have written."""
    RESULTS.parent.mkdir(exist_ok=True)
    before = json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}
    for key, entry in results.items():
        before[key] = before.get(key, {}) | entry
    RESULTS.write_text(json.dumps(before, indent=2, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    context = mp.get_context("spawn")
    lines: dict[str, Connection] = {}
    for name in PEERS:
        lines[name], far = context.Pipe()
        context.Process(target=serve, args=(far, name), daemon=True).start()

    def ask(peer: str, *question: Any) -> Any:
        lines[peer].send(question)
        return lines[peer].recv()

    results = {}
    print("W1, ns a node, forward and backward: median of rounds [fastest … slowest]")
    print("ratio > 1: micrograd_es is faster; bytes a node: micrograd_es / micrograd")
    print(f"{'work':<14}{'micrograd_es':>24}{'micrograd':>28}{'ratio':>8}{'bytes a node':>16}")
    for work, size, seconds, held in measured(ask):
        median = {peer: statistics.median(seconds[peer]) for peer in PEERS}
        ratio = median["micrograd"] / median["micrograd_es"]
        cells = []
        for peer in PEERS:
            low, middle, high = (s / size * 1e9 for s in (min(seconds[peer]), median[peer], max(seconds[peer])))
            cells.append(f"{middle:,.0f} [{low:,.0f} … {high:,.0f}]")
        ends = f"{held['micrograd_es']:.0f} / {held['micrograd']:.0f}"
        print(f"{work + f' {size:,}':<14}{cells[0]:>24}{cells[1]:>28}{ratio:>8.2f}{ends:>16}", flush=True)
        results[f"W1 {work} {size}"] = {
            "eager": {
                "median_us": median["micrograd_es"] * 1e6,
                "bytes_per_node": held["micrograd_es"],
                "micrograd": {
                    "median_us": median["micrograd"] * 1e6,
                    "ratio": ratio,
                    "bytes_per_node": held["micrograd"],
                },
            }
        }
    for line in lines.values():
        line.send(None)
    save(results)


if __name__ == "__main__":
    main()
