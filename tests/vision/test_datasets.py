"""The data sets, on small files in their official formats: against torchvision, and by themselves."""
import gzip
import hashlib
import os
import pickle
import re

import numpy as np
import pytest

import rushlight as torch
from rushlight.vision import datasets
from rushlight.vision import transforms as T

from . import data_files
from .conftest import same, values


@pytest.fixture
def unchecked(monkeypatch):
    """A class whose lists of files have no MD5, as programs patch them."""

    def patch(cls):
        for name in ("train_list", "test_list"):
            monkeypatch.setattr(cls, name, [[file, None] for file, _ in getattr(cls, name)])
        if hasattr(cls, "meta"):
            monkeypatch.setattr(cls, "meta", {**cls.meta, "md5": None})
        return cls

    return patch


def alike(mine, theirs, attributes=("data", "targets", "classes", "class_to_idx")):
    assert repr(mine) == repr(theirs)
    assert len(mine) == len(theirs)
    for i in {0, min(1, len(mine) - 1), len(mine) - 1}:
        same(values(tuple(mine[i])), values(tuple(theirs[i])), at=f"item {i}")
    for name in attributes:
        if hasattr(theirs, name):
            same(values(getattr(mine, name)), values(getattr(theirs, name)), exact=True, at=name)


# ---------------------------------------------------------------- against torchvision
@pytest.mark.parametrize("name", ["MNIST", "FashionMNIST", "KMNIST"])
def test_mnist_family(tmp_path, oracle_vision, name):
    data_files.write_mnist(tmp_path / name / "raw")
    for train in (True, False):
        mine = getattr(datasets, name)(tmp_path, train)
        theirs = getattr(oracle_vision.datasets, name)(tmp_path, train)
        alike(mine, theirs)
        assert mine.raw_folder == theirs.raw_folder and mine.processed_folder == theirs.processed_folder
        assert isinstance(mine[0][1], int)


def test_emnist_and_qmnist(tmp_path, oracle_vision):
    data_files.write_mnist(tmp_path / "EMNIST/raw", prefix=("emnist-letters-train", "emnist-letters-test"))
    for train in (True, False):
        alike(datasets.EMNIST(tmp_path, "letters", train=train), oracle_vision.datasets.EMNIST(tmp_path, "letters", train=train))
    raw = tmp_path / "QMNIST/raw"
    raw.mkdir(parents=True)
    for part in ("train", "test"):
        images = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
        (raw / f"qmnist-{part}-images-idx3-ubyte").write_bytes(data_files.idx_bytes(images))
        (raw / f"qmnist-{part}-labels-idx2-int").write_bytes(data_files.idx_bytes(np.arange(72, dtype=np.int32).reshape(9, 8)))
    for options in ({}, {"train": False}, {"what": "test10k"}, {"compat": False}):
        alike(datasets.QMNIST(tmp_path, **options), oracle_vision.datasets.QMNIST(tmp_path, **options))


def test_class_attributes(oracle_vision):
    """What programs read off the classes: file lists, mirrors, MD5s, class names, splits."""
    for name in ("MNIST", "FashionMNIST", "KMNIST", "EMNIST", "QMNIST", "CIFAR10", "CIFAR100", "SVHN", "STL10", "Flowers102"):
        mine, theirs = getattr(datasets, name), getattr(oracle_vision.datasets, name)
        for attribute, value in vars(theirs).items():
            if not attribute.startswith("__") and not callable(value) and not isinstance(value, (property, staticmethod)):
                assert getattr(mine, attribute) == value, (name, attribute)
    from rushlight.vision.datasets import folder, imagenet, voc

    assert voc.DATASET_YEAR_DICT == oracle_vision.datasets.voc.DATASET_YEAR_DICT
    assert imagenet.ARCHIVE_META == oracle_vision.datasets.imagenet.ARCHIVE_META
    assert folder.IMG_EXTENSIONS == oracle_vision.datasets.folder.IMG_EXTENSIONS


