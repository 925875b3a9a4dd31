"""The commands, their options and their help, and how a command line is read.

argparse reads the options, after this module has put them in front: so options and values may stand in any order, and
an expression may begin with a minus sign.
"""

from __future__ import annotations

import argparse
import difflib
import re
from collections.abc import Callable, Collection, Sequence
from typing import Any, NoReturn

from micrograd_es.cli.inputs import UsageError
from micrograd_es.cli.terminal import say
from micrograd_es.cli.training_options import (
    PREDICT_EXAMPLES,
    TRAIN_EXAMPLES,
    predict_options,
    train_options,
    whole_number,
)

THEMES = ("lecture", "print", "dark")
LANGUAGES = ("es", "en")
FIGURE_SUFFIXES = (".svg", ".pdf", ".png", ".dot")
FILM_SUFFIXES = (".pdf", ".html", ".gif", ".svg", ".png")
SHEET_SUFFIXES = (".pdf", ".html", ".svg", ".png", ".dot")

DESCRIPTION = "Draws what automatic differentiation does: every value above its wire, every gradient below it."

EXAMPLES = """\
examples:
  micrograd-es draw "(x + y) * z" x=-2 y=5 z=-4 -o xyz.svg
  micrograd-es frames "q = x + y; f = q * z" x=-2 y=5 z=-4 -o xyz.html
  micrograd-es worksheet "(x + y) * z" x=-2 y=5 z=-4 -o sheet.pdf --key key.pdf
  micrograd-es check "tanh(w*x + b)" w=0.5 x=2 b=-1
  micrograd-es train circle --layers 4,2
  micrograd-es predict build/train/model.json new.csv -o answers.csv
  micrograd-es demo --output build/demo

micrograd-es COMMAND --help says more about each. The exit status is 0 where all went well, 1 where something failed
or a check found a wrong gradient, and 2 where the command line was not understood.
"""

WORDS = """\
the expression:
  Numbers, names, + - * / ** ( ) and functions (exp, log, tanh, sigmoid, relu, max, sqrt …), also as a lecture writes
  it: × · − ÷ ² √. Put it in quotes: the shell reads * ( ) and ; otherwise. A ; ends a step that has a name:
  "q = x + y; f = q * z". With - in its place it is read from standard input.

the values:
  NAME=NUMBER, without blanks, for every name: x=-2, y=0.5, z=1e-3, w=1/3. Fractions stay exact; decimals have a point.
"""

DRAW_EXAMPLES = """\
examples:
  micrograd-es draw "(x + y) * z" x=-2 y=5 z=-4 -o xyz.svg
  micrograd-es draw "1 / (1 + exp(-w*x))" w=2 x=-1 -o neuron.pdf -o neuron.png --local --language en
  micrograd-es draw "-x**2" x=3 > square.svg
"""

FRAMES_EXAMPLES = """\
examples:
  micrograd-es frames "(x + y) * z" x=-2 y=5 z=-4 -o xyz.html
  micrograd-es frames "q = x + y; f = q * z" x=-2 y=5 z=-4 -o xyz.pdf --theme dark
  micrograd-es frames "sigmoid(w*x)" w=2 x=-1 -o steps.png --unroll w     (steps-01.png, steps-02.png …)
"""

WORKSHEET_EXAMPLES = """\
The sheet and its key are written together: both, or none.

examples:
  micrograd-es worksheet "(x + y) * z" x=-2 y=5 z=-4 -o sheet.pdf --key key.pdf
  micrograd-es worksheet "q = x + y; f = q * z" x=-2 y=5 z=-4 -o sheet.pdf --ask q --ask x --title "Unit 3"
  micrograd-es worksheet "1 / (1 + exp(-w*x))" w=2 x=-1 -o sheet.png --ask values --decimals 3 --language en
"""

CHECK_EXAMPLES = """\
The gradient of every input, computed backward (reverse mode), forward (forward mode) and by central differences, side
by side, with the largest disagreement between two of them, relative to the larger of 1 and the gradient. The local
gradients of every operation are checked by central differences, too. The exit status is 1 where they disagree.

examples:
  micrograd-es check "(x + y) * z" x=-2 y=5 z=-4
  micrograd-es check "x / y" x=1/3 y=3 --language en
"""

DEMO_EXAMPLES = """\
examples:
  micrograd-es demo                          all topics, in build/demo; open build/demo/index.html
  micrograd-es demo --list
  micrograd-es demo a2_expression --language en --output slides
"""


class Parser(argparse.ArgumentParser):
    """An argument parser whose errors are exceptions, so that they are shown where all errors are."""

    def error(self, message: str) -> NoReturn:
        raise UsageError(f"{message}. See {self.prog} --help")

    def print_help(self, file: Any = None) -> None:
        say(self.format_help(), end="")


