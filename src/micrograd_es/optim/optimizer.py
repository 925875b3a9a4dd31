"""What all optimisers have in common: steps on Values, updates of flat arrays, and a state that can be saved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite
from typing import Any, ClassVar

from micrograd_es.maths import as_number, shown
from micrograd_es.missing import OF_AN_OPTIMIZER, say_instead
from micrograd_es.value import Value

Rate = float | Callable[[int], float]


class Optimizer:
    """Base of all optimisers: an optimiser is its `rule`, which is read with floats and with arrays alike.

    `rate` is a number or a schedule, a function of the number of the step from 0 on; `steps` counts the steps done.
    A rule of your own has the names of what it remembers in `slots`, and changes parameter and memory IN PLACE:

    >>> class SignDescent(Optimizer):
    ...     name, slots = "sign", ()
    ...     def rule(self, parameter, gradient, memory, rate):
    ...         parameter -= rate * ((gradient > 0) * 2.0 - 1)
    ...         return parameter, memory
    >>> w = Value(3.0, "w")
    >>> (w * w).backward()
    >>> SignDescent(rate=0.5).step([w]); w.data
    2.5
    """

    name: ClassVar[str] = ""
    slots: tuple[str, ...] = ()

    def __init__(self, rate: Rate) -> None:
        if isinstance(rate, list | tuple):
            raise TypeError(
                f"the rate is {shown(rate)} ({type(rate).__name__}); expected a number or a schedule. Parameters are"
                f" given to each step: write {type(self).__name__}(0.1), and optimizer.step(model.parameters())."
            )
        self.rate = rate if callable(rate) else at_least_0(rate, "the rate")
        self.steps = 0
        self._memory: list[Any] = []  # for each slot a flat array, or a list of floats
        self._size: int | None = None

    def rule(self, parameter: Any, gradient: Any, memory: list[Any], rate: Any) -> tuple[Any, list[Any]]:
        """The new parameter and memory. With arrays all change in place, by `*=`, `+=` and `-=`."""
        raise NotImplementedError(f"{type(self).__name__} has no rule(); write one.")

    def rate_now(self) -> Any:
        """The rate of the next step."""
        if not callable(self.rate):
            return self.rate
        return at_least_0(self.rate(self.steps), f"the rate that the schedule gives at step {self.steps}")

    def step(self, values: Sequence[Value]) -> None:
        """Move the Values against their `.grad`, which `backward()` has set.

        Raises ValueError for another number of Values than before, and, changing nothing, where a new number would
        not be finite.
        """
        if not isinstance(values, list | tuple) or not all(isinstance(value, Value) for value in values):
            raise TypeError(f"step was given {str(values)[:60]}; expected a list of Values. Write model.parameters().")
        self._check_size(len(values))
        rate = self.rate_now()
        rows = [self.rule(v.data, v.grad, kept, rate) for v, kept in zip(values, self._kept(len(values)), strict=True)]
        for number, (value, (new, _)) in enumerate(zip(values, rows, strict=True), 1):
            as_moved(new, self.steps, number, value)
        for value, (new, _) in zip(values, rows, strict=True):
            value.data = new
        self._memory = [list(column) for column in zip(*[memory for _, memory in rows], strict=True)]
        self.steps, self._size = self.steps + 1, len(values)

    def _kept(self, size: int) -> list[list[Any]]:
        """What is remembered of each parameter, as floats."""
        if not self._memory:
            return [[0.0] * len(self.slots) for _ in range(size)]
        columns = [slot if isinstance(slot, list) else slot.tolist() for slot in self._memory]
        return [list(row) for row in zip(*columns, strict=True)]

    def update(self, parameters: Any, gradients: Any) -> None:
        """Move a flat array of parameters, in place, against its gradients; the gradients stay as they are.

        Raises ValueError for another number of parameters than before.
        """
        shape = getattr(parameters, "shape", None)
        if shape is None or len(shape) != 1 or getattr(gradients, "shape", None) != shape:
            raise ValueError(
                f"the parameters {_formed(parameters)} and their gradients {_formed(gradients)}; expected two flat"
                " arrays of one size. Write optimizer.update(program.parameters, gradient)."
            )
        self._check_size(shape[0])
        if len(self._memory) != len(self.slots) or any(isinstance(slot, list) for slot in self._memory):
            self._memory = [_array_like(parameters, slot) for slot in self._memory or [None] * len(self.slots)]
        self.rule(parameters, gradients, self._memory, self.rate_now())
        self.steps, self._size = self.steps + 1, shape[0]

    def state_dict(self) -> dict[str, Any]:
        """What the optimiser remembers, as plain numbers and lists: `load_state_dict` goes on from there.

        >>> from micrograd_es.optim import Momentum
        >>> Momentum(rate=0.1).state_dict()
        {'name': 'momentum', 'steps': 0, 'size': None, 'memory': {'velocity': None}}
        """
        memory: list[Any] = [list(s) if isinstance(s, list) else s.tolist() for s in self._memory]
        slots = dict(zip(self.slots, memory or [None] * len(self.slots), strict=True))
        return {"name": self.name, "steps": self.steps, "size": self._size, "memory": slots}

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave. Raises ValueError, changing nothing, for anything else."""
        self.steps, self._size, self._memory = _checked(state, self.name, self.slots)

    def reorder(self, order: Iterable[int]) -> None:
        """Go on with the parameters in another order: the first is then the one that was in the place `order[0]`.

        >>> from micrograd_es.optim import Momentum
        >>> optimizer = Momentum(rate=0.1)
        >>> optimizer.load_state_dict({"name": "momentum", "steps": 1, "size": 2, "memory": {"velocity": [0.5, 2.0]}})
        >>> optimizer.reorder([1, 0])
        >>> optimizer.state_dict()["memory"]
        {'velocity': [2.0, 0.5]}
        """
        places = list(order)
        self._memory = [[s[i] for i in places] if isinstance(s, list) else s[places] for s in self._memory]

    def _check_size(self, size: int) -> None:
        if not size:
            raise ValueError(f"{self!r} was given no parameters; expected at least one.")
        if self._size is not None and size != self._size:
            raise ValueError(
                f"{self!r} was given {size} parameters; expected {self._size} as before, in the same order."
                " Make a new optimiser for another network."
            )

    def __repr__(self) -> str:
        told = ", ".join(f"{name}={value!r}" for name, value in vars(self).items() if _told(name, value))
        return f"{type(self).__name__}({told})"


