"""Mounts what others share with a user into a session's home, and writable views of its software.

    mounts.py apply              into a running sandbox, as root; the plan as JSON on standard input
    mounts.py enter PLAN COMMAND...   puts the home together in namespaces of its own, as an ordinary user, then becomes COMMAND
    mounts.py try                tries whether a writable view of the software can be had; the plan as JSON on standard input

Both the sources, in homes of other users, and the home that is mounted into are hostile ground: whatever is checked by path
may be something else a moment later. So every path below a home is opened once, without following symbolic links, and from
then on only the descriptor counts.
"""

import ctypes
import errno
import json
import os
import re
import stat
import struct
import sys

# Isolated as this program runs, what lies beside it is not found by itself.
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from holders import Held, Session
from layers import create_layer, show_layer, show_plain, try_layer
from mounting import (
    CLONE_NEWNS,
    MOUNT_ATTR_IDMAP,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOEXEC,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_SLAVE,
    O_PATH,
    UMOUNT_NOFOLLOW,
    attach,
    check,
    clone_tree,
    create_file_system,
    libc,
    open_beneath,
    own_mounts,
    own_user,
    set_attributes,
    text,
    user_namespace,
)

# Of one thing that is shared; also its name may be none, such as half of a character.
PROBLEMS = (OSError, ValueError)
AT_EMPTY_PATH, STATX_BASIC_AND_BIRTH = 0x1000, 0xFFF


def to_file_name(name):
    """The name on the disk: a byte that is no UTF-8 comes as U+201B and two hexadecimal digits."""
    escape = "\u201b([89A-F][0-9A-F])".encode()
    return os.fsdecode(re.sub(escape, lambda found: bytes.fromhex(found[1].decode()), name.encode()))


def open_source(mount):
    root = os.open(mount["root"], O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        source = open_beneath(root, to_file_name(mount["path"]), O_PATH | os.O_NOFOLLOW)
    finally:
        os.close(root)
    mode = os.fstat(source).st_mode
    if not stat.S_ISDIR(mode) and not stat.S_ISREG(mode):
        os.close(source)
        raise OSError(errno.EINVAL, "neither a folder nor a regular file", mount["path"])
    if mount["identity"] is not None and identity_of(source) != mount["identity"]:
        os.close(source)
        raise OSError(errno.ENOENT, "another thing has that name now", mount["path"])
    return source


def identity_of(held):
    """The inode and the nanosecond of its birth, see statx(2)."""
    buffer = ctypes.create_string_buffer(256)
    check(libc.statx(held, text(""), AT_EMPTY_PATH, STATX_BASIC_AND_BIRTH, buffer), "statx")
    (inode,) = struct.unpack_from("=Q", buffer, 32)
    seconds, nanoseconds = struct.unpack_from("=qI", buffer, 80)
    return f"{inode}:{seconds * 10**9 + nanoseconds}"


def create_scratch(attributes):
    """A file system of its own for mount points: nothing of them is ever written into the home."""
    options = {"source": "cygnet-shared", "size": "256k", "nr_inodes": "4096", "mode": "0755"}
    return create_file_system("tmpfs", options, attributes)


def prepare(mount, uid, maps, recursive):
    """The mount, attached to nowhere yet. Returns it with whether its files are shown as the user's own."""
    source = open_source(mount)
    try:
        tree = clone_tree(source, recursive)
    finally:
        os.close(source)
    attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | (MOUNT_ATTR_RDONLY if mount["readOnly"] else 0)
    owner = mount["ownerUid"]
    if owner is None or uid is None or owner == uid:
        set_attributes(tree, attributes, recursive=recursive)
        return tree, True
    try:
        if owner not in maps:
            maps[owner] = user_namespace(owner, uid)
        set_attributes(tree, attributes | MOUNT_ATTR_IDMAP, maps[owner])
        return tree, True
    except OSError as error:
        # An old kernel, or a file system without this ability, such as NFS.
        if error.errno not in (errno.EINVAL, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP):
            raise
    set_attributes(tree, attributes)
    return tree, False


def prepare_all(plan, recursive=False):
    trees, notes, maps = {}, [], {}
    for mount in plan["mounts"]:
        try:
            tree, mapped = prepare(mount, plan["uid"], maps, recursive)
            trees[to_file_name(mount["name"])] = (tree, mount["readOnly"])
            if not mapped:
                notes.append({"name": mount["name"], "problem": "unmapped"})
        except PROBLEMS as error:
            notes.append(note_of(mount["name"], error))
    for namespace in maps.values():
        os.close(namespace)
    return trees, notes


def note_of(name, error):
    code = getattr(error, "errno", None)
    problem = getattr(error, "strerror", None) or str(error)
    return {"name": name, "problem": "missing" if code in (errno.ENOENT, errno.ENOTDIR) else problem}


def create_layers(plan):
    """A view that cannot be had, as on a full disk, must not keep the user from their files."""
    views, notes = {}, []
    for layer in plan["layers"]:
        try:
            views[layer["target"]] = create_layer(layer, plan["uid"])
        except OSError as error:
            notes.append({**note_of(layer["target"], error), "layer": True})
    return views, notes


def open_shared(home, name, uid):
    """The folder in the home that the shared things appear in, made by the user's own right where it is not there."""
    try:
        return open_beneath(home, name, O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        pass
    if uid is not None:
        libc.setfsgid(uid)
        libc.setfsuid(uid)
    try:
        os.mkdir(name, 0o700, dir_fd=home)
    except FileExistsError:
        pass
    finally:
        if uid is not None:
            libc.setfsuid(0)
            libc.setfsgid(0)
    return open_beneath(home, name, O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)


def same_source(entry, tree):
    try:
        here, there = os.fstat(entry), os.fstat(tree)
    except OSError:
        return False
    return (here.st_dev, here.st_ino) == (there.st_dev, there.st_ino)


def make_mount_point(folder, name, is_folder):
    if is_folder:
        os.mkdir(name, 0o755, dir_fd=folder)
    else:
        os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o644, dir_fd=folder))
    return os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def open_entry(folder, name):
    return os.open(name, O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)


