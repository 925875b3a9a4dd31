"""Functions put together at random from what networks are made of: layers, tables, kernels, recurrences, losses.

What is found in programs is found by passes that each look for one thing; here they meet.
"""

from __future__ import annotations

import builtins
import functools
import operator
import random
from collections.abc import Callable, Sequence
from typing import Any

import micrograd_es as es
from micrograd_es import Value

Vector = list[Any]
Table = list[Vector]

ACTIVATIONS: tuple[Callable[[Any], Any], ...] = (
    es.tanh, es.sigmoid, es.relu, es.sin, es.cos, es.softplus, abs, lambda v: v * v / 3, lambda v: 1 / (1 + v * v),
    lambda v: es.exp(-es.softplus(v)), lambda v: es.log(1 + v * v), lambda v: es.sqrt(v * v + 0.5), lambda v: v / 3,
    lambda v: es.maximum(v, 0.1 * v), lambda v: 0.5 * v * (1 + es.tanh(0.8 * v)), lambda v: -v,
    lambda v: es.where(v - 0.3, v, es.sin(v)), lambda v: (1.5 + es.tanh(v)) ** 1.5,
)  # fmt: skip
PAIRS: tuple[Callable[[Any, Any], Any], ...] = (
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (1 + b * b), es.maximum, es.minimum,
    lambda a, b: 0.5 * a + 0.5 * b, lambda a, b: es.where(a - b, a, 0.5 * b), lambda a, b: a - 0.2 * a * b,
)  # fmt: skip


def from_the_right(terms: Sequence[Any]) -> Any:
    total = terms[-1]
    for term in terms[-2::-1]:
        total = term + total
    return total


def halves(terms: Sequence[Any]) -> Any:
    half = len(terms) // 2
    return halves(terms[:half]) + halves(terms[half:]) if half else terms[0]


SUMS: tuple[Callable[[Sequence[Any]], Any], ...] = (es.sum, builtins.sum, from_the_right, halves)


