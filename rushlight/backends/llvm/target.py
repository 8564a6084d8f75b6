"""The host as LLVM sees it; IR text in, object code out, addresses of its functions."""
import functools
import hashlib

import llvmlite
import llvmlite.binding as llvm

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
    def key(self):
        """What object code for this host depends on, beside the IR."""
        text = "|".join((self.cpu, self.features, llvmlite.__version__, ".".join(map(str, llvm.llvm_version_info))))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @functools.cached_property
    def attributes(self):
        """The attribute groups of generated functions: #0 may be inlined, #1 stays a function."""
        width = f'nounwind "prefer-vector-width"="{8 * self.vector}" "min-legal-vector-width"="{8 * self.vector}"'
        return f"attributes #0 = {{ {width} }}\nattributes #1 = {{ noinline {width} }}\n"


@functools.cache
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


class Library:
    """Loaded object code. It must outlive every use of its addresses."""

    def __init__(self, code, host):
        self._engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _machine(host, 2))
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()

    def address(self, name):
        found = self._engine.get_function_address(name)
        if not found:
            raise KeyError(f"the compiled module has no function {name}")
        return found
