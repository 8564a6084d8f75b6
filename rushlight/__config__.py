"""What this was built with. Source: torch.__config__."""


def show():
    """The versions of Rushlight, Python and NumPy, and NumPy's BLAS."""
    import platform

    import numpy

    import rushlight

    blas = numpy.show_config(mode="dicts").get("Build Dependencies", {}).get("blas", {})
    return (f"Rushlight {rushlight.__rushlight_version__} (the programming model of PyTorch {rushlight.__version__}), running with:\n"
            f"  - Python {platform.python_version()}\n  - NumPy {numpy.__version__}\n"
            f"  - BLAS {blas.get('name', 'unknown')} {blas.get('version', '')}\n".rstrip() + "\n")


def parallel_info():
    """The number of threads."""
    import os

    import rushlight

    return (f"Rushlight/Parallel:\n\tget_num_threads() : {rushlight.get_num_threads()}\n\tget_num_interop_threads() : "
            f"{rushlight.get_num_interop_threads()}\nos.cpu_count() : {os.cpu_count()}\n")
