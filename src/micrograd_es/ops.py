"""The table of operations: what each computes, its local gradients, its role for the gradient, and how it is written.

Everything else reads this table. Plain numbers run it, arrays run it vectorised, symbols write it down, Values read its
local gradients as graphs again (which is what a second derivative is), figures draw it and tests check it. Adding an
operation is adding one row.

The columns:

- name: what the function is called; `sign`: what stands in the gate of a figure;
- role: what the operation does to the gradient that comes back (lectures, A6);
- forward(m, x, y): the result z, computed with the maths `m`; rows with `*xs` take any number of inputs;
- local(m, z, x, y): ∂z/∂x, ∂z/∂y … in the order of the inputs; `None` where there is none;
- domain: for each input the interval in which the row is smooth, for the tests that go over the table;
- needs: what an input outside the reals' domain is told;
- folded: how the gate is written when a constant is its first or its second input.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum
from inspect import Parameter, signature
from typing import Any

from micrograd_es.maths import LARGEST, Number, shown


class Role(Enum):
    """What an operation does to the gradient that comes back to it.

    A branch, where a value is used more than once, ACCUMULATES; that belongs to the graph and to no operation.
    """

    DISTRIBUTOR = "distributor"  # hands it on unchanged to every input
    SWAPPER = "swapper"  # hands on the gradient times the OTHER input
    ROUTER = "router"  # hands all of it to one input, 0 to the rest
    SCALER = "scaler"  # multiplies it by its slope


class RuleError(TypeError):
    """A rule of a row does not give what it has to: one number, and a local gradient for each input."""


MISTAKES = (AttributeError, NameError)  # of a rule: it is wrong itself, whatever its inputs


class Op:
    """One row of the table. See the columns in the module's docstring."""

    __slots__ = ("arity", "domain", "folded", "forward", "local", "name", "needs", "role", "sign")

    def __init__(
        self,
        name: str,
        sign: str,
        role: Role,
        forward: Callable[..., Any],
        local: Callable[..., Any],
        domain: tuple[tuple[float, float], ...],
        needs: str,
        folded: tuple[str, str] | None,
    ) -> None:
        self.name, self.sign, self.role = name, sign, role
        self.forward, self.local = forward, local
        self.domain, self.needs, self.folded = domain, needs, folded or (sign + " {}", sign + " {}")
        inputs = list(signature(forward).parameters.values())[1:]
        if not inputs:
            raise RuleError(f"forward of the row {name} takes no inputs; expected the maths and then at least one.")
        self.arity = None if inputs[0].kind is Parameter.VAR_POSITIONAL else len(inputs)

    def __repr__(self) -> str:
        return f"<op {self.name}>"

    def __reduce__(self) -> tuple[Callable[[str], Op], tuple[str]]:
        return find, (self.name,)


OPS: dict[str, Op] = {}


def op(
    name: str,
    sign: str,
    role: Role,
    forward: Callable[..., Any],
    local: Callable[..., Any],
    domain: tuple[tuple[float, float], ...] = ((-3, 3),),
    needs: str = "an input for which the result is a real number",
    folded: tuple[str, str] | None = None,
) -> Op:
    """Add a row to the table and return it.

    Raises ValueError where the table has a row of that name already or the name is no text on one line, TypeError where
    the sign is no text, the role no Role or a rule no function, RuleError where the row takes no inputs.
    """
    if not isinstance(name, str) or not name.isprintable() or not name.strip():
        raise ValueError(f"the name of a row is {name!r}; expected text on one line, by which it is printed and saved.")
    if name in OPS:
        raise ValueError(f"the table of operations has a row {name!r} already; give the new one another name.")
    for part, given, kind, expected in (
        ("sign", sign, str, "text, which stands in its gate"),
        ("role", role, Role, "a Role, such as Role.SCALER"),
        ("forward", forward, Callable, "a function of the maths and the inputs"),
        ("local", local, Callable, "a function of the maths, the output and the inputs"),
    ):
        if not isinstance(given, kind):  # type: ignore[arg-type]
            raise TypeError(f"{part} of the row {name} is {given!r} ({type(given).__name__}); expected {expected}.")
    OPS[name] = Op(name, sign, role, forward, local, domain, needs, folded)
    return OPS[name]


class UnknownError(ValueError):
    """The table of operations has no row of that name."""


def find(name: str) -> Op:
    """The row of that name. Raises UnknownError where there is none.

    >>> find("mul").role
    <Role.SWAPPER: 'swapper'>
    """
    try:
        return OPS[name]
    except (KeyError, TypeError):
        raise UnknownError(
            f"no operation is called {name!r}; the table has {', '.join(OPS)}. Where it is one of your own, write"
            " op(…) for it before you ask for it, load a program with it, or unpickle it."
        ) from None


# fmt: off
_POSITIVE, _ABOVE, _ANY = (0.3, 3), (1, 3), (-3, 3)

