"""micrograd_es, recorded once and replayed: what a training loop calls, in NumPy or compiled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

import micrograd_es as es
from bench.irregular import INPUTS, Irregular
from bench.peers import Job
from bench.scalars import layers, parameters, scores
from bench.works import Network
from micrograd_es import Value, log_sum_exp, record, relu
from micrograd_es.ops import OPS


class ValueMaths:
    """The public functions, by the names that the rows of the table call them by."""

    exp, log, tanh, sin, cos, sqrt = map(staticmethod, (es.exp, es.log, es.tanh, es.sin, es.cos, es.sqrt))
    sigmoid, softplus, relu, where = map(staticmethod, (es.sigmoid, es.softplus, es.relu, es.where))
    sum, prod, log_sum_exp, abs = map(staticmethod, (es.sum, es.prod, es.log_sum_exp, abs))
    max, min = staticmethod(lambda xs: es.maximum(*xs)), staticmethod(lambda xs: es.minimum(*xs))
    power = staticmethod(lambda x, y: x**y)


class Loss(NamedTuple):
    """What is recorded: a function, an example, and the parameters in the order in which peers are compared.

    The parameters are `named` to `record` where the function may not use all of them.
    """

    function: Callable[..., Value]
    example: list[Any]
    parameters: list[Value]
    named: bool = False


def loss(work: Network) -> Loss:
    """The loss of one example."""
    network = layers(Value, work)
    found = parameters(network)

    def hinge(x: list[Value], y: Value) -> Value:
        loss = relu(1 - y * scores(network, x, relu)[0])
        return loss + work.decay * es.sum([p * p for p in found]) if work.decay else loss

    def softmax(x: list[Value], y: list[Value]) -> Value:
        made = scores(network, x, relu)
        return log_sum_exp(made) - es.sum([t * s for t, s in zip(y, made, strict=True)])

    xs, ys = work.data()
    example = (xs[0], ys[0]) if work.batch else (xs, ys)
    return Loss(hinge if work.loss == "hinge" else softmax, [e.tolist() for e in example], found)


def expression(work: Irregular) -> Loss:
    """W6's expression."""
    weights = [Value(p) for p in work.parameters]
    own = {name: getattr(es, name) for name, row in OPS.items() if row.arity == 1 and hasattr(es, name)}

    def fn(x: list[Value]) -> Value:
        return work.evaluated(ValueMaths, x, weights, own)

    _ = work.nodes  # written now, and not when it is first called
    return Loss(fn, [[0.5] * INPUTS], weights, named=True)


def recorded(made: Loss, fast: bool = False) -> tuple[es.Program, list[Value]]:
    """The program of a loss, and its parameters in the order in which peers are compared."""
    parameters = made.parameters if made.named else None
    return record(made.function, *made.example, parameters=parameters, fast=fast), made.parameters


def network(work: Network, fast: bool = False) -> Job:
    """W2 to W5."""
    program, found = recorded(loss(work), fast)
    place = {value: i for i, value in enumerate(program.values)}
    order = np.array([place[value] for value in found])
    start = program.parameters.copy()
    xs, ys = work.data()
    gradients = np.empty_like(start)

    def train(rate: float) -> float:
        loss, _ = program.value_and_grad(xs, ys, out=gradients)
        np.multiply(gradients, rate, gradients)
        np.subtract(program.parameters, gradients, program.parameters)
        return loss

    def one(rate: float) -> float:
        loss, _ = program.value_and_grad(xs, ys, out=gradients)
        return loss

    return Job(train, lambda: (program.parameters - start)[order]) if work.batch else Job(one, lambda: gradients[order])


def irregular(work: Irregular, fast: bool = False) -> Job:
    """W6."""
    program, weights = recorded(expression(work), fast)
    place = {value: i for i, value in enumerate(program.values)}
    order = np.array([place[value] for value in weights])
    gradients = np.empty(len(weights))

    def step(rate: float) -> float:
        value, _ = program.value_and_grad(work.inputs, out=gradients)
        return value

    return Job(step, lambda: gradients[order])
