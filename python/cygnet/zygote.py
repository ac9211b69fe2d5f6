"""A process that has imported ipykernel already and forks a kernel on request, in a fraction of the time of a fresh start.

Run as ``python -m cygnet.zygote --server-pid PID [--preload MODULE ...]`` by the notebook server. Requests come as
JSON lines on standard input, reports go as JSON lines to standard output:

    request  {"id", "module", "arguments", "command", "environment", "cwd", "output"}
                                                    fork a kernel; `command` is what would start it otherwise, `output`
                                                    the path of a FIFO to make: its standard output and error
             {"opened": id}                                                 the server reads the FIFO
             {"retire": true}                                               fork no more, become small
    report   {"event": "ready", "python"}
             {"event": "forked", "id", "pid"}      {"event": "exited", "id", "code", "signal"}
             {"event": "failed", "id", "message"}
             {"event": "stale", "id"}              packages were installed since: start a fresh interpreter instead

A kernel forked here behaves like one started by ``python -m ipykernel_launcher``: own session and process group, own
environment, folder, streams and random numbers. It ends with the server, and lives on where only this process dies.
End of input ends this process and all its kernels.
"""

from __future__ import annotations

import argparse
import errno
import gc
import importlib
import importlib.util
import json
import os
import select
import signal
import site
import sys
import threading
import time
import traceback

from cygnet.channel import Channel
from cygnet.children import Children
from cygnet.renew import EnvironmentWatch, renew, renew_main

LAUNCHERS = ("ipykernel_launcher", "ipykernel")
"""The modules that a request may name: ``python -m <module>`` starts an IPython kernel."""

NEEDED = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "ipykernel.eventloops",
    "IPython.core.completerlib",
    "IPython.core.debugger",
    "IPython.core.oinspect",
    "IPython.extensions.storemagic",
    "concurrent.futures.thread",
    "faulthandler",
    "multiprocessing.util",
    "pygments.formatters.terminal256",
    "pygments.lexers.python",
    "pygments.styles.default",
    "sqlite3",
    "stack_data",
    "tornado.platform.asyncio",
    "tornado.queues",
)
"""What every IPython kernel imports until its first cell or its first traceback; one that is missing is skipped.
Not matplotlib_inline: it brings numpy, 41 MB and a thread pool; a kernel imports it with matplotlib."""


def main() -> int:
    options = parse_options()
    channel = Channel.take_standard()
    server = Server(options.server_pid)
    given = set(os.environ)
    with EnvironmentWatch() as watch:
        preload([*NEEDED, *options.preload], server)
    # Some modules set variables when they are imported, such as the debugger's.
    imported = {name: value for name, value in os.environ.items() if name not in given}
    request = Zygote(channel, watch, imported).serve()
    if request is not None:
        become_kernel(request, server, imported)
    return 0


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="cygnet.zygote", description="Forks kernels for the notebook server.")
    parser.add_argument("--server-pid", type=int, required=True, help="the process that kernels end with")
    parser.add_argument("--preload", action="append", default=[], metavar="MODULE", help="import this, too")
    return parser.parse_args()


class Server:
    """The notebook server's process, watched through a descriptor so that a reused number fools no one."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.descriptor: int | None = None
        try:
            self.descriptor = os.pidfd_open(pid)
        except (AttributeError, OSError):
            pass

    def wait(self) -> None:
        """Returns once the server is gone."""
        if self.descriptor is not None:
            poll = select.poll()
            poll.register(self.descriptor, select.POLLIN)
            poll.poll()
            return
        while is_alive(self.pid):
            time.sleep(1)


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError as error:
        return error.errno != errno.ESRCH
    return True


def preload(modules: list[str], server: Server) -> None:
    # matplotlib reads this when it is imported; a kernel sets it before its first cell.
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    # ipykernel reads this when it is imported: whether to watch the server at all.
    os.environ["JPY_PARENT_PID"] = str(server.pid)
    for name in modules:
        try:
            importlib.import_module(name)
        except ModuleNotFoundError:
            pass
        except Exception:  # A broken package must not take the kernels down that never import it.
            traceback.print_exc()
    gc.collect()
    # What is here now stays: collecting it in a kernel would only unshare the memory.
    gc.freeze()


class Zygote:
    def __init__(self, channel: Channel, watch: EnvironmentWatch, imported: dict[str, str]) -> None:
        self.channel = channel
        self.watch = watch
        self.imported = imported
        self.children = Children(channel, {})
        self.outputs: dict[str, int] = {}
        self.packages = PackageFolders()

    def serve(self) -> dict | None:
        """Answers requests; returns None at the end of input, and in each kernel's process its request."""
        self.children.watch()
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        self.channel.send({"event": "ready", "python": sys.version.split()[0]})
        while True:
            readable, _, _ = select.select([self.channel.input, self.children.wake], [], [])
            if self.children.wake in readable:
                self.children.reap()
            if self.channel.input not in readable:
                continue
            requests = self.channel.receive()
            if requests is None:
                self.children.kill()
                return None
            for request in requests:
                if "opened" in request:
                    self.close_output(request["opened"])
                elif "retire" in request:
                    self.retire()
                elif self.fork(request):
                    return request

    def fork(self, request: dict) -> bool:
        """True in the kernel's process."""
        name = request["id"]
        try:
            if self.packages.have_changed():
                self.channel.send({"event": "stale", "id": name})
                return False
            if request["module"] not in LAUNCHERS:
                raise ValueError(f"{request['module']} is no launcher of IPython kernels")
            if not os.path.isdir(request["cwd"]):
                raise NotADirectoryError(f"{request['cwd']} is no folder")
            different = self.watch.find_difference(request["environment"], self.imported)
            if different is not None:
                raise ValueError(f"modules that are imported already have read another {different}")
            os.mkfifo(request["output"], 0o600)
            # Read and write: opening never waits for the other side, and early words are kept until the server reads.
            self.outputs[name] = os.open(request["output"], os.O_RDWR | os.O_CLOEXEC)
            pid = os.fork()
        except Exception as error:
            self.close_output(name)
            self.channel.send({"event": "failed", "id": name, "message": f"{type(error).__name__}: {error}"})
            return False
        if pid == 0:
            self.leave(self.outputs[name])
            return True
        self.children.names[pid] = name
        self.channel.send({"event": "forked", "id": name, "pid": pid})
        return False

    def leave(self, output: int) -> None:
        """Rids a fresh kernel of all that belongs to this process."""
        os.setsid()
        self.children.leave()
        signal.signal(signal.SIGINT, signal.default_int_handler)
        os.dup2(output, 1)
        os.dup2(output, 2)
        for descriptor in self.outputs.values():
            os.close(descriptor)
        self.channel.close()

    def retire(self) -> None:
        """Gives the memory back. The kernels stay this process's children, so that it still learns how they end."""
        for descriptor in (self.channel.input, self.channel.output):
            os.set_inheritable(descriptor, True)
        state = [str(self.channel.input), str(self.channel.output), json.dumps(self.children.names)]
        os.execv(sys.executable, [sys.executable, "-S", "-s", "-m", "cygnet.reaper", *state])

    def close_output(self, name: str) -> None:
        descriptor = self.outputs.pop(name, None)
        if descriptor is not None:
            os.close(descriptor)


