"""Seconds to import, and megabytes installed: this package with what it needs, and PyTorch where it is installed.

    python benchmarks/footprint.py
"""
import importlib.metadata
import os
import statistics
import subprocess
import sys
import time


def import_seconds(name, n=7):
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}   # as users have it: with bytecode
    times = []
    for _ in range(n + 1):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", f"import {name}" if name else "pass"], check=True, env=environment)
        times.append(time.perf_counter() - start)
    return statistics.median(times[1:])


def megabytes(distribution):
    files = importlib.metadata.files(distribution) or []
    return sum(f.locate().stat().st_size for f in files if f.locate().is_file()) / 2**20


def package_megabytes():
    """The size of this package's own files, also when it is installed in editable form."""
    import pathlib

    import rushlight

    here = pathlib.Path(rushlight.__file__).parent
    return sum(f.stat().st_size for f in here.rglob("*") if f.is_file() and "__pycache__" not in f.parts) / 2**20


def main():
    bare = import_seconds("")
    print(f"python alone                {bare * 1e3:7.0f} ms")
    print(f"import numpy                {import_seconds('numpy') * 1e3:7.0f} ms")
    print(f"import rushlight            {import_seconds('rushlight') * 1e3:7.0f} ms")
    needs = {"rushlight": package_megabytes()}
    for name in ("numpy", "llvmlite"):
        try:
            needs[name] = megabytes(name)
        except importlib.metadata.PackageNotFoundError:
            pass
    print("installed: " + ", ".join(f"{n} {mb:.0f} MB" for n, mb in needs.items()) + f"; together {sum(needs.values()):.0f} MB")
    try:
        torch = megabytes("torch")
    except importlib.metadata.PackageNotFoundError:
        return
    print(f"import torch                {import_seconds('torch') * 1e3:7.0f} ms")
    print(f"installed: torch {torch:.0f} MB, without what it needs")


if __name__ == "__main__":
    main()