def test_cifar(tmp_path, oracle_vision, unchecked):
    data_files.write_cifar10(tmp_path)
    data_files.write_cifar100(tmp_path)
    for name in ("CIFAR10", "CIFAR100"):
        mine, theirs = unchecked(getattr(datasets, name)), unchecked(getattr(oracle_vision.datasets, name))
        for train in (True, False):
            alike(mine(tmp_path, train, download=True), theirs(tmp_path, train, download=True))


def test_folders(tmp_path, both):
    data_files.write_folder(tmp_path / "train")
    from rushlight.vision.datasets import folder as ours
    from torchvision.datasets import folder as theirs

    attributes = ("samples", "imgs", "targets", "classes", "class_to_idx", "extensions")
    alike(ours.ImageFolder(tmp_path / "train"), theirs.ImageFolder(tmp_path / "train"), attributes)
    options = dict(loader=str, extensions=".png")
    alike(ours.DatasetFolder(str(tmp_path / "train"), **options), theirs.DatasetFolder(str(tmp_path / "train"), **options), attributes)
    options = dict(is_valid_file=lambda path: path.endswith("0.png"))
    alike(ours.ImageFolder(tmp_path / "train", **options), theirs.ImageFolder(tmp_path / "train", **options), attributes)
    (tmp_path / "train/wasps").mkdir()
    for call in (
        lambda m: m.ImageFolder(tmp_path / "train"),
        lambda m: m.ImageFolder(tmp_path / "none"),
        lambda m: m.ImageFolder(tmp_path / "train/ants/deeper"),
        lambda m: len(m.ImageFolder(tmp_path / "train", allow_empty=True)),
        lambda m: m.make_dataset(tmp_path, {}, extensions=".png"),
        lambda m: m.make_dataset(tmp_path, None),
        lambda m: m.make_dataset(tmp_path, {"train": 3}, extensions=(".jpg",)),
    ):
        both.agree(lambda side: call(ours if side is both.ours else theirs))


def test_voc(tmp_path, oracle_vision):
    data_files.write_voc(tmp_path)
    for name in ("VOCSegmentation", "VOCDetection"):
        for split in ("train", "val"):
            mine = getattr(datasets, name)(tmp_path, "2012", split)
            theirs = getattr(oracle_vision.datasets, name)(tmp_path, "2012", split)
            alike(mine, theirs, ("images", "targets", "masks", "annotations"))


def test_stl10(tmp_path, oracle_vision, unchecked):
    data_files.write_stl10(tmp_path)
    mine, theirs = unchecked(datasets.STL10), unchecked(oracle_vision.datasets.STL10)
    for options in ({}, {"split": "test"}, {"split": "unlabeled"}, {"split": "train+unlabeled"}, {"folds": 3}):
        alike(mine(tmp_path, **options), theirs(tmp_path, **options), ("data", "labels", "classes"))


def test_food_and_pets(tmp_path, oracle_vision):
    data_files.write_food101(tmp_path)
    data_files.write_pets(tmp_path)
    for split in ("train", "test"):
        alike(datasets.Food101(tmp_path, split), oracle_vision.datasets.Food101(tmp_path, split))
    for kinds in ("category", "binary-category", "segmentation", ["category", "segmentation"], []):
        mine, theirs = (m.OxfordIIITPet(tmp_path, target_types=kinds) for m in (datasets, oracle_vision.datasets))
        alike(mine, theirs, ("classes", "class_to_idx", "bin_classes"))


def test_fake_data(both):
    both.agree(lambda s: [s.vision.datasets.FakeData(5, (3, 6, 7), random_offset=3)[i] for i in range(5)])
    both.agree(lambda s: s.vision.datasets.FakeData(5)[5])
    both.agree(lambda s: repr(s.vision.datasets.FakeData(5, transform=s.T.ToTensor())))


def test_reprs_and_transforms(both):
    def call(side):
        V, T = side.vision.datasets.VisionDataset, side.T

        class Mine(V):
            def __len__(self):
                return 4

            def extra_repr(self):
                return "one: 1\ntwo: 2"

        shown = [repr(Mine("a", transform=T.Compose([T.ToTensor(), T.Normalize(0.5, 0.5)]), target_transform=T.Pad(3)))]
        shown.append(repr(Mine("b", transforms=T.Pad(3))))
        shown.append(repr(Mine()))
        return shown

    both.agree(call)
    both.agree(lambda side: side.vision.datasets.VisionDataset(".", len, len))
    both.agree(lambda side: side.vision.datasets.VisionDataset(".")[0])
    both.agree(lambda side: len(side.vision.datasets.VisionDataset(".")))


