"""Pickling and copying Values without recursion: the nodes behind one are saved in order, inputs first.

So each finds its inputs saved already, however long the chain is.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, cast

from micrograd_es.graph import topological

if TYPE_CHECKING:
    from micrograd_es.value import Value


def reduced(node: Value, base: type[Value]) -> tuple[Any, ...]:
    """What `__reduce__` gives for a Value: what is behind it goes first, so its inputs are known by then.

    `base` is the class Value; what a subclass has beside its slots is kept as Python keeps it.
    """
    before: object = ()
    if node in _SAVING.turns:
        _SAVING.turns.remove(node)
    elif node.first is not None:
        before = _Behind(node)
    kind = type(node)
    made = _restored, (kind, before, node.number, node.slope, node.origin, node.wires)
    if kind.__basicsize__ == base.__basicsize__ and not kind.__dictoffset__:
        return made
    attributes, slots = cast("tuple[Any, dict[str, Any]]", object.__getstate__(node))
    return *made, (attributes, {name: slots[name] for name in slots if name not in base.__slots__})


class _Saving(threading.local):
    """The nodes whose turn it is, each forgotten when it is saved: an exception half-way leaves nothing behind."""

    def __init__(self) -> None:
        self.turns: set[Value] = set()


_SAVING = _Saving()


class _Behind:
    """The nodes behind a Value, saved one after the other, inputs first."""

    def __init__(self, node: Value | None = None) -> None:
        self.node = node

    def append(self, node: Value) -> None:
        """Take what unpickling hands over: the node has been rebuilt by then, and nothing more is to do."""

    def __reduce__(self) -> tuple[Any, ...]:
        return _Behind, (), None, self._nodes()

    def _nodes(self) -> Iterator[Value]:
        assert self.node is not None
        try:
            for node in topological(self.node)[:-1]:
                _SAVING.turns.add(node)
                yield node
        finally:
            _SAVING.turns.clear()


def _restored(kind: type[Value], before: object, *state: Any) -> Value:
    node = object.__new__(kind)
    node.number, node.slope, node.origin, node.wires = state
    return node
