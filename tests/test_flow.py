"""The chain rule: what accumulates, what is refused, conventions at ties and kinks, and graphs of any length."""

from __future__ import annotations

import copy
import math
import pickle
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from random import Random
from threading import Thread
from typing import Any

import numpy as np
import pytest

import micrograd_es as es
from conftest import in_new_process
from micrograd_es import Constant, Value, contributions, flow, gradients
from micrograd_es.flow import tangents

# Accumulating


def test_leaves_accumulate_and_inner_nodes_are_set_afresh() -> None:
    x = Value(3.0)
    square = x * x
    f = square * 2
    for times in (1, 2, 3):
        f.backward()
        assert (x.grad, square.grad, f.grad) == (12.0 * times, 2, 1)


def test_two_outputs_that_share_inner_nodes_add_up_in_the_leaves_only() -> None:
    x = Value(3.0)
    shared = x * x
    shared.backward()
    (shared * 5).backward()
    (shared + x).backward()
    assert x.grad == 6 + 30 + 7
    assert shared.grad == 1  # that of the last backward()


def test_zero_grad_forgets_everything_behind_a_value_and_nothing_else() -> None:
    x, y = Value(2.0), Value(5.0)
    f = x * y
    (f + x).backward()
    f.zero_grad()
    assert (x.grad, y.grad, f.grad) == (0, 0, 0)
    (f + x).backward()
    x.zero_grad()
    assert (x.grad, y.grad) == (0, 2)


def test_gradients_that_do_not_add_up_leave_everything_as_it_was() -> None:
    x, y = Value(2, "x"), Value(5.0, "y")
    (x * Decimal("1.5")).backward()
    f = y * 3.0 + x * 0.5
    with pytest.raises(
        TypeError, match=r"of x = 2 is 1\.5 from before, and 0\.5 would be added: Decimal and float do not mix"
    ):
        f.backward()
    assert [v.grad for v in (x, y, f, *f.inputs)] == [Decimal("1.5"), 0, 0, 0, 0]
    for nothing in (0, 0.0, Decimal("0.0")):
        x.grad, y.grad = nothing, 0
        f.backward()
        assert (x.grad, y.grad) == (0.5, 3.0)


@pytest.mark.parametrize("slope", [1e308, 10**308, Fraction(10**308), Decimal("1e308")])
def test_gradients_that_are_too_large_together_leave_everything_as_it_was(slope: Any) -> None:
    x, y = Value(1, "x"), Value(1, "y")
    f = y * 3 + x * slope
    f.backward()
    with pytest.raises(
        OverflowError, match=r"the gradient of x = 1 is 1.* from before, and with 1.* too large; expected"
    ):
        f.backward()
    assert (x.grad, y.grad) == (slope, 3)


@pytest.mark.parametrize(
    ("given", "text"), [(None, r"Write v\.grad = 0"), ("1", r"Write float\('1'\)"), ([1.0], "grad is")]
)
def test_a_gradient_that_is_no_number_is_refused_when_it_is_set(given: Any, text: str) -> None:
    x = Value(1.0)
    x.grad = np.float32(0.5)
    with pytest.raises(TypeError, match=text):
        x.grad = given
    assert x.grad == 0.5
    assert type(x.grad) is float


def test_threads_that_add_to_the_same_leaves_lose_nothing() -> None:
    leaves = [Value(1.0) for _ in range(3000)]

    def add() -> None:
        f = es.sum(leaves)
        for _ in range(50):
            f.backward()

    threads = [Thread(target=add) for _ in range(4)]
    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    finally:
        sys.setswitchinterval(interval)
    assert {leaf.grad for leaf in leaves} == {200}


def test_a_value_added_to_itself_has_two_edges_that_both_count() -> None:
    a = Value(3)
    f = a + a
    assert f.inputs == (a, a)
    assert contributions(f) == {(f, 0): 1, (f, 1): 1}
    assert gradients(f) == {f: 1, a: 2}
    assert gradients(es.prod([a, a, a]))[a] == 27


def test_the_gradient_of_a_leaf_with_respect_to_itself_is_one() -> None:
    x = Value(3)
    x.backward()
    assert (x.grad, gradients(x), contributions(x)) == (1, {x: 1}, {})


