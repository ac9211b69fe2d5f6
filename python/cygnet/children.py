from __future__ import annotations

import os
import signal

from cygnet.channel import Channel


class Children:
    """The kernels that are children of this process: reports how each of them ends."""

    def __init__(self, channel: Channel, names: dict[int, str]) -> None:
        self.names = names
        self._channel = channel
        self.wake, self._wake_writer = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)

    def watch(self) -> None:
        """From now on `wake` is readable when one may have ended."""
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._wake_writer, warn_on_full_buffer=False)

    def leave(self) -> None:
        """In a child: they are none of its business."""
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.close(self.wake)
        os.close(self._wake_writer)

    def reap(self) -> None:
        try:
            while os.read(self.wake, 4096):
                pass
        except BlockingIOError:
            pass
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            name = self.names.pop(pid, None)
            if name is None:
                continue
            code = os.waitstatus_to_exitcode(status)
            self._channel.send(
                {
                    "event": "exited",
                    "id": name,
                    "code": code if code >= 0 else None,
                    "signal": signal_name(-code) if code < 0 else None,
                }
            )

    def kill(self) -> None:
        for pid in self.names:
            try:
                os.killpg(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass


def signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"SIG{number}"