ADD  = op("add", "+", Role.DISTRIBUTOR, forward=lambda m, *xs: m.sum(xs),  local=lambda m, z, *xs: (1,) * len(xs))
MUL  = op("mul", "×", Role.SWAPPER,     forward=lambda m, *xs: m.prod(xs), local=lambda m, z, *xs: m.others(xs))
MAX  = op("max", "max", Role.ROUTER,    forward=lambda m, *xs: m.max(xs),  local=lambda m, z, *xs: m.first(z, xs))
MIN  = op("min", "min", Role.ROUTER,    forward=lambda m, *xs: m.min(xs),  local=lambda m, z, *xs: m.first(z, xs))
SAME = op("identity", "=", Role.DISTRIBUTOR, forward=lambda m, x: x,       local=lambda m, z, x: (1,))

SUB  = op("sub", "−", Role.SCALER, forward=lambda m, x, y: x - y, local=lambda m, z, x, y: (1, -1),
          folded=("{} −", "− {}"))
NEG  = op("neg", "× −1", Role.SCALER, forward=lambda m, x: -x,    local=lambda m, z, x: (-1,))
DIV  = op("div", "÷", Role.SCALER, forward=lambda m, x, y: x / y, local=lambda m, z, x, y: (1 / y, -z / y),
          domain=(_ANY, _POSITIVE), needs="a divisor other than 0", folded=("{}/x", "÷ {}"))
INV  = op("reciprocal", "1/x", Role.SCALER, forward=lambda m, x: 1 / x, local=lambda m, z, x: (-1 / (x * x),),
          domain=(_POSITIVE,), needs="an input other than 0")
POW  = op("pow", "xʸ", Role.SCALER, forward=lambda m, x, y: m.power(x, y),
          local=lambda m, z, x, y: (m.power_slope(x, y), m.times_log(z, x)), domain=(_POSITIVE, _ANY),
          needs="a base above 0, or a whole exponent (and not 0 to a negative power)", folded=("{}ˣ", "x^{}"))

EXP  = op("exp", "exp", Role.SCALER,   forward=lambda m, x: m.exp(x),  local=lambda m, z, x: (z,))
LOG  = op("log", "log", Role.SCALER,   forward=lambda m, x: m.log(x),  local=lambda m, z, x: (1 / x,),
          domain=(_POSITIVE,), needs="an input above 0; where it can reach 0 write log(maximum(x, 1e-12))")
SQRT = op("sqrt", "√", Role.SCALER,    forward=lambda m, x: m.sqrt(x), local=lambda m, z, x: (1 / (2 * z),),
          domain=(_POSITIVE,), needs="an input of 0 or more")
ABS  = op("abs", "|x|", Role.SCALER,   forward=lambda m, x: m.abs(x),  local=lambda m, z, x: (m.sign(x),),
          domain=(_POSITIVE,))
TANH = op("tanh", "tanh", Role.SCALER, forward=lambda m, x: m.tanh(x), local=lambda m, z, x: (1 - z * z,))
SIGMOID  = op("sigmoid", "σ", Role.SCALER, forward=lambda m, x: m.sigmoid(x),  local=lambda m, z, x: ((1 - z) * z,))
RELU     = op("relu", "relu", Role.SCALER, forward=lambda m, x: m.relu(x),     local=lambda m, z, x: (m.step(x),),
              domain=(_POSITIVE,))
SOFTPLUS = op("softplus", "softplus", Role.SCALER, forward=lambda m, x: m.softplus(x),
              local=lambda m, z, x: (m.sigmoid(x),))
SIN  = op("sin", "sin", Role.SCALER,   forward=lambda m, x: m.sin(x),  local=lambda m, z, x: (m.cos(x),))
COS  = op("cos", "cos", Role.SCALER,   forward=lambda m, x: m.cos(x),  local=lambda m, z, x: (-m.sin(x),))
WHERE = op("where", "?", Role.ROUTER, forward=lambda m, c, x, y: m.where(c, x, y),
           local=lambda m, z, c, x, y: (0, m.step(c), 1 - m.step(c)), domain=(_POSITIVE, _ANY, _ANY))
LSE  = op("log_sum_exp", "log Σ exp", Role.SCALER, forward=lambda m, *xs: m.log_sum_exp(xs),
          local=lambda m, z, *xs: m.shares(z, xs))
# fmt: on


def local_or_none(row: Op, maths: Any, z: Any, xs: tuple[Any, ...], floats: bool) -> tuple[Number | None, ...]:
    """The row's local gradients at a point, which are all `floats` or not; None where it has no finite slope (√x at 0).

    Raises RuleError where the rule does not give one for each input.
    """
    try:
        slopes: tuple[Any, ...] = row.local(maths, z, *xs)
        if slopes.__class__ is not tuple or len(slopes) != len(xs):
            slopes = _one_each(row, slopes, len(xs))
        if floats and None not in slopes and -LARGEST <= sum(slopes) <= LARGEST:
            return slopes  # a sum of floats is finite only where each of them is
    except (ArithmeticError, ValueError):
        return (None,) * len(xs)
    return tuple([slope if slope is not None and -LARGEST <= slope <= LARGEST else None for slope in slopes])


def _one_each(row: Op, slopes: Any, inputs: int) -> tuple[Any, ...]:
    """The local gradients as a tuple, or an error where they are not as many as the inputs."""
    if isinstance(slopes, list | tuple) and len(slopes) == inputs:
        return tuple(slopes)
    raise RuleError(
        f"local of the row {row.name} gave {shown(slopes)} for {inputs} inputs; expected a tuple with one local"
        " gradient for each."
    )
