"""What to say about the machine in a report of a fault: `python -m torch.utils.collect_env`. Source: torch.utils.collect_env."""
import sys


def get_pretty_env_info():
    """Versions of what matters, one a line."""
    import platform

    import numpy

    import rushlight

    cpu = rushlight.backends.cpu.get_cpu_capability()
    return "\n".join((f"PyTorch version: {rushlight.__version__} (Rushlight {rushlight.__rushlight_version__})",
                      "Is debug build: False",
                      "CUDA used to build PyTorch: None",
                      "",
                      f"OS: {platform.platform()}",
                      f"Python version: {sys.version} ({platform.architecture()[0]} runtime)",
                      f"Is CUDA available: {rushlight.cuda.is_available()}",
                      f"CPU: {platform.machine()}, {rushlight.get_num_threads()} threads, vectors {cpu}",
                      "",
                      "Versions of relevant libraries:",
                      f"[pip3] numpy=={numpy.__version__}"))


def main():
    print("Collecting environment information...")
    print(get_pretty_env_info())


if __name__ == "__main__":
    main()
