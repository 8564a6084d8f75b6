"""What a profiler has seen, and its tables. Source: torch.autograd.profiler_util."""
from collections import OrderedDict


def format_time(microseconds):
    """1.234s, 1.234ms or 1.234us."""
    if microseconds >= 1e6:
        return f"{microseconds / 1e6:.3f}s"
    if microseconds >= 1e3:
        return f"{microseconds / 1e3:.3f}ms"
    return f"{microseconds:.3f}us"


def _share(part, whole):
    return f"{part * 100 / whole:.2f}%" if whole else "NaN"


class _Times:
    """The times of one event or of many of a kind, in microseconds. A GPU's are zero."""

    device_time_total = self_device_time_total = cuda_time_total = self_cuda_time_total = 0.0
    device_time = cuda_time = 0.0
    cpu_memory_usage = self_cpu_memory_usage = device_memory_usage = self_device_memory_usage = 0
    flops = 0

    @property
    def cpu_time(self):
        return self.cpu_time_total / self.count if self.count else 0.0

    cpu_time_str = property(lambda self: format_time(self.cpu_time))
    cpu_time_total_str = property(lambda self: format_time(self.cpu_time_total))
    self_cpu_time_total_str = property(lambda self: format_time(self.self_cpu_time_total))


class FunctionEvent(_Times):
    """One op, tape node, or named range: when it began and ended, and the events within it."""

    count = 1

    def __init__(self, name, start, end, input_shapes, children=(), is_user_annotation=False):
        self.name = self.key = name
        self.start, self.end = start * 1e6, end * 1e6
        self.input_shapes = input_shapes
        self.cpu_children = list(children)
        self.is_user_annotation = is_user_annotation
        self.cpu_parent = None
        for child in self.cpu_children:
            child.cpu_parent = self

    @property
    def cpu_time_total(self):
        return self.end - self.start

    @property
    def self_cpu_time_total(self):
        return self.cpu_time_total - sum(child.cpu_time_total for child in self.cpu_children)

    def __repr__(self):
        return (f"<FunctionEvent name={self.name} cpu_time={self.cpu_time_str} self_cpu_time={self.self_cpu_time_total_str} "
                f"input_shapes={self.input_shapes}>")


class FunctionEventAvg(_Times):
    """Events of one name together."""

    def __init__(self, key=None, input_shapes=None):
        self.key = key
        self.input_shapes = input_shapes
        self.count = 0
        self.cpu_time_total = self.self_cpu_time_total = 0.0
        self.is_user_annotation = False

    def add(self, event):
        self.key = event.key if self.key is None else self.key
        self.count += event.count
        self.cpu_time_total += event.cpu_time_total
        self.self_cpu_time_total += event.self_cpu_time_total
        self.is_user_annotation = event.is_user_annotation
        return self

    def __repr__(self):
        shapes = "" if self.input_shapes is None else self.input_shapes
        return (f"<FunctionEventAvg key={self.key} self_cpu_time={self.self_cpu_time_total_str} cpu_time={self.cpu_time_str}  "
                f"self_cuda_time=0.000us cuda_time=0.000us input_shapes={shapes} cpu_memory_usage=0 cuda_memory_usage=0>")


class EventList(list):
    """Events, or averages of them."""

    def __init__(self, events=()):
        super().__init__(events)

    @property
    def self_cpu_time_total(self):
        return sum(event.self_cpu_time_total for event in self)

    def key_averages(self, group_by_input_shapes=False, group_by_stack_n=0, group_by_overload_name=False):
        """The events of each name (and shapes) together."""
        found = OrderedDict()
        for event in self:
            key = (event.key, str(event.input_shapes)) if group_by_input_shapes else event.key
            if key not in found:
                found[key] = FunctionEventAvg(event.key, event.input_shapes if group_by_input_shapes else "")
            found[key].add(event)
        return EventList(found.values())

    def total_average(self):
        total = FunctionEventAvg()
        for event in self:
            total.add(event)
        total.key = "Total"
        return total

    def __str__(self):
        return self.table()

    def table(self, sort_by=None, row_limit=100, max_src_column_width=75, max_name_column_width=55, max_shapes_column_width=80,
              header=None, top_level_events_only=False):
        """A text table; sort_by: cpu_time, cpu_time_total, self_cpu_time_total, count."""
        events = list(self)
        if not events:
            return ""
        if sort_by is not None:
            if sort_by.startswith(("cuda_", "self_cuda_", "device_", "self_device_")):
                sort_by = "count"
            events.sort(key=lambda e: getattr(e, sort_by), reverse=True)
        name_width = max(len(e.key) for e in events) + 4
        if max_name_column_width is not None:
            name_width = min(name_width, max_name_column_width)
        total = self.self_cpu_time_total
        shapes = any(e.input_shapes for e in events)
        widths = [name_width] + [12] * 6
        titles = ["Name", "Self CPU %", "Self CPU", "CPU total %", "CPU total", "CPU time avg", "# of Calls"]
        if shapes:
            titles.append("Input Shapes")
            widths.append(min(max_shapes_column_width, max(len(str(e.input_shapes)) for e in events) + 4))
        rule = "  ".join("-" * w for w in widths) + "  "
        lines = [] if header is None else ["=" * len(rule), header]
        lines += [rule, "  ".join(t.rjust(w) for t, w in zip(titles, widths)) + "  ", rule]
        for e in events[:row_limit] if row_limit >= 0 else events:
            name = e.key if len(e.key) < name_width else e.key[:name_width - 3] + "..."
            row = [name, _share(e.self_cpu_time_total, total), e.self_cpu_time_total_str, _share(e.cpu_time_total, total),
                   e.cpu_time_total_str, e.cpu_time_str, str(e.count)]
            if shapes:
                row.append(str(e.input_shapes)[:widths[-1]])
            lines.append("  ".join(t.rjust(w) for t, w in zip(row, widths)) + "  ")
        lines += [rule, f"Self CPU time total: {format_time(total)}", ""]
        return "\n".join(lines)

    def export_chrome_trace(self, path):
        """Write the events as JSON for chrome://tracing or Perfetto."""
        import json
        import os

        events = [{"ph": "X", "cat": "user_annotation" if e.is_user_annotation else "cpu_op", "name": e.name, "pid": os.getpid(), "tid": 0,
                   "ts": e.start, "dur": e.end - e.start,
                   "args": {"Input Dims": e.input_shapes} if e.input_shapes else {}} for e in self]
        with open(path, "w") as file:
            json.dump({"schemaVersion": 1, "displayTimeUnit": "ms", "traceEvents": events}, file)
