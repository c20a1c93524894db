"""Keeps Locust's options to those that loadforge-ci passes."""


def ignore_config_files():
    """Makes Locust read no ~/.locust.conf, locust.conf or pyproject.toml.

    A machine's own file would change the run or end it at its start, and no other machine would run the same.
    """
    import locust.argument_parser as parser

    files = getattr(parser, "DEFAULT_CONFIG_FILES", None)
    for function in (parser.get_empty_argument_parser, parser.get_parser):
        defaults = function.__defaults__ or ()
        function.__defaults__ = tuple([] if default is files else default for default in defaults)