class Made:
    """A function of `inputs` numbers that is the same whenever it is called; `fn` gives one Value, or several."""

    def __init__(self, seed: int, inputs: int = 6, size: int = 12) -> None:
        self.seed, self.inputs, self.size = seed, inputs, size
        self._weights: list[Value] = []
        self._numbers = random.Random(f"weights {seed}")
        self.fn([Value(0.1 * i) for i in range(inputs)])  # makes the weights, which have to be there before

    def fn(self, x: list[Value]) -> Any:
        """Put the function together: every choice is that of the seed."""
        self.random, self._used = random.Random(self.seed), 0
        self.pool: list[Vector] = [list(x), list(x[: self.inputs // 2])]
        self.penalties: list[Any] = []
        pieces = (
            self.layer, self.layer, self.elementwise, self.elementwise, self.pair, self.pair, self.reordered,
            self.attention, self.product, self.kernel, self.recurrence, self.scaled, self.reduced, self.softmax,
            self.running, self.normalised, self.made_weights, self.residual, self.ragged, self.gated, self.image,
            self.neighbours, self.mixed, self.log_sums, self.pairs_of_all, self.sorted, self.positions, self.distances,
            self.forms, self.butterfly, self.tied, self.path, self.solved,
        )  # fmt: skip
        favourites = self.random.sample(pieces, self.random.randint(2, len(pieces)))
        for _ in range(self.size):
            made = self.random.choice(favourites)()
            if made:
                self.pool.append([es.tanh(v) for v in made] if self.random.random() < 0.3 else made)
        return self.results()

    def results(self) -> Any:
        """What is given back: a loss, perhaps with a penalty, or some numbers."""
        total = es.sum([es.sin(v) for made in self.pool[2:] for v in made] or self.pool[0])
        if self.random.random() < 0.3:
            return [total, *self.picked()[:3]]
        return total + 0.01 * es.sum(self.penalties) if self.penalties else total

    # What pieces are made of

    def weights(self, *shape: int) -> Any:
        if shape:
            return [self.weights(*shape[1:]) for _ in range(shape[0])]
        if self._used == len(self._weights):
            self._weights.append(Value(self._numbers.uniform(-1, 1)))
        self._used += 1
        return self._weights[self._used - 1]

    def picked(self) -> Vector:
        """One of the newer vectors, more often than not."""
        return self.random.choice(self.random.choice((self.pool, self.pool[-3:])))

    def total(self, terms: Sequence[Any]) -> Any:
        return self.random.choice(SUMS)(terms)

    def table(self, width: int) -> Table:
        """Some vectors in rows of that width."""
        x = self.picked() + self.picked()
        x = [x[i % len(x)] for i in range(width * self.random.randint(1, 4))]
        return [x[i : i + width] for i in range(0, len(x), width)]

    def dense(self, w: Table, x: Vector, bias: Vector | None = None) -> Vector:
        """A layer; its neurons add up in one order, or each in its own."""
        order, apart = list(range(len(x))), self.random.random() < 0.2
        add, turned = self.random.choice(SUMS), self.random.random() < 0.5
        found = []
        for k, row in enumerate(w):
            if apart:
                self.random.shuffle(order)
            terms = [x[i] * row[i] if turned else row[i] * x[i] for i in order]
            if bias and bias[k] is not None:
                terms.insert(self.random.choice((0, len(terms))), bias[k])
            found.append(add(terms))
        return found

    # Pieces

    def layer(self) -> Vector:
        x = self.picked()
        n = self.random.randint(1, 6)
        bias = [b if self.random.random() < 0.9 else None for b in self.weights(n)]
        w = self.weights(n, len(x))
        if self.random.random() < 0.3:
            self.penalties += [p * p for row in w for p in row]
        return self.dense(w, x, self.random.choice((None, bias)))

    def residual(self) -> Vector:
        x = self.picked()
        made = self.dense(self.weights(len(x), len(x)), x)
        return [v + es.tanh(m) for v, m in zip(x, made, strict=True)]

    def ragged(self) -> Vector:
        """Sums of some of the inputs each."""
        x = self.picked()
        rows = [self.random.sample(range(len(x)), self.random.randint(1, len(x))) for _ in range(4)]
        return [self.total([self.weights() * x[i] for i in row]) for row in rows]

    def elementwise(self) -> Vector:
        f = self.random.choice(ACTIVATIONS)
        return [f(v) for v in self.picked()]

    def pair(self) -> Vector:
        x, y, f = self.picked(), self.picked(), self.random.choice(PAIRS)
        return [f(a, y[i % len(y)]) for i, a in enumerate(x)]

    def reordered(self) -> Vector:
        x = self.picked() + self.picked()
        return self.random.sample(x, self.random.randint(1, min(8, len(x))))

    def attention(self) -> Vector:
        d = self.random.randint(1, 3)
        x, r = self.table(d), self.random.random()
        q, k, v = ([self.dense(w, row) for row in x] for w in self.weights(3, d, d))
        found: Vector = []
        for i, row in enumerate(q):
            seen = i + 1 if r < 0.3 else len(x)
            shares = es.softmax([es.dot(row, other) / 1.5 for other in k[:seen]])
            found += [self.total([p * other[j] for p, other in zip(shares, v, strict=False)]) for j in range(d)]
        return found[:8]

    def product(self) -> Vector:
        d = self.random.randint(1, 3)
        left, right = self.table(d), self.table(d)
        return [es.tanh(es.dot(a, b)) for a in left for b in right][:9]

    def kernel(self) -> Vector:
        x, n = self.picked(), self.random.randint(1, 3)
        count, padded = self.random.randint(1, 2), self.random.random() < 0.4
        w, step = self.weights(count, n), self.random.randint(1, 2)
        if padded:
            x = [0.0, *x, 0.0]
        starts = range(0, max(len(x) - n, 0) + 1, step)
        return [self.total([p * v for p, v in zip(row, x[i:], strict=False)]) for row in w for i in starts]

    def recurrence(self) -> Vector:
        """A cell over the numbers of a vector, often many times; sometimes a loss of every state."""
        x, n = self.picked(), self.random.randint(1, 3)
        u, w, b = self.weights(n, n), self.weights(n), self.weights(n)
        leak, f = self.random.choice((0, 0, 0.3)), self.random.choice((es.tanh, es.sigmoid, es.sin))
        h: Vector = self.random.choice(([0.0] * n, self.weights(n)))
        states: Vector = []
        for t in range(self.random.choice((2, 3, 5, 9, 18))):
            z = [self.total([*row, w[i] * x[t % len(x)], b[i]]) for i, row in enumerate(_products(u, h))]
            h = [leak * old + (1 - leak) * f(v) if leak else f(v) for old, v in zip(h, z, strict=True)]
            states.append(h[0])
        return self.random.choice((h, states, [(s - 0.1 * i) ** 2 for i, s in enumerate(states)]))[-8:]

    def scaled(self) -> Vector:
        """Rows and columns of a table, scaled in turns."""
        x, y = self.picked()[:3], self.picked()[:3]
        k = [[es.exp(-((a - b) ** 2)) + 0.1 for b in y] for a in x]
        v: Vector = [1.0] * len(y)
        u: Vector = []
        for _ in range(self.random.choice((1, 2, 6, 14))):
            u = [1 / self.total([p * q for p, q in zip(row, v, strict=True)]) for row in k]
            v = [1 / self.total([row[j] * q for row, q in zip(k, u, strict=True)]) for j in range(len(y))]
        return [es.tanh(p) for p in (*u, *v)]

    def reduced(self) -> Vector:
        x = self.picked()
        how = self.random.choice(("sum", "mean", "max", "log Σ", "min", "prod", "norm"))
        if how == "prod":
            return [es.prod([es.tanh(v) + 1.1 for v in x])]
        if how == "norm":
            return [es.sqrt(0.1 + self.total([v * v for v in x]))]
        if how in ("max", "min"):
            return [(es.maximum if how == "max" else es.minimum)(*x, 0.05)]
        return [es.log_sum_exp(x)] if how == "log Σ" else [self.total(x) / (len(x) if how == "mean" else 2)]

    def softmax(self) -> Vector:
        x = self.picked()
        return self.random.choice((es.softmax, es.log_softmax))(x)

    def running(self) -> Vector:
        """The sums of the first terms, or their largest so far."""
        x, f = self.picked(), self.random.choice((lambda a, b: a + b, es.maximum, lambda a, b: 0.9 * a + b))
        found = [x[0]]
        for v in x[1:]:
            found.append(f(found[-1], v))
        return [es.tanh(v) for v in found]

    def normalised(self) -> Vector:
        x = self.picked()
        mean = self.total(x) / len(x)
        spread = es.sqrt(self.total([(v - mean) ** 2 for v in x]) / len(x) + 0.1)
        return [(v - mean) / spread for v in x]

    def made_weights(self) -> Vector:
        """A layer whose weights are computed from parameters."""
        x, n = self.picked(), self.random.randint(1, 3)
        how = self.random.choice(("product", "positive", "norm", "symmetric"))
        if how == "product":
            a, b = self.weights(n, 2), self.weights(2, len(x))
            w = [[es.dot(row, column) for column in zip(*b, strict=True)] for row in a]
        elif how == "symmetric":
            a = self.weights(len(x), len(x))
            w = [[a[min(i, j)][max(i, j)] for j in range(len(x))] for i in range(len(x))]
        else:
            w = self.weights(n, len(x))
            if how == "positive":
                w = [[es.softplus(p) for p in row] for row in w]
            else:
                w = [[p / es.sqrt(0.1 + es.sum([q * q for q in row])) for p in row] for row in w]
        return self.dense(w, x)

    def gated(self) -> Vector:
        """A cell with gates, as an LSTM has them; the same weights at every step."""
        x, n = self.picked(), self.random.randint(1, 2)
        w, b = self.weights(4, n, n + 1), self.weights(4, n)
        h: Vector = [0.0] * n
        c: Vector = [0.0] * n
        for t in range(self.random.choice((1, 2, 4, 7))):
            read = [*h, x[t % len(x)]] if t else [x[0]]
            gates = [
                [
                    self.total([*_products([row[-len(read) :]], read)[0], bias])
                    for row, bias in zip(part, of, strict=True)
                ]
                for part, of in zip(w, b, strict=True)
            ]
            forget, write, show, new = gates
            c = [
                es.sigmoid(f) * old + es.sigmoid(i) * es.tanh(g)
                for f, old, i, g in zip(forget, c, write, new, strict=True)
            ]
            h = [es.sigmoid(o) * es.tanh(v) for o, v in zip(show, c, strict=True)]
        return h

    def image(self) -> Vector:
        """A kernel over two dimensions, perhaps with the largest of neighbours after it."""
        x, k = self.table(self.random.randint(2, 4)), self.weights(2, 2)
        if len(x) < 2:
            return []
        found = [
            [self.total([k[a][b] * x[i + a][j + b] for a in range(2) for b in range(2)]) for j in range(len(x[0]) - 1)]
            for i in range(len(x) - 1)
        ]
        if self.random.random() < 0.4:
            return [es.maximum(*row) if len(row) > 1 else row[0] for row in found]
        return [v for row in found for v in row]

    def neighbours(self) -> Vector:
        """What the neighbours in a graph send, added up, through a layer of one weight and one for itself."""
        x, w, own = self.picked(), self.weights(), self.weights()
        found = []
        for i, v in enumerate(x):
            others = [x[j] for j in range(len(x)) if j != i and self.random.random() < 0.4]
            found.append(es.tanh(own * v + w * self.total(others)) if others else own * v)
        return found

    def mixed(self) -> Vector:
        """The rows of a table, each a sum of some of them times constants, or of all of them times weights."""
        x = self.table(self.random.randint(1, 3))
        count, how = len(x), self.random.choice(("graph", "mean", "learned"))
        there = [[i == j or self.random.random() < 0.4 for j in range(count)] for i in range(count)]
        symmetric = [[there[min(i, j)][max(i, j)] for j in range(count)] for i in range(count)]
        degree = [builtins.sum(row) for row in symmetric]
        a: Table = self.weights(self.random.randint(1, 4), count)
        if how != "learned":
            power = 0.5 if how == "graph" else 0
            a = [
                [1 / (degree[i] ** (1 - power) * degree[j] ** power) if symmetric[i][j] else 0 for j in range(count)]
                for i in range(count)
            ]
        bias = self.weights(len(x[0])) if self.random.random() < 0.4 else None
        found = []
        for row in a:
            for j in range(len(x[0])):
                terms = [p * other[j] for p, other in zip(row, x, strict=True) if isinstance(p, Value) or p]
                found.append(self.total([*terms, bias[j]] if bias else terms))
        return found[:10]

    def log_sums(self) -> Vector:
        """log Σ eˣ of groups of several sizes."""
        x = self.picked()
        return [es.log_sum_exp(self.random.choices(x, k=self.random.randint(1, 5))) for _ in range(4)]

    def pairs_of_all(self) -> Vector:
        """Σ vᵢ·vⱼ·xᵢ·xⱼ, as a factorisation machine has it."""
        x, n = self.picked()[:5], self.random.randint(1, 2)
        v = self.weights(len(x), n)
        terms = [es.dot(v[i], v[j]) * x[i] * x[j] for i in range(len(x)) for j in range(i)]
        return [self.total(terms)] if terms else []

    def sorted(self) -> Vector:
        """Neighbours put in order by min and max."""
        x = list(self.picked()[:6])
        for start in (0, 1, 0):
            for i in range(start, len(x) - 1, 2):
                x[i], x[i + 1] = es.minimum(x[i], x[i + 1]), es.maximum(x[i], x[i + 1])
        return x

    def positions(self) -> Vector:
        """One small network at every position of a table."""
        x = self.table(self.random.randint(1, 3))
        w, u, b = self.weights(2, len(x[0])), self.weights(2), self.weights(2)
        f = self.random.choice(ACTIVATIONS)
        return [es.dot(u, [f(v) for v in self.dense(w, row, b)]) for row in x]

    def distances(self) -> Vector:
        """How near the rows of a table are to some points."""
        x = self.table(self.random.randint(1, 3))
        points, width = self.weights(2, len(x[0])), es.exp(self.weights())
        near = [[es.sum([(a - b) ** 2 for a, b in zip(row, point, strict=True)]) for point in points] for row in x]
        return [es.exp(-d * width) for row in near for d in row]

    def forms(self) -> Vector:
        """Forms of three vectors, whose few weights stand in several terms, as they are and times others."""
        x, y, z = self.picked()[:3], self.picked()[:3], self.picked()[:2]
        w = self.weights(self.random.randint(2, 5))
        terms = []
        for a, b in [(a, b) for a in x for b in y]:
            factors = [a, b, *self.random.sample(w, self.random.randint(1, 2)), self.random.choice((*z, 2))]
            self.random.shuffle(factors)
            terms.append(functools.reduce(operator.mul, factors))
        return [self.total(terms), self.total([w[0] * w[1] * v for v in x])]

    def butterfly(self) -> Vector:
        """One small layer on pairs of numbers, and on pairs of what that gives."""
        x, w = [self.random.choice(self.picked()) for _ in range(4)], self.weights(2, 2)
        first = [self.dense(w, pair) for pair in (x[:2], x[2:])]
        return [v for pair in zip(*first, strict=True) for v in self.dense(w, list(pair))]

    def tied(self) -> Vector:
        """A layer and back through its weights; what is lost on the way is a penalty."""
        x = self.picked()[:6]
        w = self.weights(2, len(x))
        h = [es.tanh(v) for v in self.dense(w, x)]
        y = self.dense([list(column) for column in zip(*w, strict=True)], h)
        self.penalties += [(a - b) ** 2 for a, b in zip(x, y, strict=True)]
        return y

    def path(self) -> Vector:
        """The best way through a grid, or all of them together, as an edit distance has it."""
        x, y, gap, soft = self.picked()[:3], self.picked()[:3], self.weights(), self.random.random() < 0.7
        above: Vector = [j * gap for j in range(len(y) + 1)]
        for i, a in enumerate(x, 1):
            row = [i * gap]
            for j, b in enumerate(y):
                ways = above[j] + (a - b) ** 2, above[j + 1] + gap, row[j] + 1.01 * gap
                row.append(-es.log_sum_exp([-v for v in ways]) if soft else es.minimum(*ways))
            above = row
        return [above[-1]]

    def solved(self) -> Vector:
        """Two linear equations, by elimination."""
        (a, b, p), (c, d, q) = ([self.random.choice(self.picked()) for _ in range(3)] for _ in range(2))
        a, d, b, c = 2 + a * a, 2 + d * d, es.tanh(b), es.tanh(c)
        y = (q - c / a * p) / (d - c / a * b)
        return [(p - b * y) / a, y]


def _products(w: Table, x: Vector) -> Table:
    """The products in the rows of a layer; what is multiplied by the number 0 is left out."""
    return [[p * v for p, v in zip(row, x, strict=True) if isinstance(v, Value) or v] for row in w]