def test_utils(tmp_path, both):
    from rushlight.vision.datasets import utils as ours
    from torchvision.datasets import utils as theirs

    file = tmp_path / "f.txt"
    file.write_text("hi")
    for call in (
        lambda u: [u._detect_file_type(n) for n in ("a.tar.gz", "a.tgz", "a.gz", "a.zip", "a.tar", "a.xz", "a.gz.tar", "a.zip.bz2")],
        lambda u: u._detect_file_type("a"),
        lambda u: u._detect_file_type("a.foo"),
        lambda u: u.verify_str_arg("x", "split", ("a", "b")),
        lambda u: u.verify_str_arg(3, "split"),
        lambda u: u.verify_str_arg(3),
        lambda u: u.verify_str_arg("x", None, ("a",), "custom"),
        lambda u: [u.check_integrity(file), u.check_integrity(file, "0" * 32), u.check_integrity(tmp_path), u.calculate_md5(file)],
        lambda u: u.iterable_to_str([1, 2]),
        lambda u: [u.list_dir(tmp_path, True), u.list_files(tmp_path, "txt", True), u.list_files(tmp_path, "t")],
    ):
        both.agree(lambda side: call(ours if side is both.ours else theirs))


# ---------------------------------------------------------------- known answers
def test_svhn_reads_matlab_files(tmp_path, monkeypatch):
    pixels, labels = data_files.write_svhn(tmp_path)
    files = {split: [url, name, None] for split, (url, name, _) in datasets.SVHN.split_list.items()}
    monkeypatch.setattr(datasets.SVHN, "split_list", files)
    svhn = datasets.SVHN(tmp_path)
    assert svhn.data.shape == (12, 3, 32, 32) and svhn.labels.tolist() == [1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2]
    image, label = svhn[9]
    assert label == 0
    np.testing.assert_array_equal(np.asarray(image), pixels[..., 9])
    broken = tmp_path / "train_32x32.mat"
    broken.write_bytes(broken.read_bytes()[:5000])
    with pytest.raises(RuntimeError, match="train_32x32.mat is truncated"):
        datasets.SVHN(tmp_path)


def test_flowers_read_matlab_files(tmp_path, monkeypatch):
    data_files.write_flowers(tmp_path)
    files = {key: (name, None) for key, (name, _) in datasets.Flowers102._file_dict.items()}
    monkeypatch.setattr(datasets.Flowers102, "_file_dict", files)
    found = {split: [flowers[i][1] for i in range(2)] for split in ("train", "val", "test") if (flowers := datasets.Flowers102(tmp_path, split))}
    assert found == {"train": [4, 101], "val": [3, 2], "test": [1, 0]}
    assert len(datasets.Flowers102.classes) == 102


def test_matlab_reader_against_scipy(tmp_path):
    scipy_io = pytest.importorskip("scipy.io")
    from rushlight.vision.datasets._matfile import load_arrays

    arrays = {"X": np.arange(24, dtype=np.uint8).reshape(2, 3, 4), "name_of_y": np.arange(5.0)[None]}
    for compressed in (True, False):
        scipy_io.savemat(tmp_path / "a.mat", arrays, do_compression=compressed)
        read = load_arrays(tmp_path / "a.mat")
        for name in arrays:
            np.testing.assert_array_equal(read[name], arrays[name])


def test_zipped_idx_and_legacy_names(tmp_path):
    data_files.write_mnist(tmp_path / "MNIST/raw", zipped=True)
    mnist = datasets.MNIST(tmp_path)
    assert mnist.data.shape == (40, 28, 28) and mnist.data.dtype == torch.uint8 and mnist.targets.dtype == torch.int64
    with pytest.warns(UserWarning, match="train_data has been renamed data"):
        assert mnist.train_data is mnist.data
    with pytest.warns(UserWarning, match="test_labels has been renamed targets"):
        assert mnist.test_labels is mnist.targets


