"""The class of a failed request: from the response's status, then the exception's type, then the text."""

import socket
import ssl

# Exceptions looked at behind the one that was reported.
MOST_CAUSES = 16

CONNECTION_NAMES = (
    "ChunkedEncodingError",
    "ConnectionError",
    "HTTPConnectionClosed",
    "HTTPParseError",
    "IncompleteRead",
    "NameResolutionError",
    "NewConnectionError",
    "ProtocolError",
    "RemoteDisconnected",
    "SSLError",
)


def status_of(response, exception):
    """The HTTP status the server answered with, or None."""
    for source in (response, getattr(exception, "response", None)):
        status = getattr(source, "status_code", None)
        if isinstance(status, int) and not isinstance(status, bool) and 100 <= status <= 599:
            return status
    return None


def causes(*exceptions):
    """These exceptions and those behind them: causes, contexts, arguments, and what urllib3 and geventhttpclient keep."""
    found = []
    waiting = list(exceptions)
    while waiting and len(found) < MOST_CAUSES:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or any(one is known for known in found):
            continue
        found.append(one)
        waiting += [one.__cause__, one.__context__, getattr(one, "reason", None), getattr(one, "original", None)]
        waiting += one.args if isinstance(one.args, tuple) else ()
    return found


def transport_class(behind):
    """`timeout` or `connection`, by the types of these exceptions; None where they are about something else."""
    names = [type(one).__name__ for one in behind]
    if any(isinstance(one, (socket.timeout, TimeoutError)) for one in behind) or any("Timeout" in name for name in names):
        return "timeout"
    connection = (ConnectionError, socket.gaierror, ssl.SSLError)
    if any(isinstance(one, connection) for one in behind) or any(name in CONNECTION_NAMES for name in names):
        return "connection"
    return None


def failure_class(exception, response):
    """`503`, `timeout`, `connection` or `other`."""
    status = status_of(response, exception)
    behind = causes(exception, getattr(response, "error", None))
    transport = transport_class(behind)
    # An answer that began well and broke off has the status of a good one.
    if status is not None and (status >= 400 or transport is None):
        return str(status)
    if transport is not None:
        return transport
    # A status of 0 says that there was no answer; which kind of failure that was is in the text alone.
    words = " ".join(str(one) for one in behind).lower() if behind else str(exception).lower()
    if "timed out" in words or "timeout" in words:
        return "timeout"
    if "connection refused" in words or "connection reset" in words or "name or service not known" in words:
        return "connection"
    return "other"
