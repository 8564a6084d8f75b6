"""The host as LLVM sees it; IR text in, object code out, addresses of its functions."""
import functools
import itertools
import os
import threading

from . import disk as _disk      # first, since it notes the state of the generators' sources           # noqa: F401

import llvmlite                             # noqa: E402
import llvmlite.binding as llvm             # noqa: E402

BYTES = {"float": 4, "double": 8, "i64": 8, "i32": 4, "i16": 2, "i8": 1, "i1": 1, "ptr": 8}      # of a scalar type


class Host:
    """What kernels are generated for.

    cpu, features   as LLVM names them
    vector          bytes of a vector register: 64 (AVX-512), 32 (AVX2), else 16
    registers       how many vector registers there are
    """

    def __init__(self, cpu, features):
        self.cpu, self.features = cpu, features
        on = set(features.split(","))
        if "+avx512f" in on and "+avx512vl" in on:
            self.vector, self.registers = 64, 32
        elif "+avx2" in on and "+fma" in on:
            self.vector, self.registers = 32, 16
        else:
            self.vector, self.registers = 16, 32 if "+neon" in on else 16

    def lanes(self, type="float"):
        return self.vector // BYTES[type]

    @functools.cached_property
    def text(self):
        """All that object code for this host depends on, beside the IR."""
        versions = llvmlite.__version__, ".".join(map(str, llvm.llvm_version_info))
        return "|".join((llvm.get_process_triple(), self.cpu, self.features, *versions))

    @functools.cached_property
    def attributes(self):
        """The attribute groups of generated functions: #0 may be inlined, #1 stays a function."""
        width = f'nounwind "prefer-vector-width"="{8 * self.vector}" "min-legal-vector-width"="{8 * self.vector}"'
        return f"attributes #0 = {{ {width} }}\nattributes #1 = {{ noinline {width} }}\n"


def _in_llvm(function):
    """One thread at a time (llvmlite's own lock would see to that, call by call), and no fork meanwhile."""
    @functools.wraps(function)
    def alone(*args, **kwargs):
        with _lock:
            return function(*args, **kwargs)
    return alone


_lock = threading.RLock()
if hasattr(os, "register_at_fork"):         # a child would find LLVM, and its locks, as a thread left them that it has not
    os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_lock.release)


@functools.cache
@_in_llvm
def host(limit=None):
    """The host; limit="avx2" leaves AVX-512 out, so that the narrower code can be run here too."""
    _start()
    features = llvm.get_host_cpu_features()
    if limit == "avx2":
        for name in features:
            if name.startswith("avx512") or name.startswith("avx10") or name.startswith("amx") or name == "evex512":
                features[name] = False
    return Host(llvm.get_host_cpu_name() if limit is None else "haswell", features.flatten())


@functools.cache
def _start():
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()


def _machine(host, opt):
    return llvm.Target.from_default_triple().create_target_machine(cpu=host.cpu, features=host.features, opt=opt, reloc="pic",
                                                                   codemodel="default")


@_in_llvm
def compile_text(text, host, passes=False):
    """Object code of a module. passes: run LLVM's O2 passes first; explicit-vector kernels do well without them."""
    module = llvm.parse_assembly(f'target triple = "{llvm.get_process_triple()}"\n{text}{host.attributes}')
    module.verify()
    machine = _machine(host, 2)
    if passes:
        options = llvm.create_pipeline_tuning_options(speed_level=2)
        options.loop_vectorization = options.slp_vectorization = options.loop_unrolling = False
        builder = llvm.create_pass_builder(machine, options)
        builder.getModulePassManager().run(module, builder)
    return machine.emit_object(module)


_numbers = itertools.count()


@functools.cache
def _linker(host):
    # ORC, not MCJIT: that takes a millisecond for each library, most of it for the empty module that it begins with.
    return llvm.create_lljit_compiler(_machine(host, 2))


class Library:
    """Loaded object code. It must outlive every use of its addresses."""

    @_in_llvm
    def __init__(self, code, host):
        self._linker, self._name = _linker(host), f"library {next(_numbers)}"
        builder = llvm.JITLibraryBuilder().add_object_img(code).add_current_process()
        self._held = [builder.link(self._linker, self._name)]

    @_in_llvm
    def address(self, name):
        try:
            found = self._linker.lookup(self._name, name)
        except RuntimeError as error:
            raise KeyError(f"the compiled module has no function {name}: {error}") from None
        self._held.append(found)
        return found[name]
