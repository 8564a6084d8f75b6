"""NNPACK, which Rushlight does not use."""


def is_available():
    return False
