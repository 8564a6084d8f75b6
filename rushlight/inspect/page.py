"""The page of `rushlight explain --html`: one file without anything from elsewhere, of use without its script, too."""
from html import escape

from . import drawings
from .report import plan_lines

MOST_PLANS = 8              # in the page, and only those that took this share of the time
LEAST_SHARE = 0.01

STYLE = """
body { font: 14px/1.45 system-ui, sans-serif; margin: 1.5em auto; max-width: 1340px; padding: 0 1em; color: #222; background: #fff }
h1 { font-size: 1.4em } h2 { font-size: 1.15em; margin: 1.6em 0 .4em } h3 { font-size: 1em; margin: 1.2em 0 .4em }
pre { background: #f5f5f5; padding: .8em; overflow-x: auto }
.box { overflow: auto; max-height: 75vh; border: 1px solid #ddd }
table { border-collapse: collapse; width: 100%; font-size: 13px }
th { position: sticky; top: 0; background: #eee; cursor: pointer; text-align: left; white-space: nowrap }
th, td { padding: 2px 8px; border-bottom: 1px solid #eee } td.n { text-align: right; font-variant-numeric: tabular-nums }
.dot { display: inline-block; width: .75em; height: .75em; border-radius: 2px; margin-right: .4em }
.why { color: #a00 }
svg text { font: 12px system-ui, sans-serif; fill: #fff; pointer-events: none } svg text.small { font-size: 10.5px; opacity: .85 }
svg text.axis { fill: #555; font-size: 11px } line.axis { stroke: #ddd }
.edge { fill: none; stroke: #888; stroke-width: 1; opacity: .35 } .edge.on { stroke: #000; stroke-width: 2; opacity: 1 }
.piece, .block, tr[data-k] { cursor: pointer } .block { opacity: .8; stroke: #fff; stroke-width: .4 }
.piece.on rect, .block.on { stroke: #000; stroke-width: 2.5; opacity: 1 } tr.on { background: #ffe9a8 }
summary { cursor: pointer; font-weight: 600 } .hint { color: #666 }
"""

SCRIPT = """
document.addEventListener('click', function (event) {
  var head = event.target.closest('th');
  if (head) { sort(head); return; }
  var one = event.target.closest('[data-k]');
  if (!one) return;
  var key = one.getAttribute('data-k'), was = one.classList.contains('on');
  document.querySelectorAll('.on').forEach(function (e) { e.classList.remove('on'); });
  if (was) return;
  document.querySelectorAll('[data-k="' + key + '"], [data-from="' + key + '"], [data-to="' + key + '"]').forEach(function (e) {
    e.classList.add('on');
  });
});
function sort(head) {
  var row = head.parentNode, body = head.closest('table').tBodies[0], at = Array.prototype.indexOf.call(row.cells, head);
  var down = head.getAttribute('data-down') !== 'yes';
  Array.prototype.forEach.call(row.cells, function (cell) { cell.removeAttribute('data-down'); });
  head.setAttribute('data-down', down ? 'yes' : 'no');
  function key(line) {
    var cell = line.cells[at], value = cell.getAttribute('data-v');
    return value === null ? cell.textContent : value === '' ? -1 : parseFloat(value);
  }
  Array.prototype.slice.call(body.rows).sort(function (a, b) {
    var x = key(a), y = key(b), order = typeof x === 'number' && typeof y === 'number' ? x - y : x < y ? -1 : x > y ? 1 : 0;
    return down ? -order : order;
  }).forEach(function (line) { body.appendChild(line); });
}
"""


def page(found, variants, peak, head):
    """The text of the page. found: Facts, the longest first; variants: see facts; peak: a Peak or None; head: lines of text."""
    total = sum(f.watched.seconds for f in found)
    shown = [f for f in found[:MOST_PLANS] if f.watched.seconds >= LEAST_SHARE * total]
    if peak is not None:
        head = [*head, f"The machine's measured peak with {peak}."]
    parts = ["<!DOCTYPE html>", '<html lang="en"><head><meta charset="utf-8"><title>rushlight explain</title>',
             f"<style>{STYLE}</style></head><body>", "<h1>rushlight explain</h1>", f"<pre>{escape(chr(10).join(head))}</pre>"]
    if len(shown) < len(found):
        parts.append(f'<p class="hint">The page has the {len(shown)} plans of {len(found)} that took longest.</p>')
    if shown:
        parts.append('<p class="hint">Click a kernel, in whichever place, to find it in the others, with what it reads and what reads it; click a '
                     'column to sort by it; a pointer over a box names it.</p>')
        parts.append("<p>" + " ".join(f'<span><span class="dot" style="background:{c}"></span>{kind}</span>'
                                      for kind, c in drawings.COLORS.items()) + "</p>")
    for i, f in enumerate(shown):
        parts.append(_plan(f, variants.get(f.number), peak, total, i == 0))
    parts += [f"<script>{SCRIPT}</script>", "</body></html>"]
    return "\n".join(parts) + "\n"


