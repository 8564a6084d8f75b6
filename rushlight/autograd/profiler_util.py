"""The old place of the profiler's tables. Source: torch.autograd.profiler_util."""
from rushlight.autograd.profiler_table import EventList, FunctionEvent, FunctionEventAvg  # noqa: F401
