"""The loader's own parts: collating, fetching, and what passes between processes."""

from rushlight.utils.data._utils import collate, fetch, worker
from rushlight.utils.data._utils.exception import ExceptionWrapper

__all__ = ["ExceptionWrapper", "collate", "fetch", "worker"]
