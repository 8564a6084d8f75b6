"""Which values are written over their first operand, whose memory nobody needs any more."""
WRITES = frozenset(("update_slice", "dynamic_update_slice", "index_put", "scatter"))


def overwritten(schedule, own, joined):
    """id -> the value that is written over it. own(v): whether v is written by a kernel of its own; joined: ids of values
    that share memory with others already."""
    found = {}
    for step in schedule.steps:
        v = step.values[0]
        if step.kind != "own" or v.prim not in WRITES or not own(v):
            continue
        x = v.args[0]
        if x.id in joined or x.id not in schedule.step or schedule.kind[x.id] in ("leaf", "view") or x.prim in ("after", "item") or \
                schedule.kind[x.id] == "own" and not own(x):
            continue
        if all(a is not x for a in v.args[1:]) and _last_read(x, v, schedule) < step.index:
            found[x.id] = v
    return found


def _last_read(x, v, schedule):
    """The last step that reads x, directly or through views, but for v, which overwrites it."""
    last, stack = -1, [x]
    while stack:
        a = stack.pop()
        if a.id in schedule.outputs:
            return len(schedule.steps)
        for r in schedule.readers[a.id]:
            if r is v and a is x:
                continue
            if schedule.kind[r.id] == "view" or schedule.inline(r) or r.prim == "after":
                stack.append(r)
            if r.id in schedule.step:
                last = max(last, schedule.step[r.id].index)
    return last