@pytest.mark.parametrize("zipped", [False, True])
def test_damaged_idx_files_are_named(tmp_path, zipped):
    raw = tmp_path / "MNIST/raw"
    data_files.write_mnist(raw, zipped=zipped)
    path = raw / ("train-images-idx3-ubyte" + (".gz" if zipped else ""))
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RuntimeError, match=f"{re.escape(str(path))} is truncated"):
        datasets.MNIST(tmp_path)
    if zipped:
        return
    path.write_bytes(b"<html>Not found</html>")
    with pytest.raises(RuntimeError, match=f"{re.escape(str(path))} is not an IDX file"):
        datasets.MNIST(tmp_path)
    path.write_bytes((raw / "train-labels-idx1-ubyte").read_bytes())
    with pytest.raises(RuntimeError, match="does not hold images"):
        datasets.MNIST(tmp_path)
    path.write_bytes((raw / "t10k-images-idx3-ubyte").read_bytes())
    with pytest.raises(RuntimeError, match="holds 20 images, but .* holds 40 labels"):
        datasets.MNIST(tmp_path)


def test_missing_files_say_where_they_belong(tmp_path):
    with pytest.raises(RuntimeError, match="Dataset not found. You can use download=True.*train-images-idx3-ubyte.gz.*MNIST/raw"):
        datasets.MNIST(tmp_path)
    with pytest.raises(RuntimeError, match="Dataset not found or corrupted. You can use download=True.*unpack cifar-10-python.tar.gz"):
        datasets.CIFAR10(tmp_path)
    data_files.write_cifar10(tmp_path)
    with pytest.raises(RuntimeError, match="data_batch_1 has another MD5"):
        datasets.CIFAR10(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="pip install pycocotools"):
        import sys

        sys.modules["pycocotools.coco"] = None
        try:
            datasets.CocoDetection(tmp_path, "x.json")
        finally:
            del sys.modules["pycocotools.coco"]
    with pytest.raises(AttributeError, match="CelebA is not part of Rushlight"):
        datasets.CelebA
    with pytest.raises(AttributeError, match="no attribute 'Celeb'"):
        datasets.Celeb


def test_cifar_refuses_foreign_pickles(tmp_path, unchecked):
    data_files.write_cifar10(tmp_path)
    bad = tmp_path / "cifar-10-batches-py/data_batch_3"

    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "harm"),)

    bad.write_bytes(pickle.dumps({"data": Evil(), "labels": []}))
    with pytest.raises(RuntimeError, match="data_batch_3.*no part of a CIFAR batch"):
        unchecked(datasets.CIFAR10)(tmp_path)
    assert not (tmp_path / "harm").exists()
    bad.write_bytes(b"\x80\x02}q")
    with pytest.raises(RuntimeError, match="data_batch_3 is truncated"):
        datasets.CIFAR10(tmp_path)


# ---------------------------------------------------------------- Fashion-MNIST's places
@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """No Debian package, no cut, no network."""
    from rushlight.vision.datasets import _fashion

    monkeypatch.setattr(_fashion, "DEBIAN", str(tmp_path / "no-debian"))
    monkeypatch.setattr(_fashion, "CUT", str(tmp_path / "no-cut"))
    monkeypatch.setattr(_fashion, "_said", set())
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", ["http://127.0.0.1:9/"])
    return _fashion


