"""Where Fashion-MNIST may lie besides the user's folder, and what is said when it is not the whole set."""

import os
import sys

# Debian's package dataset-fashion-mnist.
DEBIAN = "/usr/share/datasets/fashion-mnist"

# The first 2000 + 500 images, in the official files' names and format.
CUT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "data", "fashion-mnist-cut")

SHA256 = {
    "train-images-idx3-ubyte": "c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888",
    "train-labels-idx1-ubyte": "bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9",
    "t10k-images-idx3-ubyte": "5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b",
    "t10k-labels-idx1-ubyte": "0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34",
}

_said: set[str] = set()


def check_unpacked(path: str) -> None:
    """Compare an unpacked file with the SHA-256 of the official one; a RuntimeError, and the file gone, if it differs."""
    from rushlight.vision.datasets.utils import calculate_sha256

    expected, found = SHA256[os.path.basename(path)], calculate_sha256(path)
    if found != expected:
        os.remove(path)
        raise RuntimeError(f"{path} is not Fashion-MNIST's: its SHA-256 was {found}, expected {expected}")


def say_cut_is_used(raw_folder: str) -> None:
    _say(
        "cut",
        "rushlight: using the packaged cut of Fashion-MNIST (2000 training and 500 test images), not the full set; "
        f"for that use download=True, or put the four official files into {raw_folder}",
    )


def say_download_failed(error: BaseException) -> None:
    first = str(error).replace("\n", " ").split(" Without a network")[0].strip()
    _say("download", f"rushlight: WARNING: Fashion-MNIST could not be downloaded ({first})")


def _say(key: str, line: str) -> None:
    """One line on stderr, once a process."""
    if key not in _said:
        _said.add(key)
        print(line, file=sys.stderr, flush=True)