def test_asking_for_gradients_changes_nothing() -> None:
    x, y = Value(0.5, "x"), Value(2.0, "y")
    f = es.exp(x * y) + x
    f.backward()
    before = [(v.data, v.grad, v.label, v.wires, v.scope) for v in gradients(f)]
    contributions(f), tangents(f, {x: 1}), es.check_gradients(f), es.leaves(f), repr(f)
    es.jacobian([f, x * y], [x, y])
    es.grad(lambda a: a * f)(3.0)
    assert [(v.data, v.grad, v.label, v.wires, v.scope) for v in gradients(f)] == before


def test_gradients_are_kept_by_value_and_say_so() -> None:
    x, y = Value(2.0, "x"), Value(3.0, "y")
    found = gradients(x * x)
    with pytest.raises(
        KeyError, match=r"gradients are not kept by 'x'; expected the Value itself\. Write gradients\(f\)\["
    ):
        found["x"]  # type: ignore[index]
    with pytest.raises(
        KeyError, match=r"nothing here depends on Value\(3\.0, label='y'\).*Write gradients\(f\)\.get\(v, 0\)"
    ):
        found[y]
    assert (found.get(y, 0), y in found, len(found)) == (0, False, 2)


def test_every_node_comes_after_all_that_use_it() -> None:
    """Differentiating twice walks the mapping in its order."""
    x = Value(0.5)
    near = x * x
    f = near + es.exp(es.sin(near) * near)
    position = {node: i for i, node in enumerate(gradients(f))}
    assert all(position[node] < position[i] for node in position for i in node.inputs)


def test_contributions_into_a_value_sum_to_its_gradient() -> None:
    x, y = Value(0.5), Value(-1.5)
    f = es.tanh(x * y) * x - es.sum([x, y, x]) / y
    total = dict.fromkeys(gradients(f), 0.0) | {f: 1.0}
    for (node, i), contribution in contributions(f).items():
        total[node.inputs[i]] += contribution  # type: ignore[operator]
    assert total == pytest.approx(gradients(f), rel=1e-14)


# Conventions


def test_max_at_a_tie_sends_everything_to_the_first() -> None:
    assert es.maximum(Value(2), Value(7), Value(7.0), Value(7)).local == (0, 1, 0, 0)


def test_min_at_a_tie_sends_everything_to_the_first() -> None:
    assert es.minimum(Value(3), Value(2), Value(2.0)).local == (0, 1, 0)


def test_max_of_a_value_and_itself_sends_everything_once() -> None:
    a = Value(3.0)
    assert gradients(es.maximum(a, a))[a] == 1


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, Fraction(0), Decimal(0)])
def test_relu_has_slope_0_at_0(zero: float) -> None:
    assert es.relu(Value(zero)).local == (0,)


@pytest.mark.parametrize("zero", [0, 0.0, -0.0, Fraction(0), Decimal(0)])
def test_the_absolute_value_has_slope_0_at_0(zero: float) -> None:
    assert abs(Value(zero)).local == (0,)


def test_the_square_root_has_a_value_at_0_but_no_gradient() -> None:
    x = Value(0.0, "x")
    root = es.sqrt(x)
    assert (root.data, root.local) == (0.0, (None,))
    for ask in (
        root.backward,
        lambda: gradients(root * 2),
        lambda: tangents(root, {x: 1}),
        lambda: contributions(root),
    ):
        with pytest.raises(ValueError, match=r"sqrt\(x = 0\.0\) has no finite local gradient for its input x"):
            ask()
    assert x.grad == 0
    assert es.sqrt(Constant(0)).data == 0
    es.sqrt(Constant(0)).backward()  # nothing is asked of a constant


def test_a_negative_number_to_a_whole_constant_power_is_fine() -> None:
    for exponent in (3, 3.0, Fraction(3), Constant(3)):
        x = Value(-2.0)
        f = x**exponent
        f.backward()
        assert (f.data, x.grad, f.local[1]) == (-8, 12, None)
        assert contributions(f)[f, 1] is None


def test_a_negative_number_to_the_power_of_a_value_has_no_gradient_for_the_exponent() -> None:
    x, y = Value(-2.0, "x"), Value(3.0, "y")
    assert (x**y).data == -8
    with pytest.raises(ValueError, match=r"pow\(x = -2\.0, y = 3\.0\) has no finite local gradient for its input y"):
        (x**y).backward()


