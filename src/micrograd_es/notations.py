"""How a formula is written: as Python source, as a line of text or as LaTeX, with the parentheses that it needs."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from micrograd_es.symbols import Symbol

SUM, NEGATIVE, PRODUCT, SIGN, POWER, ATOM = range(1, 7)  # how tightly a form binds


class RowName(str):
    """The name of a row whose rule is no formula; it is a name also where a form is called the same."""

    __slots__ = ()


# How each form is written: a template over the written parts, how tightly the result binds, and how tightly each part
# must bind to need no parentheses.
_Form = tuple[str, int, tuple[int, ...]]

SOURCE: dict[str, _Form] = {
    "+": ("{} + {}", SUM, (SUM, PRODUCT)),
    "-": ("{} - {}", SUM, (SUM, PRODUCT)),
    "*": ("{} * {}", PRODUCT, (PRODUCT, SIGN)),
    "/": ("{} / {}", PRODUCT, (PRODUCT, SIGN)),
    "**": ("{} ** {}", POWER, (ATOM, ATOM)),
    "neg": ("-{}", SIGN, (SIGN,)),
    "relu": ("{0} if {0} > 0 else 0.0", 0, (ATOM,)),
    "step": ("1.0 if {} > 0 else 0.0", 0, (ATOM,)),
    "is": ("1 if {} == {} else 0", 0, (ATOM, ATOM)),
    "is not": ("0 if {} == {} else 1", 0, (ATOM, ATOM)),
}
FLOATS = SOURCE | {  # the same of floats, as NumPy has it: what NaN is compared with is NaN
    "relu": ("{0} if {0} > 0 else 0.0 if {0} <= 0 else nan", 0, (ATOM,)),
    "step": ("1.0 if {0} > 0 else 0.0 if {0} <= 0 else nan", 0, (ATOM,)),
    "sign": ("1.0 if {0} > 0 else -1.0 if {0} < 0 else {0}", 0, (ATOM,)),
    "max": ("{0} if {0} >= {1} else {1} if {0} < {1} else nan", 0, (ATOM, ATOM)),
    "min": ("{0} if {0} <= {1} else {1} if {0} > {1} else nan", 0, (ATOM, ATOM)),
    "where": ("{1} if {0} > 0 else {2} if {0} <= 0 else nan", 0, (ATOM, ATOM, ATOM)),
    "**": ("power({}, {})", ATOM, (0, 0)),
}
TEXT: dict[str, _Form] = {
    "+": ("{} + {}", SUM, (SUM, PRODUCT)),
    "-": ("{} − {}", SUM, (SUM, PRODUCT)),
    "*": ("{}·{}", PRODUCT, (NEGATIVE, POWER)),
    "⊙": ("{} ⊙ {}", PRODUCT, (NEGATIVE, POWER)),
    "/": ("{}/{}", PRODUCT, (NEGATIVE, POWER)),
    "**": ("{}^{}", POWER, (ATOM, ATOM)),
    "squared": ("{}²", POWER, (ATOM,)),
    "cubed": ("{}³", POWER, (ATOM,)),
    "neg": ("−{}", NEGATIVE, (PRODUCT,)),
    "exp": ("e^{}", POWER, (ATOM,)),
    "sqrt": ("√{}", POWER, (ATOM,)),
    "abs": ("|{}|", ATOM, (0,)),
    "sigmoid": ("σ({})", ATOM, (0,)),
    "step": ("1[{} > 0]", ATOM, (0,)),
    "is": ("1[{} = {}]", ATOM, (0, 0)),
    "is not": ("1[{} ≠ {}]", ATOM, (0, 0)),
    **{sign: (f"1[{{}} {sign} {{}}]", ATOM, (0, 0)) for sign in "<>≤≥"},
}
LATEX: dict[str, _Form] = {
    "+": ("{} + {}", SUM, (SUM, PRODUCT)),
    "-": ("{} - {}", SUM, (SUM, PRODUCT)),
    "*": (r"{} \cdot {}", PRODUCT, (NEGATIVE, POWER)),
    "⊙": (r"{} \odot {}", PRODUCT, (NEGATIVE, POWER)),
    "/": (r"\frac{{{}}}{{{}}}", ATOM, (0, 0)),
    "**": ("{}^{{{}}}", POWER, (ATOM, 0)),
    "squared": ("{}^{{2}}", POWER, (ATOM,)),
    "cubed": ("{}^{{3}}", POWER, (ATOM,)),
    "neg": ("-{}", NEGATIVE, (PRODUCT,)),
    "exp": ("e^{{{}}}", POWER, (0,)),
    "sqrt": (r"\sqrt{{{}}}", ATOM, (0,)),
    "abs": (r"\left|{}\right|", ATOM, (0,)),
    "sigmoid": (r"\sigma({})", ATOM, (0,)),
    "relu": (r"\operatorname{{relu}}({})", ATOM, (0,)),
    "softplus": (r"\operatorname{{softplus}}({})", ATOM, (0,)),
    "step": (r"\mathbf{{1}}[{} > 0]", ATOM, (0,)),
    "sign": (r"\operatorname{{sign}}({})", ATOM, (0,)),
    "is": (r"\mathbf{{1}}[{} = {}]", ATOM, (0, 0)),
    "is not": (r"\mathbf{{1}}[{} \neq {}]", ATOM, (0, 0)),
    "<": (r"\mathbf{{1}}[{} < {}]", ATOM, (0, 0)),
    ">": (r"\mathbf{{1}}[{} > {}]", ATOM, (0, 0)),
    "≤": (r"\mathbf{{1}}[{} \leq {}]", ATOM, (0, 0)),
    "≥": (r"\mathbf{{1}}[{} \geq {}]", ATOM, (0, 0)),
} | {name: (rf"\{name}({{}})", ATOM, (0,)) for name in ("log", "tanh", "sin", "cos")}
RAISED = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")  # digits and signs as those of an exponent
_SCIENTIFIC = re.compile(r"^(-?)([\d.]+)e([+-]\d+)$")
_SLOPE = re.compile("(∂?)([₀-₉]*)(.*)")
_MARKED = str.maketrans(
    {"\\": r"{\backslash}", "^": r"{\wedge}", "~": r"{\sim}", " ": r"\ "} | {sign: "\\" + sign for sign in "_%&#${}"}
)
_DIGITS = str.maketrans("₀₁₂₃₄₅₆₇₈₉", "0123456789")


def written(formula: Symbol, forms: Mapping[str, _Form], names: Mapping[str, str] | None = None) -> str:
    """The formula in one notation, SOURCE, FLOATS, TEXT or LATEX, with `names` put in for its names."""
    return _bound(formula, forms, names or {})[0]


def _bound(formula: Symbol, forms: Mapping[str, _Form], names: Mapping[str, str]) -> tuple[str, int]:
    """The formula in one notation, and how tightly what was written binds."""
    if not formula.parts:
        return _atom(formula.form, forms, names)
    form, parts = _shortened(formula) if not _is_code(forms) else (str(formula.form), formula.parts)
    known = None if isinstance(formula.form, RowName) else forms.get(form)
    template, binding, needed = known or (_call(form, len(parts), forms is LATEX), ATOM, ())
    needed = needed or (0,) * len(parts)
    written = [_enclosed(part, need, forms, names) for part, need in zip(parts, needed, strict=True)]
    return template.format(*written), binding


def _is_code(forms: Mapping[str, _Form]) -> bool:
    """Whether a notation is Python's."""
    return forms is SOURCE or forms is FLOATS


