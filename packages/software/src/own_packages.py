"""Keeps a release whole below what its user installs over it. Python runs this at its start, by the file beside it.

A session shows the release in a writable view of the user's own, and as it is at RELEASE. pip and others replace what the
release has by taking it away first, so that taking away the user's version would leave nothing. What is missing is brought back from
there: at the next start of a Python, at the end of pip, and where an import would fail for want of it. What the user takes away
with pip although it is the release's own is noted, and stays away.
"""

import os
import sys

RELEASE = "/opt/cygnet/release"

packages = os.path.dirname(os.path.abspath(__file__))
top = os.path.dirname(os.path.dirname(os.path.dirname(packages)))
theirs = RELEASE + packages[len(top) :]
# uv holds it while it changes an environment.
lock_file = os.path.join(top, ".lock")
hidden_file = os.path.join(top, ".cygnet-hidden")
# The files of paths that this Python has read, and when the folder had last changed then.
known, looked = {}, None


def distributions(folder):
    """What is installed there: by project, its version and the folder that describes it."""
    found = {}
    for name in os.listdir(folder):
        if name.endswith(".dist-info") and name[0] not in "~-.":
            project, _, version = name[: -len(".dist-info")].partition("-")
            found[project.lower().replace("_", "-").replace(".", "-")] = version, name
    return found


def restore(taken=()):
    """Brings back what is missing here, but for what the user took away on purpose, now or earlier. Returns names and versions."""
    release = distributions(theirs)
    hidden, missing = look(release, taken)
    if hidden == read_hidden() and not missing:
        return []
    lock = take_lock(exclusively=True)
    if lock is None:
        # Somebody is at work here; what is gone may be about to be there again.
        return []
    try:
        hidden, missing = look(release, taken)
        write_hidden(hidden)
        for project in missing:
            bring_back(release[project][1])
        return [f"{project} {release[project][0]}" for project in missing]
    finally:
        os.close(lock)


def look(release, taken):
    here = distributions(packages)
    gone = sorted(project for project in release if project not in here)
    wanted = {*read_hidden(), *taken}
    return [project for project in gone if project in wanted], [project for project in gone if project not in wanted]


def bring_back(description):
    import csv
    import shutil

    with open(os.path.join(theirs, description, "RECORD"), newline="", encoding="utf-8") as file:
        paths = [row[0] for row in csv.reader(file) if row]
    for path in paths:
        source = os.path.normpath(os.path.join(theirs, path))
        if not source.startswith(RELEASE + os.sep) or path.startswith(description) or not os.path.isfile(source):
            continue
        target = top + source[len(RELEASE) :]
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy2(source, target + "~")
        os.replace(target + "~", target)
    # Last: an interrupted run is done again.
    beside = os.path.join(packages, "~" + description)
    shutil.rmtree(beside, ignore_errors=True)
    shutil.copytree(os.path.join(theirs, description), beside)
    os.rename(beside, os.path.join(packages, description))


def read_hidden():
    try:
        with open(hidden_file, encoding="utf-8") as file:
            return file.read().split()
    except FileNotFoundError:
        return []


def write_hidden(projects):
    with open(hidden_file + "~", "w", encoding="utf-8") as file:
        file.write("\n".join(projects))
    os.replace(hidden_file + "~", hidden_file)


def take_lock(exclusively):
    import fcntl

    try:
        lock = os.open(lock_file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
    except OSError:
        return None
    try:
        fcntl.flock(lock, (fcntl.LOCK_EX if exclusively else fcntl.LOCK_SH) | fcntl.LOCK_NB)
        return lock
    except OSError:
        os.close(lock)
        return None


def is_pip():
    words = sys.orig_argv[1:]
    while words and words[0].startswith("-") and words[0] not in ("-m", "-c"):
        words.pop(0)
    if words[:1] == ["-m"]:
        return words[1:2] == ["pip"]
    name = os.path.basename(words[0]) if words else ""
    return name.startswith("pip") and name[3:].strip("0123456789.") == ""


def follow_pip():
    import atexit

    before, lock = distributions(packages), take_lock(exclusively=False)

    def finish():
        if lock is not None:
            os.close(lock)
        release, here = distributions(theirs), distributions(packages)
        # Of the user's own versions the release's come back; what an installation left unfinished was not meant.
        own = [project for project, (version, _) in release.items() if before.get(project, ("",))[0] == version]
        taken = [project for project in own if project not in here] if "uninstall" in sys.orig_argv else []
        back = restore(taken)
        gone = [f"{project}=={release[project][0]}" for project in taken]
        name = os.path.basename(top)
        if back:
            print(f"There again, as the release {name} has it: {', '.join(sorted(back))}", file=sys.stderr)
        if gone:
            print(f"Hidden from you, though the release {name} has it. To get it back: pip install {' '.join(sorted(gone))}", file=sys.stderr)

    atexit.register(finish)


class Returning:
    """Looks again where nobody else has found a module: for what the release has, and in what was installed in place meanwhile."""

    @staticmethod
    def find_spec(name, path=None, target=None):
        if path is not None:
            return None
        released = any(os.path.exists(os.path.join(theirs, name + end)) for end in ("", ".py"))
        if not (released and restore()) and not read_paths():
            return None
        import importlib
        from importlib.machinery import PathFinder

        importlib.invalidate_caches()
        return PathFinder.find_spec(name)


def path_files():
    with os.scandir(packages) as entries:
        files = [entry for entry in entries if entry.name.endswith(".pth")]
        return {entry.name: (entry.inode(), entry.stat().st_mtime_ns) for entry in files if entry.is_file()}


def read_paths():
    """Does what Python does at its start with the files that were added since. Returns whether there were any."""
    global known, looked
    changed = os.stat(packages).st_mtime_ns
    if changed == looked:
        return False
    before, known, looked = known, path_files(), changed
    added = sorted(name for name in known if known[name] != before.get(name))
    if added:
        import site

        for name in added:
            site.addpackage(packages, name, None)
    return bool(added)


def find_earlier_packages():
    """What was installed when packages still went into the home is found after all else."""
    home = os.path.expanduser("~")
    folder = os.path.join(home, ".local", "releases", os.path.basename(top), packages[len(top) + 1 :])
    if folder not in sys.path and os.path.isdir(folder):
        sys.path.append(folder)


def begin():
    find_earlier_packages()
    if not os.path.isdir(theirs):
        return
    restore()
    global known, looked
    looked, known = os.stat(packages).st_mtime_ns, path_files()
    sys.meta_path.append(Returning)
    if is_pip():
        follow_pip()


begin()
