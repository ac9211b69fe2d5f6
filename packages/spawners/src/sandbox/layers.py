"""Writable views of read-only software: an overlay with the software below and a folder of the user's above.

The software's files are shown as the user's own by an id-mapped mount, so that the user may replace them; what is replaced is
copied into the upper folder first. Needs Linux 5.19; see overlayfs(5) and Documentation/filesystems/overlayfs.rst.

Above, anything may lie that the user could put there. Nothing of it is believed: redirections and copies of metadata alone are
not followed, no program gains rights, no device works. The folders themselves lie where only the service makes them.
"""

import errno
import os

from mounting import (
    MOUNT_ATTR_IDMAP,
    MOUNT_ATTR_NODEV,
    MOUNT_ATTR_NOSUID,
    MOUNT_ATTR_RDONLY,
    MS_PRIVATE,
    O_PATH,
    attach,
    clone_tree,
    create_file_system,
    libc,
    own_mounts,
    set_attributes,
    user_namespace,
)

NOTHING_GAINED = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV


def create_layer(layer, uid):
    """The view, attached to nowhere yet. `uid` is the user's where this is root; else all have one, and this runs in its namespaces."""
    opened = [open_folder(layer[name]) for name in ("lower", "upper", "work")]
    lower, upper, work = opened
    try:
        if uid is None:
            return overlay(lower, upper, work, {"userxattr": None})
        owner = os.fstat(lower).st_uid
        namespace = user_namespace(owner, uid)
        tree = clone_tree(lower)
        opened += [namespace, tree]
        set_attributes(tree, NOTHING_GAINED | MOUNT_ATTR_RDONLY | MOUNT_ATTR_IDMAP, namespace)
        try:
            return overlay(tree, upper, work, {})
        except OSError as error:
            if error.errno != errno.EINVAL:
                raise
        # Before Linux 6.15 the lower layer must be attached somewhere.
        own_mounts(MS_PRIVATE)
        attach(tree, lower)
        return overlay(tree, upper, work, {})
    finally:
        for descriptor in opened:
            os.close(descriptor)


def show_layer(view, target):
    """Mounts it over what is there."""
    point = open_folder(target)
    try:
        attach(view, point)
    finally:
        os.close(point)


def show_plain(layer, target):
    """The software as it is, where the view cannot be had."""
    lower = open_folder(layer["lower"])
    tree = clone_tree(lower, recursive=True)
    set_attributes(tree, NOTHING_GAINED | MOUNT_ATTR_RDONLY)
    show_layer(tree, target)
    os.close(lower)
    os.close(tree)


def try_layer(layer, uid):
    """Makes a view and does in it what pip does: writes beside a file of the software, and removes one."""
    view = create_layer(layer, uid)
    if uid is not None:
        libc.setfsgid(uid)
        libc.setfsuid(uid)
    try:
        os.mkdir("bin/cygnet-trial", dir_fd=view)
        name = next(name for name in os.listdir(listable(view, "bin")) if name != "cygnet-trial")
        os.unlink(f"bin/{name}", dir_fd=view)
    finally:
        if uid is not None:
            libc.setfsuid(0)
            libc.setfsgid(0)
        os.close(view)


def overlay(lower, upper, work, options):
    layers = {"lowerdir": lower, "upperdir": upper, "workdir": work}
    paths = {name: f"/proc/self/fd/{descriptor}" for name, descriptor in layers.items()}
    # Features that need marks in the upper layer, which its user may have made.
    without = {"redirect_dir": "nofollow", "metacopy": "off", "index": "off"}
    return create_file_system("overlay", {"source": "cygnet-software", **paths, **without, **options}, NOTHING_GAINED)


def open_folder(path):
    return os.open(path, O_PATH | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)


def listable(folder, name):
    return os.open(name, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC, dir_fd=folder)
