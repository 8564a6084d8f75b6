"""The profiler with steps and schedules. Source: torch.profiler."""
from rushlight.autograd.profiler import record_function
from rushlight.profiler.profiler import (ProfilerAction, ProfilerActivity, profile, schedule, supported_activities,
                                         tensorboard_trace_handler)

__all__ = ["profile", "schedule", "supported_activities", "tensorboard_trace_handler", "ProfilerAction", "ProfilerActivity",
           "record_function"]


def kineto_available():
    return False
