"""Which HTTP requests have begun and have not ended.

Locust counts a request when it ends. One that the target never answers is counted nowhere, and neither is one whose
response the script never checked. Both are counted here, from the two HTTP clients that Locust brings; other clients say
nothing of a beginning.
"""

import time
from urllib.parse import urlsplit

from loadforge_ci_values import LONGEST_NAME, text

MOST_ENDPOINTS = 1000
# A user whose wait ends in the moment it is stopped is killed at the begin of a request. That says nothing of the target:
# only requests that have waited this long, in seconds, count as never ended.
YOUNGEST = 1.0
REST = "(other)"


def label(session, method, url, name):
    """Method and name as Locust will call the request."""
    name = name or getattr(session, "request_name", None)
    if not name:
        parts = urlsplit(str(url))
        name = parts._replace(scheme="", netloc="").geturl() or "/"
    return (text(method, LONGEST_NAME), text(name, LONGEST_NAME))


class OpenRequests:
    """The requests under way, those that were cut off, and those whose response was never checked."""

    def __init__(self):
        self.under_way = {}
        self.serial = 0
        # Requests that were cut off, by endpoint: [count, oldest in seconds].
        self.cut_off = {}
        self.unchecked = {}

    def watch(self, session_class):
        """Follows every request of a class of HTTP sessions."""
        send = session_class.request

        def request(session, method, url, *positional, **named):
            key = label(session, method, url, positional[0] if positional else named.get("name"))
            self.serial += 1
            serial = self.serial
            began = time.monotonic()
            self.under_way[serial] = (key, began)
            try:
                response = send(session, method, url, *positional, **named)
            except Exception:
                raise
            except BaseException:
                # The user was killed while it waited for the answer.
                self.count_open(self.cut_off, key, time.monotonic() - began)
                raise
            finally:
                self.under_way.pop(serial, None)
            if named.get("catch_response"):
                self.expect_check(key, response)
            return response

        session_class.request = request

    def count_open(self, counts, key, seconds):
        if seconds >= YOUNGEST:
            seen = counts.setdefault(self.bounded(counts, key), [0, 0.0])
            seen[0] += 1
            seen[1] = max(seen[1], seconds)

    def expect_check(self, key, response):
        # FastHttpUser reports another object than the script gets, so that both carry the one mark.
        mark = [key]
        marked = False
        for one in (response, (getattr(response, "request_meta", None) or {}).get("response")):
            try:
                one.loadforge_ci_unchecked = mark
                marked = True
            except Exception:
                continue
        if not marked:
            return
        key = self.bounded(self.unchecked, key)
        self.unchecked[key] = self.unchecked.get(key, 0) + 1

    def checked(self, response):
        """The script has checked a response, so that Locust reports it."""
        mark = getattr(response, "loadforge_ci_unchecked", None)
        if mark:
            key = self.bounded(self.unchecked, mark.pop())
            self.unchecked[key] = self.unchecked.get(key, 0) - 1

    @staticmethod
    def bounded(counts, key):
        return key if key in counts or len(counts) < MOST_ENDPOINTS else ("", REST)

    def never_ended(self):
        """[method, name, requests, oldest in seconds] of what was cut off or is still under way."""
        total = {key: list(seen) for key, seen in self.cut_off.items()}
        now = time.monotonic()
        for key, began in list(self.under_way.values()):
            self.count_open(total, key, now - began)
        return [list(key) + [count, round(oldest, 3)] for key, (count, oldest) in sorted(total.items())]

    def never_checked(self):
        """[method, name, requests] whose response the script took and never checked."""
        return [list(key) + [count] for key, count in sorted(self.unchecked.items()) if count > 0]


def watch_clients(requests):
    """Follows the HTTP clients of this Locust."""
    import locust.clients
    import locust.contrib.fasthttp

    requests.watch(locust.clients.HttpSession)
    requests.watch(locust.contrib.fasthttp.FastHttpSession)