def test_fashion_mnist_is_looked_for_in_order(tmp_path, nowhere, monkeypatch, capsys):
    with pytest.raises(RuntimeError, match="Dataset not found"):
        datasets.FashionMNIST(tmp_path)
    with pytest.raises(RuntimeError, match="(?s)Error downloading train-images-idx3-ubyte.gz.*127.0.0.1.*put train-images"):
        datasets.FashionMNIST(tmp_path, download=True)
    sizes = {"CUT": 5, "DEBIAN": 6}
    for place, n in sizes.items():
        monkeypatch.setattr(nowhere, place, str(tmp_path / place))
        data_files.write_mnist(tmp_path / place, n, n, zipped=True)
        assert len(datasets.FashionMNIST(tmp_path, download=True)) == n
        assert len(datasets.FashionMNIST(tmp_path, train=False)) == n
    said = capsys.readouterr().err
    assert said.count("using the packaged cut of Fashion-MNIST") == 1 and said.count("could not be downloaded") == 1
    data_files.write_mnist(tmp_path / "own", 7, 7)
    assert len(datasets.FashionMNIST(tmp_path / "own")) == 7
    data_files.write_mnist(tmp_path / "own/FashionMNIST/raw", 8, 8)
    assert len(datasets.FashionMNIST(tmp_path / "own")) == 8
    assert not capsys.readouterr().err


