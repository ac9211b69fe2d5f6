"""What is left of a zygote that is not needed any more: it reports how its kernels end, and is a fraction of its size.

The zygote becomes this by exec, as ``python -m cygnet.reaper INPUT OUTPUT KERNELS``: the descriptors of its channel and the
kernels' names by process number, in JSON. End of input ends this process and all its kernels.
"""

from __future__ import annotations

import json
import select
import signal
import sys

from cygnet.channel import Channel
from cygnet.children import Children


def main() -> int:
    source, sink, kernels = sys.argv[1:]
    channel = Channel(int(source), int(sink))
    children = Children(channel, {int(pid): name for pid, name in json.loads(kernels).items()})
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    children.watch()
    # Some may have ended before.
    children.reap()
    while True:
        readable, _, _ = select.select([channel.input, children.wake], [], [])
        if children.wake in readable:
            children.reap()
        if channel.input in readable and channel.receive() is None:
            children.kill()
            return 0


if __name__ == "__main__":
    sys.exit(main())
