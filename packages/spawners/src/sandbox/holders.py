"""Parts a session from a mount: kills the processes that hold it, and no others.

A process holds a mount by its working folder, its root, its program, an open file, or a mapped one, and each of its threads
may have folders and descriptors of its own. What each is on tells `mnt_id` in /proc/PID/fdinfo/N, see proc_pid_fdinfo(5).
Whether the mount is free is for the kernel alone to say: what is on its way through a socket is in nobody's list.
"""

import errno
import os
import signal
import stat
import time

PATIENCE = 5.0
# What was killed lets go a moment after it is gone from the lists: only then is it looked for at stranger places.
ROUNDS_BEFORE_WIDE = 6
GONE = (errno.ENOENT, errno.ESRCH, errno.EACCES, errno.EPERM)


class Held(Exception):
    """The session does not let go of a mount."""


class Session:
    """The processes of a sandbox: its first one and all that descend from it."""

    def __init__(self, init, spared):
        # Of this process's own namespace: the caller goes into others.
        self.proc = os.open("/proc", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self.init = init
        # With these the session ends; what they hold is given time to come to its end.
        self.spared = set(spared)
        self.patience = PATIENCE

    def free(self, mount, attempt, writing=False):
        """Kills who stands in the way of `attempt` until it works; `writing`: only writers do. Raises Held."""
        delay, empty = 0.001, 0
        while is_busy(attempt):
            if self.patience < 0:
                raise Held()
            begun = time.monotonic()
            found = self.kill_holders(mount, writing, wide=empty >= ROUNDS_BEFORE_WIDE)
            empty = 0 if found else empty + 1
            time.sleep(delay)
            delay = min(2 * delay, 0.1)
            # For all mounts together; what goes smoothly costs nothing of it, however much that is.
            self.patience -= time.monotonic() - begun

    def mount_of(self, descriptor):
        with self.open_text(f"self/fdinfo/{descriptor}", self.proc) as file:
            return field(file.read(), "mnt_id")

    def kill_holders(self, mount, writing, wide):
        found = False
        for pid in self.processes():
            try:
                process = os.open(str(pid), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=self.proc)
            except OSError:
                continue
            try:
                if self.holds(process, mount, writing, wide):
                    found = True
                    if pid not in self.spared:
                        # The folder stands for this very process, also where its pid is used anew.
                        signal.pidfd_send_signal(process, signal.SIGKILL)
            except ProcessLookupError:
                pass
            finally:
                os.close(process)
        return found

    def processes(self):
        children = {}
        for name in os.listdir(self.proc):
            if not name.isdigit():
                continue
            try:
                with self.open_text(f"{name}/stat", self.proc) as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except OSError:
                continue
            children.setdefault(parent, []).append(int(name))
        found = [self.init]
        for pid in found:
            found += children.get(pid, [])
        return found

    def holds(self, process, mount, writing, wide):
        # The threads of a process share all of this, unless they do something about it.
        tasks = [f"task/{task}" for task in listed(process, "task")] if wide else ["."]
        return self.maps(process, mount, writing) or any(
            self.has_open(process, task, mount, writing, wide) or (not writing and self.stands_on(process, task, mount))
            for task in tasks
        )

    def stands_on(self, process, task, mount):
        return any(self.leads_to(process, f"{task}/{link}", mount) for link in ("cwd", "root", "exe"))

    def maps(self, process, mount, writing):
        for name in listed(process, "map_files"):
            path = f"map_files/{name}"
            if self.leads_to(process, path, mount) and (not writing or is_writable(process, path)):
                return True
        return False

    def has_open(self, process, task, mount, writing, wide):
        for number in listed(process, f"{task}/fdinfo"):
            try:
                with self.open_text(f"{task}/fdinfo/{number}", process) as file:
                    text = file.read()
            except OSError as error:
                if error.errno not in GONE:
                    raise
                continue
            is_there = field(text, "mnt_id") == mount
            if is_there and (not writing or int(field(text, "flags"), 8) & os.O_ACCMODE != os.O_RDONLY):
                return True
            # Descriptors that wait in a socket, of which nothing more is told.
            if wide and field(text, "scm_fds") not in (None, "0"):
                return True
        return False

    def leads_to(self, process, link, mount):
        try:
            descriptor = os.open(link, os.O_PATH | os.O_CLOEXEC, dir_fd=process)
        except OSError as error:
            if error.errno not in GONE:
                raise
            return False
        try:
            return self.mount_of(descriptor) == mount
        finally:
            os.close(descriptor)

    @staticmethod
    def open_text(path, folder):
        return open(path, errors="replace", opener=lambda name, flags: os.open(name, flags, dir_fd=folder))


def is_busy(attempt):
    try:
        attempt()
        return False
    except OSError as error:
        if error.errno != errno.EBUSY:
            raise
        return True


def is_writable(process, link):
    try:
        return bool(os.stat(link, dir_fd=process, follow_symlinks=False).st_mode & stat.S_IWUSR)
    except OSError:
        return False


def listed(process, path):
    try:
        folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=process)
    except OSError as error:
        if error.errno not in GONE:
            raise
        return []
    try:
        return os.listdir(folder)
    except OSError as error:
        if error.errno not in GONE:
            raise
        return []
    finally:
        os.close(folder)


def field(text, name):
    return next((line.split(":", 1)[1].strip() for line in text.splitlines() if line.startswith(f"{name}:")), None)
