"""The options of `train` and `predict`, and their help."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from micrograd_es.cli.inputs import DECIMAL_COMMA

if TYPE_CHECKING:
    from micrograd_es.cli.arguments import Parser

NOISE = "its noise: 0 to 50, as in the Playground; of moons 0 to 1"
TRAIN_EXAMPLES = """\
the data:
  circle, xor, gaussian, spiral, regression-plane, regression-gaussian (the sets of the Playground), moons, yin-yang,
  iris and digits (they need the extra datasets), or a CSV file: its last column, or --target, is what to learn.

what is written, all of it in one folder:
  model.json, which predict reads; history.csv; run.json, from which --resume goes on; and, with the extra plots,
  loss.svg, network.svg and, where the data are points in the plane, map.svg.

examples:
  micrograd-es train circle
  micrograd-es train spiral --features "x1,x2,sin(x1),sin(x2)" --layers 8,8 --optimizer adam --rate 0.01
  micrograd-es train digits --layers 32 --activation relu --optimizer adam --rate 0.003 --epochs 30 --batch 32
  micrograd-es train notes.csv --target grade --layers 6 --standardise --output build/notes
"""

PREDICT_EXAMPLES = """\
The table has to have the columns that the network was trained on, by their names; others are kept. The result is the
table, written as it was, with a column more for the class, or the number, and one for each output.

examples:
  micrograd-es predict build/train/model.json new.csv -o answers.csv
  micrograd-es predict build/train/model.json new.csv > answers.csv
"""


def train_options(parser: Parser) -> None:
    """The options of `train`."""
    parser.add_argument("data", metavar="DATA", help="the name of a data set, or a .csv file")
    data = parser.add_argument_group("data")
    whole, share, rate = whole_number(1), _number("a share between 0 and 1", 1e-9, 1), _number("a number from 0 on", 0)
    data.add_argument("--target", metavar="COLUMN", help="what to learn from a CSV file (default: its last column)")
    data.add_argument("--points", metavar="N", type=whole_number(2), help="how many points a made data set has")
    data.add_argument("--noise", metavar="NUMBER", type=_number("a number from 0 on", 0), help=NOISE)
    kinds = ("classification", "regression")
    data.add_argument("--kind", choices=kinds, help="what a CSV file is (default: what its targets look like)")
    _reading_options(data)
    data.add_argument("--features", metavar="LIST", default="", help="of x1,x2,x1^2,x2^2,x1*x2,sin(x1),sin(x2)")
    data.add_argument("--standardise", action="store_true", help="bring the inputs to mean 0 and deviation 1")
    data.add_argument("--share", metavar="NUMBER", type=share, default=0.5, help="to train on (default: 0.5)")
    network = parser.add_argument_group("network")
    network.add_argument("--layers", metavar="LIST", default="4,2", help="hidden neurons by layer (default: 4,2)")
    network.add_argument("--activation", metavar="LIST", default="tanh", help="one, or one a layer (default: tanh)")
    network.add_argument(
        "--dropout",
        metavar="P",
        type=_number("a probability from 0 to below 1", 0, 1),
        default=0.0,
        help="(default: 0)",
    )
    network.add_argument("--init", metavar="NAME", help="how weights begin: xavier_uniform, he_normal, 0.5 …")
    learning = parser.add_argument_group("learning")
    learning.add_argument("--loss", metavar="NAME", help="(default: what suits the data)")
    learning.add_argument("--optimizer", metavar="NAME", default="sgd", help="sgd, momentum, adam … (default: sgd)")
    learning.add_argument("--rate", metavar="NUMBER", type=rate, default=0.03, help="(default: 0.03)")
    learning.add_argument("--epochs", metavar="N", type=whole, default=300, help="(default: 300)")
    learning.add_argument("--batch", metavar="N", type=whole, default=10, help="examples in a batch (default: 10)")
    penalty = learning.add_mutually_exclusive_group()
    penalty.add_argument("--l1", metavar="RATE", type=rate, default=0.0, help="add RATE·Σ|w| over the weights")
    penalty.add_argument("--l2", metavar="RATE", type=rate, default=0.0, help="add RATE·½Σw² over the weights")
    learning.add_argument("--patience", metavar="N", type=whole, help="stop after N epochs without a smaller test loss")
    learning.add_argument(
        "--seed", metavar="N", type=whole_number(0), default=0, help="of data, weights and batches (default: 0)"
    )
    learning.add_argument("--runner", choices=("numpy", "fast", "eager"), default="numpy", help="(default: numpy)")
    output = parser.add_argument_group("output")
    output.add_argument("--output", metavar="FOLDER", default="build/train", help="where to (default: build/train)")
    output.add_argument("--resume", action="store_true", help="go on from the run.json that is there")
    output.add_argument("--language", choices=("es", "en"), default="es", help="of the figures (default: es)")


def predict_options(parser: Parser) -> None:
    """The options of `predict`."""
    parser.add_argument("model", metavar="MODEL", help="the model.json that train wrote")
    parser.add_argument("table", metavar="TABLE", help="a CSV file with the columns that it was trained on")
    _reading_options(parser)
    parser.add_argument("-o", "--output", metavar="FILE", help="the CSV file to write (default: standard output)")
    parser.add_argument("--language", choices=("es", "en"), default="es", help="of the new columns (default: es)")


def _reading_options(parser: argparse._ActionsContainer) -> None:
    """How a CSV file is read, where it is not found out."""
    parser.add_argument("--delimiter", metavar="SIGN", help="between the cells of a CSV file: , or ; or a tab")
    parser.add_argument("--decimal", choices=(".", ","), help="its decimal sign")
    parser.add_argument("--encoding", metavar="NAME", help="of its letters, such as latin-1 (default: utf-8)")


def reading(given: argparse.Namespace) -> dict[str, Any]:
    """The options of `read_table` that were given."""
    named = {name: getattr(given, name) for name in ("delimiter", "decimal", "encoding")}
    return {name: text for name, text in named.items() if text is not None}


def whole_number(least: int | None = None) -> Callable[[str], int]:
    """The reader of an option that is a whole number; without `least`, what it may be is for others to say."""
    expected = "no whole number" if least is None else f"no whole number from {least} on"

    def read(text: str) -> int:
        digits = text.strip() if least is not None else text.strip().removeprefix("-")
        if not digits.isdecimal() or (least is not None and int(text) < least):
            raise argparse.ArgumentTypeError(f"{text!r} is {expected}")
        return int(text)

    return read


def _with_point(text: str) -> str:
    """What to write for a number with a decimal comma."""
    plain = text.strip()
    return f": decimals have a point, {plain.replace(',', '.')}" if DECIMAL_COMMA.fullmatch(plain) else ""


def _number(expected: str, least: float, below: float = float("inf")) -> Callable[[str], float]:
    """The reader of an option that is a number."""

    def read(text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}{_with_point(text)}") from None
        if not least <= number < below:
            raise argparse.ArgumentTypeError(f"{text!r} is not {expected}")
        return number

    return read


def numbers(text: str, flag: str) -> list[int]:
    """The whole numbers of a list such as 4,2; an empty one is no hidden layer."""
    try:
        found = [int(part) for part in text.split(",") if part.strip()]
    except ValueError:
        found = [0]
    if any(number < 1 for number in found):
        raise argparse.ArgumentTypeError(f"{flag} is {text!r}; expected numbers from 1 on, such as 4,2")
    return found
