"""Run every example with its defaults and write what it prints, and its pictures, into examples/README.md.

    python tools/examples_readme.py
"""
import pathlib
import re
import subprocess
import sys
import tempfile

from PIL import Image

EXAMPLES = pathlib.Path(__file__).resolve().parents[1] / "examples"
RUNS = [("linear_regression.py", "", None), ("softmax_regression.py", "", None), ("mlp.py", "", None),
        *((f"convnets.py --model {m}", "", None) for m in "lenet alexnet vgg nin googlenet resnet densenet".split()),
        ("fashion_mnist_csv.py", "", None), ("mnist_verify.py", "--picture", "digits.png"), ("cifar10.py", "", None),
        ("optimizers.py", "--plot", "optimizers.png"), ("augmentation.py", "--picture", "augmentation.jpg"),
        ("fine_tuning.py", "", None), ("segmentation.py", "--picture", "segmentation.png")]


def main():
    pictures = EXAMPLES / "pictures"
    pictures.mkdir(exist_ok=True)
    parts = []
    with tempfile.TemporaryDirectory() as scratch:
        for command, flag, picture in RUNS:
            words = command.split()
            extra = [flag, picture] if picture else []
            done = subprocess.run([sys.executable, "-m", "rushlight", "run", str(EXAMPLES / words[0]), *words[1:], *extra],
                                  cwd=scratch, capture_output=True, text=True, check=True)
            text = "\n".join(line for line in done.stdout.splitlines() if not line.startswith("wrote "))
            parts.append(f"### `{' '.join([command, *extra])}`\n\n```\n{text.strip()}\n```\n")
            if picture:
                image = Image.open(pathlib.Path(scratch) / picture).convert("RGB")
                image.thumbnail((480, 480))
                if picture.endswith(".png"):
                    image = image.quantize(128)  # a palette keeps the files small
                image.save(pictures / picture, optimize=True)
                parts.append(f"![{picture}](pictures/{picture})\n")
            print(command, flush=True)
    page = EXAMPLES / "README.md"
    head = re.split(r"\n(?=## What each prints)|\nOUTPUTS", page.read_text())[0].rstrip()
    page.write_text(head + "\n\n## What each prints\n\nWritten by `python tools/examples_readme.py`.\n\n" + "\n".join(parts))


if __name__ == "__main__":
    main()
