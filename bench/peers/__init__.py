"""The peers as rows. A peer's module has a function for each kind of work that it takes part in.

`graph(work)`, `network(work)` and `irregular(work)` make a Job; a module that lacks one does not take part in it.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any, NamedTuple

from bench.works import WORKS, Graph, Irregular, Network, Work

KINDS = {Graph: "graph", Network: "network", Irregular: "irregular"}


class Job(NamedTuple):
    """A work made ready by a peer.

    `step(rate)` does it once and gives the value or loss as a number; `state()` is what the peers are compared by:
    gradients, or how far the steps have moved the parameters. `built()`, of W1, gives a graph after its backward pass,
    to be weighed.
    """

    step: Callable[[float], float]
    state: Callable[[], Any]
    built: Callable[[], Any] | None = None


class Peer(NamedTuple):
    """One row: what it is called, its module here, what must be installed for it, and how it is told to run.

    `more` rows take part on request only; `without` are works, or families of them, that do not suit the peer: they
    would take it minutes.
    """

    name: str
    module: str
    needs: str = "numpy"
    options: dict[str, Any] = {}  # noqa: RUF012 (a row is never changed)
    more: bool = False
    without: tuple[str, ...] = ()

    def takes_part(self, name: str, work: Work | None = None) -> bool:
        """Whether it has a function for the work; `work` is given where it is not one of WORKS."""
        kind = KINDS[type(work or WORKS[name])]
        without = {name, name.split()[0]} & {*self.without}
        return not without and self.installed and hasattr(self.loaded(), kind)

    def job(self, work: Work) -> Job:
        """The work, made ready."""
        made: Job = getattr(self.loaded(), KINDS[type(work)])(work, **self.options)
        return made

    def loaded(self) -> Any:
        """The peer's module; it imports the library only when a work is made ready."""
        return import_module(f"bench.peers.{self.module}")

    @property
    def installed(self) -> bool:
        """Whether what it needs is there."""
        return find_spec(self.needs) is not None


# fmt: off
OURS = [
    Peer("eager", "eager", without=("W5",)),
    Peer("numpy", "program"),
    Peer("fast",  "program", "llvmlite", {"fast": True}),
]
PEERS = [
    Peer("micrograd",          "micrograd",     "micrograd", without=("W5",)),
    Peer("NumPy by hand",      "numpy_by_hand"),
    Peer("C by hand",          "c_by_hand",     without=("W5", "W6")),
    Peer("PyTorch eager",      "pytorch",       "torch",     more=True, without=("W6 10000",)),
    Peer("PyTorch compiled",   "pytorch",       "torch",     {"compiled": True}, True, ("W1", "W6")),
    Peer("JAX jit",            "jax",           "jax",       more=True, without=("W6 10000",)),
    Peer("JAX jit direct",     "jax",           "jax",       {"direct": True}, True, ("W6",)),
    Peer("CasADi mapped VM",   "casadi",        "casadi",    more=True, without=("W5",)),
    Peer("HIPS autograd",      "autograd",      "autograd",  more=True),
]
# fmt: on
ROWS = {row.name: row for row in (*OURS, *PEERS)}
