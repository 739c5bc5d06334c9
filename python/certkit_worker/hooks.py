"""Hooks of uWSGI that run in each worker (`hook-post-fork`): `ACTION:ARGUMENT`."""


def run_action(text):
    """Does what a hook says; the worker does not start when it fails."""
    action, _, argument = text.lstrip("!").partition(":")
    if action in ("exec", "safeexec"):
        import subprocess

        status = subprocess.call(["/bin/sh", "-c", argument], stdin=subprocess.DEVNULL)
        if status and action == "exec":
            raise LoadError("the hook `%s` (post-fork) failed: it ended with status %d" % (text, status))
    elif action in ("chdir", "cd"):
        attempt(text, os.chdir, argument)
    elif action == "mkdir":
        attempt(text, os.mkdir, argument)
    elif action == "unlink":
        attempt(text, os.unlink, argument)
    elif action in ("print", "log"):
        sys.stderr.write(argument + "\n")
    elif action in ("create", "creat", "write", "writen", "append", "appendn"):
        name, _, words = (argument, "", "") if action.startswith("creat") else argument.partition(" ")
        attempt(text, write_file, name, "a" if action.startswith("append") else "w", words + "\n" * action.endswith("n"))


def attempt(text, function, *args):
    try:
        function(*args)
    except OSError as error:
        raise LoadError("the hook `%s` (post-fork) failed: %s" % (text, error))


def write_file(name, mode, text):
    with open(name, mode) as file:
        file.write(text)
