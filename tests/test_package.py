"""The package as a whole: what imports what, what is documented, and that the same input gives the same output."""

from __future__ import annotations

import ast
import builtins
import doctest
import inspect
from pathlib import Path

import pytest

import micrograd_es
from conftest import in_new_process

PACKAGE = Path(micrograd_es.__file__).parent

# The engine, lowest first: a module imports modules before it only. (Imports inside functions and for types only are
# where two of them must know each other.)
ENGINE = ["maths", "misfits", "nested", "notations", "symbols", "ops", "scopes", "scope_names", "replay", "missing"]
ENGINE += ["numpy_calls", "eager"]
ENGINE += ["graph", "flow", "pickles", "results", "value"]
ENGINE += ["functions", "sweeps", "derivatives", "jacobians", "blocks", "rules", "two_layers", "counting", "cost"]
ENGINE += ["listing"]
# Programs, lowest first, a module or a package of them: the same holds.
PROGRAM = ["arrays", "branches", "rules", "lists", "tape", "blocks", "collection", "planning", "trace", "recording"]
PROGRAM += [
    "given",
    "in_numpy",
    "compiled",
    "explaining",
    "columns",
    "calls",
    "faults",
    "jax_function",
    "saved",
    "program",
    "recorder",
]
# Networks and how they learn need the engine alone, and not each other.
NETWORKS = ["tables", "nn", "losses", "optim"]
STANDARD_LIBRARY_ONLY = {"numpy", "graphviz", "pygraphviz", "PIL", "numba", "jax", "matplotlib", "IPython"}


def imported(module: str) -> set[str]:
    """The full names that a module of the package, or a package inside it, imports when it is loaded."""
    found: set[str] = set()
    paths = [PACKAGE / f"{module}.py", *(PACKAGE / module).glob("*.py")]
    for node in [n for path in paths if path.exists() for n in ast.parse(path.read_text(encoding="utf-8")).body]:
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return found


@pytest.mark.parametrize("module", ENGINE)
def test_imports_of_the_engine_point_down(module: str) -> None:
    of_package = {name.split(".")[1] for name in imported(module) if name.startswith("micrograd_es.")}
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert of_package & modules <= set(ENGINE[: ENGINE.index(module)])


