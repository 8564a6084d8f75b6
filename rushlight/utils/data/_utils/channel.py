"""Messages between the program and a worker: frames over a Unix socket.

A frame is a body (a pickle), a tail (raw bytes, may be empty), and perhaps a file descriptor. The program never
blocks when it sends: what the socket does not take at once is kept until it does. So the two can never wait for
each other, however large the messages.
"""

import collections
import os
import select
import socket
import struct

_HEADER = struct.Struct("<QQ")

# How often a waiting worker makes sure that its parent is there, beside hearing the socket close.
_PARENT_CHECK_MS = 5000


class Channel:
    """One end of the socket."""

    def __init__(self, sock):
        self.sock = sock
        self._unsent = collections.deque()

    def fileno(self):
        return self.sock.fileno()

    def send(self, body, tail=(), fd=None):
        """Send a frame, and wait until it is sent. `tail` is a list of buffers."""
        header = _HEADER.pack(len(body), sum(memoryview(part).nbytes for part in tail))
        if fd is None:
            self.sock.sendall(header)
        else:
            socket.send_fds(self.sock, [header], [fd])
        self.sock.sendall(body)
        for part in tail:
            self.sock.sendall(part)

    def post(self, body):
        """Send a frame without waiting; `flush` goes on with what is left."""
        self._unsent.append(memoryview(_HEADER.pack(len(body), 0) + body))
        self.flush()

    def flush(self):
        """Send what the socket takes. False if something is left."""
        while self._unsent:
            part = self._unsent[0]
            try:
                sent = self.sock.send(part, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return False
            except OSError:
                # The worker is gone; that is found, and said, where its results are read.
                self._unsent.clear()
                return True
            if sent < len(part):
                self._unsent[0] = part[sent:]
            else:
                self._unsent.popleft()
        return True

    def receive(self):
        """(body, tail, fd) of the next frame; the fd is None or the receiver's to close. EOFError at the end."""
        try:
            header, fds, _, _ = socket.recv_fds(self.sock, _HEADER.size, 1)
            if len(header) < _HEADER.size:
                header += self._exactly(_HEADER.size - len(header)) if header else b""
            if not header:
                raise EOFError
            body_size, tail_size = _HEADER.unpack(header)
            return self._exactly(body_size), self._exactly(tail_size), fds[0] if fds else None
        except ConnectionError:
            raise EOFError from None

    def _exactly(self, size):
        data = bytearray(size)
        view = memoryview(data)
        while len(view):
            count = self.sock.recv_into(view)
            if count == 0:
                raise EOFError
            view = view[count:]
        return data

    def wait_for_frame(self, parent_pid):
        """The worker's side: True when a frame has come, False when the program has closed its end or is gone."""
        poller = select.poll()
        poller.register(self.sock, select.POLLIN)
        while True:
            for _, event in poller.poll(_PARENT_CHECK_MS):
                # Closed counts before what is left to read: unread tasks are of no use to anyone.
                return not event & (select.POLLHUP | select.POLLERR)
            if os.getppid() != parent_pid:
                return False

    def close(self):
        # Shut down first: a copy of the socket in some forked process must not keep the connection alive.
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.sock.close()
