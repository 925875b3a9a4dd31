"""The machine: its vectors and its compiler.

What is compiled is kept by what tells it from all others and the processor's name, so a machine compiles a kernel once.
llvmlite comes with the extra `fast`; without it these modules can be read, but nothing can be compiled.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any
from weakref import WeakValueDictionary

from micrograd_es.program.compiled import kept

try:
    import llvmlite
    import llvmlite.binding as llvm
    from llvmlite import ir as ir
except ImportError:
    llvmlite = llvm = ir = None

VECTORISED = {"exp", "log", "sin", "cos", "tanh", "pow", "log1p"}  # what glibc may have for whole vectors
# The text has vectors and blocks already, and loops with their test at the end. Without "instruction_combine"
# kernels of short blocks (distances, sorting, alignments) take up to twice as long; none of those of `make bench` does.
PASSES = ("sroa", "instruction_combine", "simplify_cfg")
NAME = '@"kernel"'  # in a kernel's text; in the machine code it has another: see `kept`

_ENGINES: WeakValueDictionary[tuple[str, ...], Any] = WeakValueDictionary()  # what has code in memory, by its kernels


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
    """The processor's name with all it can do, and the compiler's version and passes."""
    features = llvm.get_host_cpu_features().flatten()
    return f"{llvm.get_host_cpu_name()} {features} {llvm.llvm_version_info} {llvmlite.__version__} {PASSES}"


def _machine() -> Any:
    """A new compiler for this processor; what it would do beyond level 1 takes longer, and the code is no faster."""
    _start()
    features = llvm.get_host_cpu_features().flatten()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=llvm.get_host_cpu_name(), features=features, opt=1, jit=True)


@cache
def _compiler() -> Any:
    """The compiler of this process; what loads code has one of its own, which it frees."""
    return _machine()


def loaded(kernels: Mapping[str, Callable[[], str]]) -> list[tuple[int, Any]]:
    """The address of each kernel, and what keeps it in memory; they are given as what writes a kernel's text, by a text
    that tells it from all others (as its own does).

    What no process on this machine compiled before is written and compiled, all of it together: the compiler takes a
    third less time for that than for one after the other.
    """
    keys = [hashlib.sha256(f"{_processor()}\n{told}".encode()).hexdigest() for told in kernels]
    known = kept.found(keys)
    new = {key: write() for key, write in zip(keys, kernels.values(), strict=True) if key not in known}
    if new:
        names = kept.names_of(list(new))
        code = kept.Code(names, _compiled({names[key]: text for key, text in new.items()}))
        kept.keep(code)
        known.update(dict.fromkeys(new, code))
    engines = _engines({tuple(code.names): code.code for code in known.values()})
    owners = [engines[tuple(known[key].names)] for key in keys]
    return [(owner.get_function_address(known[key].names[key]), owner) for key, owner in zip(keys, owners, strict=True)]


def _engines(codes: Mapping[tuple[str, ...], bytes]) -> dict[tuple[str, ...], Any]:
    """What has each code in memory; that which nothing has yet is loaded, so no code is there once for each program."""
    found = {kernels: _ENGINES.get(kernels) for kernels in codes}
    new = [kernels for kernels, engine in found.items() if engine is None]
    if new:
        engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine())  # it owns its machine
        for kernels in new:
            engine.add_object_file(llvm.ObjectFileRef.from_data(codes[kernels]))
        engine.finalize_object()
        found.update(dict.fromkeys(new, engine))
        _ENGINES.update(dict.fromkeys(new, engine))
    return found


def _compiled(texts: Mapping[str, str]) -> bytes:
    """The machine code of some kernels, from their texts by what they are called there."""
    machine, whole = _compiler(), _linked([text.replace(NAME, f'@"{name}"') for name, text in texts.items()])
    whole.verify()
    passes = llvm.create_new_module_pass_manager()
    for name in PASSES:
        getattr(passes, f"add_{name}_pass")()
    passes.run(whole, llvm.create_pass_builder(machine, llvm.create_pipeline_tuning_options()))
    code: bytes = machine.emit_object(whole)
    return code


def _linked(texts: Sequence[str]) -> Any:
    """The module of all texts: always two are put together, since each time the linker goes through what there is."""
    modules = [llvm.parse_assembly(text) for text in texts]
    while len(modules) > 1:
        for one, other in zip(modules[::2], modules[1::2], strict=False):
            one.link_in(other)
        modules = modules[::2]
    return modules[0]
