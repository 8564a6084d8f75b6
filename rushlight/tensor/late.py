"""Families of ops that few programs use: loaded when one of their functions is first named, as torch.f or Tensor.f.

A family is a module of ops/ whose functions are declared with @public as everywhere; here stand only their names.
"""
import importlib

_TORCH_AND_METHOD = {
    "contraction": "kron cross",
    "norms": "norm",
    "linear_systems": "inverse det logdet slogdet solve lstsq",
    "triangular": "cholesky cholesky_solve cholesky_inverse triangular_solve lu_solve lu",
    "least_squares": "pinverse",
    "decompositions": "qr svd",
    "householder": "geqrf orgqr ormqr",
    "matrix_functions": "matrix_power matrix_exp",
    "short_time": "stft istft",
    "special_functions": "mvlgamma igamma igammac",
}
_TORCH_ONLY = {
    "contraction": "einsum tensordot chain_matmul",
    "norms": "frobenius_norm nuclear_norm",
    "triangular": "lu_unpack",
    "decompositions": "svd_lowrank pca_lowrank eig symeig",
    "matrix_functions": "matrix_rank",
    "short_time": "hann_window hamming_window blackman_window bartlett_window kaiser_window",
}
_METHOD_ONLY = {"special_functions": "mvlgamma_ igamma_ igammac_", "decompositions": "eig symeig"}


def _by_name(*tables):
    return {name: family for table in tables for family, names in table.items() for name in names.split()}


TORCH = _by_name(_TORCH_AND_METHOD, _TORCH_ONLY)
METHODS = _by_name(_TORCH_AND_METHOD, _METHOD_ONLY)
_loaded = set()


def load(family):
    """Import a family and give its functions their places."""
    if family not in _loaded:
        importlib.import_module(f"rushlight.ops.{family}")
        from .. import __dict__ as namespace
        from .binding import bind

        _loaded.add(family)
        bind(namespace)


def _method(name, family):
    def run(self, *args, **kwargs):
        load(family)            # which puts the function itself in this one's place
        return getattr(self, name)(*args, **kwargs)

    run.__name__ = run.__qualname__ = name
    return run


def name_methods(Tensor):
    """Put a stand-in for each late method on Tensor."""
    for name, family in METHODS.items():
        setattr(Tensor, name, _method(name, family))