def test_powers_of_0() -> None:
    x = Value(0.0)
    assert ((x**0).data, (x**0).local[0]) == (1, 0)
    assert ((x**1).data, (x**1).local[0]) == (0, 1)
    assert ((x**2.5).data, (x**2.5).local) == (0, (0, 0))
    assert (0 ** Value(2.0)).local == (0, 0)
    with pytest.raises(ValueError, match="no finite local gradient"):
        (x**0.5).backward()


# Too large


def test_a_gradient_that_overflows_is_refused_naming_the_operation() -> None:
    x = Value(0.0, "x")
    for factor in (1e200, 10**200):
        f = es.sin(x) * factor * factor
        with pytest.raises(OverflowError, match=r"the gradient at (mul|sin)\(.*too large: 1.* × 1.*Scale the inputs"):
            f.backward()
    assert x.grad == 0


def test_contributions_that_overflow_only_as_a_sum_are_refused() -> None:
    x = Value(0.5, "x")
    f = x * 1e308 + x * 1e308
    with pytest.raises(
        OverflowError, match=r"the gradient of x = 0\.5 is too large: the contributions to it sum to inf"
    ):
        gradients(f)


def test_infinities_that_cancel_are_refused_too() -> None:
    x = Value(0.0)
    with pytest.raises(OverflowError, match="too large"):
        (x * 1e200 * 1e200 - x * 1e200 * 1e200).backward()


def test_large_exact_gradients_that_come_back_to_size_are_fine() -> None:
    x = Value(Fraction(0))
    f = x * Fraction(1, 10**300) * Fraction(1, 10**300) * 10**300 * 10**300
    assert gradients(f)[x] == 1


# Graphs of any length: in a process with little stack, where any recursion would fail

CHAIN = """
import copy, pickle, sys, threading
import micrograd_es as es
from micrograd_es import Value, tanh, gradients, leaves
from micrograd_es.derivatives import gradient_graphs
from micrograd_es.flow import tangents

def run():
    x, f = Value(0.5, "x"), Value(0.25)
    for i in range(80_000):
        f = tanh(f * 0.5 + x) * x if i % 2 else f + x
    {what}
    print("done", flush=True)

sys.setrecursionlimit(120)
threading.stack_size(256 << 10 if sys.version_info < (3, 13) else 1 << 20)  # 3.13 frees deeper, to a bound
thread = threading.Thread(target=run)
thread.start()
thread.join()
"""

