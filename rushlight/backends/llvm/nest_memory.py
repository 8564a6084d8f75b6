"""How a nest reads and writes memory: neighbours, gaps, places that a node gives, and dtypes that lie there otherwise than in
registers."""
from . import ir, narrow, scalar_ops
from .target import BYTES


class Memory:
    """What nest_writer.Writer is beside its loops: the function f, the nest, the mask of the last vector of a row."""

    def _address(self, access, index, done):
        """(element offset with the inner index in it, stride of the inner dimension)."""
        f = self.f
        at = access.offset
        for d, i in index.items():
            at = f.add(at, f.mul(i, access.strides[d]))
        stride = access.strides[self.inner] if self.rank else 0
        return at, stride

    def _load(self, node, done, index):
        f, access = self.f, node.access
        memory = scalar_ops.MEMORY[node.dtype]
        pointer = self.arguments[access.argument]
        at, stride = self._address(access, index, done)
        if access.index >= 0:
            return self._from_memory(f, self._gather(pointer, at, stride, access, done, memory), node.dtype)
        if stride == 0:
            x = f.load(pointer, at, memory)
        elif stride == 1:
            x = f.load(pointer, at, memory, self.lanes, self.mask)
        else:
            x = self._gathered(pointer, at, self._ramp(stride), memory)
        return self._from_memory(f, x, node.dtype)

    def _ramp(self, stride):
        return ir.Reg("<" + ", ".join(f"i64 {j * stride}" for j in range(self.lanes)) + ">", "i64", self.lanes)

    def _gather(self, pointer, at, stride, access, done, memory):
        """A read whose place depends on a node."""
        f = self.f
        where = done[access.index]
        if not where.lanes:
            at = f.add(at, f.mul(where, access.scale))
            if stride in (0, 1):
                return f.load(pointer, at, memory, self.lanes if stride else 0, self.mask if stride else None)
            return self._gathered(pointer, at, self._ramp(stride), memory)
        where = f.binary("mul", where, f.constant(access.scale, "i64", self.lanes))
        if stride:
            where = f.binary("add", where, self._ramp(stride))
        return self._gathered(pointer, at, where, memory)

    def _gathered(self, pointer, at, offsets, memory):
        f = self.f
        base = f.at(pointer, at, memory)
        places = f.emit(f"getelementptr {memory}, ptr {base}, {offsets.full} {offsets}", "ptr", self.lanes)
        short = {"float": "f32", "double": "f64"}.get(memory, memory)
        mask = self.mask if self.mask is not None else f.first_lanes(self.lanes, self.lanes)
        name = f"llvm.masked.gather.v{self.lanes}{short}.v{self.lanes}p0"
        return f.intrinsic(name, memory, self.lanes, places, mask, ir.Reg("zeroinitializer", memory, self.lanes), align=BYTES[memory])

    def _store(self, x, access, index, mask, done):
        f = self.f
        pointer = self.arguments[access.argument]
        at, stride = self._address(access, index, done)
        if access.index >= 0:
            at = f.add(at, f.mul(done[access.index], access.scale))
        if not x.lanes or stride == 1:
            f.store(x, pointer, at, mask if x.lanes else None)
            return
        if stride == 0:
            raise AssertionError("a store that does not move with the innermost dimension")
        base = f.at(pointer, at, x.type)
        offsets = self._ramp(stride)
        places = f.emit(f"getelementptr {x.type}, ptr {base}, {offsets.full} {offsets}", "ptr", x.lanes)
        short = {"float": "f32", "double": "f64"}.get(x.type, x.type)
        mask = mask if mask is not None else f.first_lanes(x.lanes, x.lanes)
        name = f"llvm.masked.scatter.v{x.lanes}{short}.v{x.lanes}p0"
        f.declared.add(f"declare void @{name}({x.full}, <{x.lanes} x ptr>, {mask.full})")
        f.raw(f"call void @{name}({x.full} {x}, <{x.lanes} x ptr> align {BYTES[x.type]} {places}, {mask.full} {mask})")

    def _from_memory(self, f, x, dtype):
        if dtype in narrow.NAMES:
            return narrow.from_memory(f, x, dtype, self.host)
        return f.test("icmp ne", x, f.zero("i8", x.lanes)) if dtype == "bool" else x

    def _to_memory(self, f, x, dtype):
        if dtype in narrow.NAMES:
            return narrow.to_memory(f, x, dtype, self.host)
        return f.convert("zext", x, "i8") if dtype == "bool" else x

    def _result(self, f, total, node):
        """What a reduction gives of a node, as it lies in memory."""
        dtype = self.nest.nodes[node].dtype
        if dtype in narrow.NAMES:
            total = narrow.rounded(f, total, dtype, self.host)
        return self._to_memory(f, total, dtype)
