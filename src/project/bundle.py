import importlib.abc
import importlib.machinery
import linecache
import os
import sys
import traceback

place = os.path.dirname(os.path.abspath(script)) if script else os.getcwd()


class Bundled(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules that loadforge-ci bundled into the script."""

    def find_spec(self, name, path=None, target=None):
        if name not in modules:
            return None
        file, is_package, _ = modules[name]
        return importlib.machinery.ModuleSpec(name, self, origin=file or None, is_package=is_package)

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        file, _, source = modules[module.__name__]
        if not file:
            return
        module.__file__ = os.path.join(place, file)
        linecache.cache[module.__file__] = (len(source), None, source.splitlines(True), module.__file__)
        exec(compile(source, module.__file__, "exec", dont_inherit=True), module.__dict__)

    def get_source(self, name):
        return modules[name][2]


sys.meta_path.insert(0, Bundled())
# The interpreter's own hook reads files alone; this one shows the lines of bundled modules too.
if sys.excepthook is sys.__excepthook__:
    sys.excepthook = traceback.print_exception
