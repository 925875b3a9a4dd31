"""The instructions that send gradients back: those of every tile, and those before and after all tiles."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import chain

from micrograd_es.ops import ADD, SAME, Op
from micrograd_es.program.blocks import Affine, Elementwise, Inner, Plan, Rows, Space, Total, Wanted, is_run
from micrograd_es.program.compiled import products, rows, single, tiles
from micrograd_es.program.compiled.forward import Forward, Line, Tables, filled
from micrograd_es.program.compiled.places import (
    VARYING,
    Spread,
    begins,
    by_group,
    in_tables,
    is_stretch,
    per_group,
    shape,
)
from micrograd_es.program.lists import each_of, in_lines


class Backward:
    """The instructions `before` the tiles, of every tile (`tiles`), and `after` them.

    Gradients of shared numbers are added up over the tiles, so they start at 0. A varying row's gradient is written by
    the first that has something to send there and added to by the others; `touched` are those that have been written.
    """

    def __init__(self, plan: Plan, forward: Forward, output: Rows, wanted: Wanted, seed: int) -> None:
        self.places, self.book, self.way = forward.places, forward.book, forward
        self.reserve: Callable[[int], int] = forward.reserve
        self.nowhere = forward.reserve(1)  # the place of a number that nobody reads
        self.touched = bytearray(plan.sizes[VARYING])
        self.wanted_varying, self.wanted_shared = self.touched[:], bytearray(plan.sizes[Space.SHARED])
        for space, numbers in wanted.items():
            marks = self.wanted_varying if space is VARYING else self.wanted_shared
            for row in numbers:
                marks[row] = 1
        self.late: list[int] = []
        self.after: list[int] = []
        self.before = self._cleared(plan)
        self.tiles = self._seed(output, seed)
        for block, known in zip(reversed(plan.blocks), reversed(forward.known), strict=True):
            if not self.is_wanted(block.out):
                continue
            steps = self.tiles if block.out.space is VARYING else self.after
            if isinstance(block, Elementwise):
                assert known is not None
                if isinstance(known, Spread):
                    steps += self._operation(block.op, block.inputs, known)
                else:
                    steps += self._one(block, *known)
            elif isinstance(block, Affine):
                steps += self._affine(block)
            elif isinstance(block, Inner):
                steps += self._inner(block)
            else:
                steps += self._total(block)
        self.after = [*self.late, *self.after]

    def _cleared(self, plan: Plan) -> list[int]:
        """Sets shared gradients to 0; of a table of which little is read what is read, number by number."""
        steps: list[int] = []
        origin, first = self.places.shared + self.places.shared_gap, 0
        kernel = self.book.number(rows.forward, SAME, "v", True)
        for block in plan.blocks:
            if isinstance(block, Inner) and block.out.space is Space.SHARED and block.is_sparse:
                steps += self.book.step(tiles.clear, origin + first, block.out.numbers[0] - first)
                read = [origin + row for row in block.out.numbers if row not in block.unread]
                steps += filled(kernel, (len(read), 1), [read, [self.way.zero] * len(read)])
                first = block.out.numbers[-1] + 1
        return steps + self.book.step(tiles.clear, origin + first, plan.sizes[Space.SHARED] - first)

    def _one(self, block: Elementwise, modes: str, places: list[int]) -> list[int]:
        """An operation on one row, backward: `_operation`, made fast, since an irregular graph has many."""
        varying = block.out.space is VARYING
        gap, shared_gap, touched = self.places.gap, self.places.shared_gap, self.touched
        sent, found = [], ""
        for mode, place, rows_read in zip(modes, places[1:], block.inputs, strict=True):
            row = rows_read.numbers[0]
            if mode == "s" and not self.wanted_shared[row]:
                mode = "c"
            elif mode == "s":
                sent.append(place + shared_gap)
            elif varying:
                sent.append(2 * (place + gap) + 1 - touched[row])
                touched[row] = 1
            else:
                sent.append(2 * (place + shared_gap))
            found += mode
        upstream = places[0] + (gap if varying else shared_gap)
        numbers = [1, self.places.length_of(block.out.space), places[0], upstream, *places[1:], *sent]
        kernel = self.book.number(rows.backward, block.op, found, self.places.is_ragged(block.out.space))
        return [kernel, 2 + len(numbers), *numbers]

    def is_wanted(self, rows: Rows) -> bool:
        """Whether a gradient is asked for in some of the rows."""
        wanted = self.wanted_varying if rows.space is VARYING else self.wanted_shared
        numbers = rows.numbers
        return wanted[numbers[0]] == 1 if len(numbers) == 1 else any(wanted[row] for row in numbers)

    def _seed(self, output: Rows, seed: int) -> list[int]:
        """The gradient of the output, which the way back starts from."""
        place = self.places.gradients(output)[0]
        if output.space is Space.SHARED:
            self.before += filled(self.book.number(rows.forward, SAME, "v", True), (1, 1), [[place], [seed]])
            return []
        self.touched[output.numbers[0]] = 1
        return self.book.step(tiles.seed, place, self.places.tile, seed)

    def _targets(self, places: Sequence[int], numbers: Sequence[int]) -> list[int]:
        """Varying rows as targets, in the order in which they are written."""
        touched, found = self.touched, []
        for place, row in zip(places, numbers, strict=True):
            found.append(2 * place + 1 - touched[row])
            touched[row] = 1
        return found

    def _operation(self, op: Op, inputs: Sequence[Rows], spread: Spread) -> list[int]:
        """A row of the table on many rows, backward."""
        pairs = zip(spread.modes, inputs, strict=True)
        modes = "".join(["c" if mode == "s" and not self.is_wanted(one) else mode for mode, one in pairs])
        gap = self.places.gap_of(spread.space)
        sent = self._sent(modes, inputs, spread)
        count, length = spread.row
        if spread.long and any(len({x & 1 for x in column}) > 1 for column in self._rows_of(modes, sent)):
            count, length = len(spread.columns[0]), spread.length  # some rows are written before and some are not
        columns = [spread.columns[0], [place + gap for place in spread.columns[0]], *spread.columns[1:], *sent]
        return filled(self.book.number(rows.backward, op, modes, spread.ragged), (count, length), columns)

    def _rows_of(self, modes: str, sent: Sequence[list[int]]) -> list[list[int]]:
        """Of what is sent the targets that are rows."""
        return [column for mode, column in zip(modes.replace("c", ""), sent, strict=True) if mode == "v"]

    def _sent(self, modes: str, inputs: Sequence[Rows], spread: Spread) -> list[list[int]]:
        """Where contributions go, by input: targets of rows ("v"), places of single numbers ("s")."""
        gradients = {i: self.places.gradients(inputs[i]) for i, mode in enumerate(modes) if mode != "c"}
        asked = [i for i in gradients if modes[i] == "v"]
        if spread.space is Space.SHARED:
            return [[2 * place for place in c] if i in asked else c for i, c in gradients.items()]
        order = _in_turn([inputs[i].numbers for i in asked])
        found = self._targets(_in_turn([gradients[i] for i in asked]), order)
        gradients.update((i, found[place :: len(asked)]) for place, i in enumerate(asked))
        return list(gradients.values())

    def _affine(self, block: Affine) -> list[int]:
        """What is sent to weights, inputs, and what is added; a bias gets its sums where the weights get theirs."""
        places = self.places
        upstream = by_group(block, places.gradients(block.out))
        steps: list[int] = []
        bare: Sequence[Rows] = block.bare
        if self.is_wanted(block.weights):
            bias = [self.nowhere] * block.kernels
            if begins(block) and len(block.bare[0]) == block.kernels and self._are_all_wanted(block.bare[0]):
                bare, bias = (), places.gradients(block.bare[0])
            steps += self._to_weights(block, upstream, bias)
        if self.is_wanted(block.inputs):
            steps += self._to_inputs(block, upstream)
        for one in bare:
            if self.is_wanted(one):
                one = block.spread(one)
                steps += self._operation(SAME, (one,), places.spread(block.out, (one,)))
        return steps

    def _are_all_wanted(self, rows: Rows) -> bool:
        return all(self.wanted_shared[row] for row in rows.numbers)

    def _to_weights(self, block: Affine, upstream: Sequence[int], bias: Sequence[int]) -> list[int]:
        """The sums over a tile and all positions, gathered where the weights are apart, and the biases' beside them."""
        groups, rows_each, terms = shape(block)
        places, count = self.places, len(block.weights)
        gradients = places.gradients(block.weights)
        place = gradients[0]
        if not is_run(block.weights):
            place = self.reserve(count)
            self.before += self.book.step(tiles.clear, place, count)
            there = [i for i, row in enumerate(block.weights.numbers) if row != block.absent]
            pairs = [number for i in there for number in (place + i, gradients[i])]
            self.late += self.book.step(tiles.scatter, len(there), *pairs)
        sizes, sums = (groups // block.positions, block.positions, rows_each, terms), (*bias, *upstream)
        if places.is_single:
            return self.book.step(single.to_weights, *sizes, place, *sums, *self.way.lines[block.out])
        read = by_group(block, places.values(block.inputs))
        return self.book.step(products.products, *sizes, places.tile, place, *sums, *read)

    def _to_inputs(self, block: Affine, upstream: Sequence[int]) -> list[int]:
        """The products that are sent to inputs: written where these are, or apart, and added later."""
        groups, rows_each, terms = shape(block)
        tile, numbers = self.places.tile, by_group(block, block.inputs.numbers)
        gradients = by_group(block, self.places.gradients(block.inputs))
        if block.absent is None and self._are_written_at_once(numbers, terms):
            out, later = self._targets(gradients, numbers), []
        else:  # they go apart and are added later
            place = self.reserve(len(numbers) * tile)
            apart = range(place, place + len(numbers) * tile, tile)
            out, later = [2 * x + 1 for x in apart], self._added(apart, self._targets(gradients, numbers), tile)
            first = self.way.weights[block.weights]
            lines = [(first + k, terms, rows) for k, rows in enumerate(block.there(by_term=True))]
            if lines:
                later = [*self.way.again([(x, self.way.zero) for x in apart], lines, upstream), *later]
        weights = self.way.weights[block.weights], per_group(block)
        if self.places.is_single:
            firsts = out[::terms]
            return [*self.book.step(single.to_inputs, groups, rows_each, terms, *weights, *firsts, *upstream), *later]
        pairs = [number for target in out for number in (target, self.way.zero)]
        sizes = (groups, terms, rows_each, tile, *weights, 1, terms)
        return [*self.book.step(products.product, *sizes, *pairs, *upstream), *later]

    def _are_written_at_once(self, numbers: Sequence[int], terms: int) -> bool:
        """Whether a product can write the gradients of those inputs where they are, some terms of a group at a time.

        None of a group may stand twice. Those of one example have to stand together, and all be written or added to.
        """
        if self.places.is_single:
            return is_run(Rows(VARYING, tuple(numbers))) and len({self.touched[row] for row in numbers}) == 1
        return all(len(set(line)) == terms for line in in_lines(numbers, terms))

    def _added(self, origin: Sequence[int], targets: Sequence[int], length: int) -> list[int]:
        """Sends rows to targets, one after the other: a target may stand twice."""
        kernel = self.book.number(rows.backward, SAME, "v", length == 1)
        return filled(kernel, (len(origin), length), [origin, origin, origin, targets])

    def _inner(self, block: Inner) -> list[int]:
        """To each of two tables the products of the gradient and the other table."""
        (out, of_out), left, right = block.shaped()
        upstream, steps = self.places.gradients(out), []
        for (table, of), (other, of_other), turned in ((left, right, False), (right, left, True)):
            if not self.is_wanted(table):
                continue
            read = in_tables(upstream, of_out, turned), in_tables(self.places.values(other), of_other, True)
            if block.unread:
                steps += self._by_line(table, of, block.read_in(by_column=turned), *read)
            else:
                count = block.rows if turned else block.columns
                steps += self.way.inner(out.space, count, in_tables(self._into(table), of), *read)
        return steps

    def _by_line(
        self, rows: Rows, of: tuple[int, int, int], there: Sequence[tuple[int, int, list[int]]], up: Tables, by: Tables
    ) -> list[int]:
        """The products of the gradient and a table for each row of the other table, of what is read of it.

        The lines stand in the order in which they run, as a row may be written by one of them and added to by others.
        """
        _, terms, width = of
        numbers = in_tables(rows.numbers, of)
        there = sorted(there, key=lambda line: len(line[2]))
        written = Rows(rows.space, tuple([x for g, line, _ in there for x in numbers[g][line::width]]))
        lines: list[Line] = []
        for into, (g, line, read) in zip(in_lines(self._into(written), terms), there, strict=True):
            table = [x for k in read for x in by[g][k * terms : (k + 1) * terms]]
            lines.append((into, [up[g][k * width + line] for k in read], table))
        return self.way.by_line(rows.space, lines)

    def _into(self, rows: Rows) -> list[int]:
        """The gradients of rows as targets."""
        places = self.places.gradients(rows)
        return self._targets(places, rows.numbers) if rows.space is VARYING else [2 * place for place in places]

    def _total(self, block: Total) -> list[int]:
        """The gradient of a sum is sent to each of its terms."""
        places = self.places
        if is_stretch(block):
            terms, out = places.gradients(block.terms)[0], places.gradients(block.out)[0]
            return filled(
                self.book.number(rows.forward, ADD, "vs", True), (1, len(block.terms)), [[terms], [terms], [out]]
            )
        upstream = Rows(block.out.space, each_of(block.out.numbers, block.each))
        return self._operation(SAME, (block.terms,), places.spread(upstream, (block.terms,)))


def _in_turn(columns: Sequence[Sequence[int]]) -> list[int]:
    """The first of each, then the second of each, and so on."""
    return list(columns[0]) if len(columns) == 1 else list(chain.from_iterable(zip(*columns, strict=True)))
