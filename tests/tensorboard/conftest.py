"""Event files, read back with TensorBoard's own readers."""
from __future__ import annotations

import os

import pytest

pytest.importorskip("tensorboard")


def read_events(folder) -> dict:
    """{subfolder: [Event, ...]} of all event files below a folder, each file's events in order."""
    from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    from tensorboard.compat.proto.event_pb2 import Event

    events = {}
    for parent, _, files in sorted(os.walk(folder)):
        for name in sorted(files):
            if "tfevents" in name:
                raw = RawEventFileLoader(os.path.join(parent, name)).Load()
                events.setdefault(os.path.relpath(parent, folder), []).extend(Event.FromString(content) for content in raw)
    return events


def read_values(folder, at="."):
    """The values logged in one folder, as TensorBoard's messages."""
    return [value for event in read_events(folder)[at] for value in event.summary.value]


@pytest.fixture
def events():
    return read_events


@pytest.fixture
def values():
    return read_values


@pytest.fixture
def accumulated():
    """A run as the tensorboard program holds it."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    def load(folder):
        return EventAccumulator(str(folder), size_guidance={"tensors": 0, "images": 0, "histograms": 0}).Reload()

    return load