def attach_all(scratch, trees):
    """Returns notes of those that could not be attached, such as one whose owner has just deleted it."""
    notes = []
    for name, (tree, _) in trees.items():
        try:
            point = make_mount_point(scratch, name, stat.S_ISDIR(os.fstat(tree).st_mode))
            attach(tree, point)
            os.close(point)
        except PROBLEMS as error:
            notes.append(note_of(name, error))
        os.close(tree)
    return notes


def reconcile(scratch, trees, session):
    """
    Makes the mounts below the scratch file system be exactly these. A file that was replaced is mounted anew. Notes tell of
    those that ended or may no longer be written to, and that the session does not let go of; nothing new is mounted then.

    What ends is first put where nobody of the session comes, then whoever is in it is killed.
    """
    kept, own, hidden = {}, session.mount_of(scratch), None
    for name in os.listdir(scratch):
        entry = open_entry(scratch, name)
        if session.mount_of(entry) != own:
            if name in trees and same_source(entry, trees[name][0]):
                kept[name] = trees.pop(name)
            else:
                hidden = make_hidden(scratch) if hidden is None else hidden
                hide(entry, hidden, name)
        os.close(entry)
    held = clear(scratch, own, kept, session)
    held += [name for name, (tree, read_only) in kept.items() if not keep(scratch, name, tree, read_only, session)]
    os.chdir("/")
    if held:
        return [{"name": name, "problem": "held"} for name in held]
    return attach_all(scratch, trees)


def make_hidden(scratch):
    name = f".ending-{os.urandom(8).hex()}"
    os.mkdir(name, 0o700, dir_fd=scratch)
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=scratch)


def hide(entry, hidden, name):
    try:
        point = make_mount_point(hidden, name, stat.S_ISDIR(os.fstat(entry).st_mode))
        attach(entry, point)
        os.close(point)
    except OSError:
        # The kernel moves no mount of what its owner has deleted: it ends where it is.
        pass


def clear(scratch, own, kept, session):
    """Ends what is hidden, also by an earlier run that was killed, and removes the mount points. Returns what is held."""
    held = []
    for name in os.listdir(scratch):
        if name in kept:
            continue
        if not is_plain_folder(scratch, name, own, session):
            held += [] if end(scratch, name, own, session) else [name]
            continue
        folder = os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=scratch)
        left = [child for child in os.listdir(folder) if not end(folder, child, own, session)]
        os.close(folder)
        if not left:
            os.rmdir(name, dir_fd=scratch)
        held += left
    return held


def is_plain_folder(folder, name, own, session):
    entry = open_entry(folder, name)
    try:
        return session.mount_of(entry) == own and stat.S_ISDIR(os.fstat(entry).st_mode)
    finally:
        os.close(entry)


def end(folder, name, own, session):
    """Whether the mount is gone. It is not detached: only an unmounting that the kernel may refuse tells that nobody holds it."""
    entry = open_entry(folder, name)
    mount = session.mount_of(entry)
    os.close(entry)
    os.fchdir(folder)
    try:
        if mount != own:
            session.free(mount, lambda: check(libc.umount2(text("./" + name), UMOUNT_NOFOLLOW), name))
    except (Held, OSError):
        return False
    (os.rmdir if is_plain_folder(folder, name, own, session) else os.unlink)(name, dir_fd=folder)
    return True


