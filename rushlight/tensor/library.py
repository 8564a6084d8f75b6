"""Loads every family of ops in order, and gives their functions their places."""
from ..ops.declare import Op
from . import tensor as _tensor

Op.Tensor = _tensor.Tensor
Op.wrap_dim = staticmethod(_tensor.wrap_dim)
Op.from_array = staticmethod(_tensor.from_array)

from . import apply as _apply                      # noqa: E402
from ..autograd import engine as _engine           # noqa: E402
from ..ops import arithmetic as _arithmetic        # noqa: E402
from . import view_ops, view_parts, rebase, checks, creation, exchange, memory, indexing, random  # noqa: E402,F401
from ..ops import pointwise, reductions, products, joining, searching  # noqa: E402,F401
from ..ops import (comparing, copies, counting, gathering, placing, rearranging, scanning, scattering, sorting,  # noqa: E402,F401
                   triangles)
from ..ops import (activations, attention, convolution, cross_entropy, ctc, curved_activations, distance,  # noqa: E402,F401
                   dropout, embedding, embedding_bag, losses, margin_losses, pooling, softmax)
from ..ops import (adaptive_pooling, folding, layer_normalization, normalization, padding, resampling,  # noqa: E402,F401
                   sampling, unpooling)
from ..ops import refusals                         # noqa: E402,F401
from . import asking, operators                    # noqa: E402,F401

Op.permute = staticmethod(view_ops.permute)


def _sum_of_two(a, b):
    return _apply.apply(_arithmetic.add_op, (a, b))


def _add_into(a, b):
    return _apply.apply_write(_arithmetic.add_op, a, (a, b))


_engine.add = _sum_of_two
_engine.add_into = _add_into


def _reduce(self, protocol):
    from .._utils import reduce_tensor

    return reduce_tensor(self)


_tensor.Tensor.__reduce_ex__ = _reduce


def _storage_method(name):
    def method(self):
        from .. import storage

        return getattr(storage, name)(self)
    return method


_tensor.Tensor.untyped_storage = _storage_method("untyped_storage")
_tensor.Tensor.storage = _storage_method("typed_storage")


def public_names():
    """The functions of torch.* that are made outside ops/."""
    names = {}
    for module, listed in ((creation, """zeros ones empty full zeros_like ones_like empty_like full_like empty_strided arange
                            linspace logspace eye tensor as_tensor asarray scalar_tensor"""),
                           (exchange, "from_numpy from_dlpack frombuffer"),
                           (memory, "real imag view_as_real view_as_complex masked_fill"),
                           (indexing, "index_put index_put_"),
                           (random, """Generator default_generator manual_seed seed initial_seed get_rng_state set_rng_state rand
                            randn randint randperm rand_like randn_like randint_like normal _standard_gamma
                            _sample_dirichlet""")):
        for name in listed.split():
            names[name] = getattr(module, name)
    names["range"] = creation.range_
    return names

