"""Drawings of a plan in SVG: the graph of its kernels, and the arena's memory over time."""
from html import escape

COLORS = {"conv": "#4c78a8", "dot": "#f58518", "pool": "#54a24b", "nest": "#b279a2", "copy": "#e45756", "words": "#72b7b2",
          "host": "#d62728", "workspace": "#bab0ac", "other": "#9d755d"}
ACROSS, WIDTH, HEIGHT, GAP_X, GAP_Y = 5, 236, 36, 16, 26            # of the graph's boxes
BUFFERS_WIDTH, BUFFERS_HEIGHT, MARGIN = 1100, 340, 60


def color(kind):
    return COLORS.get(kind, COLORS["other"])


# ---------------------------------------------------------------- the graph
def edges(pieces):
    """(writer, reader) for all that a piece reads of what an earlier one wrote."""
    writers, found = {}, []
    for p in pieces:
        before = dict.fromkeys(w for place in p.reads for w in writers.get(place, ()))
        found += [(w, p.index) for w in before]
        for place in p.writes:
            writers.setdefault(place, []).append(p.index)
    return found


def positions(pieces, links):
    """{index: (x, y)}, and the size of the drawing: a piece stands below all that it reads, at most ACROSS side by side."""
    depth = {p.index: 0 for p in pieces}
    into = {}
    for a, b in links:
        into.setdefault(b, []).append(a)
    for p in pieces:
        depth[p.index] = 1 + max((depth[a] for a in into.get(p.index, ())), default=-1)
    layers = {}
    for p in pieces:
        layers.setdefault(depth[p.index], []).append(p.index)
    at, row = {}, 0
    for layer in sorted(layers):
        members = layers[layer]
        for start in range(0, len(members), ACROSS):
            for column, index in enumerate(members[start:start + ACROSS]):
                at[index] = GAP_X + column * (WIDTH + GAP_X), GAP_Y // 2 + row * (HEIGHT + GAP_Y)
            row += 1
    return at, (GAP_X + ACROSS * (WIDTH + GAP_X) + 100, row * (HEIGHT + GAP_Y) + GAP_Y)


def graph(f):
    """The pieces of a plan as boxes, from the top downwards, and lines for what they read."""
    links = edges(f.pieces)
    at, (width, height) = positions(f.pieces, links)
    parts = [f'<svg class="graph" width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img">']
    for a, b in links:
        (x, y), (u, v) = at[a], at[b]
        parts.append(f'<path class="edge" data-from="{f.number}-{a}" data-to="{f.number}-{b}" d="{_curve(x, y, u, v)}"/>')
    for p in f.pieces:
        x, y = at[p.index]
        below = " ".join(t for t in (f"#{p.index}", time(p.seconds), place_of(p.line)) if t)
        parts.append(f'<g class="piece" data-k="{f.number}-{p.index}"><rect x="{x}" y="{y}" width="{WIDTH}" height="{HEIGHT}" rx="4" '
                     f'fill="{color(p.kind)}"/><title>{escape(f"#{p.index} {p.name}")}</title>'
                     f'<text x="{x + 6}" y="{y + 15}">{escape(cut(p.name, 38))}</text>'
                     f'<text class="small" x="{x + 6}" y="{y + 29}">{escape(below)}</text></g>')
    parts.append("</svg>")
    return "\n".join(parts)


def _curve(x, y, u, v):
    """From the box at (x, y) to that at (u, v): down to the next row, else around what stands between, on the right."""
    if v - y <= HEIGHT + GAP_Y:
        x, y, u = x + WIDTH // 2, y + HEIGHT, u + WIDTH // 2
        return f"M{x} {y} C{x} {y + GAP_Y // 2} {u} {v - GAP_Y // 2} {u} {v}"
    x, u, y, v = x + WIDTH, u + WIDTH, y + HEIGHT // 2, v + HEIGHT // 2
    out = max(x, u) + min(16 + (v - y) // 12, 150)
    return f"M{x} {y} C{out} {y + 10} {out} {v - 10} {u} {v}"


# ---------------------------------------------------------------- buffers
def buffers(f):
    """Each piece of the arena as a rectangle: from the launch that writes it first to the one that reads it last."""
    columns = max(len(f.pieces), 1)
    across, up = (BUFFERS_WIDTH - MARGIN) / columns, (BUFFERS_HEIGHT - 24) / max(f.arena, 1)
    bottom = BUFFERS_HEIGHT - 20
    parts = [f'<svg class="buffers" width="{BUFFERS_WIDTH}" height="{BUFFERS_HEIGHT}" viewBox="0 0 {BUFFERS_WIDTH} {BUFFERS_HEIGHT}" role="img">']
    for b in sorted(f.blocks, key=lambda b: -b.bytes):
        x, wide = MARGIN + b.born * across, (min(b.dies, columns - 1) - b.born + 1) * across
        high = max(b.bytes * up, 0.5)
        text = f"{b.name}\n{memory(b.bytes)} at {memory(b.offset)}, launch {b.born} to {b.dies}"
        parts.append(f'<rect class="block" data-k="{f.number}-{b.born}" x="{x:.1f}" y="{bottom - b.offset * up - high:.1f}" width="{wide:.1f}" '
                     f'height="{high:.1f}" fill="{color(b.kind)}"><title>{escape(text)}</title></rect>')
    for share in (0, 0.5, 1):
        y = bottom - share * f.arena * up
        parts.append(f'<line class="axis" x1="{MARGIN - 4}" x2="{BUFFERS_WIDTH}" y1="{y:.1f}" y2="{y:.1f}"/>'
                     f'<text class="axis" x="{MARGIN - 6}" y="{y + 4:.1f}" text-anchor="end">{memory(share * f.arena)}</text>')
    for i in range(0, columns, max(1, -(-columns // 20))):
        parts.append(f'<text class="axis" x="{MARGIN + (i + 0.5) * across:.1f}" y="{BUFFERS_HEIGHT - 6}" text-anchor="middle">{i}</text>')
    parts.append("</svg>")
    return "\n".join(parts)


# ---------------------------------------------------------------- how things are written
def cut(text, length):
    return text if len(text) <= length else text[:length - 1] + "…"


def time(seconds):
    return "" if seconds is None else f"{seconds * 1e3:.3f} ms"


def place_of(line):
    """(file, line) as name:line."""
    import os

    return f"{os.path.basename(line[0])}:{line[1]}" if line else ""


def memory(n):
    """Bytes, with a unit."""
    for unit in ("B", "KB", "MB"):
        if n < 1000:
            return f"{n:.3g} {unit}"
        n /= 1000
    return f"{n:.3g} GB"
