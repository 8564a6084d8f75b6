"""torch.hub: weights from the network, here from a server on this machine."""
import hashlib
import http.server
import os
import threading
import zipfile
from urllib.error import HTTPError, URLError

import pytest

import rushlight as torch
from rushlight import hub


@pytest.fixture
def served(tmp_path, saved):
    """(address, SHA-256) of a server that has model.pth, model-<hash>.pth, model-00000000.pth and packed.zip."""
    folder = tmp_path / "served"
    folder.mkdir()
    content = saved({"a": torch.ones(2)}).getvalue()
    digest = hashlib.sha256(content).hexdigest()
    for name in ("model.pth", f"model-{digest[:8]}.pth", "model-00000000.pth"):
        (folder / name).write_bytes(content)
    with zipfile.ZipFile(folder / "packed.zip", "w") as archive:
        archive.writestr("inner.pth", content)

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=str(folder))

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", digest
    server.shutdown()
    server.server_close()


def test_folders(monkeypatch, tmp_path):
    for name in ("TORCH_HOME", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(hub, "_hub_dir", None)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert hub.get_dir() == str(tmp_path / ".cache/torch/hub")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert hub.get_dir() == "/somewhere/torch/hub"
    monkeypatch.setenv("TORCH_HOME", "~/th")
    assert hub.get_dir() == str(tmp_path / "th/hub")
    hub.set_dir("~/mine")
    assert hub.get_dir() == str(tmp_path / "mine")


def test_download(served, tmp_path):
    address, digest = served
    target = tmp_path / "x.pth"
    hub.download_url_to_file(f"{address}/model.pth", str(target), digest[:8], progress=False)
    assert torch.load(target)["a"].tolist() == [1.0, 1.0]
    wrong = tmp_path / "y.pth"
    with pytest.raises(RuntimeError, match=f'invalid hash value .expected "deadbeef", got "{digest}".'):
        hub.download_url_to_file(f"{address}/model.pth", str(wrong), "deadbeef", progress=False)
    with pytest.raises(FileNotFoundError):
        hub.download_url_to_file(f"{address}/model.pth", str(tmp_path / "absent/x.pth"))
    assert sorted(os.listdir(tmp_path)) == ["served", "x.pth"]


def test_no_network_says_where_to_put_the_file(served, tmp_path):
    with pytest.raises(URLError) as raised:
        hub.download_url_to_file("http://127.0.0.1:1/m.pth", str(tmp_path / "m.pth"), progress=False)
    assert f"put the file at {tmp_path / 'm.pth'}" in str(raised.value) and "127.0.0.1:1/m.pth" in str(raised.value)
    with pytest.raises(HTTPError, match="HTTP Error 404"):
        hub.download_url_to_file(f"{served[0]}/absent.pth", str(tmp_path / "m.pth"), progress=False)


def test_state_dict(served, tmp_path, capsys):
    address, digest = served
    folder = tmp_path / "models"
    options = {"model_dir": str(folder), "progress": False}
    loaded = hub.load_state_dict_from_url(f"{address}/model.pth", **options)
    assert loaded["a"].tolist() == [1.0, 1.0]
    assert capsys.readouterr().err == f'Downloading: "{address}/model.pth" to {folder / "model.pth"}\n'
    hub.load_state_dict_from_url("http://127.0.0.1:1/model.pth", **options)  # it is there: no network is asked
    hub.load_state_dict_from_url(f"{address}/model-{digest[:8]}.pth", check_hash=True, **options)
    with pytest.raises(RuntimeError, match="invalid hash value"):
        hub.load_state_dict_from_url(f"{address}/model-00000000.pth", check_hash=True, **options)
    hub.load_state_dict_from_url(f"{address}/model.pth", file_name="other.pth", map_location="cpu", **options)
    assert sorted(os.listdir(folder)) == sorted(["model.pth", f"model-{digest[:8]}.pth", "other.pth"])


def test_a_checkpoint_packed_by_hand(served, tmp_path):
    with pytest.warns(FutureWarning, match="Falling back to the old format < 1.6"):
        loaded = hub.load_state_dict_from_url(f"{served[0]}/packed.zip", model_dir=str(tmp_path), progress=False)
    assert loaded["a"].tolist() == [1.0, 1.0]
