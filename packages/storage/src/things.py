"""Knows files and folders by what they are and not by their names, for the shares of them.

    things.py mark    opens what a share is to be of and tells how it is known again
    things.py find    tells where it is now
    things.py watch   tells a save that puts a new file in the old one's place from a deletion, while it runs

A home is hostile ground: a path in it is opened beneath the home, without following any symbolic link. The first two take
one JSON object on standard input and answer with one; `watch` takes and gives one in each line and ends with its input.
Paths in it are base64, as names are bytes.
See statx(2), open_by_handle_at(2), openat2(2), inotify(7), xattr(7).
"""

import base64
import ctypes
import errno
import json
import os
import resource
import select
import stat
import struct
import sys
import time

libc = ctypes.CDLL(None, use_errno=True)

MARK = b"user.cygnet.id"
AT_EMPTY_PATH, AT_SYMLINK_NOFOLLOW = 0x1000, 0x100
STATX_BASIC_AND_BIRTH = 0xFFF
SYS_OPENAT2 = 437
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 2, 4, 8
MAX_HANDLE = 128

# A search ends after so much of it: it is looked for while somebody waits.
MOST_ENTRIES = 3_000_000
MOST_SECONDS = 20.0

IN_MOVED_FROM, IN_MOVED_TO, IN_CREATE, IN_DELETE, IN_DELETE_SELF, IN_MOVE_SELF = 0x40, 0x80, 0x100, 0x200, 0x400, 0x800
IN_Q_OVERFLOW, IN_IGNORED, IN_UNMOUNT = 0x4000, 0x8000, 0x2000
IN_ONLYDIR = 0x01000000
WATCHED = IN_MOVED_FROM | IN_MOVED_TO | IN_CREATE | IN_DELETE | IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR
MOST_PAST = 1000


class OpenHow(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


class FileHandle(ctypes.Structure):
    _fields_ = [("bytes", ctypes.c_uint32), ("type", ctypes.c_int32), ("data", ctypes.c_uint8 * MAX_HANDLE)]


def check(result, what=None):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result


def open_root(path):
    return os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def open_beneath(folder, path, flags):
    how = OpenHow(flags | os.O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
    arguments = (ctypes.c_long(folder), ctypes.c_char_p(path or b"."), ctypes.byref(how), ctypes.c_long(ctypes.sizeof(how)))
    return check(libc.syscall(ctypes.c_long(SYS_OPENAT2), *arguments), path)


def identity_of(folder, name=b""):
    """Of what a descriptor holds, or of a name in a folder; as identity.ts has it."""
    buffer = ctypes.create_string_buffer(256)
    flags = AT_SYMLINK_NOFOLLOW | (AT_EMPTY_PATH if name == b"" else 0)
    check(libc.statx(folder, ctypes.c_char_p(name), flags, STATX_BASIC_AND_BIRTH, buffer))
    (inode,) = struct.unpack_from("=Q", buffer, 32)
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, 80)
    return f"{inode}:{seconds * 10**9 + nanoseconds}"


def kind_of(mode):
    return "folder" if stat.S_ISDIR(mode) else "file" if stat.S_ISREG(mode) else "other"


def handle_of(held):
    """The kernel's own name of an inode, which tells it from a later one of the same number; None where it gives none."""
    handle, mount = FileHandle(bytes=MAX_HANDLE), ctypes.c_int()
    if libc.name_to_handle_at(held, ctypes.c_char_p(b""), ctypes.byref(handle), ctypes.byref(mount), AT_EMPTY_PATH) < 0:
        return None
    return f"{handle.type}:{base64.b64encode(bytes(handle.data[: handle.bytes])).decode()}"


def open_by_handle(root, text):
    kind, _, data = text.partition(":")
    content = base64.b64decode(data)
    handle = FileHandle(bytes=len(content), type=int(kind))
    ctypes.memmove(handle.data, content, len(content))
    return check(libc.open_by_handle_at(root, ctypes.byref(handle), os.O_PATH | os.O_CLOEXEC), "open_by_handle_at")


def read_mark(held):
    try:
        return os.getxattr(f"/proc/self/fd/{held}", MARK).decode("ascii", "replace")
    except OSError:
        return None


def write_mark(held, mark):
    """Whether the thing carries it now: some file systems keep no such attributes, and some files may not be changed."""
    if read_mark(held) == mark:
        return True
    try:
        os.setxattr(f"/proc/self/fd/{held}", MARK, mark.encode("ascii"))
        return True
    except OSError:
        return False


def look(root, path):
    try:
        return open_beneath(root, path, os.O_PATH | os.O_NOFOLLOW)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ELOOP):
            return None
        raise


def mark(request):
    root = open_root(request["root"])
    held = look(root, base64.b64decode(request["path"]))
    if held is None:
        return {"identity": None}
    kept = write_mark(held, request["mark"])
    return {"identity": identity_of(held), "handle": handle_of(held), "mark": request["mark"] if kept else None}