DEEDS = {
    "built_and_freed": "del f",
    "differentiated": "f.backward(); assert x.grad; f.zero_grad(); assert not x.grad; assert tangents(f, {x: 1})[f]",
    "printed": "assert len(repr(f)) < 60 and len(f'{f}') < 60 and len(es.listing(f).splitlines()) > 150_000; leaves(f)",
    "pickled": "g, y = pickle.loads(pickle.dumps((f, x))); assert gradients(g)[y] == gradients(f)[x] != 0",
    "copied": "g, y = copy.deepcopy((f, x)); assert gradients(g)[y] == gradients(f)[x] and y is not x",
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_chain_of_two_hundred_thousand_nodes_can_be(deed: str) -> None:
    assert in_new_process(CHAIN.replace("{what}", DEEDS[deed])) == "done\n"


def test_a_long_chain_can_be_differentiated_twice() -> None:
    code = CHAIN.replace("80_000", "10_000").replace("{what}", "assert gradients(gradient_graphs(f, [x])[0])[x]")
    assert in_new_process(code) == "done\n"


# Pickling and copying

both_ways = pytest.mark.parametrize("copied", [lambda v: pickle.loads(pickle.dumps(v)), copy.deepcopy])


@both_ways
def test_a_copy_shares_what_the_original_shares(copied: Callable[[object], tuple[Value, ...]]) -> None:
    with es.scope("s"):
        x = Value(0.5, "x")
        a = x * x
        f, g = es.exp(a) + a, a * 2
    f.backward()
    for order in ((f, g, a, x), (x, a, g, f), (g, f, x, a)):
        names = {id(v): name for v, name in zip((f, g, a, x), "fgax", strict=True)}
        new = dict(zip([names[id(v)] for v in order], copied(order), strict=True))
        assert new["a"].inputs == (new["x"], new["x"])
        assert new["f"].inputs[1] is new["a"]
        assert new["g"].inputs[0] is new["a"]
        assert new["g"].inputs[1].is_constant
        assert new["f"].scope is new["a"].scope
        assert (new["f"].op, new["f"].local, new["a"].grad) == (f.op, f.local, a.grad)
        assert gradients(new["f"])[new["x"]] == gradients(f)[x]
        assert set(map(id, gradients(new["f"]))).isdisjoint(map(id, gradients(f)))


class Noted(Value):
    """A Value with an attribute of its own in a slot."""

    __slots__ = ("note",)


class Dated(Noted):
    """A Value with attributes in a slot and in a dict."""


@pytest.mark.parametrize("copied", [lambda v: pickle.loads(pickle.dumps(v)), copy.deepcopy, copy.copy])
def test_what_a_subclass_adds_is_copied_too(copied: Callable[[object], Any]) -> None:
    noted, dated = Noted(2.0, "n"), Dated(3.0, "d")
    noted.note, dated.note, dated.year = "first", ["second"], 2026  # type: ignore[attr-defined]
    assert (copied(noted).note, copied(noted).data) == ("first", 2.0)
    assert (copied(dated).note, copied(dated).__dict__, copied(dated).label) == (["second"], {"year": 2026}, "d")
    assert copied(noted * dated).inputs[1].data == 3.0
    assert not hasattr(copied(Noted(1.0)), "note")


@both_ways
def test_saving_that_fails_half_way_leaves_nothing_behind(copied: Callable[[object], Value]) -> None:
    class Stubborn:
        def __reduce__(self) -> str:
            raise RuntimeError("not me")

    chain = Value(0.5)
    for _ in range(3000):
        chain = chain + 0.0
    top = chain + 1.0
    chain.number = Stubborn()  # type: ignore[assignment]
    kept = []
    for _ in range(3):
        with pytest.raises(RuntimeError, match="not me") as caught:
            copied(top)
        kept.append(caught.value)  # with it the frames of the failed attempt stay alive
    chain.data = 0.5
    assert copied(chain).data == 0.5  # were it still taken for a node of the attempt, this would recurse
    assert copied(top).inputs[0].data == 0.5


def test_a_shallow_copy_shares_its_inputs() -> None:
    x = Value(2.0, "x")
    f = x * x
    g = copy.copy(f)
    assert g is not f
    assert g.inputs == (x, x)
    assert math.isclose(gradients(g)[x], 4)


def test_a_graph_that_looks_like_a_tree_almost_to_its_end_is_none() -> None:
    x = Value(0.5, "x")
    deep = x * 3
    for last, slope in ((deep * deep, 9.0), (deep + (deep - 1) * 4, 15.0)):
        f = last
        for i in range(200):
            f = f * 1.01 + es.tanh(Value(0.01 * i) * 2 + i)
        x.zero_grad()
        f.backward()
        assert x.grad == pytest.approx(slope * 1.01**200, rel=1e-12)
        assert gradients(f)[x] == x.grad


def test_a_tree_is_differentiated_as_any_other_graph_is() -> None:
    random = Random(5)
    for _ in range(60):
        leaves = [Value(random.uniform(0.5, 1.5)) for _ in range(random.randrange(1, 9))]
        terms: list[Value] = [random.choice(leaves) for _ in range(random.randrange(1, 400))]
        while len(terms) > 1:
            few = [terms.pop() for _ in range(min(len(terms), random.choice((1, 2, 2, 3, 5))))]
            terms.insert(0, random.choice((es.maximum, lambda *xs: es.sum(xs), lambda *xs: es.tanh(es.prod(xs))))(*few))
        f = es.sin(terms[0])
        made, slopes, ends = flow.sweep(f)
        assert (made, slopes, ends) == flow._graph_swept(f)
        (f + f).backward()
        assert [x.grad for x in ends] == pytest.approx([2 * end for end in ends.values()], rel=1e-13)


def test_a_sum_of_one_value_again_and_again_is_swept_once_for_each_edge() -> None:
    x = f = Value(1, "x")
    for _ in range(12):
        f = es.sum([f] * 200)
    f.backward()
    assert (f.data, x.grad) == (200**12, 200**12)
