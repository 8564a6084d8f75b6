"""The page of `rushlight explain --html`."""
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

import rushlight as torch
from rushlight.backends.tiers import tiers
from rushlight.graph import recorder
from rushlight.inspect import drawings, explaining

VOID = {"meta", "br", "hr", "img", "input", "link"}


class Page(HTMLParser):
    """Whether tags are closed as they were opened, what stands in them, and what is asked from elsewhere."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.elsewhere, self.texts = [], [], [], []
        self.feed(text)
        self.close()
        assert not self.open, f"never closed: {self.open}"

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        self.elsewhere += [value for name, value in attributes if name in ("src", "href", "action")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data):
        self.texts.append(data)

    def having(self, tag, key):
        return {attributes[key] for name, attributes in self.tags if name == tag and key in attributes}


def train(steps):
    recorder.trie.reset()       # no plan is known from before
    torch.manual_seed(0)
    net = torch.nn.Sequential(torch.nn.Linear(20, 30), torch.nn.ReLU(), torch.nn.Linear(30, 5))
    optimizer = torch.optim.Adam(net.parameters())
    for _ in range(steps):
        loss = torch.nn.functional.cross_entropy(net(torch.ones(6, 20)), torch.arange(6) % 5)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()


@pytest.mark.parametrize("mode", ["wait", "never"])
def test_the_page_has_all_the_launches(monkeypatch, tmp_path, mode):
    if mode == "wait":
        pytest.importorskip("llvmlite")
    monkeypatch.setattr(tiers, "mode", mode)
    monkeypatch.setattr(tiers, "sight", 2)
    with explaining() as report:
        train(4)
    file = tmp_path / "page.html"
    report.html(file)
    text = file.read_text()
    page = Page(text)
    assert not page.elsewhere and "http" not in text
    rows, boxes = page.having("tr", "data-k"), page.having("g", "data-k")
    found = report.plans()
    shown = [f for f in found if any(key.startswith(f"{f.number}-") for key in rows)]
    assert shown and shown[0] is not None and found[0].number == shown[0].number
    for f in shown:
        keys = {f"{f.number}-{p.index}" for p in f.pieces}
        assert keys <= rows and keys <= boxes
        for p in f.pieces:
            assert p.name in page.texts
        for b in f.blocks:
            assert any(text.startswith(b.name) for text in page.texts)
    if mode == "wait":
        assert any(f.blocks for f in shown)


def test_names_cannot_break_the_page(monkeypatch, tmp_path):
    monkeypatch.setattr(tiers, "mode", "never")
    with explaining() as report:
        torch.ones(2).sum().item()
    report.ended = "The program ended by Error: </pre><script>alert(1)</script>"
    report.html(tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text()
    Page(text)
    assert "<script>alert" not in text


def test_an_empty_page(tmp_path):
    with explaining() as report:
        pass
    report.html(tmp_path / "page.html")
    assert any("No plan ran" in text for text in Page((tmp_path / "page.html").read_text()).texts)


def piece(index, reads, writes):
    return SimpleNamespace(index=index, name=f"piece {index}", kind="nest", seconds=None, line=None, reads=reads, writes=writes)


def test_a_graph_of_400_pieces_has_none_upon_another():
    pieces = [piece(i, (i - 1,) if i % 3 else (), (i,)) for i in range(400)]
    links = drawings.edges(pieces)
    assert len(links) == sum(1 for i in range(400) if i % 3)
    at, (width, height) = drawings.positions(pieces, links)
    assert len(set(at.values())) == 400
    for a, b in links:
        assert at[a][1] + drawings.HEIGHT < at[b][1]
    assert all(x + drawings.WIDTH <= width and y + drawings.HEIGHT <= height for x, y in at.values())
    assert width < 2000
    Page(drawings.graph(SimpleNamespace(number=1, pieces=pieces)))


def test_what_is_written_piece_by_piece_is_read_from_all_of_them():
    assert drawings.edges([piece(0, (), ("x",)), piece(1, (), ("x",)), piece(2, ("x",), ("y",))]) == [(0, 2), (1, 2)]