def find(request):
    root, path = open_root(request["root"]), base64.b64decode(request["path"])
    held, here = look(root, path), None
    if held is not None:
        here = {"identity": identity_of(held), "kind": kind_of(os.fstat(held).st_mode)}
        here |= {"handle": handle_of(held), "mark": read_mark(held)}
    if not request["search"]:
        return {"here": here, "at": "unknown"}
    return {"here": here, **place_of(root, path, request["identity"], request["handle"])}


def place_of(root, path, identity, handle):
    if handle is not None:
        try:
            held = open_by_handle(root, handle)
        except OSError as error:
            if error.errno in (errno.ESTALE, errno.ENOENT):
                return {"at": "nowhere"}
        else:
            known = place_of_held(root, held, identity) or search(root, path, identity)
            return known if known["at"] != "nowhere" or is_gone(held, identity) else {"at": "outside"}
    return search(root, path, identity)


def is_gone(held, identity):
    return os.fstat(held).st_nlink == 0 or identity_of(held) != identity


def place_of_held(root, held, identity):
    """None where the kernel does not know its path at the moment, as of a file that nobody has looked up."""
    if is_gone(held, identity):
        return {"at": "nowhere"}
    top, where = (os.readlink(os.fsencode(f"/proc/self/fd/{one}")) for one in (root, held))
    if where.startswith(top + b"/"):
        inside = where[len(top) + 1 :]
        return inside_of(inside) if is_at(root, inside, identity) else None
    try:
        return {"at": "outside"} if identity_of(-100, where) == identity else None
    except OSError:
        return None


def is_at(root, path, identity):
    try:
        held = look(root, path)
        return held is not None and identity_of(held) == identity
    except OSError:
        return False


def inside_of(path):
    return {"at": "inside", "path": base64.b64encode(path).decode()}


