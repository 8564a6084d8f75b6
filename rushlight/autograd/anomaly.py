"""Where did the NaN come from: tape nodes remember the line that made them. Source: torch.autograd.detect_anomaly."""
from . import engine


class set_detect_anomaly:
    """Turn anomaly detection on or off, at once or for a with block."""

    def __init__(self, mode, check_nan=True):
        self.previous = engine._anomaly.enabled, engine._anomaly.check_nan
        engine._anomaly.enabled, engine._anomaly.check_nan = bool(mode), check_nan

    def __enter__(self):
        pass

    def __exit__(self, *exc):
        engine._anomaly.enabled, engine._anomaly.check_nan = self.previous


class detect_anomaly(set_detect_anomaly):
    """Within, backward passes report the forward line behind an error or a NaN."""

    def __init__(self, check_nan=True):
        import warnings

        self.check_nan = check_nan
        self.previous = engine._anomaly.enabled, engine._anomaly.check_nan
        warnings.warn("Anomaly Detection has been enabled. This mode will increase the runtime and should only be enabled for "
                      "debugging.", UserWarning, stacklevel=2)

    def __enter__(self):
        self.previous = engine._anomaly.enabled, engine._anomaly.check_nan
        engine._anomaly.enabled, engine._anomaly.check_nan = True, self.check_nan


def is_anomaly_enabled():
    return engine._anomaly.enabled


def is_anomaly_check_nan_enabled():
    return engine._anomaly.check_nan


def set_anomaly_enabled(mode, check_nan=True):
    engine._anomaly.enabled, engine._anomaly.check_nan = bool(mode), bool(check_nan)
