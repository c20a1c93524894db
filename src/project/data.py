import base64
import hashlib
import os

here = os.getcwd()
place = os.path.dirname(os.path.abspath(script)) if script else here


def decoded(content):
    try:
        return base64.b64decode(content, validate=True)
    except ValueError:
        return content


def content_of(name, digest):
    for folder in (here, place):
        try:
            with open(os.path.join(folder, "files", name), "rb") as file:
                found = file.read()
        except FileNotFoundError:
            continue
        for content in (found, decoded(found)):
            if hashlib.sha256(content).hexdigest() == digest:
                return content
    raise FileNotFoundError("files/%s is not here as loadforge-ci sent it" % name)


def is_there(target, content):
    try:
        with open(target, "rb") as file:
            return file.read() == content
    except FileNotFoundError:
        return False


for name, digest, paths in files:
    content = content_of(name, digest)
    for target in {os.path.join(folder, path) for folder in (here, place) for path in paths}:
        if is_there(target, content):
            continue
        os.makedirs(os.path.dirname(target), exist_ok=True)
        # Several processes of one machine may do this at once, and each has to find the whole file.
        part = "%s.%d" % (target, os.getpid())
        with open(part, "wb") as file:
            file.write(content)
        os.replace(part, target)
