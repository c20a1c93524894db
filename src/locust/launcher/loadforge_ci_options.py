"""Keeps Locust's options to those that loadforge-ci passes, and to the project's own."""

import os


def read_only_project_files():
    """Makes Locust read the project's locust.conf and pyproject.toml, and no ~/.locust.conf.

    A machine's own file would change the run or end it at its start, and no other machine would run the same. What a run
    decides itself (users, host, output) is left out of the project's files.
    """
    import locust.argument_parser as parser

    known = getattr(parser, "DEFAULT_CONFIG_FILES", None) or []
    files = [file for file in os.environ.get("LOADFORGE_CI_LOCUST_CONFIG", "").split(os.pathsep) if file]
    # A Locust that does not know the table in pyproject.toml would read the file as its own.
    files = [file for file in files if not file.endswith(".toml") or "pyproject.toml" in known]
    for function in (parser.get_empty_argument_parser, parser.get_parser):
        defaults = function.__defaults__ or ()
        function.__defaults__ = tuple(files if default is known else default for default in defaults)
    get_empty_argument_parser = parser.get_empty_argument_parser

    def get_filtered_parser(*positional, **named):
        made = get_empty_argument_parser(*positional, **named)
        if hasattr(made, "_config_file_parser"):
            made._config_file_parser = WithoutReserved(made._config_file_parser)
        return made

    parser.get_empty_argument_parser = get_filtered_parser


class WithoutReserved:
    """A reader of configuration files that leaves out the options that a run decides itself."""

    def __init__(self, reader):
        self.reader = reader
        names = os.environ.get("LOADFORGE_CI_RESERVED", "").split(",")
        self.names = {name for name in names if not name.endswith("*")}
        self.families = tuple(name[:-1] for name in names if name.endswith("*"))

    def __getattr__(self, name):
        return getattr(self.reader, name)

    def is_reserved(self, key):
        name = key.lstrip("-").replace("_", "-")
        return name in self.names or name.startswith(self.families)

    def parse(self, stream):
        settings = self.reader.parse(stream)
        return type(settings)((key, value) for key, value in settings.items() if not self.is_reserved(key))
