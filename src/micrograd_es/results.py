"""What a row of the table gives for some Values: its result and its local gradients, or the error that says why not."""

from __future__ import annotations

import decimal
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from micrograd_es.flow import named
from micrograd_es.maths import LARGEST, NUMBERS, Number, as_number, of_one_kind, shown
from micrograd_es.ops import MISTAKES, Op, RuleError, local_or_none
from micrograd_es.replay import RECORDING, RecordingError

if TYPE_CHECKING:
    from micrograd_es.value import Value

_FLOATS = {float}
_EXPECTED = (ArithmeticError, ValueError, TypeError)  # of a rule, where it has no result
_KINDS = {int, float, Fraction, Decimal}


def computed(row: Op, inputs: Sequence[Value]) -> tuple[Number, Sequence[Number | None]]:
    """The result of a row for the numbers of some Values, and its local gradient for each of them.

    >>> from micrograd_es import Value
    >>> from micrograd_es.ops import MUL
    >>> computed(MUL, (Value(2), Value(5)))
    (10, (5, 2))

    Raises ZeroDivisionError, OverflowError or ValueError, naming the operation and its inputs, where the result is no
    finite real number; TypeError where the inputs do not mix (a Decimal and a float), or where there are none;
    RuleError where a rule fails in any other way.
    """
    if not inputs:
        raise TypeError(
            f"{row.name} was given no inputs; expected at least one. Write {row.name}(x) or {row.name}(x, y)."
        )
    numbers = tuple([x.number for x in inputs])
    floats = set(map(type, numbers)) == _FLOATS
    if not floats:
        numbers = of_one_kind([as_number(x.number, x.label or "an input's data") for x in inputs])
    try:
        result = row.forward(NUMBERS, *numbers)
        if result.__class__ not in _KINDS:
            result = _plain(row, result)
        if not -LARGEST <= result <= LARGEST:
            raise OverflowError
        return result, local_or_none(row, NUMBERS, result, numbers, floats)
    except (RuleError, RecordingError, *MISTAKES):
        raise
    except Exception as error:  # of any kind: a rule may be the user's code
        failed = _no_result(row, inputs, error)
        if (recording := RECORDING.get()) and not recording.failed:
            recording.failed = failed
        raise failed from (None if isinstance(error, _EXPECTED) else error)


def _plain(row: Op, x: Any) -> Any:
    """What the rule of a row gave as a number of Python's own: also NumPy's scalars, True and False."""
    found = x.item() if getattr(x, "ndim", None) == 0 else x
    if isinstance(found, complex):
        raise ValueError
    if not isinstance(found, int | float | Fraction | Decimal):
        raise RuleError(f"forward of the row {row.name} gave {shown(x)}; expected one number.")
    return int(found) if isinstance(found, bool) else found


def _no_result(row: Op, inputs: Sequence[Value], error: Exception) -> Exception:
    """The error for an operation without a finite real result, of the kind Python gives."""
    given = f"{row.name}({named(inputs)})"
    if not isinstance(error, _EXPECTED):
        return RuleError(
            f"{given}: a rule of the row failed ({error!r}); expected a number, or a ValueError where there is none."
        )
    if isinstance(error, TypeError):
        kinds = list(dict.fromkeys(type(x.number).__name__ for x in inputs))
        if len(kinds) == 1:
            return RuleError(f"{given}: a rule of the row failed ({error}); expected one that takes {kinds[0]}.")
        return TypeError(f"{given}: {' and '.join(kinds)} do not mix exactly in Python; write all of them as one kind.")
    if isinstance(error, OverflowError | decimal.Overflow):
        return OverflowError(f"{given}: the result is too large; expected at most ±1.8e308. Scale the inputs.")
    by_zero = isinstance(error, ZeroDivisionError) or error.args == ([decimal.DivisionUndefined],)  # 0/0 of Decimals
    return (ZeroDivisionError if by_zero else ValueError)(f"{given}: no real result; expected {row.needs}.")
