"""Makes an environment for what a user installs, where it cannot go over the release itself; then becomes a command.

    python -I environment.py FOLDER COMMAND...

It is run by the release's Python in the session. The environment finds the release's packages after its own, and has the
release's scripts, which start with the environment's Python.
"""

import os
import sys


def main():
    folder, command = sys.argv[1], sys.argv[2:]
    mark = os.path.join(folder, ".cygnet-complete")
    if not os.path.exists(mark):
        make(folder)
        open(mark, "w").close()
    os.execv(command[0], command)


def make(folder):
    import sysconfig
    import venv

    venv.EnvBuilder(with_pip=False, symlinks=True).create(folder)
    # The pyvenv.cfg names the Python that made it; that is one with another place for packages, but the same otherwise.
    packages = sysconfig.get_path("purelib")
    own = os.path.join(folder, os.path.relpath(packages, sys.prefix))
    with open(os.path.join(own, "cygnet-release.pth"), "w", encoding="utf-8") as file:
        # Added as a folder of its own, with the .pth files in it.
        file.write(f"import site; site.addsitedir({packages!r})\n")
    copy_scripts(os.path.join(sys.prefix, "bin"), os.path.join(folder, "bin"))


def copy_scripts(source, target):
    for name in os.listdir(source):
        beside, path = os.path.join(source, name), os.path.join(target, name)
        if os.path.islink(beside) or not os.path.isfile(beside) or os.path.lexists(path):
            continue
        with open(beside, "rb") as file:
            text = file.read()
        if not text.startswith(b"#!" + os.fsencode(source) + b"/python"):
            continue
        with open(path, "wb") as file:
            file.write(text.replace(os.fsencode(source), os.fsencode(target), 1))
        os.chmod(path, 0o755)


main()
