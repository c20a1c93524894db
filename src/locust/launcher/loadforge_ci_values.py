"""Values as a script hands them to Locust, made safe to count and to write."""

import math

LONGEST_NAME = 1000
LONGEST_ERROR = 1000

# Above this many milliseconds (31 years) a response time is a mistake.
MOST_MILLISECONDS = 1e12


def number(value):
    """The value as a float, or None when it is not a finite number of at least 0.

    Any type of number counts: whole numbers, floats, booleans, Decimal, Fraction, scalars of numpy. A text does not.
    """
    if isinstance(value, (str, bytes, bytearray)):
        return None
    try:
        result = float(value)
    except Exception:
        return None
    return result if 0.0 <= result < math.inf else None


def milliseconds(value):
    """A response time and whether it is odd.

    The one rule for odd times: a time that is negative, NaN, infinite, above 1e12 ms or not a number is no time. Its
    request counts as one without a time, and the odd times are counted.
    """
    if value is None:
        return None, False
    time = number(value)
    if time is None or time > MOST_MILLISECONDS:
        return None, True
    return time, False


def text(value, longest):
    """The value as text that can be written as JSON: half a surrogate pair becomes a question mark."""
    return str(value).encode("utf-8", "replace").decode("utf-8")[:longest]


def bucket(milliseconds):
    """The middle of the response time's bucket in whole microseconds: three significant digits, at most 0.1 s wide.

    The edges of Locust's own two-digit buckets are edges here, so those follow without rounding twice.
    """
    micros = int(milliseconds * 1000)
    if micros < 1000:
        return max(micros, 0)
    width = 10
    while micros >= width * 1000 and width < 100000:
        width *= 10
    return micros // width * width + width // 2


def without_address(text):
    """The text with the memory address of an object masked as Locust masks it, so that equal failures stay equal."""
    start = text.find("object at 0x")
    end = text.find(">", start)
    if start < 0 or end < 0:
        return text
    return text.replace(text[start + 10 : end], "0x....")


def error_text(error):
    """The failure as Locust's failures file names it."""
    return text(without_address(error if isinstance(error, str) else repr(error)), LONGEST_ERROR)