class PackageFolders:
    """The folders that modules come from, to notice that something was installed or removed after it was imported here."""

    def __init__(self) -> None:
        folders = search_path(os.environ.get("PYTHONPATH", ""), "")
        if site.ENABLE_USER_SITE:
            folders.append(site.getusersitepackages())
        self.seen = {folder: self.stamp(folder) for folder in folders}

    def have_changed(self) -> bool:
        return any(self.stamp(folder) != stamp for folder, stamp in self.seen.items())

    @staticmethod
    def stamp(folder: str) -> int | None:
        try:
            return os.stat(folder).st_mtime_ns
        except OSError:
            return None


def become_kernel(request: dict, server: Server, imported: dict[str, str]) -> None:
    """Runs the kernel to its end as if the interpreter had just been started for it."""
    own_path = os.environ.get("PYTHONPATH", "")
    os.environ.clear()
    os.environ.update({**imported, **request["environment"]})
    for name in [name for name in sys.modules if name.partition(".")[0] == "cygnet"]:
        del sys.modules[name]
    os.chdir(request["cwd"])
    sys.path[:] = search_path(own_path, os.environ.get("PYTHONPATH", ""))
    watch_server(server)
    keep_all_output()
    follow_main()
    sys.argv = [launcher_file(request["module"]), *request["arguments"]]
    renew(request["command"])
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()


def launcher_file(module: str) -> str:
    """What ``sys.argv[0]`` is after ``python -m module``."""
    name = "ipykernel.__main__" if module == "ipykernel" else module
    launcher = importlib.util.find_spec(name)
    return launcher.origin if launcher is not None and launcher.origin is not None else module


def search_path(own: str, wanted: str) -> list[str]:
    """The interpreter's own folders, with the kernel's PYTHONPATH before them instead of this process's."""
    mine = {os.path.abspath(path) for path in own.split(os.pathsep) if path}
    # The first entry is where this process was started, unless Python was told to be safe.
    folders = sys.path if getattr(sys.flags, "safe_path", False) else sys.path[1:]
    kept = [path for path in folders if os.path.abspath(path) not in mine]
    return [*(os.path.abspath(path) for path in wanted.split(os.pathsep) if path), *kept]


def watch_server(server: Server) -> None:
    """Lets ipykernel's own guard against a lost server look at the server, not at this kernel's parent."""
    from ipykernel import kernelapp

    class ServerPoller(threading.Thread):
        def __init__(self, parent_pid: int = 0) -> None:
            super().__init__(daemon=True)

        def run(self) -> None:
            server.wait()
            os._exit(1)

    kernelapp.ParentPollerUnix = ServerPoller


def keep_all_output() -> None:
    """Takes the limit off the queue of what a kernel publishes.

    ZeroMQ drops what comes after a thousand messages, as happens to a burst on a busy machine. The server always reads,
    and bounds what waits for its clients.
    """
    import zmq
    from ipykernel import kernelapp

    original = kernelapp.IPKernelApp.init_iopub

    def init_iopub(self: kernelapp.IPKernelApp, context: zmq.Context) -> None:
        limit = context.getsockopt(zmq.SNDHWM) if zmq.SNDHWM in context.sockopts else 1000
        context.setsockopt(zmq.SNDHWM, 0)
        try:
            original(self, context)
        finally:
            context.setsockopt(zmq.SNDHWM, limit)

    kernelapp.IPKernelApp.init_iopub = init_iopub


def follow_main() -> None:
    """The kernel's main module takes the place of this one when the shell is made."""
    from ipykernel import kernelapp

    original = kernelapp.IPKernelApp.init_kernel

    def init_kernel(self: kernelapp.IPKernelApp) -> None:
        original(self)
        renew_main()

    kernelapp.IPKernelApp.init_kernel = init_kernel


if __name__ == "__main__":
    sys.exit(main())
