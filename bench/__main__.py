"""python -m bench: measure, print a table beside the bars, write build/bench.json and build/preparing.json."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence

from bench import report
from bench.harness import DisagreementError, Processes, measured
from bench.peers import OURS, PEERS, Peer
from bench.preparing import GRAPHS, all_prepared
from bench.works import TOLD, chosen


def arguments(given: Sequence[str] | None) -> argparse.Namespace:
    """What is asked for."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "works", nargs="*", help="W1 … W6, or one of them, as W3 or 'W6 100'; all, and preparing, if left out"
    )
    parser.add_argument(
        "--all-peers", action="store_true", help="also PyTorch, JAX, CasADi and HIPS autograd, if installed"
    )
    parser.add_argument("--preparing", action="store_true", help="only how long programs take to be ready")
    parser.add_argument("--write-docs", action="store_true", help="measure nothing; put the last results into docs/")
    return parser.parse_args(given)


def rows_of(all_peers: bool) -> list[Peer]:
    """Who takes part; says who is not installed."""
    asked = [row for row in (*OURS, *PEERS) if all_peers or not row.more]
    for row in asked:
        if not row.installed:
            print(f"{row.name}: left out ({row.needs} is not installed)")
    return [row for row in asked if row.installed]


def main(given: Sequence[str] | None = None) -> None:
    options = arguments(given)
    if options.write_docs:
        report.write_documents()
        return
    rows, whole = rows_of(options.all_peers), not options.works
    results = []
    if not options.preparing:
        print(
            "µs a step: median [fastest … slowest] of rounds that take turns; a ratio above 1: micrograd_es is faster"
        )
        with Processes() as processes:
            for name, work in chosen(options.works).items():
                if (head := name.split()[0]) not in {result.name.split()[0] for result in results}:
                    print(f"\n{head}: {TOLD[head]}")
                taking = [row for row in rows if row.takes_part(name)]
                results.append(measured(processes, name, work, taking))
                print("\n".join(report.lines(results[-1])), flush=True)
                report.save(results, whole)
    if whole:
        measure_preparing(tuple(row.name for row in rows))


def measure_preparing(runners: tuple[str, ...]) -> None:
    """Print and keep how long programs take to be ready."""
    print("\nPreparing: recording and first step of a new process; fast with nothing compiled, and once more")
    found = []
    for row in all_prepared(list(GRAPHS), runners):
        each = (row["recording_s"] + row["first_step_s"]) / row["nodes"] * 1e6
        told = f"{row['recording_s'] * 1e3:>9,.0f} ms + {row['first_step_s'] * 1e3:>8,.0f} ms = {each:>6.1f} µs a node"
        print(f"{row['graph']:<19}{row['nodes']:>8,} nodes  {row['runner']:<6}{row['start']:<8}{told}", flush=True)
        found.append(row)
    report.PREPARING.parent.mkdir(exist_ok=True)
    report.PREPARING.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except (ValueError, FileNotFoundError, DisagreementError) as error:
        sys.exit(f"bench: {error}")
