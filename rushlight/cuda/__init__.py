"""torch.cuda on a machine without a GPU: PyTorch's answers and errors."""


def is_available():
    return False


def device_count():
    return 0


def is_initialized():
    return False