say_instead(Optimizer, "an optimiser", OF_AN_OPTIMIZER)


def at_least_0(number: Any, what: str) -> Any:
    """The number, or an error where it is not finite or below 0."""
    if as_number(number, what) < 0:
        raise ValueError(f"{what} is {number!r}; expected a number from 0 on.")
    return number


def below_1(number: Any, what: str) -> Any:
    """The number, or an error where it is not from 0 to below 1."""
    if not 0 <= as_number(number, what) < 1:
        raise ValueError(f"{what} is {number!r}; expected a number from 0 to below 1.")
    return number


def as_moved(new: Any, step: int, number: int, value: Value) -> Any:
    """What a step makes of a parameter, the `number`-th from 1 on, or an error where it is not finite."""
    return as_number(new, f"what step {step} makes of parameter {number} ({value.label or 'without a label'})")


def _formed(given: Any) -> str:
    """The shape of an array, or what is none."""
    shape = getattr(given, "shape", None)
    return f"have the shape {shape}" if shape is not None else f"are {shown(given)} ({type(given).__name__})"


def _told(name: str, value: object) -> bool:
    """Whether a setting belongs in the name of an optimiser: what is switched off does not."""
    return not name.startswith("_") and name not in ("steps", "slots") and (name == "rate" or bool(value))


def _array_like(parameters: Any, numbers: Any) -> Any:
    """A flat array of the kind of the parameters, with these numbers, or zeros."""
    array = parameters * 0
    if numbers is not None:
        array[:] = numbers
    return array


def _checked(state: Any, name: str, slots: tuple[str, ...]) -> tuple[int, int | None, list[Any]]:
    """The steps, size and memory of a saved state, or an error that says what is wrong with it."""
    if not isinstance(state, Mapping) or not {"name", "steps", "size", "memory"} <= set(state):
        raise ValueError(f"the state of the optimiser is {str(state)[:60]!r}; expected what state_dict() gave.")
    if state["name"] != name:
        raise ValueError(f"the state is that of {state['name']!r}; expected {name!r}. Make the same optimiser again.")
    steps, size, memory = state["steps"], state["size"], state["memory"]
    if not isinstance(memory, Mapping) or set(memory) != set(slots):
        raise ValueError(f"the state of {name} remembers {list(memory)}; expected {list(slots)}.")
    if not _count(steps) or not (size is None or _count(size)):
        raise ValueError(f"the state of {name} has {steps!r} steps and the size {size!r}; expected whole numbers.")
    if all(memory[slot] is None for slot in slots):
        return steps, size, []
    for slot in slots:
        numbers = memory[slot]
        if not isinstance(numbers, list) or len(numbers) != size or not all(map(_is_finite, numbers)):
            raise ValueError(f"{slot} in the state of {name} is not a list of {size} finite numbers.")
    return steps, size, [list(memory[slot]) for slot in slots]


def _count(x: object) -> bool:
    return isinstance(x, int) and not isinstance(x, bool) and x >= 0


def _is_finite(x: object) -> bool:
    return isinstance(x, int | float) and not isinstance(x, bool) and isfinite(x)
