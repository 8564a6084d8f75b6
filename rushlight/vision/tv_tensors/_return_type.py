"""Whether operations on the classes of this package give those classes, or ordinary tensors."""

_kind = "Tensor"


def wraps_results() -> bool:
    """Whether results are to be of the operands' class."""
    return _kind == "TVTensor"


class set_return_type:
    """What methods and operators of tv_tensors give from now on: "Tensor" (at first) or "TVTensor".

    In a `with` statement, as long as it lasts. The functions of `torch` (`torch.add(image, 1)`) give tensors always.
    """

    def __init__(self, return_type: str) -> None:
        global _kind
        self._before = _kind
        names = {"tensor": "Tensor", "tvtensor": "TVTensor"}
        if return_type.lower() not in names:
            raise ValueError(f"return_type must be 'TVTensor' or 'Tensor', got {return_type}")
        _kind = names[return_type.lower()]

    def __enter__(self) -> None:
        pass

    def __exit__(self, *exc) -> None:
        global _kind
        _kind = self._before
