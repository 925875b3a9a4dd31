"""Writes tests/numbers/torch.json and torch_fit.json: what PyTorch gives for the cases that `make test` checks.

    python tests/peers/record_torch_numbers.py

It needs PyTorch: pip install torch==2.13.0 (where pip finds builds for a GPU, the plain name can pull gigabytes).
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

TESTS = Path(__file__).parents[1]
sys.path.insert(0, str(TESTS))

import torch  # noqa: E402
import with_torch  # noqa: E402

from fit_cases import FIT_CASES  # noqa: E402
from network_cases import CASES  # noqa: E402

KEPT = (0, 1, 9)  # the updates after which all parameters are kept


def main() -> None:
    """Run all cases and write their numbers."""
    numbers = {}
    for case in CASES:
        found = with_torch.run(case)
        numbers[case.name] = found | {"parameters": {str(k): found["parameters"][k] for k in KEPT}}
    write("torch.json", numbers)
    write("torch_fit.json", {case.name: with_torch.learn(case) for case in FIT_CASES})


def write(name: str, numbers: dict[str, Any]) -> None:
    """Write the numbers, a line for each case."""
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(found)}" for name, found in numbers.items())
    version = torch.__version__.partition("+")[0]
    (TESTS / "numbers" / name).write_text(f'{{"torch": "{version}", "cases": {{\n{text}\n}}}}\n', encoding="utf-8")


if __name__ == "__main__":
    main()
