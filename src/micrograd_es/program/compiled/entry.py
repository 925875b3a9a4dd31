"""How Python calls a compiled program: as a function of ctypes, or, where it is brief, as one of Python's own.

A call by ctypes takes about as long as a small network on one example, and ten times as long as a call of a function
that was written for Python in C. So a kernel is such a function: it is given a capsule with the addresses of what to
run, as Python's C interface has it (all of it of its stable part).
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from ctypes import CFUNCTYPE, POINTER, Structure, byref, c_char_p, c_int, c_void_p, py_object, pythonapi
from functools import cache, partial
from typing import Any

import numpy as np

from micrograd_es.program.compiled.machine import loaded

_FAST = 128  # METH_FASTCALL
_NOTHING = np.full(1, np.nan)
_LOCK = threading.Lock()

_TEXT = """\
declare ptr @PyCapsule_GetPointer(ptr, ptr)
declare ptr @PyFloat_FromDouble(double)
declare void @Py_IncRef(ptr)

define ptr @"kernel"(ptr %capsule, ptr %arguments, i64 %count) {
  %told = call ptr @PyCapsule_GetPointer(ptr %capsule, ptr null)
  %second = getelementptr ptr, ptr %told, i64 1
  %third = getelementptr ptr, ptr %told, i64 2
  %fourth = getelementptr ptr, ptr %told, i64 3
  %fifth = getelementptr ptr, ptr %told, i64 4
  %run = load ptr, ptr %told
  %base = load ptr, ptr %second
  %program = load ptr, ptr %third
  %none = load ptr, ptr %fourth
  %start = ptrtoint ptr %arguments to i64
  call void %run(ptr %base, ptr %program, i64 %start, i64 %count)
  %answer = load ptr, ptr %fifth
  %value = load double, ptr %answer
  %is_number = fcmp ord double %value, %value
  br i1 %is_number, label %number, label %nothing
number:
  %found = call ptr @PyFloat_FromDouble(double %value)
  ret ptr %found
nothing:
  call void @Py_IncRef(ptr %none)
  ret ptr %none
}
"""


class _Method(Structure):
    """PyMethodDef."""

    _fields_ = (("name", c_char_p), ("function", c_void_p), ("flags", c_int), ("doc", c_char_p))


def called(run: int, base: int, program: int) -> Callable[[], None]:
    """What runs a program on the numbers from a base, by the kernel at an address; other threads run too."""
    return partial(CFUNCTYPE(None, c_void_p, c_void_p)(run), c_void_p(base), c_void_p(program))


def called_by_python(run: int, base: int, program: int, value: Any = _NOTHING) -> tuple[Callable[..., Any], Any]:
    """The same for a program so brief that to let other threads run would take as long; and what has to be kept.

    The function gives the number that the kernel leaves in `value`, or None where it leaves NaN there.
    """
    with _LOCK:  # there is one method, for every function: those that Python has made know its address
        method, _ = _method()
    told = np.array([run, base, program, id(None), value.ctypes.data], np.uintp)
    capsule = _made("PyCapsule_New", c_void_p, c_char_p, c_void_p)(told.ctypes.data, None, None)
    function = _made("PyCFunction_NewEx", POINTER(_Method), py_object, c_void_p)(byref(method), capsule, None)
    return function, (told, value)


@cache
def _method() -> tuple[_Method, Any]:
    """What a function of Python's own is made from, and what keeps its code in memory."""
    ((address, owner),) = loaded({_TEXT: lambda: _TEXT})
    return _Method(b"run", address, _FAST, None), owner


@cache
def _made(name: str, *arguments: Any) -> Any:
    """The function of Python's C interface that makes an object."""
    function = getattr(pythonapi, name)
    function.restype, function.argtypes = py_object, arguments
    return function
