"""Mounts by descriptors: the system calls that Python does not have.

openat2(2), open_tree(2), move_mount(2), mount_setattr(2), fsopen(2), linux/mount.h; their numbers are the same on all processors.
"""

import ctypes
import errno
import os

libc = ctypes.CDLL(None, use_errno=True)

SYS_OPEN_TREE, SYS_MOVE_MOUNT, SYS_FSOPEN, SYS_FSCONFIG, SYS_FSMOUNT = 428, 429, 430, 431, 432
SYS_OPENAT2, SYS_MOUNT_SETATTR = 437, 442

O_PATH = os.O_PATH
AT_EMPTY_PATH, AT_RECURSIVE = 0x1000, 0x8000
OPEN_TREE_CLONE, OPEN_TREE_CLOEXEC = 1, os.O_CLOEXEC
MOVE_MOUNT_F_EMPTY_PATH, MOVE_MOUNT_T_EMPTY_PATH = 0x04, 0x40
FSCONFIG_SET_FLAG, FSCONFIG_SET_STRING, FSCONFIG_CMD_CREATE = 0, 1, 6
FSOPEN_CLOEXEC, FSMOUNT_CLOEXEC = 1, 1
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV, MOUNT_ATTR_NOEXEC, MOUNT_ATTR_IDMAP = 1, 2, 4, 8, 0x100000
MS_REC, MS_PRIVATE, MS_SLAVE = 1 << 14, 1 << 18, 1 << 19
UMOUNT_NOFOLLOW = 8
CLONE_NEWNS, CLONE_NEWUSER = 0x20000, 0x10000000
RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS, RESOLVE_BENEATH = 2, 4, 8


class OpenHow(ctypes.Structure):
    _fields_ = [("flags", ctypes.c_uint64), ("mode", ctypes.c_uint64), ("resolve", ctypes.c_uint64)]


class MountAttr(ctypes.Structure):
    _fields_ = [(name, ctypes.c_uint64) for name in ("attr_set", "attr_clr", "propagation", "userns_fd")]


def check(result, what):
    if result < 0:
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code), what)
    return result


def syscall(number, *arguments, what=None):
    # Unlike a plain int, c_long is passed whole.
    wide = [ctypes.c_long(one) if isinstance(one, int) else one for one in arguments]
    return check(libc.syscall(ctypes.c_long(number), *wide), what)


def text(value):
    return ctypes.c_char_p(os.fsencode(value))


def open_beneath(folder, path, flags):
    how = OpenHow(flags | os.O_CLOEXEC, 0, RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS)
    return syscall(SYS_OPENAT2, folder, text(path or "."), ctypes.byref(how), ctypes.sizeof(how), what=path)


def clone_tree(source, recursive=False):
    flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    return syscall(SYS_OPEN_TREE, source, text(""), flags, what="open_tree")


def set_attributes(tree, attributes, userns=0, recursive=False, cleared=0):
    change = MountAttr(attributes, cleared, MS_PRIVATE, userns)
    flags = AT_EMPTY_PATH | (AT_RECURSIVE if recursive else 0)
    syscall(SYS_MOUNT_SETATTR, tree, text(""), flags, ctypes.byref(change), ctypes.sizeof(change), what="mount_setattr")


def attach(tree, target):
    flags = MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH
    syscall(SYS_MOVE_MOUNT, tree, text(""), target, text(""), flags, what="move_mount")


def create_file_system(kind, options, attributes):
    """A new file system, attached to nowhere yet."""
    context = syscall(SYS_FSOPEN, text(kind), FSOPEN_CLOEXEC, what="fsopen")
    try:
        for key, value in options.items():
            if value is None:
                syscall(SYS_FSCONFIG, context, FSCONFIG_SET_FLAG, text(key), None, 0, what=key)
            else:
                syscall(SYS_FSCONFIG, context, FSCONFIG_SET_STRING, text(key), text(value), 0, what=key)
        syscall(SYS_FSCONFIG, context, FSCONFIG_CMD_CREATE, None, None, 0, what="fsconfig")
        return syscall(SYS_FSMOUNT, context, FSMOUNT_CLOEXEC, attributes, what="fsmount")
    finally:
        os.close(context)


def own_mounts(propagation):
    """From here on what this process mounts is seen by nobody else."""
    check(libc.unshare(CLONE_NEWNS), "unshare")
    check(libc.mount(None, text("/"), None, ctypes.c_ulong(MS_REC | propagation), None), "mount")


def own_user():
    """A user namespace in which this process keeps its uid, and may mount."""
    uid, gid = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER), "unshare")
    for name, content in (("setgroups", "deny"), ("uid_map", f"{uid} {uid} 1"), ("gid_map", f"{gid} {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(content)


def user_namespace(inside, outside):
    """A user namespace that shows what belongs to `inside` on disk as belonging to `outside`."""
    ready, go = os.pipe(), os.pipe()
    child = os.fork()
    if child == 0:
        try:
            check(libc.unshare(CLONE_NEWUSER), "unshare")
            os.write(ready[1], b"x")
            os.close(go[1])
            os.read(go[0], 1)
        finally:
            os._exit(0)
    try:
        os.close(ready[1])
        os.close(go[0])
        if os.read(ready[0], 1) != b"x":
            raise OSError(errno.EPERM, "no user namespace can be made", "unshare")
        for name in ("uid_map", "gid_map"):
            with open(f"/proc/{child}/{name}", "w") as file:
                file.write(f"{inside} {outside} 1")
        return os.open(f"/proc/{child}/ns/user", os.O_RDONLY | os.O_CLOEXEC)
    finally:
        os.close(go[1])
        os.close(ready[0])
        os.waitpid(child, 0)
