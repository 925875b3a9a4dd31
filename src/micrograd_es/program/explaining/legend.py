"""What the signs mean that a lecture does not have, below the formulas of a program."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from micrograd_es.program.explaining.formulas import Name
from micrograd_es.program.explaining.lines import Line
from micrograd_es.program.explaining.notation import Style

# By the sign of a formula, in the order in which they are explained; with examples as columns the two words change
# places, and so do [A, B] and [A; B].
LEGEND: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "es": {
            "row": "fila",
            "column": "columna",
            "Patches": "parches(A): una {row} por posición de cada ejemplo, con las entradas que los pesos ven ahí.",
            "Padded patches": "parches(A, 0): una {row} por posición de cada ejemplo, con las entradas que los pesos"
            " ven ahí; fuera de A son 0.",
            "Table": "tabla(A): los números de cada ejemplo de A como una tabla, {row} tras {row}.",
            "Table rows": "{row}s i:j(A): de cada ejemplo, las {row}s i a j − 1 de A, contando desde 0.",
            "In each": "m veces: el producto se calcula ejemplo a ejemplo; una matriz de m·n {row}s tiene n en cada"
            " uno.",
            "Softmax": "softmax(A): en cada {row} de A, e^a de cada número entre la suma de los de su {row}.",
            "Hidden": "S + M: M se suma a la tabla de cada ejemplo.",
            "Of tables": "suma de las tablas de A: la de las tablas que los ejemplos tienen en A, número a número.",
            "Mask": "En M, i es la fila y j la columna.",
            "Flat": "aplanar(A): los números de cada ejemplo en una {row}, una {column} de A tras otra.",
            "Flat by position": "aplanar por posición(A): los números de cada ejemplo en una {row}, una {row} de A"
            " tras otra.",
            "Taken": "A[i:j] son las {column}s i a j − 1 de A, contando desde 0; {beside} las junta.",
            "Repeated": "En lo que va número a número, una {row} o {column} sola se repite hasta tener la forma de la"
            " otra matriz.",
            "Vec": "vec(A): las {column}s de A, una tras otra, en una sola {column}.",
            "Stacked": "{below} junta las {row}s de A y las de B.",
            "Part": "∂L/∂G[A]: lo que le toca a A, sumado en el lugar de A de donde salió.",
            "Missing": "{missing}: 0 donde no hay un peso.",
            "WhereThere": "1[A]: 1 donde A tiene un peso, y 0 donde no.",
            "Stretches": "Σₙ(A): la suma de cada n {column}s seguidas de A.",
            "Products": "prod A: en cada {row} de A, el producto de sus números.",
            "Spread": "A↑ₙ: cada {column} de A repetida n veces seguidas.",
            "Squares": "‖A‖²: la suma de los cuadrados de todos los números de A.",
            "Absolute values": "‖A‖₁: la suma de los valores absolutos de todos los números de A.",
            "Rounded": "De los números largos de una matriz se escriben seis cifras.",
            "Where": "where(A, B, C): número a número, el de B donde el de A es mayor que 0, y si no el de C.",
            "First": "1[A = B]: de varios que son iguales a B cuenta solo el primero.",
            "Slopes": "∂f(A): en cada {column} de A, la derivada de f respecto a esa {column}.",
        },
        "en": {
            "row": "row",
            "column": "column",
            "Patches": "patches(A): a {row} for each position of each example, with the inputs that the weights see"
            " there.",
            "Padded patches": "patches(A, 0): a {row} for each position of each example, with the inputs that the"
            " weights see there; outside of A they are 0.",
            "Table": "table(A): the numbers of each example of A as a table, {row} after {row}.",
            "Table rows": "{row}s i:j(A): of each example the {row}s i to j − 1 of A, counted from 0.",
            "In each": "m times: the product is computed example by example; a matrix of m·n {row}s has n for each of"
            " them.",
            "Softmax": "softmax(A): in each {row} of A, e^a of each number divided by the sum of those of its {row}.",
            "Hidden": "S + M: M is added to the table of each example.",
            "Of tables": "sum of the tables of A: that of the tables that the examples have in A, number by number.",
            "Mask": "In M, i is the row and j the column.",
            "Flat": "flatten(A): the numbers of each example in a {row}, one {column} of A after the other.",
            "Flat by position": "flatten by position(A): the numbers of each example in a {row}, one {row} of A after"
            " the other.",
            "Taken": "A[i:j]: the {column}s i to j − 1 of A, counted from 0; {beside} puts them together.",
            "Repeated": "Number by number, a single {row} or {column} is repeated to the shape of the other matrix.",
            "Vec": "vec(A): the {column}s of A, one after the other, in a single {column}.",
            "Stacked": "{below} puts the {row}s of A and those of B together.",
            "Part": "∂L/∂G[A]: what of it belongs to A, added up where in A it came from.",
            "Missing": "{missing}: 0 where there is no weight.",
            "WhereThere": "1[A]: 1 where A has a weight, and 0 where it has none.",
            "Stretches": "Σₙ(A): the sum of every n {column}s of A that follow each other.",
            "Products": "prod A: in each {row} of A the product of its numbers.",
            "Spread": "A↑ₙ: each {column} of A n times in a row.",
            "Squares": "‖A‖²: the sum of the squares of all numbers of A.",
            "Absolute values": "‖A‖₁: the sum of the absolute values of all numbers of A.",
            "Rounded": "Of the long numbers of a matrix six digits are written.",
            "Where": "where(A, B, C): number by number that of B where that of A is above 0, else that of C.",
            "First": "1[A = B]: of several that are equal to B only the first counts.",
            "Slopes": "∂f(A): in each {column} of A the derivative of f along that {column}.",
        },
    }
)


def legend(lines: Iterable[Line], style: Style, language: str) -> list[str]:
    """A sentence for each sign in the formulas of some lines."""
    parts = [part for line in lines for part in line.formula.all_parts()]
    signs = {sign for part in parts for sign in part.signs}
    named = dict.fromkeys([part.matrix for part in parts if isinstance(part, Name) and "Missing" in part.signs])
    words = LEGEND[language]
    row, column = (words["column"], words["row"]) if style.columns else (words["row"], words["column"])
    beside, below = ("[A; B]", "[A, B]") if style.columns else ("[A, B]", "[A; B]")
    told = {"row": row, "column": column, "beside": beside, "below": below}
    told["missing"] = ", ".join([matrix.written(style) for matrix in named])
    return [words[sign].format_map(told) for sign in words if sign in signs]
