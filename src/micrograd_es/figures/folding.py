"""Which Values of a graph make one gate of its figure: each its own, or all those of a scope that is folded.

A graph too large to read folds by itself: its scopes from the innermost outwards, and where it has none, everything
that is far from the output.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from micrograd_es.graph import topological, uses
from micrograd_es.scopes import Scope
from micrograd_es.value import Value

READABLE = 150  # gates that a figure can have before it folds by itself
NEAREST = 14  # gates that are shown of a graph that folds because it is large: in a row they fit a slide
REMAINDER = "⋯"  # the name of the scope that stands for what is far from the output


@dataclass(frozen=True)
class Group:
    """The Values that one gate stands for, inputs first; `scope` is the folded scope, None for a single operation."""

    nodes: tuple[Value, ...]
    scope: Scope | None = None


def grouped(f: Value, fold: Iterable[str | Scope] | None = None, depth: int | None = None) -> list[Group]:
    """The gates of a figure of f, inputs first.

    `fold` names the scopes that become one gate; `depth` folds those that are nested deeper (0: all of them). With
    neither, a graph of more than `READABLE` gates folds by itself, and others stay open.

    Raises TypeError for what is no name, and ValueError for a scope that the graph does not have, or that Values leave
    and come back to.
    """
    order = [node for node in topological(f) if node.op is not None]
    if fold is None and depth is None:
        return _readable(f, order)
    if not isinstance(fold, Iterable | None):
        raise TypeError(f"fold is {fold!r} ({type(fold).__name__}); expected names of scopes. Write fold=['σ'].")
    names = list(fold or ())
    _check_names(names, order)
    _check_depth(depth)
    folded = {s for s in scopes_of(order) if s in names or s.name in names or (depth is not None and _level(s) > depth)}
    return in_order(order, {node: _outermost(node, folded) for node in order})


def _check_names(names: Sequence[str | Scope], order: Sequence[Value]) -> None:
    known = scopes_of(order)
    for name in names:
        if not any(name in (s, s.name) for s in known):
            listed = ", ".join(dict.fromkeys(repr(s.name) for s in known)) or "none"
            raise ValueError(
                f"no scope of this graph is called {name!r}; its scopes: {listed}. Open one: with scope({name!r}): …"
            )


def _check_depth(depth: int | None) -> None:
    if depth is not None and (not isinstance(depth, int) or depth < 0):
        raise ValueError(f"depth is {depth!r}; expected a whole number from 0 (fold every scope) on. Write depth=1.")


def scopes_of(order: Iterable[Value]) -> list[Scope]:
    """Every scope round one of the Values, in order of first use."""
    innermost = dict.fromkeys(node.scope for node in order if node.scope is not None)
    return list(dict.fromkeys(s for scope in innermost for s in scope.path()))


def _level(scope: Scope) -> int:
    """How deep a scope is nested: 1 for the outermost."""
    return len(scope.path())


def _outermost(node: Value, folded: set[Scope]) -> Scope | None:
    """The folded scope that a Value belongs to."""
    return next((s for s in node.scope.path() if s in folded), None) if node.scope and folded else None


def _readable(f: Value, order: list[Value]) -> list[Group]:
    """The graph with as little folded as makes it readable."""
    if len(order) <= READABLE:
        return [Group((node,)) for node in order]
    scopes = scopes_of(order)
    for depth in range(max(map(_level, scopes), default=0) - 1, -1, -1):
        folded = {s for s in scopes if _level(s) > depth}
        groups = in_order(order, {node: _outermost(node, folded) for node in order})
        if len(groups) <= READABLE and _wires(groups) <= 2 * READABLE:
            return groups
    return _near(f, order)


def _wires(groups: Sequence[Group]) -> int:
    """How many wires a figure of the groups has, at most; those from one place to one place may be bundled."""
    maker = {node: number for number, group in enumerate(groups) for node in group.nodes}
    heads: dict[Value, set[int]] = {}
    for number, group in enumerate(groups):
        for node in group.nodes:
            for x in node.inputs:
                if maker.get(x) != number and not x.is_constant:
                    heads.setdefault(x, set()).add(number)
    alone = {(maker.get(x), *ends) for x, ends in heads.items() if len(ends) == 1}
    return len(alone) + sum(len(ends) for ends in heads.values() if len(ends) > 1)


def _near(f: Value, order: list[Value]) -> list[Group]:
    """The gates nearest to the output, and one gate for all the rest."""
    near = _backwards(f)[:NEAREST]
    rest = Scope(REMAINDER)
    kept = set(near)
    return in_order(order, {node: None if node in kept else rest for node in order})


def _backwards(f: Value) -> list[Value]:
    """The operations behind f from f on, each after everything that uses it."""
    waiting = uses(f)
    ready = [f]
    for node in ready:
        for x in node.inputs:
            waiting[x] -= 1
            if not waiting[x]:
                ready.append(x)
    return [node for node in ready if node.op is not None]


def in_order(order: Sequence[Value], scope_of: dict[Value, Scope | None]) -> list[Group]:
    """The Values by the gate that stands for them, each gate after those that feed it."""
    members: dict[Value | Scope, list[Value]] = {}
    for node in order:
        members.setdefault(scope_of[node] or node, []).append(node)
    of = {node: key for key, nodes in members.items() for node in nodes}
    before = {
        key: dict.fromkeys(of[x] for node in nodes for x in node.inputs if x in of and of[x] is not key)
        for key, nodes in members.items()
    }
    return [Group(tuple(members[key]), key if isinstance(key, Scope) else None) for key in _sorted(before)]


def _sorted(before: dict[Value | Scope, dict[Value | Scope, None]]) -> list[Value | Scope]:
    """The keys with what comes before each of them in front of it, otherwise in the order given."""
    done: dict[Value | Scope, None] = {}
    opened: set[Value | Scope] = set()
    for start in before:
        stack = [start]
        while stack:
            key = stack[-1]
            if key in done:
                stack.pop()
                continue
            missing = [k for k in before[key] if k not in done]
            if not missing:
                done[stack.pop()] = None
            elif key in opened:
                raise ValueError(
                    f"the scope {getattr(key, 'name', '?')!r} cannot be folded: Values leave it and come back to it."
                    " Fold the scope round it, or leave it open."
                )
            else:
                opened.add(key)
                stack.extend(reversed(missing))
    return list(done)
