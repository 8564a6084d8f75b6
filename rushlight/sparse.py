"""Sparse tensors, which Rushlight does not have. Source: torch.sparse."""


def _layout(name):
    from rushlight import layout

    return layout(name)


def _absent(name):
    def refuse(*args, **kwargs):
        raise NotImplementedError(f"torch.{name}: rushlight has no sparse tensors; use dense ones (Tensor.to_dense of PyTorch's)")
    refuse.__name__ = refuse.__qualname__ = name.rpartition(".")[2]
    return refuse


for _name in "sparse_coo_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor sparse_compressed_tensor".split():
    globals()[_name] = _absent(_name)
for _name in "mm addmm sum softmax log_softmax spdiags sampled_addmm".split():
    globals()[_name] = _absent("sparse." + _name)


def spmm(input, mat2):
    """The product of two matrices, dense ones here."""
    return input.mm(mat2)


sparse_coo, sparse_csr, sparse_csc, sparse_bsr, sparse_bsc = map(
    _layout, ("sparse_coo", "sparse_csr", "sparse_csc", "sparse_bsr", "sparse_bsc"))


class check_sparse_tensor_invariants:
    """Without sparse tensors there is nothing to check."""

    def __init__(self, enable=True):
        self.enable = enable

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        return False

    @staticmethod
    def is_enabled():
        return False

    enable = disable = staticmethod(lambda: None)