def keep(scratch, name, tree, read_only, session):
    """Whether the mount has the right that it shall have. Who only reads in it is left alone."""
    os.close(tree)
    entry = open_entry(scratch, name)
    try:
        if bool(os.fstatvfs(entry).f_flag & os.ST_RDONLY) == read_only:
            return True
        if read_only:
            session.free(session.mount_of(entry), lambda: set_attributes(entry, MOUNT_ATTR_RDONLY), writing=True)
        else:
            set_attributes(entry, 0, cleared=MOUNT_ATTR_RDONLY)
        return True
    except (Held, OSError):
        return not read_only
    finally:
        os.close(entry)


def apply(plan):
    """The sandbox is known by its first process, which the caller has checked to be the right one."""
    namespace = os.open(f"/proc/{plan['pid']}/ns/mnt", os.O_RDONLY | os.O_CLOEXEC)
    with open(f"/proc/{plan['pid']}/stat") as file:
        if file.read().rpartition(")")[2].split()[19] != plan["start"]:
            raise ProcessLookupError(errno.ESRCH, "the session has ended")
    views, notes = create_layers(plan)
    trees, missing = prepare_all(plan)
    notes += missing
    session = Session(plan["pid"], plan["spared"])
    check(libc.setns(namespace, CLONE_NEWNS), "setns")
    for target, view in views.items():
        try:
            show_layer(view, target)
        except OSError as error:
            notes.append({**note_of(target, error), "layer": True})
    home = os.open(plan["home"], O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        shared = open_beneath(home, plan["folder"], O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW)
    except FileNotFoundError:
        shared = None
    # Only this program mounts anything in there: another device is the scratch file system of an earlier call.
    if shared is not None and os.fstat(shared).st_dev != os.fstat(home).st_dev:
        notes += reconcile(readable(shared), trees, session)
    elif trees:
        notes += attach_all(readable(mount_scratch(home, plan)), trees)
    return notes


def enter(plan):
    """Joins or makes namespaces and puts the home together at the plan's mount point."""
    if plan["holder"] is None:
        own_user()
    else:
        for name in ("user", "net"):
            namespace = os.open(f"/proc/{plan['holder']}/ns/{name}", os.O_RDONLY | os.O_CLOEXEC)
            check(libc.setns(namespace, 0), f"setns {name}")
    own_mounts(MS_SLAVE)
    views, notes = create_layers(plan)
    for layer in plan["layers"]:
        if layer["target"] in views:
            show_layer(views[layer["target"]], layer["target"])
        else:
            show_plain(layer, layer["target"])
    trees, missing = prepare_all(plan, recursive=True)
    notes += missing
    home = os.open(plan["source"], O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    target = os.open(plan["target"], O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    tree = clone_tree(home, recursive=True)
    attach(tree, target)
    if not trees:
        return notes
    try:
        scratch = mount_scratch(tree, plan)
        notes += attach_all(readable(scratch), trees)
        set_attributes(scratch, MOUNT_ATTR_RDONLY)
    except OSError as error:
        notes.append(whole_problem(error))
    return notes


def mount_scratch(home, plan):
    shared = open_shared(home, plan["folder"], plan["uid"])
    scratch = create_scratch(MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)
    attach(scratch, shared)
    os.close(shared)
    return scratch


def readable(folder):
    return os.open(".", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)


def whole_problem(error):
    return {"name": None, "problem": error.strerror or str(error)}


def main():
    if sys.argv[1] == "apply":
        try:
            notes = apply(json.load(sys.stdin))
        except OSError as error:
            notes = [whole_problem(error)]
        json.dump(notes, sys.stdout)
        return
    if sys.argv[1] == "try":
        plan = json.load(sys.stdin)
        try:
            if plan["uid"] is None:
                own_user()
                own_mounts(MS_SLAVE)
            try_layer(plan["layer"], plan["uid"])
        except OSError as error:
            sys.exit(f"{error.strerror} ({error.filename})" if error.filename else str(error))
        return
    with open(sys.argv[2]) as file:
        plan = json.load(file)
    try:
        notes = enter(plan)
    except OSError as error:
        sys.exit(f"The home could not be put together: {error}")
    with open(plan["notes"], "w") as file:
        json.dump(notes, file)
    os.execv(sys.argv[3], sys.argv[3:])


main()
