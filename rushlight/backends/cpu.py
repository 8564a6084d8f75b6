"""What the CPU can do."""


def get_cpu_capability():
    """The widest vectors: "AVX512", "AVX2", or "DEFAULT"."""
    try:
        with open("/proc/cpuinfo", encoding="ascii", errors="replace") as file:
            flags = next((line for line in file if line.startswith("flags")), "").split()
    except OSError:
        flags = []
    if "avx512f" in flags and "avx512dq" in flags:
        return "AVX512"
    return "AVX2" if "avx2" in flags else "DEFAULT"
