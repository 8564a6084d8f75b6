"""ImageNet (ILSVRC 2012), from the archives that its owners hand out."""

import os
import shutil

import rushlight as torch
from rushlight.vision.datasets.folder import ImageFolder
from rushlight.vision.datasets.utils import check_integrity, extract_archive, verify_str_arg

ARCHIVE_META = {
    "train": ("ILSVRC2012_img_train.tar", "1d675b47d978889d74fa0da5fadfb00e"),
    "val": ("ILSVRC2012_img_val.tar", "29b22e2961454d5413ddabcf34fc5622"),
    "devkit": ("ILSVRC2012_devkit_t12.tar.gz", "fa75699e90414af021442c21a62c3abf"),
}
META_FILE = "meta.bin"


class ImageNet(ImageFolder):
    """A thousand classes. `root` holds the official archives, or what an earlier run unpacked from them.

    Items are (PIL image in RGB, int class). `wnids` are the classes' WordNet ids, `classes` tuples of their names.
    """

    def __init__(self, root, split: str = "train", **kwargs) -> None:
        self.root = os.path.expanduser(root)
        self.split = verify_str_arg(split, "split", ("train", "val"))
        self.parse_archives()
        names = load_meta_file(self.root)[0]
        super().__init__(self.split_folder, **kwargs)
        self.root = os.path.expanduser(root)
        self.wnids = self.classes
        self.wnid_to_idx = self.class_to_idx
        self.classes = [names[wnid] for wnid in self.wnids]
        self.class_to_idx = {name: index for index, group in enumerate(self.classes) for name in group}

    def parse_archives(self) -> None:
        """Unpack the development kit and this split, where that has not been done."""
        if not check_integrity(os.path.join(self.root, META_FILE)):
            parse_devkit_archive(self.root)
        if not os.path.isdir(self.split_folder):
            if self.split == "train":
                parse_train_archive(self.root)
            else:
                parse_val_archive(self.root)

    @property
    def split_folder(self) -> str:
        return os.path.join(self.root, self.split)

    def extra_repr(self) -> str:
        return f"Split: {self.split}"


def load_meta_file(root, file: str | None = None):
    """(names by WordNet id, WordNet ids of the validation images) that parsing the development kit left."""
    path = os.path.join(root, META_FILE if file is None else file)
    if check_integrity(path):
        return torch.load(path, weights_only=True)
    raise RuntimeError(
        f"The meta file {os.path.basename(path)} is not present in the root directory or is corrupted. "
        "This file is automatically created by the ImageNet dataset."
    )


def _verify_archive(root, file: str, md5: str) -> None:
    if not check_integrity(os.path.join(root, file), md5):
        raise RuntimeError(
            f"The archive {file} is not present in the root directory or is corrupted. "
            f"You need to download it externally and place it in {root}."
        )


def parse_devkit_archive(root, file: str | None = None) -> None:
    """Read the development kit (with SciPy) and keep what is needed of it in META_FILE."""
    import tempfile

    default, md5 = ARCHIVE_META["devkit"]
    file = default if file is None else file
    _verify_archive(root, file, md5)
    try:
        from scipy.io import loadmat
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("Reading ImageNet's development kit needs SciPy: pip install scipy") from error
    with tempfile.TemporaryDirectory() as folder:
        extract_archive(os.path.join(root, file), folder)
        data = os.path.join(folder, "ILSVRC2012_devkit_t12", "data")
        # Rows: id, WordNet id, names, gloss, number of children, ...; classes are those without children.
        rows = loadmat(os.path.join(data, "meta.mat"), squeeze_me=True)["synsets"]
        leaves = [row for row in rows if row[4] == 0]
        wnid_of = {int(row[0]): row[1] for row in leaves}
        names = {row[1]: tuple(row[2].split(", ")) for row in leaves}
        with open(os.path.join(data, "ILSVRC2012_validation_ground_truth.txt")) as f:
            truth = [wnid_of[int(line)] for line in f]
    torch.save((names, truth), os.path.join(root, META_FILE))


def parse_train_archive(root, file: str | None = None, folder: str = "train") -> None:
    """Unpack the training archive, and the archive of each class that it holds."""
    default, md5 = ARCHIVE_META["train"]
    file = default if file is None else file
    _verify_archive(root, file, md5)
    target = os.path.join(root, folder)
    extract_archive(os.path.join(root, file), target)
    for name in sorted(os.listdir(target)):
        archive = os.path.join(target, name)
        extract_archive(archive, os.path.splitext(archive)[0], remove_finished=True)


def parse_val_archive(root, file: str | None = None, wnids=None, folder: str = "val") -> None:
    """Unpack the validation archive, and move each image to the folder of its class."""
    default, md5 = ARCHIVE_META["val"]
    file = default if file is None else file
    wnids = load_meta_file(root)[1] if wnids is None else wnids
    _verify_archive(root, file, md5)
    target = os.path.join(root, folder)
    extract_archive(os.path.join(root, file), target)
    images = sorted(os.path.join(target, name) for name in os.listdir(target))
    for wnid in set(wnids):
        os.mkdir(os.path.join(target, wnid))
    for wnid, image in zip(wnids, images):
        shutil.move(image, os.path.join(target, wnid, os.path.basename(image)))