def search(root, path, identity):
    """Goes through the home, what lay beside it first. What its owner has closed to themselves is passed by."""
    inode, device = int(identity.partition(":")[0]), os.fstat(root).st_dev
    beside = os.path.dirname(path)
    stack = [b"", beside] if beside else [b""]
    entries, until = 0, time.monotonic() + MOST_SECONDS
    while stack:
        folder = stack.pop()
        try:
            held = open_beneath(root, folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            if os.fstat(held).st_dev != device:
                continue
            with os.scandir(held) as listing:
                for entry in listing:
                    entries += 1
                    if entries > MOST_ENTRIES or (entries % 1000 == 0 and time.monotonic() > until):
                        return {"at": "unknown"}
                    name = os.fsencode(entry.name)
                    if entry.inode() == inode and identity_of(held, name) == identity:
                        return inside_of(os.path.join(folder, name))
                    if entry.is_dir(follow_symlinks=False):
                        stack.append(os.path.join(folder, name))
        except OSError:
            continue
        finally:
            os.close(held)
    return {"at": "nowhere"}


def is_backup(name, backup):
    """Whether an editor would keep the old content of `name` under `backup` while it writes the new."""
    return backup in (name + b"~", name + b".bak", name + b".orig") or (
        backup.startswith(name + b".~") and backup.endswith(b"~")
    )


class Watch:
    """One shared thing: by which identities it was known since it is watched, each in the place of the one before."""

    def __init__(self, key, folder, name, identity):
        self.key, self.folder, self.name = key, folder, name
        self.past, self.now = {identity: None}, identity
        # present; moved (by the rename of that cookie); aside (that was to its backup); broken, for good
        self.state, self.cookie, self.replaced = "present", 0, False

    def look(self):
        try:
            is_file = stat.S_ISREG(os.stat(self.name, dir_fd=self.folder.held, follow_symlinks=False).st_mode)
            return identity_of(self.folder.held, self.name), is_file
        except OSError:
            return None, False

    def accept(self, identity, is_file):
        """Takes what stands there now for the old one's successor where it was put in its place."""
        if self.state != "present":
            return
        if identity != self.now:
            if identity is None or not is_file or not self.replaced:
                self.state = "broken"
                return
            self.past[identity] = None
            self.now = identity
            if len(self.past) > MOST_PAST:
                del self.past[next(iter(self.past))]
        self.replaced = False

    def follow(self, mask, cookie):
        """An event of its name."""
        if mask & IN_MOVED_FROM:
            self.state, self.cookie = ("moved" if self.state == "present" else "broken"), cookie
        elif mask & IN_DELETE:
            self.state = "broken"
        elif mask & (IN_MOVED_TO | IN_CREATE):
            # A rename over what was there, or something new where the old one was kept as its backup.
            self.replaced = self.state == "aside" or (self.state == "present" and bool(mask & IN_MOVED_TO))
            self.state = "present" if self.replaced else "broken"


class Folder:
    def __init__(self, held):
        self.held, self.watches = held, set()


class Watcher:
    def __init__(self):
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
        self.inotify = check(libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC), "inotify_init1")
        self.folders, self.watches = {}, {}
        self.changed = set()

    def add(self, key, root, path, identity):
        """Whether the thing is there and watched from now on."""
        before = self.watches.get(key)
        held_root = open_root(root)
        try:
            folder, name = os.path.split(path)
            held = look(held_root, folder)
        finally:
            os.close(held_root)
        if held is None:
            self.remove(key)
            return False
        try:
            there = ctypes.c_char_p(os.fsencode(f"/proc/self/fd/{held}"))
            number = check(libc.inotify_add_watch(self.inotify, there, WATCHED), "inotify_add_watch")
        except OSError:
            os.close(held)
            self.remove(key)
            raise
        if number in self.folders:
            os.close(held)
        else:
            self.folders[number] = Folder(held)
        one = self.folders[number]
        # What happened to the name so far was before this.
        if before is not None and before.folder is one and before.name == name:
            if before.state != "broken" and identity in before.past:
                return True
        self.remove(key, keep=number)
        watch = Watch(key, one, name, identity)
        self.watches[key] = watch
        one.watches.add(watch)
        watch.accept(*watch.look())
        return watch.state == "present"

    def remove(self, key, keep=None):
        watch = self.watches.pop(key, None)
        if watch is None:
            return
        watch.folder.watches.discard(watch)
        for number, folder in list(self.folders.items()):
            if folder is watch.folder and not folder.watches and number != keep:
                libc.inotify_rm_watch(self.inotify, number)
                self.forget(number)

    def forget(self, number):
        folder = self.folders.pop(number, None)
        if folder is not None:
            os.close(folder.held)

    def read(self):
        """Takes in all that happened until now."""
        touched = self.take_all()
        while touched:
            looks = {watch: watch.look() for watch in touched}
            # What happened while they were looked at may be what was seen.
            again = self.take_all()
            for watch, (identity, is_file) in looks.items():
                if watch not in again:
                    watch.accept(identity, is_file)
            self.changed |= {watch.key for watch in touched}
            touched = again

    def take_all(self):
        touched = set()
        while True:
            try:
                data = os.read(self.inotify, 1 << 16)
            except BlockingIOError:
                return touched
            offset = 0
            while offset < len(data):
                number, mask, cookie, length = struct.unpack_from("=iIII", data, offset)
                name = data[offset + 16 : offset + 16 + length].rstrip(b"\0")
                touched |= self.take(number, mask, cookie, name)
                offset += 16 + length

    def take(self, number, mask, cookie, name):
        """An event; returns those that it is about."""
        if mask & IN_Q_OVERFLOW:
            for watch in self.watches.values():
                watch.replaced = False
                if watch.state != "broken":
                    watch.state = "present"
            return set(self.watches.values())
        folder = self.folders.get(number)
        if folder is None:
            return set()
        if mask & (IN_DELETE_SELF | IN_UNMOUNT | IN_IGNORED):
            for watch in folder.watches:
                watch.state = "broken"
            return set(folder.watches)
        if mask & IN_MOVE_SELF:
            return set(folder.watches)
        if mask & IN_MOVED_TO:
            for watch in folder.watches:
                if watch.state == "moved" and watch.cookie == cookie and is_backup(watch.name, name):
                    watch.state = "aside"
        touched = {watch for watch in folder.watches if watch.name == name}
        for watch in touched:
            watch.follow(mask, cookie)
        return touched

    def ask(self, key, identity):
        """What has come to be in the place of `identity`, one save after the other; None where that cannot be told."""
        self.read()
        watch = self.watches.get(key)
        if watch is None or watch.state != "present" or identity not in watch.past:
            return None
        return watch.now


def watch():
    watcher = Watcher()
    pending = b""
    while True:
        ready = select.select([0, watcher.inotify], [], [])[0]
        if watcher.inotify in ready:
            watcher.read()
        if 0 in ready:
            data = os.read(0, 1 << 16)
            if not data:
                return
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                serve(watcher, json.loads(line))
        for key in sorted(watcher.changed):
            say({"changed": key})
        watcher.changed.clear()


def serve(watcher, request):
    key = request["key"]
    if request["do"] == "ask":
        say({"answer": request["number"], "identity": watcher.ask(key, request["identity"])})
    elif request["do"] == "remove":
        watcher.remove(key)
    else:
        known = None
        try:
            if watcher.add(key, request["root"], base64.b64decode(request["path"]), request["identity"]):
                known = request["identity"]
        except OSError as error:
            say({"unwatched": key, "why": error.strerror or str(error)})
        say({"answer": request["number"], "identity": known})


def say(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


def main():
    if sys.argv[1] == "watch":
        watch()
    else:
        say({"mark": mark, "find": find}[sys.argv[1]](json.load(sys.stdin)))


main()
