"""Downloads that survive being cut off: resumed where they stopped, and in place only when whole."""

import os
import sys
import time

CHUNK = 1 << 16
USER_AGENT = "rushlight/vision"


def fetch(url: str, filename, *, quiet: bool = False) -> None:
    """Download `url` to `filename`, with a progress bar on stderr.

    The bytes go to `<filename>.part`; a later call goes on from there if the server lets it. `filename` appears only
    when the server's announced length has arrived. Raises URLError (or another OSError) when it cannot.
    """
    from urllib.error import HTTPError, URLError
    from urllib.request import Request, urlopen

    filename = os.fspath(filename)
    part = filename + ".part"
    have = os.path.getsize(part) if os.path.exists(part) else 0
    headers = {"User-Agent": USER_AGENT}
    if have:
        headers["Range"] = f"bytes={have}-"
    try:
        response = urlopen(Request(url, headers=headers), timeout=30)
    except HTTPError as error:
        if not (have and error.code == 416):  # 416: nothing lies beyond what we have
            raise
        os.remove(part)
        return fetch(url, filename, quiet=quiet)
    with response:
        if have and response.status != 206:  # the server starts from the beginning
            have = 0
        length = response.headers.get("Content-Length")
        total = have + int(length) if length is not None else None
        with open(part, "ab" if have else "wb") as out, ProgressBar(os.path.basename(filename), total, quiet) as bar:
            bar.advance(have)
            while chunk := response.read(CHUNK):
                out.write(chunk)
                bar.advance(len(chunk))
    got = os.path.getsize(part)
    if total is not None and got < total:
        raise URLError(f"connection lost after {got} of {total} bytes of {url}; run again to go on from there")
    os.replace(part, filename)


class ProgressBar:
    """A one-line bar on stderr: redrawn in a terminal, a single closing line elsewhere."""

    def __init__(self, label: str, total: int | None, quiet: bool = False) -> None:
        self.label, self.total, self.quiet = label, total, quiet
        self.done = 0
        self.start = self.drawn = time.monotonic()
        self.live = not quiet and sys.stderr.isatty()

    def advance(self, count: int) -> None:
        self.done += count
        now = time.monotonic()
        if self.live and now - self.drawn > 0.1:
            self.drawn = now
            sys.stderr.write("\r" + self._line(now))
            sys.stderr.flush()

    def _line(self, now: float) -> str:
        size = f"{self.done / 1e6:.1f} MB"
        rate = f"{self.done / 1e6 / max(now - self.start, 1e-6):.1f} MB/s"
        if not self.total:
            return f"{self.label}: {size}, {rate}"
        share = min(self.done / self.total, 1.0)
        bar = "#" * round(20 * share)
        return f"{self.label}: {share:4.0%} [{bar:<20}] {size} of {self.total / 1e6:.1f} MB, {rate}"

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace) -> None:
        if not self.quiet:
            start = "\r" if self.live else ""
            sys.stderr.write(f"{start}{self._line(time.monotonic())}\n")
            sys.stderr.flush()
