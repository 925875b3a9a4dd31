"""B3. The lego blocks: what each computes, and its backward rule, with numbers from the scalar graph."""

from collections.abc import Mapping
from typing import Any

from micrograd_es import Figure, Value, blocks, draw, scope
from micrograd_es.figures.caption import Caption, Part
from micrograd_es.rules import RULES, Rule

TITLE = {"es": "B3 · Bloques de lego", "en": "B3 · Lego blocks"}
ABOUT = {
    "es": "Lo que calcula cada bloque y lo que hace con el gradiente que llega.",
    "en": "What each block computes, and what it does to the gradient that arrives.",
}

# What goes into each block, by its symbols; the loss is 2·y1 − y2 … of what comes out.
EXAMPLES: Mapping[str, tuple[Any, ...]] = {
    "linear": ([2.0, -1.0, 0.5], [[1.0, 0.5, -1.0], [-0.5, 1.0, 2.0]], [0.5, 1.0]),
    "relu": ([1.5, -2.0, 0.5],),
    "softmax": ([1.0, 0.0, -1.0],),
    "cross-entropy": ([0.5, 0.25, 0.25], [0.0, 1.0, 0.0]),
    "softmax cross-entropy": ([1.0, 0.0, -1.0], [0.0, 1.0, 0.0]),
    "hadamard": ([1.0, -2.0, 3.0], [0.5, 2.0, -1.0]),
    "squared error": ([1.0, 2.0, 0.5], [0.0, 2.5, 0.5]),
}
UPSTREAM = (2.0, -1.0, 0.5)


def example(rule: Rule) -> Value:
    """The block on its example, and a loss behind it whose gradient is UPSTREAM; a block that is a loss is one."""
    inputs = [blocks.named(symbol, xs) for symbol, xs in zip(rule.inputs, EXAMPLES[rule.name], strict=True)]
    output = rule.build(*inputs)
    if isinstance(output, Value):
        output.label = rule.output
        return output
    blocks.named(rule.output, output)
    with scope("⋯"):  # the rest of the graph, up to the loss
        loss = sum(u * y for u, y in zip(UPSTREAM, output, strict=False))
    loss.label = "L"
    return loss


def said(rule: Rule, language: str) -> Caption:
    """What stands under a block: what it computes, then the rule of each input, as a formula and in words."""
    shapes = ",  ".join(f"{symbol}: {shape}" for symbol, shape in rule.shapes.items())
    lines: list[tuple[Part, ...]] = [(Part(f"{_plain(rule.forward)}    ", "value"), Part(shapes, "muted"))]
    for back in rule.backward:
        alone = len(rule.backward) == 1
        formula = Part(_plain(back.formula("row")) + ("" if alone else "    "), "gradient")
        words = Part(back.words[language], "muted")
        lines += [(formula,), (words,)] if alone else [(formula, words)]
    return Caption(tuple(lines))


def _plain(formula: str) -> str:
    """e^{…} as exp(…), which keeps the index inside readable."""
    return formula.replace("e^{", "exp(").replace("}", ")")


def pictures(language: str) -> dict[str, Figure]:
    made = {}
    for name in EXAMPLES:
        rule = RULES[name]
        title = rule.title[language][:1].upper() + rule.title[language][1:]
        file = f"b3_{name.replace(' ', '_').replace('-', '_')}"
        caption = said(rule, language)
        made[file] = draw(example(rule), level=1, layout="row", caption=caption, language=language, title=title)
    return made


if __name__ == "__main__":
    for name, picture in pictures("es").items():
        print(picture.save(f"{name}.pdf"))
