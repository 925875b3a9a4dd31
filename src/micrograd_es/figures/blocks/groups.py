"""What becomes one block: a scope at the chosen level, or the same operation on the entries of the same vectors.

A block of a scope has its name. What is in no chosen scope stays what it is, operations; those that do the same to
the entries of a vector (x1 + h1, x2 + h2 …) are drawn as one, on vectors.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from micrograd_es.figures.blocks.names import split
from micrograd_es.figures.folding import Group, in_order, scopes_of
from micrograd_es.graph import topological
from micrograd_es.scopes import Scope
from micrograd_es.value import Value

Level = int | str | Scope | Iterable[str | Scope]


def behind(outputs: Sequence[Value]) -> list[Value]:
    """The Values behind several, each one's inputs before it."""
    return list(dict.fromkeys(node for f in outputs for node in topological(f)))


def blocks(outputs: Sequence[Value], level: Level) -> list[Group]:
    """The blocks and operations of a block graph, inputs first.

    `level` 1 makes the outermost scopes blocks, 2 those inside them, and so on; where there is nothing further inside,
    the innermost there is. A name (or several) makes the scopes of that name blocks, and of the others the outermost
    that have none of them inside.

    Raises ValueError for a level that the graph does not have, or a scope that Values leave and come back to.
    """
    order = [node for node in behind(outputs) if node.op is not None]
    chosen = _chosen(scopes_of(order), level)
    home = {node: next((s for s in node.scope.path() if s in chosen), None) if node.scope else None for node in order}
    return _merged(in_order(order, home))


def _chosen(scopes: Sequence[Scope], level: Level) -> set[Scope]:
    """The scopes that are blocks."""
    if not scopes:
        raise ValueError(
            "level asks for blocks, and no Value of this graph was made in a scope; expected scopes."
            ' Open one round each block: with scope("linear"): …'
        )
    outer = {s.outer for s in scopes}  # those with another inside
    if isinstance(level, int) and not isinstance(level, bool):
        deepest = max(len(s.path()) for s in scopes)
        if not 1 <= level <= deepest:
            raise ValueError(f"level is {level}; expected 1 to {deepest}, as deep as the scopes of this graph nest.")
        return {s for s in scopes if len(s.path()) == level or (len(s.path()) < level and s not in outer)}
    named = _named(scopes, level)
    holding = {s for scope in named for s in scope.path()[:-1]}
    return named | {s for s in scopes if s not in holding}


def _named(scopes: Sequence[Scope], level: Level) -> set[Scope]:
    """The scopes that were asked for by name."""
    names = [level] if isinstance(level, str | Scope) else list(level) if isinstance(level, Iterable) else None
    if names is None or not all(isinstance(name, str | Scope) for name in names):
        raise ValueError(
            f"level is {level!r}; expected how deep the blocks are (1: the outermost scopes) or the names of scopes."
            " Write level=1."
        )
    for name in names:
        if not any(name in (s, s.name) for s in scopes):
            listed = ", ".join(dict.fromkeys(repr(s.name) for s in scopes))
            raise ValueError(
                f"level is {level!r}, and no scope of this graph is called {name!r}; its scopes: {listed}."
            )
    return {s for s in scopes if s in names or s.name in names}


def _merged(groups: Sequence[Group]) -> list[Group]:
    """The groups with equal operations side by side made one.

    Only those at the same distance from the leaves are: none of them feeds another, not even through a block.
    """
    depth: dict[Value, int] = {}  # of what a Value leaves
    source: dict[Value, object] = {}  # the same for all that may stand in one vector
    alike: dict[object, list[Group]] = {}
    for group in groups:
        inputs = [x for node in group.nodes for x in node.inputs]
        level = 1 + max((depth.get(x, 0) for x in inputs), default=0)
        depth.update(dict.fromkeys(group.nodes, level))
        key: object = (
            group if group.scope else (level, group.nodes[0].op, group.nodes[0].scope, *_sources(inputs, source))
        )
        source.update(dict.fromkeys(group.nodes, key))
        alike.setdefault(key, []).append(group)
    merged = {key: _as_one(members) for key, members in alike.items()}
    return sorted((group for made in merged.values() for group in made), key=lambda g: depth[g.nodes[0]])


def _sources(inputs: Sequence[Value], source: dict[Value, object]) -> list[object]:
    """What each input comes from: a block, equal operations, leaves of one stem; a constant with its number."""
    return [
        source.get(x) or (("constant", type(x.number)) if x.is_constant else ("leaf", split(x.label)[0]))
        for x in inputs
    ]


def _as_one(groups: list[Group]) -> list[Group]:
    """Equal operations as one, where each takes entries of its own, or all take the same one at some place."""
    if len(groups) == 1:
        return groups
    columns = list(zip(*(group.nodes[0].inputs for group in groups), strict=True))
    seen: set[Value] = set()
    for column in columns:
        entries = {x for x in column if not x.is_constant}
        shared = len(entries) == 1
        if (len(entries) < len(column) and not shared and entries) or (
            entries & seen and not columns.count(column) > 1
        ):
            return groups
        seen |= entries
    if all(len({x for x in column if not x.is_constant}) <= 1 for column in columns):
        return groups
    return [Group(tuple(group.nodes[0] for group in groups))]
