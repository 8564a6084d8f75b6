"""The weight gradient of convolutions with few channels on both sides, over the lanes of conv_packed.

For one element of the kernel's rows, every kernel row has sums over the lanes of a block. A row of the source is multiplied with the
rows of g that it met; those beyond g are read from zeros. The chunks' sums and the lanes of one channel are added by a last phase.
"""
from . import ir, kernel
from .conv_packed import Walk


def weight_gradient(spec, host, form):
    """args: g (n, oh, ow, o), x (n, h, w, c), dw (o, c, kh, kw), workspace."""
    return _WeightGradient(spec, host, form).source()


class _WeightGradient(Walk):

    def source(self):
        self.size = self.steps * self.spec.kernel[0] * self.form.vectors * self.lanes       # elements of a chunk's sums
        step, compute, combine = self._step(), self._compute(), self._combine()
        row = self.blocks * self.form.vectors * self.lanes
        zeros = f"@zeros = internal constant [{row} x {self.type}] zeroinitializer, align 64\n"
        workspace = self.parts * (self.size + self.own_size) * self.bytes
        return kernel.Source(zeros + ir.module(self.copy, step, compute, combine), (("compute", self.parts), ("combine", 1)), workspace,
                             self.spec.flops, self.spec.traffic(self.bytes))

    def _step(self):
        """step(source, g, sums, old, rows): the products of a band for one element of the kernel's rows; old: whether there are sums."""
        spec, form, (kh, _), type, lanes = self.spec, self.form, self.spec.kernel, self.type, self.lanes
        f = self.step = ir.Function("step", "ptr %src, ptr %g, ptr %sums, i64 %old, i64 %rows", internal=True, attributes="#1")
        src, g, sums = (ir.Reg(r, "ptr") for r in ("%src", "%g", "%sums"))
        rows, row = ir.Reg("%rows", "i64"), spec.out[1] * spec.o
        places = range(0, kh * form.vectors * lanes, lanes)

        def source_row(r, acc):
            start = f.at(src, f.mul(r, self.window.row), type)
            met = []
            for j in range(kh):
                y = f.sub(r, j)
                inside = f.test("icmp ult", y, rows)
                met.append(f.select(inside, f.at(g, f.mul(y, row), type), ir.Reg("@zeros", "ptr")))

            def block(b, acc, masks):
                at, to = f.at(start, f.mul(b, form.pixels * spec.c), type), f.mul(b, form.pixels * spec.o)
                here, new = [f.at(m, to, type) for m in met], list(acc)
                for v in range(form.vectors):
                    x = self.spread(f, at, v)
                    for j in range(kh):
                        value = f.load(here[j], v * lanes, type, lanes, masks[v])
                        new[j * form.vectors + v] = f.fma(x, value, acc[j * form.vectors + v])
                return new

            partly = self.rest < form.pixels * spec.o
            acc = f.loop(0, self.blocks - partly, 1, lambda b, acc: block(b, acc, self.masks(False)), acc)
            return block(self.blocks - 1, acc, self.masks(True)) if partly else acc

        acc = f.loop(0, "%old", 1, lambda i, _: [f.load(sums, p, type, lanes) for p in places], [f.zero(type, lanes)] * len(places))
        acc = f.loop(0, f.add(rows, kh - 1), 1, source_row, acc)
        for p, a in zip(places, acc):
            f.store(a, sums, p)
        return f

    def _compute(self):
        spec, (oh, ow) = self.spec, self.spec.out
        f = ir.Function("compute")
        g, x, space = f.argument(0), f.argument(1), f.argument(3)
        sums = f.at(space, f.mul(ir.PART, self.size), self.type)
        own = f.at(space, f.add(self.parts * self.size, f.mul(ir.PART, self.own_size)), self.type)
        lo, hi = f.share(self.items)

        def one(i):
            old = f.convert("zext", f.compare("ne", i, lo), "i64")

            def item(n, row, rows):
                from_g = f.at(g, f.mul(f.add(f.mul(n, oh), row), ow * spec.o), self.type)
                f.loop(0, self.steps, 1, lambda t: f.call(
                    self.step, f.at(own, t, self.type), from_g,
                    f.at(sums, f.mul(t, self.size // self.steps), self.type), old, rows))
            self.each_item(f, x, own, item)(i)
        f.loop(lo, hi, 1, one)
        return f

    def _combine(self):
        spec, (kh, kw) = self.spec, self.spec.kernel
        f = ir.Function("combine")
        dw, space = f.argument(2), f.argument(3)
        width = self.form.vectors * self.lanes

        def element(channel, t, j):
            first = f.add(f.mul(f.add(f.mul(t, kh), j), width), channel)

            def add(chunk, total):
                return f.loop(0, self.form.pixels, 1, lambda p, total: [f.binary("fadd", total[0], f.load(
                    space, f.add(f.add(first, f.mul(chunk, self.size)), f.mul(p, spec.o)), self.type))], total)
            total, = f.loop(0, self.parts, 1, add, [f.zero(self.type)])
            at = f.add(f.mul(f.add(f.mul(channel, spec.c), f.rem(t, spec.c)), kh * kw), f.add(f.mul(j, kw), f.div(t, spec.c)))
            f.store(total, dw, at)
        f.loop(0, spec.o, 1, lambda channel: f.loop(0, self.steps, 1, lambda t: f.loop(0, kh, 1, lambda j: element(channel, t, j))))
        return f
