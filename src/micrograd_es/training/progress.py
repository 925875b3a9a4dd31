"""The progress bar, in a terminal and in a notebook."""

from __future__ import annotations

import sys
from typing import Any

from micrograd_es.training.history import History


class Bar:
    """A bar of tqdm with the last losses, or nothing at all.

    `shown` None shows it where someone looks (a terminal, a notebook) and tqdm is there; True insists.
    """

    def __init__(self, shown: bool | None, epochs: int, done: int) -> None:
        self._bar: Any = None
        if shown or (shown is None and _is_looked_at()):
            make = _tqdm(insist=bool(shown))
            self._bar = make and make(total=epochs, initial=done, unit="epoch", leave=True)

    def advance(self, history: History) -> None:
        """One epoch more."""
        if self._bar is not None:
            self._bar.set_postfix({name: f"{number:.4g}" for name, number in history.last().items()}, refresh=False)
            self._bar.update()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()


def _is_looked_at() -> bool:
    return sys.stderr.isatty() or "ipykernel" in sys.modules


def _tqdm(insist: bool) -> Any:
    try:
        from tqdm.auto import tqdm
    except ImportError:
        if insist:
            raise ImportError("the progress bar needs tqdm. Write: pip install 'micrograd-es[progress]'") from None
        return None
    return tqdm
