"""Run in a kernel: prints as JSON all that this process and its modules hold and that could be told from another's."""

import atexit, faulthandler, gc, getpass, importlib, json, locale, os, pathlib, resource, signal, site, socket, sys, tempfile  # noqa: E401
import re, threading, time, types, warnings  # noqa: E401


def is_plain(value, depth=0):
    if value is None or isinstance(value, (bool, int, float, str, bytes, pathlib.PurePath)):
        return True
    if depth > 3 or not isinstance(value, (tuple, list, set, frozenset, dict)) or len(value) > 5000:
        return False
    inner = [*value.keys(), *value.values()] if isinstance(value, dict) else value
    return all(is_plain(each, depth + 1) for each in inner)


def text_of(value):
    if isinstance(value, dict):
        return "{" + ", ".join(sorted(f"{text_of(key)}: {text_of(each)}" for key, each in value.items())) + "}"
    if isinstance(value, (set, frozenset)):
        return "{" + ", ".join(sorted(map(text_of, value))) + "}"
    if isinstance(value, (tuple, list)):
        return "(" + ", ".join(map(text_of, value)) + ")"
    return repr(value)


def describe_module(module):
    found = {}
    for name, value in list(vars(module).items()):
        if name.startswith("__"):
            continue
        if is_plain(value):
            found[name] = text_of(value)
        elif not isinstance(value, (types.ModuleType, types.FunctionType)):
            # What a class or an object of this module holds.
            for inner, each in list((getattr(value, "__dict__", None) or {}).items()):
                if isinstance(inner, str) and not inner.startswith("__") and is_plain(each):
                    found[f"{name}.{inner}"] = text_of(each)
    return found


def read(path):
    try:
        return pathlib.Path(path).read_text()
    except OSError as error:
        return repr(error)


def describe_files():
    found = []
    for number in sorted(os.listdir("/proc/self/fd"), key=int):
        try:
            target = os.readlink(f"/proc/self/fd/{number}")
        except OSError:
            continue
        # A forked kernel's output goes to the server through a pipe with a name.
        kind = re.sub(r"^/.*-out( \(deleted\))?$", "pipe", target.split(":")[0])
        found.append(f"{number} {kind}" if int(number) < 3 else kind)
    # How many sockets there are between the threads is a matter of the moment.
    return sorted(set(found))


