"""Functions of sums put together at random: what is written as one sum, or as many, may be parts of others."""

from __future__ import annotations

import random
from typing import Any

import micrograd_es as es
from micrograd_es import Value
from random_programs import SUMS, Vector

CONSTANTS = (1.0, -1.0, 0.5, 2.0, 0.25, 3.0, 1 / 3, 0.0, -0.5)


class Summed:
    """A function of sums: of sums, of what others add too, of one term, of quotients, negatives and differences.

    Their factors are constants, or parameters, or both; `fn` gives one Value.
    """

    def __init__(self, seed: int, inputs: int = 4) -> None:
        self.seed, self.inputs = seed, inputs
        numbers = random.Random(f"factors {seed}")
        self.parameters = [Value(numbers.uniform(-1, 1)) for _ in range(numbers.randint(1, 6))]
        self.learned, self.size = numbers.choice((0.0, 0.0, 0.5, 1.0)), numbers.randint(5, 60)

    def fn(self, x: list[Value]) -> Value:
        """Put the function together: every choice is that of the seed."""
        self.random, self.pool = random.Random(self.seed), list[Any](x)
        pieces = self.summed, self.summed, self.summed, self.term, self.rows, self.shared, self.alone, self.difference
        for _ in range(self.size):
            self.pool += self.random.choice(pieces)()
        last = self.pool[-self.random.randint(2, 6) :]
        return es.sum([self.random.choice((lambda v: v * v, lambda v: es.sin(v), lambda v: v))(v) for v in last])

    def picked(self) -> Any:
        """One of the newer numbers, more often than not."""
        return self.random.choice(self.random.choice((self.pool, self.pool[-8:])))

    def factor(self) -> Any:
        """A constant, or something of parameters."""
        if self.random.random() >= self.learned:
            return self.random.choice(CONSTANTS)
        p, q, c = (
            self.random.choice(self.parameters),
            self.random.choice(self.parameters),
            self.random.choice(CONSTANTS),
        )
        return self.random.choice((p, p, -p, p * q, p * c, p + q))

    def term(self) -> Vector:
        v, c = self.picked(), self.factor()
        how = self.random.randrange(8)
        if how < 4:
            return [c * v if how < 2 else v * c]
        if how == 4:
            return [v / self.random.choice((2.0, 4.0, 3.0, -2.0))]
        return [(v, -v, c * (self.factor() * v))[how - 5]]

    def terms(self, least: int, most: int) -> Vector:
        return [v for _ in range(self.random.randint(least, most)) for v in self.term()]

    def summed(self) -> Vector:
        terms = self.terms(1, 5)
        if self.random.random() < 0.7:
            return [self.random.choice(SUMS)(terms)]
        total = terms[0]
        for v in terms[1:]:
            total = total - v if self.random.random() < 0.4 else total + v
        return [total]

    def rows(self) -> Vector:
        """A layer, of constants perhaps."""
        x = [self.picked() for _ in range(self.random.randint(2, 4))]
        return [es.sum([self.factor() * v for v in x]) for _ in x]

    def shared(self) -> Vector:
        """A sum in several others."""
        part = es.sum([self.factor() * self.picked() for _ in range(self.random.randint(1, 3))])
        return [es.sum([self.factor() * part, *self.terms(0, 2)]) for _ in range(self.random.randint(1, 3))]

    def alone(self) -> Vector:
        return [es.sum([self.picked()])]

    def difference(self) -> Vector:
        return [self.factor() * self.picked() - self.factor() * self.picked()]