# ---------------------------------------------------------------- downloads, from a server on this machine
@pytest.fixture
def server(tmp_path_factory):
    """(address, folder, log of ranges asked for): serves the folder; 'slow/NAME' breaks off in the middle once."""
    import http.server
    import threading

    folder = tmp_path_factory.mktemp("served")
    log, broken = [], set()

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.strip("/")
            wanted = self.headers.get("Range")
            log.append((name, wanted))
            path = folder / name.replace("slow/", "")
            if not path.exists():
                return self.send_error(404)
            data = path.read_bytes()
            start = int(wanted[6:-1]) if wanted else 0
            if start >= len(data):
                return self.send_error(416)
            self.send_response(206 if wanted else 200)
            self.send_header("Content-Length", str(len(data) - start))
            self.end_headers()
            if name.startswith("slow/") and name not in broken:
                broken.add(name)
                self.wfile.write(data[start : start + (len(data) - start) // 2])
            else:
                self.wfile.write(data[start:])

        def log_message(self, *args):
            pass

    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}/", folder, log
    httpd.shutdown()
    httpd.server_close()


def test_downloads_are_checked_resumed_and_atomic(tmp_path, server, capsys):
    from urllib.error import URLError

    from rushlight.vision.datasets.utils import download_url

    address, folder, log = server
    data = os.urandom(300_000)
    (folder / "file.bin").write_bytes(data)
    md5 = hashlib.md5(data).hexdigest()
    target = tmp_path / "root/file.bin"
    with pytest.raises(URLError, match="connection lost"):
        download_url(address + "slow/file.bin", tmp_path / "root", md5=md5)
    assert not target.exists() and 0 < (tmp_path / "root/file.bin.part").stat().st_size < len(data)
    download_url(address + "slow/file.bin", tmp_path / "root", md5=md5)
    assert target.read_bytes() == data and log[-1][1].startswith("bytes=1")
    assert "file.bin: 100%" in capsys.readouterr().err
    asked = len(log)
    download_url(address + "file.bin", tmp_path / "root", md5=md5)
    assert len(log) == asked  # it is there and right
    with pytest.raises(RuntimeError, match="File not found or corrupted"):
        download_url(address + "file.bin", tmp_path / "root", "other.bin", md5="0" * 32)
    assert not (tmp_path / "root/other.bin").exists()
    with pytest.raises(URLError, match="put the file at .*missing.bin"):
        download_url(address + "missing.bin", tmp_path / "root")


def test_mnist_downloads_from_the_mirror_that_answers(tmp_path, server, monkeypatch):
    address, folder, _ = server
    data_files.write_mnist(folder, 5, 4, zipped=True)
    resources = [(name, hashlib.md5((folder / name).read_bytes()).hexdigest()) for name, _ in datasets.MNIST.resources]
    monkeypatch.setattr(datasets.MNIST, "resources", resources)
    monkeypatch.setattr(datasets.MNIST, "mirrors", ["http://127.0.0.1:9/", address])
    assert len(datasets.MNIST(tmp_path, download=True)) == 5
    assert sorted(os.listdir(tmp_path / "MNIST/raw"))[:2] == ["t10k-images-idx3-ubyte", "t10k-images-idx3-ubyte.gz"]


def test_fashion_mnist_checks_what_it_unpacked(tmp_path, server, nowhere, monkeypatch):
    address, folder, _ = server
    data_files.write_mnist(folder, 5, 4, zipped=True)
    resources = [(name, hashlib.md5((folder / name).read_bytes()).hexdigest()) for name, _ in datasets.FashionMNIST.resources]
    monkeypatch.setattr(datasets.FashionMNIST, "resources", resources)
    monkeypatch.setattr(datasets.FashionMNIST, "mirrors", [address])
    with pytest.raises(RuntimeError, match="train-images-idx3-ubyte is not Fashion-MNIST's: its SHA-256"):
        datasets.FashionMNIST(tmp_path, download=True)
    sums = {n[:-3]: hashlib.sha256(gzip.decompress((folder / n).read_bytes())).hexdigest() for n, _ in resources}
    monkeypatch.setattr(nowhere, "SHA256", sums)
    assert len(datasets.FashionMNIST(tmp_path, train=False, download=True)) == 4


def test_archives(tmp_path):
    import io
    import tarfile
    import zipfile

    from rushlight.vision.datasets.utils import extract_archive

    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr("in/zip.txt", "zip")
    for suffix, mode in (("tar", "w"), ("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar.xz", "w:xz"), ("tar.bz2", "w:bz2")):
        with tarfile.open(tmp_path / f"a.{suffix}", mode) as tar:
            info = tarfile.TarInfo("in/tar.txt")
            info.size = 3
            tar.addfile(info, io.BytesIO(b"tar"))
        extract_archive(tmp_path / f"a.{suffix}", tmp_path / suffix)
        assert (tmp_path / suffix / "in/tar.txt").read_text() == "tar"
    extract_archive(tmp_path / "a.zip", tmp_path / "zip", remove_finished=True)
    assert (tmp_path / "zip/in/zip.txt").read_text() == "zip" and not (tmp_path / "a.zip").exists()
    (tmp_path / "b.txt.gz").write_bytes(gzip.compress(b"plain"))
    assert extract_archive(tmp_path / "b.txt.gz") == str(tmp_path / "b.txt") and (tmp_path / "b.txt").read_bytes() == b"plain"
    with tarfile.open(tmp_path / "evil.tar", "w") as tar:
        info = tarfile.TarInfo("../outside.txt")
        tar.addfile(info, io.BytesIO())
    with pytest.raises(Exception, match="outside"):
        extract_archive(tmp_path / "evil.tar", tmp_path / "evil")
    assert not (tmp_path / "outside.txt").exists()


# ---------------------------------------------------------------- by the batch
AUGMENTED = [
    "T.ToTensor()", "T.PILToTensor()", "T.Compose([T.ToTensor(), T.Normalize(0.3, 0.6)])",
    "T.Compose([T.RandomHorizontalFlip(), T.ToTensor()])", "T.Compose([T.RandomCrop(28, padding=3), T.RandomHorizontalFlip(), T.ToTensor(), T.Normalize((0.4,), (0.2,))])",
    "T.Compose([T.Pad((1, 2, 3, 4), fill=9), T.RandomCrop(20), T.RandomVerticalFlip(0.3), T.CenterCrop((17, 12)), T.PILToTensor(), T.ConvertImageDtype(torch.float32)])",
    "T.Compose([T.Compose([T.RandomCrop(28)]), T.ToTensor(), T.RandomHorizontalFlip(), T.Normalize([0.5], [0.5]), T.RandomVerticalFlip()])",
]  # fmt: skip
ITEM_BY_ITEM = [
    "None", "T.Compose([])", "T.Resize(5)", "T.Compose([T.Resize(9), T.ToTensor()])", "T.Compose([T.ToTensor(), T.Lambda(lambda x: x)])",
    "T.Compose([T.RandomCrop(99), T.ToTensor()])", "T.Compose([T.ToTensor(), T.RandomErasing(1)])", "lambda image: 3",
    "T.Compose([T.RandomCrop(20, padding=2, padding_mode='reflect'), T.ToTensor()])",
]  # fmt: skip


def in_memory(tmp_path, name, transform, unchecked):
    if name == "CIFAR10":
        if not (tmp_path / "cifar-10-batches-py").exists():
            data_files.write_cifar10(tmp_path)
        return unchecked(datasets.CIFAR10)(tmp_path, transform=transform)
    data_files.write_mnist(tmp_path / "MNIST/raw")
    return datasets.MNIST(tmp_path, transform=transform)


@pytest.mark.parametrize("name", ["MNIST", "CIFAR10"])
@pytest.mark.parametrize("expression", AUGMENTED)
def test_batches_equal_items(tmp_path, name, expression, unchecked):
    dataset = in_memory(tmp_path, name, eval(expression), unchecked)
    torch.manual_seed(3)
    torch.rand(613)  # so that the batches cross the point where the generator makes new words
    state = torch.get_rng_state()
    for indices in ([3, 1, 4, 1, 5, 9, 2, 6], [0], list(range(40)), [-1, 7]):
        torch.set_rng_state(state)
        by_item = torch.utils.data.default_collate([dataset[i] for i in indices])
        after = torch.get_rng_state()
        torch.set_rng_state(state)
        by_batch = dataset._fetch_batch(indices)
        assert by_batch is not NotImplemented
        same(values(by_batch), values(by_item), exact=True, at=str(indices))
        assert torch.get_rng_state().tolist() == after.tolist()
        state = after


@pytest.mark.parametrize("expression", ITEM_BY_ITEM)
def test_what_goes_item_by_item(tmp_path, expression, unchecked):
    for name in ("MNIST", "CIFAR10"):
        assert in_memory(tmp_path, name, eval(expression), unchecked)._fetch_batch([0, 1]) is NotImplemented


def test_overridden_items_are_respected(tmp_path, unchecked):
    data_files.write_mnist(tmp_path / "Mine/raw")

    class Mine(datasets.MNIST):
        def __getitem__(self, index):
            return index, 0

    assert Mine(tmp_path, transform=T.ToTensor())._fetch_batch([0]) is NotImplemented
    dataset = in_memory(tmp_path, "MNIST", T.ToTensor(), unchecked)
    dataset.target_transform = lambda y: y + 1
    assert dataset._fetch_batch([0]) is NotImplemented
    dataset.target_transform = None
    dataset.targets = [int(y) for y in dataset.targets]  # programs set these to lists
    assert dataset._fetch_batch([2, 1])[1].tolist() == [dataset.targets[2], dataset.targets[1]]


def test_batches_of_a_folder(tmp_path):
    data_files.write_folder(tmp_path)
    transform = T.Compose([T.RandomResizedCrop(20), T.ColorJitter(0.3), T.ToTensor(), T.Normalize([0.5, 0.4, 0.3], [0.2, 0.2, 0.3])])
    dataset = datasets.ImageFolder(tmp_path, transform)
    indices = [3, 0, 11, 7, 7]
    torch.manual_seed(0)
    by_item = torch.utils.data.default_collate([dataset[i] for i in indices])
    torch.manual_seed(0)
    same(values(dataset._fetch_batch(indices)), values(by_item), exact=True)
    # geometry of ours alone: the files' images are used without a copy
    dataset.transform = T.Compose([T.RandomHorizontalFlip(), T.RandomResizedCrop(20), T.PILToTensor()])
    torch.manual_seed(0)
    by_item = torch.utils.data.default_collate([dataset[i] for i in indices])
    torch.manual_seed(0)
    same(values(dataset._fetch_batch(indices)), values(by_item), exact=True)
    classes = set()
    dataset.transform = T.Compose([T.Lambda(lambda image: classes.add(type(image).__name__) or image.resize((4, 4))), T.ToTensor()])
    dataset._fetch_batch([0, 1])
    assert classes == {"Image"}  # what the loader gives, for eyes that may look
    dataset.transform = T.Compose([T.Lambda(lambda image: image.crop((0, 0, 5 + calls.pop(), 5))), T.ToTensor()])
    calls = [0, 0, 3]
    with pytest.raises(RuntimeError, match="equal size|size mismatch|same size"):
        dataset._fetch_batch([0, 1, 2])
    dataset.transform = T.Compose([T.ToTensor(), T.RandomHorizontalFlip()])
    assert dataset._fetch_batch([0]) is NotImplemented
