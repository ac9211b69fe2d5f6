"""What modules took at their import, and what a process had then, taken anew after a fork.

A module that is not loaded is left alone: it will see the kernel as it is. What may still differ from a kernel that was
started by itself stands, with the reason, in the test that compares the two.
"""

from __future__ import annotations

import importlib
import os
import sys
import time
from typing import Any, Callable


def renew(command: list[str]) -> None:
    """Folder, environment and arguments of the kernel are set already. `command` is what would have started it."""
    sys.orig_argv[:] = command
    importlib.invalidate_caches()
    time.tzset()
    for name, renew_module in RENEWALS.items():
        module = sys.modules.get(name)
        if module is None:
            continue
        try:
            renew_module(module)
        except Exception as error:  # Of another version than is known: the kernel is worth more than this.
            print(f"{name} could not be renewed after the fork: {error!r}", file=sys.stderr)


def renew_main() -> None:
    """Once the kernel's own module is the main one."""
    # Workers name their classes by it, and multiprocessing sets it when it is imported.
    if "__mp_main__" in sys.modules:
        sys.modules["__mp_main__"] = sys.modules["__main__"]


def renew_process(process: Any) -> None:
    # Workers that are spawned look for modules here.
    process.ORIGINAL_DIR = os.path.abspath(os.getcwd())
    process.current_process().authkey = os.urandom(32)
    process.current_process()._config.pop("tempdir", None)


def renew_threading(threading: Any) -> None:
    main = threading.main_thread()
    if hasattr(main, "_set_native_id"):
        main._set_native_id()


def renew_logging(logging: Any) -> None:
    # Nanoseconds since Python 3.13.
    logging._startTime = time.time_ns() if isinstance(logging._startTime, int) else time.time()


def renew_tempfile(tempfile: Any) -> None:
    tempfile.tempdir = None
    tempfile._name_sequence = None


def renew_numpy(numpy_random: Any) -> None:
    numpy_random.seed()


def renew_matplotlib(matplotlib: Any) -> None:
    for name in ("get_configdir", "get_cachedir", "get_data_path"):
        function = getattr(matplotlib, name, None)
        if hasattr(function, "cache_clear"):
            function.cache_clear()
    # The kernel's folder or home may have a matplotlibrc of its own.
    settings = matplotlib.rc_params()
    matplotlib.rcParamsOrig = settings.copy()
    dict.update(matplotlib.rcParams, settings)
    if os.environ.get("MPLBACKEND"):
        matplotlib.rcParams["backend"] = os.environ["MPLBACKEND"]


def renew_session(session: Any) -> None:
    # The key that `--Session.secure` would take: each kernel has one of its own.
    for settings, _ in session.session_flags.values():
        if settings.get("Session", {}).get("key"):
            settings["Session"]["key"] = session.new_id_bytes()


def renew_pydevd_schema_log(log: Any) -> None:
    log._pid = os.getpid()
    log._pid_msg = f"{log._pid}: "


def renew_pydev_log(log: Any) -> None:
    log._last_log_time = time.time()


def renew_timestamp(timestamp: Any) -> None:
    timestamp.reset()


RENEWALS: dict[str, Callable[[Any], None]] = {
    "threading": renew_threading,
    "logging": renew_logging,
    "multiprocessing.process": renew_process,
    "tempfile": renew_tempfile,
    "numpy.random": renew_numpy,
    "matplotlib": renew_matplotlib,
    "jupyter_client.session": renew_session,
    "_pydevd_bundle._debug_adapter.pydevd_schema_log": renew_pydevd_schema_log,
    "_pydev_bundle.pydev_log": renew_pydev_log,
    "debugpy.common.timestamp": renew_timestamp,
}
"""By the name of the module. What reads the process number each time (os, tempfile) and what renews itself after a fork
(`random`, `secrets`, the locks of `threading` and `logging`, OpenSSL's generator) needs nothing."""


class EnvironmentWatch:
    """Notes which variables modules read while they are imported: a kernel for which one of them differs cannot be forked."""

    HANDLED = frozenset(("JPY_PARENT_PID", "JPY_SESSION_NAME", "MPLBACKEND", "PYTHONPATH", "TZ"))
    """Set for each kernel, and renewed above or read again by whoever needs them."""

    def __init__(self) -> None:
        self.read: dict[str, str | None] = {}

    def __enter__(self) -> EnvironmentWatch:
        kind = type(os.environ)
        self._original = kind.__getitem__
        original, read = self._original, self.read

        def getitem(environment: Any, name: Any) -> Any:
            value = None
            try:
                value = original(environment, name)
                return value
            finally:
                if isinstance(name, str):
                    read.setdefault(name, value)

        kind.__getitem__ = getitem
        return self

    def __exit__(self, *_: object) -> None:
        type(os.environ).__getitem__ = self._original

    def find_difference(self, environment: dict[str, str], imported: dict[str, str]) -> str | None:
        """The first variable that was read and is another in a kernel's environment."""
        for name, value in self.read.items():
            if name not in self.HANDLED and name not in imported and environment.get(name) != value:
                return name
        return None