class CommandLine:
    """The parsers of the program: one for itself, one for each command."""

    def __init__(self) -> None:
        self.program = Parser(
            prog="micrograd-es",
            description=DESCRIPTION,
            epilog=EXAMPLES,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        self.program.add_argument("--version", action="store_true", help="show the version and exit")
        self._group = self.program.add_subparsers(title="commands", metavar="COMMAND", parser_class=Parser)
        self.commands: dict[str, Parser] = {}
        self._add("draw", "a figure of an expression, with every value and gradient", WORDS, DRAW_EXAMPLES, _draw)
        self._add("frames", "the same figure built up step by step", WORDS, FRAMES_EXAMPLES, _frames)
        about = "an exercise on paper, with blanks to fill in, and its answer key"
        self._add("worksheet", about, WORDS, WORKSHEET_EXAMPLES, _worksheet)
        self._add("check", "the gradients by three methods, side by side", WORDS, CHECK_EXAMPLES, _check)
        self._add("train", "a network that learns from data", "", TRAIN_EXAMPLES, train_options)
        self._add("predict", "a trained network's answers for a table", "", PREDICT_EXAMPLES, predict_options)
        self._add("demo", "the figure sets of the lectures", "", DEMO_EXAMPLES, _demo)

    def _add(self, name: str, about: str, words: str, examples: str, fill: Callable[[Parser], None]) -> None:
        self.commands[name] = parser = self._group.add_parser(
            name,
            help=about,
            description=f"{about[0].upper()}{about[1:]}.",
            epilog="\n".join(filter(None, (words, examples))),
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )
        fill(parser)

    def read(self, argv: Sequence[str]) -> tuple[str, argparse.Namespace]:
        """The command, "" for the program itself, and what it was given. Raises UsageError, and SystemExit for help."""
        if argv and argv[0] in self.commands:
            command, parser = argv[0], self.commands[argv[0]]
            return command, parser.parse_args(_in_order(parser, argv[1:]))
        if argv and not argv[0].startswith("-"):
            raise UsageError(_unknown("command", argv[0], list(self.commands)))
        return "", self.program.parse_args(argv)


def _in_order(parser: Parser, argv: Sequence[str]) -> list[str]:
    """The words with the options in front and the rest, whatever it begins with, behind a --."""
    known = {flag: action for action in parser._actions for flag in action.option_strings}
    options: list[str] = []
    rest: list[str] = []
    words = iter(argv)
    for word in words:
        flag = word.partition("=")[0]
        if word == "--":
            rest += words
        elif not _is_option(word):
            rest.append(word)
        elif word.startswith("--") and flag not in known:
            raise UsageError(_unknown("option", flag, [name for name in known if name.startswith("--")]))
        elif word in known and known[word].nargs != 0:
            options.append(f"{known[word].option_strings[-1]}={_value(word, next(words, None), known)}")
        else:
            options.append(word)
    return [*options, *(["--", *rest] if rest else [])]


def _is_option(word: str) -> bool:
    """Whether a word is an option and no expression; both can begin with a minus sign.

    >>> [_is_option(word) for word in ("-o", "-of.svg", "--depth=2", "-x", "-o*2", "--2", "-")]
    [True, True, True, False, False, False, False]
    """
    return bool(re.fullmatch(r"-[oh]|-o.*\.[A-Za-z]\w*|--[A-Za-z][-A-Za-z0-9]+(=.*)?", word, re.DOTALL))


def _value(flag: str, word: str | None, known: Collection[str]) -> str:
    """What follows an option that takes a value."""
    if word is None or word in known:
        raise UsageError(f"nothing follows {flag}, and it takes a value.")
    return word


def _unknown(what: str, given: str, known: Sequence[str]) -> str:
    close = difflib.get_close_matches(given, known, n=1)
    advice = f"Did you mean {close[0]}?" if close else f"There are {', '.join(known)}."
    return f"there is no {what} {given!r}. {advice}"


# The options ---------------------------------------------------------------------------------------------------------


def _mathematics(parser: Parser) -> None:
    parser.add_argument(
        "expression", metavar="EXPRESSION", help='such as "(x + y) * z"; - reads it from standard input'
    )
    parser.add_argument("values", metavar="NAME=NUMBER", nargs="*", help="a value for each name")


def _language(parser: Parser, what: str) -> None:
    parser.add_argument("--language", choices=LANGUAGES, default="es", help=f"of {what} (default: es)")


def _exact(parser: Parser) -> None:
    parser.add_argument("--exact", action="store_true", help="compute with fractions: 0.1 is 1/10")


def _level(text: str) -> int | str:
    """How deep the blocks are, or the name of one."""
    return int(text) if text.isdecimal() else text


def _draw(parser: Parser) -> None:
    _mathematics(parser)
    output = f"the file to write; its ending says how: {' '.join(FIGURE_SUFFIXES)}. Several -o write several files. "
    without = "Without -o the SVG goes to standard output, if that is a file or a pipe"
    parser.add_argument("-o", "--output", metavar="FILE", action="append", default=[], help=output + without)
    _look(parser)


def _frames(parser: Parser) -> None:
    _mathematics(parser)
    output = (
        "the file to write; its ending says how: .pdf (a page for each frame), .html (a page to click through), .gif,"
        " .svg and .png (numbered files). Several -o write several files"
    )
    parser.add_argument("-o", "--output", metavar="FILE", action="append", default=[], help=output)
    unroll = "spell out the derivative with respect to this input, one factor of the chain rule at a time"
    parser.add_argument("--unroll", metavar="NAME", help=unroll)
    _look(parser)


def _worksheet(parser: Parser) -> None:
    _mathematics(parser)
    output = (
        "the file to write; its ending says how: .pdf (A4, to be printed), .html (a page of pictures), .svg, .png,"
        " .dot. Several -o write several files"
    )
    parser.add_argument("-o", "--output", metavar="FILE", action="append", default=[], help=output)
    key = "the same for the answer key: the answers in the blanks, and the worked steps"
    parser.add_argument("--key", metavar="FILE", action="append", default=[], help=key)
    ask = "what is asked for: all (default), values, gradients, or a name; several --ask ask for several"
    parser.add_argument("--ask", metavar="WHAT", action="append", help=ask)
    parser.add_argument("--task", metavar="TEXT", help="what is to be done, in your own words")
    _scalar_look(parser, "print", "the heading")


def _look(parser: Parser) -> None:
    """The options of `draw`, as flags."""
    shown = _scalar_look(parser, "lecture", "for screen readers and the browser")
    shown.add_argument("--symbols", action="store_true", help="names and derivatives in place of numbers")
    shown.add_argument("--level", metavar="N", type=_level, help="draw the named steps as blocks: 1, or a step's name")
    shown.add_argument("--layout", choices=("column", "row"), default="column", help="how a block's gradients stand")


def _scalar_look(parser: Parser, theme: str, title: str) -> Any:
    """The options of a graph of gates; the result is the group of those that say what is shown."""
    _exact(parser)
    shown = parser.add_argument_group("what is shown")
    shown.add_argument("--roles", action="store_true", help="what each gate does to the gradient")
    shown.add_argument("--local", action="store_true", help="the local gradient of every edge")
    shown.add_argument("--no-gradients", action="store_true", help="the forward pass only")
    shown.add_argument("--constants", choices=("fold", "nodes"), default="fold", help="in their gates, or as nodes")
    shown.add_argument("--fold", metavar="NAME", action="append", help="draw this named step as one gate; several fit")
    shown.add_argument(
        "--depth", metavar="N", type=whole_number(), help="fold the steps nested deeper than this (0: all)"
    )
    style = parser.add_argument_group("how")
    style.add_argument("--direction", choices=("LR", "TB"), default="LR", help="left to right, or top to bottom")
    figures = style.add_mutually_exclusive_group()
    figures.add_argument("--decimals", metavar="N", type=whole_number(), help="places after the point (default: 2)")
    figures.add_argument("--digits", metavar="N", type=whole_number(), help="significant digits")
    style.add_argument("--comma", action="store_true", help="write decimals with a comma")
    style.add_argument("--theme", choices=THEMES, default=theme, help=f"the colours (default: {theme})")
    _language(parser, "the figure")
    style.add_argument("--title", metavar="TEXT", help=title)
    return shown


def _check(parser: Parser) -> None:
    _mathematics(parser)
    tolerance = "the disagreement that is still none, relative to the larger of 1 and the gradient (default: 1e-6)"
    parser.add_argument("--tolerance", metavar="NUMBER", type=_positive, default=1e-6, help=tolerance)
    _exact(parser)
    _language(parser, "the table")


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0
    if not 0 < number < float("inf"):
        raise argparse.ArgumentTypeError(f"{text!r} is no number above 0, such as 1e-6")
    return number


def _demo(parser: Parser) -> None:
    parser.add_argument("topics", metavar="TOPIC", nargs="*", help="what to make (default: all), or its beginning: a2")
    parser.add_argument("--output", metavar="FOLDER", default="build/demo", help="where to (default: build/demo)")
    _language(parser, "the figures")
    parser.add_argument("--list", action="store_true", help="show the topics and exit")