def _call(name: str, inputs: int, latex: bool) -> str:
    """The template of a function that has no notation of its own; ∂₂f is the slope of f along its second input."""
    if latex:
        slope, digits, rest = _SLOPE.findall(name)[0]
        place = f"_{{{digits.translate(_DIGITS)}}}" if digits else ""
        name = (rf"\partial{place} " if slope else "") + latex_name(rest)
    return f"{name.replace('{', '{{').replace('}', '}}')}({', '.join(['{}'] * inputs)})"


def latex_name(name: str) -> str:
    """The name of a function, which may be any text, as LaTeX.

    >>> print(latex_name("my_relu"))
    \\operatorname{my\\_relu}
    """
    return rf"\operatorname{{{name.translate(_MARKED)}}}"


def _shortened(formula: Symbol) -> tuple[str, tuple[Symbol, ...]]:
    """x·x and x**2 are written as a square, x**3 as a cube."""
    form, parts = formula.form, formula.parts
    if form == "*" and not parts[0].parts and parts[0].form == parts[1].form and not parts[1].parts:
        return "squared", parts[:1]
    if form == "**" and parts[1].form in (2, 3) and not parts[1].parts:
        return "squared" if parts[1].form == 2 else "cubed", parts[:1]
    return str(form), parts


def _enclosed(part: Symbol, need: int, forms: Mapping[str, _Form], names: Mapping[str, str]) -> str:
    text, binding = _bound(part, forms, names)
    return text if binding >= need else f"({text})"


def _atom(form: object, forms: Mapping[str, _Form], names: Mapping[str, str]) -> tuple[str, int]:
    """A name or a number; a negative number binds so that 3·(−4) gets its parentheses and −3·4 none."""
    if isinstance(form, str):
        text = names.get(form, form)
    else:
        text = repr(form) if _is_code(forms) else str(form)
        if not _is_code(forms) and (written := in_powers(text, forms is LATEX)) != text:
            return written, NEGATIVE if text[0] == "-" else PRODUCT
        text = text.replace("-", "−") if forms is TEXT else text
    put_in = not isinstance(form, str) or form in names
    if put_in and any(sign in text for sign in "/·+ "):
        return text, 0
    return text, NEGATIVE if text[:1] in ("-", "−") else ATOM


def in_powers(number: str, latex: bool) -> str:
    """What Python shows of a number with a power of ten, as LaTeX, where 1e-05 would be e times 1 less 5, or as text.

    >>> print(in_powers("1e-05", True), in_powers("-2.5e+20", True), in_powers("0.1", True))
    10^{-5} -2.5 \\cdot 10^{20} 0.1
    >>> print(in_powers("1e-05", False), in_powers("-2.5e+20", False))
    10⁻⁵ −2.5·10²⁰
    """
    return _SCIENTIFIC.sub(lambda found: _power_of_ten(found[1], found[2], int(found[3]), latex), number)


def _power_of_ten(sign: str, digits: str, exponent: int, latex: bool) -> str:
    power, times = rf"10^{{{exponent}}}", r" \cdot "
    if not latex:
        sign, power, times = sign.replace("-", "−"), f"10{str(exponent).translate(RAISED)}", "·"
    return sign + (power if digits == "1" else f"{digits}{times}{power}")
