"""The machine: its vectors, its compiler, and the machine code that it keeps on its disk.

What is compiled is kept by what tells it from all others and the processor's name, so a machine compiles a kernel once.
llvmlite comes with the extra `fast`; without it these modules can be read, but nothing can be compiled.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

try:
    import llvmlite
    import llvmlite.binding as llvm
    from llvmlite import ir as ir
except ImportError:
    llvmlite = llvm = ir = None

VECTORISED = {"exp", "log", "sin", "cos", "tanh", "pow", "log1p"}  # what glibc may have for whole vectors
PASSES = ("sroa", "instruction_combine", "loop_rotate", "simplify_cfg")  # the text has vectors and blocks already
NAME = '@"kernel"'  # in a kernel's text; its name in the machine code is its key


@cache
def vector_bytes() -> int:
    """How many bytes a vector of this processor has."""
    features = llvm.get_host_cpu_features()
    return 64 if features.get("avx512f") else 32 if features.get("avx") else 16


def lanes(real: str) -> int:
    """How many numbers of a type ("float64", "float32") a vector of this processor has."""
    return vector_bytes() // (4 if real == "float32" else 8)


@cache
def of_vectors(name: str, real: str, inputs: int) -> str:
    """The name of glibc's function of whole vectors of x86 (within 4 units in the last place); "" without it."""
    _start()
    letter = {64: "e", 32: "d" if llvm.get_host_cpu_features().get("avx2") else "c", 16: "b"}[vector_bytes()]
    known = f"_ZGV{letter}N{lanes(real)}{'v' * inputs}_{name}{'f' if real == 'float32' else ''}"
    return known if name in VECTORISED and llvm.address_of_symbol(known) else ""


@cache
def _start() -> None:
    """Make the compiler and the functions of whole vectors ready."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    with suppress(RuntimeError):  # only Linux has it
        llvm.load_library_permanently("libmvec.so.1")


@cache
def _processor() -> str:
    """The processor's name with all it can do, and the compiler's version."""
    features = llvm.get_host_cpu_features().flatten()
    return f"{llvm.get_host_cpu_name()} {features} {llvm.llvm_version_info} {llvmlite.__version__}"


def _machine() -> Any:
    """A new compiler for this processor."""
    _start()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=2, jit=True)


@cache
def _compiler() -> Any:
    """The compiler of this process; what loads code has one of its own, which it frees."""
    return _machine()


def loaded(kernels: Mapping[str, Callable[[], str]]) -> tuple[list[int], Any]:
    """The addresses of kernels, and what keeps them in memory; they are given as what writes a kernel's text, by a text
    that tells it from all others (as its own does).

    What no process on this machine compiled before is written and compiled.
    """
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())  # it owns its machine
    keys = [hashlib.sha256(f"{_processor()}\n{told}".encode()).hexdigest() for told in kernels]
    for key, write in zip(keys, kernels.values(), strict=True):
        engine.add_object_file(llvm.ObjectFileRef.from_data(_kept(key) or _compiled(key, write())))
    engine.finalize_object()
    return [engine.get_function_address(f"kernel_{key}") for key in keys], engine


def _compiled(key: str, text: str) -> bytes:
    """The machine code of a kernel; it is kept where that is possible."""
    machine = _compiler()
    module = llvm.parse_assembly(text.replace(NAME, f'@"kernel_{key}"'))
    module.verify()
    passes = llvm.create_new_module_pass_manager()
    for name in PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(module, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    code: bytes = machine.emit_object(module)
    with suppress(OSError, RuntimeError):  # a machine whose disk cannot be written compiles again next time
        _keep(key, code)
    return code


def folder() -> Path:
    """Where compiled kernels are kept: MICROGRAD_ES_CACHE, or micrograd_es in the user's folder for such files."""
    given = os.environ.get("MICROGRAD_ES_CACHE")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "micrograd_es"


def _kept(key: str) -> bytes | None:
    """The code in the file of that key; None where there is none, or it is damaged."""
    try:
        data = (folder() / f"{key}.o").read_bytes()
    except (OSError, RuntimeError):  # RuntimeError: the user has no home
        return None
    return data[32:] if _digest(key, data[32:]) == data[:32] else None


def _digest(key: str, code: bytes) -> bytes:
    """What tells that a file is whole, and that it is the file of that key."""
    return hashlib.sha256(key.encode() + code).digest()


def _keep(key: str, code: bytes) -> None:
    """Write the code to a file that is never seen half written, whoever else writes it at the same time."""
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder())
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(_digest(key, code) + code)
        Path(name).replace(folder() / f"{key}.o")
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