def describe_process():
    status = dict(line.split(":\t", 1) for line in read("/proc/self/status").splitlines() if ":\t" in line)
    kept = ("Name", "Umask", "State", "TracerPid", "Uid", "Gid", "Groups", "NoNewPrivs", "Seccomp", "Cpus_allowed")
    masks = ("SigPnd", "ShdPnd", "SigBlk", "SigIgn", "SigCgt", "CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")
    libc = __import__("ctypes").CDLL(None)
    libc.getenv.restype = __import__("ctypes").c_char_p
    death = __import__("ctypes").c_int()
    libc.prctl(2, __import__("ctypes").byref(death))
    streams = [sys.stdin, sys.stdout, sys.stderr, sys.__stdin__, sys.__stdout__, sys.__stderr__]
    return {
        "status": {name: status.get(name) for name in (*kept, *masks)},
        "cwd": [os.getcwd(), os.environ.get("PWD")],
        "leader": os.getpid() == os.getpgid(0) == os.getsid(0),
        "main thread": [threading.main_thread().native_id == os.getpid(), threading.main_thread() is threading.current_thread()],
        "threads": sorted(re.sub(r"\d+", "", thread.name) for thread in threading.enumerate()),
        "files": describe_files(),
        "limits": read("/proc/self/limits"),
        "priority": [os.getpriority(os.PRIO_PROCESS, 0), read("/proc/self/oom_score_adj"), read("/proc/self/timerslack_ns")],
        "death signal": death.value,
        "dumpable": libc.prctl(3),
        "timers": [signal.getitimer(timer) for timer in (signal.ITIMER_REAL, signal.ITIMER_PROF)],
        "environment": {name: value for name, value in os.environ.items()},
        "C environment": [name for name, value in os.environ.items() if libc.getenv(name.encode()) != os.fsencode(value)],
        "locale": [locale.setlocale(locale.LC_ALL), locale.getpreferredencoding(False), sys.getfilesystemencoding()],
        "time": [time.tzname, time.timezone, time.altzone],
        "streams": [[type(s).__name__, s and s.encoding, s and s.errors, getattr(s, "line_buffering", None)] for s in streams],
        "flags": str(sys.flags),
        "argv": sys.argv,
        "prefix": [sys.prefix, sys.base_prefix, sys.exec_prefix, sys.executable, sys.pycache_prefix],
        "path": [sys.path, [getattr(hook, "__qualname__", "") for hook in sys.path_hooks], [type(f).__name__ for f in sys.meta_path]],
        "site": [site.getusersitepackages(), site.getuserbase(), site.ENABLE_USER_SITE],
        "user": [getpass.getuser(), str(pathlib.Path.home()), os.path.expanduser("~/x"), tempfile.gettempdir()],
        "filters": sorted(map(str, warnings.filters)),
        "settings": [sys.getrecursionlimit(), sys.getswitchinterval(), sys.dont_write_bytecode, sys.get_int_max_str_digits()],
        "hooks": [str(sys.excepthook).split(" at ")[0], sys.getprofile(), sys.gettrace(), sys.unraisablehook is sys.__unraisablehook__],
        "collector": [gc.isenabled(), gc.get_threshold(), gc.get_debug()],
        "faults": faulthandler.is_enabled(),
        "sockets": socket.getdefaulttimeout(),
        "main": [sys.modules["__main__"].__name__, "get_ipython" in vars(sys.modules["__main__"])],
        "main of workers": sys.modules.get("__mp_main__", sys.modules["__main__"]) is sys.modules["__main__"],
        "own modules": [name for name in sys.modules if name.split(".")[0] == "cygnet"],
        "recent": [
            name
            for name, moment in {
                "logging": __import__("logging")._startTime / (1e9 if sys.version_info >= (3, 13) else 1),
            }.items()
            if moment < time.time() - time.clock_gettime(time.CLOCK_BOOTTIME) + started()
        ],
    }


def started():
    """When this process began, in seconds since the machine did."""
    return int(read("/proc/self/stat").rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK") - 0.1


def find_numbers(wanted):
    """Where in the modules a process number is held, some levels deep."""
    found, seen = [], set()

    def look(value, where, depth):
        if type(value) is int and value == wanted:
            found.append(where)
        if depth == 0 or id(value) in seen or isinstance(value, (str, bytes, int, float, types.ModuleType)):
            return
        seen.add(id(value))
        if isinstance(value, dict):
            inner = list(value.items())
        elif isinstance(value, (list, tuple, set, frozenset)):
            inner = list(enumerate(value))
        else:
            inner = list((getattr(value, "__dict__", None) or {}).items())
            if isinstance(value, types.FunctionType):
                inner += [("defaults", value.__defaults__), ("keywords", value.__kwdefaults__)]
        for name, each in inner:
            look(each, f"{where}.{name}", depth - 1)

    for name, module in list(sys.modules.items()):
        if isinstance(module, types.ModuleType) and name not in ("__main__", "__mp_main__"):
            for inner, value in list(vars(module).items()):
                if not inner.startswith("__"):
                    look(value, f"{name}.{inner}", 3)
    return found


def describe():
    importlib.invalidate_caches()
    modules = {name: describe_module(module) for name, module in list(sys.modules.items()) if isinstance(module, types.ModuleType)}
    del modules["__main__"]
    modules.pop("__mp_main__", None)
    parent = find_numbers(os.getppid())
    # ipykernel's own guard knows its parent.
    return {"process": describe_process(), "modules": modules, "parent": parent, "pid": os.getpid(), "ppid": os.getppid(), "atexit": atexit._ncallbacks()}


print(json.dumps(describe()))