@pytest.mark.parametrize("module", PROGRAM)
def test_imports_of_programs_point_down(module: str) -> None:
    of_program = {
        name.split(".")[2] for name in imported(f"program/{module}") if name.startswith("micrograd_es.program.")
    }
    modules = {path.stem for path in (PACKAGE / "program").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert of_program & modules <= {*PROGRAM[: PROGRAM.index(module)], module}


def test_every_module_of_programs_has_its_place() -> None:
    assert {path.stem for path in (PACKAGE / "program").glob("*") if not path.stem.startswith("__")} == set(PROGRAM)


@pytest.mark.parametrize("package", ["", "planning", "in_numpy", "compiled", "explaining"])
def test_a_package_of_programs_says_what_each_of_its_rooms_is(package: str) -> None:
    folder = PACKAGE / "program" / package
    told = ast.get_docstring(ast.parse((folder / "__init__.py").read_text(encoding="utf-8"))) or ""
    rooms = sorted({path.stem for path in folder.glob("*") if not path.stem.startswith("__")})
    assert [room for room in rooms if f"`{room}`" not in told] == []


@pytest.mark.parametrize("module", NETWORKS)
def test_networks_need_the_engine_only(module: str) -> None:
    of_package = {name.split(".")[1] for name in imported(module) if name.startswith("micrograd_es.")}
    modules = {path.stem for path in PACKAGE.iterdir() if path.suffix == ".py" or path.is_dir()}
    assert of_package & modules <= {*ENGINE, "tables", module}


@pytest.mark.parametrize("module", ENGINE + NETWORKS)
def test_the_engine_needs_the_standard_library_only(module: str) -> None:
    assert not {name.split(".")[0] for name in imported(module)} & STANDARD_LIBRARY_ONLY


def test_importing_engine_and_networks_loads_neither_numpy_nor_graphviz_nor_anything_above_them() -> None:
    modules = [f"micrograd_es.{module}" for module in ENGINE + NETWORKS]
    code = f"import sys, micrograd_es, {', '.join(modules)}; print(*sorted(m.split('.')[0] for m in sys.modules))"
    loaded = set(in_new_process(code).split())
    assert "micrograd_es" in loaded
    assert not loaded & STANDARD_LIBRARY_ONLY


def test_importing_the_package_loads_nothing_above_the_engine() -> None:
    loaded = in_new_process("import sys, micrograd_es; print(*sorted(sys.modules))").split()
    assert "micrograd_es.value" in loaded
    assert not {f"micrograd_es.{module}" for module in (*NETWORKS, "program", "figures")} & set(loaded)


@pytest.mark.parametrize("name", [*micrograd_es.__all__, "sum"])
def test_every_public_name_has_a_sentence_and_an_example_that_runs(name: str) -> None:
    thing = getattr(micrograd_es, name)
    text = inspect.getdoc(thing) or ""
    assert text.split("\n\n")[0].rstrip().endswith((".", "…")), f"{name} has no sentence"
    if inspect.isclass(thing) and issubclass(thing, Exception):
        return  # an exception's example is where it is raised
    examples = doctest.DocTestParser().get_doctest(text, vars(inspect.getmodule(thing)) | {}, name, None, None)
    assert examples.examples, f"{name} has no example"
    said: list[str] = []
    assert doctest.DocTestRunner(verbose=False).run(examples, out=said.append).failed == 0, "".join(said)


def test_public_names_are_there_once() -> None:
    assert len(set(micrograd_es.__all__)) == len(micrograd_es.__all__)
    assert all(hasattr(micrograd_es, name) for name in micrograd_es.__all__)


def test_importing_every_name_hides_none_of_pythons_own() -> None:
    assert [name for name in micrograd_es.__all__ if hasattr(builtins, name)] == []
    names: dict[str, object] = {}
    exec("from micrograd_es import *\nmany = sum(x > 1 for x in [1, 2, 3])\nf = sum([Value(1), Value(2)])", names)
    assert names["many"] == 2
    assert getattr(names["f"], "data", None) == 3


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_module_says_what_it_is(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


DETERMINED = """
import random
from micrograd_es import Value, gradients, contributions, leaves, maximum, tanh, check_gradients, scope
from micrograd_es.graph import topological, uses
rng = random.Random(3)
nodes = [Value(rng.random(), f"x{i}") for i in range(6)]
for i in range(60):
    a, b = rng.choice(nodes[-12:]), rng.choice(nodes[-12:])
    with scope(f"s{i % 3}"):
        nodes.append(rng.choice([lambda: a * b, lambda: a + b, lambda: maximum(a, b, 0.3), lambda: tanh(a)])())
f = nodes[-1]
names = {node: f"n{i}" for i, node in enumerate(topological(f))}
print([(names[v], v, v.op, v.scope) for v in topological(f)])
print(leaves(f), [(names[v], g) for v, g in gradients(f).items()], [(names[v], n) for v, n in uses(f).items()])
print([(names[v], i, c) for (v, i), c in contributions(f).items()])
print(check_gradients(f))
"""


def test_two_runs_with_different_hash_seeds_print_the_same() -> None:
    first, second = (in_new_process(DETERMINED, PYTHONHASHSEED=seed) for seed in ("1", "2"))
    assert len(first) > 2000
    assert first == second


def test_the_topological_order_is_the_one_in_which_a_reader_meets_the_values() -> None:
    from micrograd_es.graph import topological

    x, y = micrograd_es.Value(1, "x"), micrograd_es.Value(2, "y")
    shared = y * x
    f = (x + 1) * (shared + shared) / y
    shown = [v.label or (v.op.name if v.op else str(v.data)) for v in topological(f)]
    assert shown == ["x", "1", "add", "y", "mul", "add", "mul", "div"]
    position = {v: i for i, v in enumerate(topological(f))}
    assert all(position[i] < position[v] for v in position for i in v.inputs)