def _plan(f, variant, peak, total, is_open):
    title, *lines = plan_lines(f, variant, total)
    what = "Kernels" if f.compiled else "NumPy calls"
    parts = [f'<details class="plan"{" open" if is_open else ""}><summary>{escape(title)}</summary>',
             f"<pre>{escape(chr(10).join(line.strip() for line in lines))}</pre>",
             f"<h3>{what}</h3>", f'<div class="box">{_kernels(f, peak)}</div>']
    if f.blocks:
        parts += ["<h3>Buffers of the arena over time</h3>",
                  '<p class="hint">Across: launches in the order in which they run. Upwards: bytes of the arena. A rectangle reaches from the launch '
                  "that writes first to the one that reads last.</p>", f'<div class="box">{drawings.buffers(f)}</div>']
    if f.pieces:
        parts += [f"<h3>Graph of the {what.lower()}</h3>", '<p class="hint">Each stands below all that it reads.</p>',
                  f'<div class="box">{drawings.graph(f)}</div>']
    parts += [f"<details><summary>The {len(f.plan.graph.values)} values that were recorded, and what computes them</summary>",
              f'<div class="box">{_values(f)}</div></details>', "</details>"]
    return "\n".join(parts)


def _kernels(f, peak):
    """A row for each launch or call."""
    columns = ("#", "kernel" if f.compiled else "NumPy call", "ms", "share %", "GFLOP/s", "% of peak", "GB/s", "% of peak", "line", "why on the host")
    parts = ["<table><thead><tr>", *(f"<th>{c}</th>" for c in columns), "</tr></thead><tbody>"]
    for p in f.pieces:
        flops, moved = ((n / p.seconds if n and p.seconds else None) for n in (p.flops, p.traffic))
        parts.append(f'<tr data-k="{f.number}-{p.index}">' + _number(p.index, "d") + f"<td>{_dot(p.kind)}{escape(p.name)}</td>"
                     + _number(p.seconds and p.seconds * 1e3, ".3f") + _number(p.seconds and f.sum and 100 * p.seconds / f.sum, ".1f")
                     + _number(flops and flops / 1e9, ".1f") + _number(flops and peak and 100 * flops / peak.flops[p.type], ".0f")
                     + _number(moved and moved / 1e9, ".1f") + _number(moved and peak and 100 * moved / peak.bytes, ".0f")
                     + f'<td>{escape(drawings.place_of(p.line))}</td><td class="why">{escape(p.host or "")}</td></tr>')
    parts.append("</tbody></table>")
    return "\n".join(parts)


def _values(f):
    """A row for each value of the recorded graph."""
    columns = ("value", "primitive", "dtype and shape", "of", "computed by", "line")
    names = {p.index: p for p in f.pieces}
    outputs = {v.id for _, v in f.plan.graph.outputs}
    parts = ["<table><thead><tr>", *(f"<th>{c}</th>" for c in columns), "</tr></thead><tbody>"]
    for v, at in f.values():
        piece = names.get(at)
        by = f"{_dot(piece.kind)}#{at} {escape(piece.name)}" if piece else "it enters" if v.prim == "input" else ""
        key = f' data-k="{f.number}-{at}"' if piece else ""
        shape = f"{v.dtype.name}[{', '.join(map(str, v.shape))}]" if v.dtype is not None else "several arrays"
        parts.append(f"<tr{key}>{_number(v.id, 'd', '%')}<td>{escape(v.prim)}{' (a result)' if v.id in outputs else ''}</td><td>{shape}</td>"
                     f"<td>{' '.join(f'%{a.id}' for a in v.args)}</td><td>{by}</td><td>{escape(drawings.place_of(f.line_of(v)))}</td></tr>")
    parts.append("</tbody></table>")
    return "\n".join(parts)


def _number(value, form, before=""):
    text = "" if value is None else before + format(value, form)
    return f'<td class="n" data-v="{"" if value is None else value}">{text}</td>'


def _dot(kind):
    return f'<span class="dot" style="background:{drawings.color(kind)}"></span>'
