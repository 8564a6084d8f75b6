"""Data sets that are a folder a class: DatasetFolder and ImageFolder."""

import os

from rushlight.vision._pillow import pillow
from rushlight.vision.datasets import _batch
from rushlight.vision.datasets.vision import VisionDataset

IMG_EXTENSIONS = (".jpg", ".jpeg", ".png", ".ppm", ".bmp", ".pgm", ".tif", ".tiff", ".webp")


def has_file_allowed_extension(filename: str, extensions) -> bool:
    """Whether the name ends, in any case, in one of the extensions (a string or a tuple of them)."""
    return filename.lower().endswith(extensions if isinstance(extensions, str) else tuple(extensions))


def is_image_file(filename: str) -> bool:
    """Whether the name has an extension of IMG_EXTENSIONS."""
    return has_file_allowed_extension(filename, IMG_EXTENSIONS)


def find_classes(directory) -> tuple[list[str], dict[str, int]]:
    """(names of the folders in `directory`, sorted; their numbers)."""
    classes = sorted(entry.name for entry in os.scandir(directory) if entry.is_dir())
    if not classes:
        raise FileNotFoundError(f"Couldn't find any class folder in {directory}.")
    return classes, {name: number for number, name in enumerate(classes)}


def make_dataset(
    directory, class_to_idx=None, extensions=None, is_valid_file=None, allow_empty: bool = False
) -> list[tuple[str, int]]:
    """The files under each class folder, walked and sorted, with the class's number: [(path, class), ...].

    Exactly one of `extensions` and `is_valid_file(path)` says which files count. A class without files is a
    FileNotFoundError unless `allow_empty`.
    """
    directory = os.path.expanduser(directory)
    if class_to_idx is None:
        _, class_to_idx = find_classes(directory)
    elif not class_to_idx:
        raise ValueError("'class_to_index' must have at least one entry to collect any samples.")
    if (extensions is None) == (is_valid_file is None):
        raise ValueError("Both extensions and is_valid_file cannot be None or not None at the same time")
    if is_valid_file is None:

        def is_valid_file(path: str) -> bool:
            return has_file_allowed_extension(path, extensions)

    samples, found = [], set()
    for name in sorted(class_to_idx):
        folder = os.path.join(directory, name)
        if not os.path.isdir(folder):
            continue
        for where, _, files in sorted(os.walk(folder, followlinks=True)):
            paths = [path for file in sorted(files) if is_valid_file(path := os.path.join(where, file))]
            samples += [(path, class_to_idx[name]) for path in paths]
            if paths:
                found.add(name)
    empty = set(class_to_idx) - found
    if empty and not allow_empty:
        message = f"Found no valid file for the classes {', '.join(sorted(empty))}. "
        if extensions is not None:
            known = extensions if isinstance(extensions, str) else ", ".join(extensions)
            message += f"Supported extensions are: {known}"
        raise FileNotFoundError(message)
    return samples


def pil_loader(path):
    """The image of a file as a PIL image in RGB."""
    with open(path, "rb") as f:  # so that the file is closed however decoding ends
        return pillow("Reading an image").open(f).convert("RGB")


def _decoded(path):
    """pil_loader's image without the copy that convert makes of an RGB image: it keeps the class of the file's format."""
    with open(path, "rb") as f:
        image = pillow("Reading an image").open(f)
        if image.mode != "RGB":
            return image.convert("RGB")
        image.load()
        return image


def default_loader(path):
    """The image of a file as a PIL image in RGB; Rushlight has no other backend than Pillow."""
    return pil_loader(path)


class DatasetFolder(VisionDataset):
    """Files of any kind, a folder a class: root/class_x/**/file. Items are (loader(path), int class).

    `classes`, `class_to_idx`, `samples` [(path, class)] and `targets` tell what was found; subclasses may change that
    by overriding `find_classes` or `make_dataset`.
    """

    def __init__(
        self,
        root,
        loader,
        extensions=None,
        transform=None,
        target_transform=None,
        is_valid_file=None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(root, transform=transform, target_transform=target_transform)
        classes, class_to_idx = self.find_classes(self.root)
        self.loader = loader
        self.extensions = extensions
        self.classes = classes
        self.class_to_idx = class_to_idx
        self.samples = self.make_dataset(
            self.root,
            class_to_idx=class_to_idx,
            extensions=extensions,
            is_valid_file=is_valid_file,
            allow_empty=allow_empty,
        )
        self.targets = [target for _, target in self.samples]

    @staticmethod
    def make_dataset(directory, class_to_idx, extensions=None, is_valid_file=None, allow_empty: bool = False):
        if class_to_idx is None:
            raise ValueError("The class_to_idx parameter cannot be None.")
        return make_dataset(directory, class_to_idx, extensions, is_valid_file, allow_empty)

    def find_classes(self, directory) -> tuple[list[str], dict[str, int]]:
        return find_classes(directory)

    def __getitem__(self, index: int):
        path, target = self.samples[index]
        sample = self.loader(path)
        if self.transform is not None:
            sample = self.transform(sample)
        if self.target_transform is not None:
            target = self.target_transform(target)
        return sample, target

    def _fetch_batch(self, indices):
        """The batch of these items as the loader would collate it, or NotImplemented (see _batch)."""
        if type(self).__getitem__ is not DatasetFolder.__getitem__ or self.target_transform is not None:
            return NotImplemented
        samples = [self.samples[index] for index in indices]
        if not all(type(target) is int for _, target in samples):
            return NotImplemented
        decode = _decoded if self.loader is default_loader else None
        return _batch.fetch_loaded(self.loader, samples, self.transform, decode)

    def __len__(self) -> int:
        return len(self.samples)


class ImageFolder(DatasetFolder):
    """Images, a folder a class: root/dog/xxx.png, root/cat/123.jpg. Items are (PIL image in RGB, int class)."""

    def __init__(
        self,
        root,
        transform=None,
        target_transform=None,
        loader=default_loader,
        is_valid_file=None,
        allow_empty: bool = False,
    ) -> None:
        super().__init__(
            root,
            loader,
            IMG_EXTENSIONS if is_valid_file is None else None,
            transform=transform,
            target_transform=target_transform,
            is_valid_file=is_valid_file,
            allow_empty=allow_empty,
        )
        self.imgs = self.samples
