"""The first thing anyone tries."""

from micrograd_es import Value


def test_the_lecture_example_has_the_numbers_of_the_lecture() -> None:
    x, y, z = Value(-2, "x"), Value(5, "y"), Value(-4, "z")
    f = (x + y) * z
    f.backward()
    assert (f.data, x.grad, y.grad, z.grad) == (-12, -4, -4, 3)
