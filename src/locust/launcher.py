"""Runs Locust and records every request.

Started by loadforge-ci as `python loadforge_ci_launcher.py <locust arguments>`, with Locust 2.15 or newer.
Each process of the run (the local runner, or a master and its forked workers) appends newline-delimited JSON to a
file of its own, `$LOADFORGE_CI_RECORD/<role>-<pid>.ndjson`. What was written survives a killed process.

    init        role, pid, versions, user classes, load shape
    mark        test_start, spawning_complete, test_stopping, quitting; with the time
    second      all that ended in one Unix second, as deltas: requests by endpoint, failures, exceptions; CPU share; users
                and the time they were counted at
    final       the totals as a checksum, written only when Locust ended in order

A listener that raises changes Locust's exit code, so none of them does. Locust's own statistics are never read: they
are rounded, reset and sent about.
"""

import atexit
import json
import os
import signal
import sys
import time
import traceback

MOST_ENDPOINTS = 20000
MOST_ERRORS = 500
MOST_EXCEPTIONS = 100
LONGEST_NAME = 1000
LONGEST_ERROR = 1000
LONGEST_TRACEBACK = 4000
REST = "(other)"
# Ticks without a parent after which a process takes itself for an orphan; a master may end just before its workers.
ORPHAN_TICKS = 3


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
    return without_address(error if isinstance(error, str) else repr(error))[:LONGEST_ERROR]


class Endpoint:
    """What was measured of one endpoint in one second."""

    __slots__ = ("passed", "failed", "untimed", "total", "least", "most", "size", "passed_times", "failed_times")

    def __init__(self):
        self.passed = self.failed = self.untimed = self.size = 0
        self.total = self.most = 0.0
        self.least = None
        self.passed_times = {}
        self.failed_times = {}

    def add(self, milliseconds, size, failed):
        self.size += size
        if failed:
            self.failed += 1
        else:
            self.passed += 1
        if milliseconds is None:
            self.untimed += 1
            return
        self.total += milliseconds
        if self.least is None or milliseconds < self.least:
            self.least = milliseconds
        if milliseconds > self.most:
            self.most = milliseconds
        times = self.failed_times if failed else self.passed_times
        key = bucket(milliseconds)
        times[key] = times.get(key, 0) + 1

    def fields(self):
        times = [sorted(self.passed_times.items()), sorted(self.failed_times.items())]
        return [self.passed, self.failed, self.untimed, self.total, self.least, self.most, self.size] + times


class Second:
    """All that ended within one second."""

    __slots__ = ("endpoints", "errors", "exceptions", "last")

    def __init__(self):
        self.endpoints = {}
        self.errors = {}
        self.exceptions = {}
        self.last = None


class Recorder:
    """The listeners and the file they write."""

    def __init__(self):
        self.file = None
        self.environment = None
        self.role = None
        self.parent = None
        self.orphan_ticks = 0
        self.stopping = False
        self.finished = False
        self.seconds = {}
        self.endpoint_keys = set()
        self.error_keys = set()
        self.tracebacks = {}
        self.requests = self.failures = self.exceptions = 0
        self.cpu = (time.process_time(), time.perf_counter())

    # The file

    def write(self, event, **fields):
        if self.file is None:
            return
        try:
            self.file.write(json.dumps(dict(fields, event=event), separators=(",", ":")) + "\n")
            self.file.flush()
        except (OSError, ValueError, TypeError):
            pass

    def drain(self, before=None):
        """Writes the seconds before the one named; all of them without a name."""
        cpu = self.cpu_share()
        over = sorted(second for second in self.seconds if before is None or second < before)
        state = getattr(self.environment.runner, "state", None)
        if not over and before is not None and state in ("spawning", "running"):
            # A silent second still tells how many users there were.
            over = [before - 1]
            self.seconds[before - 1] = Second()
        for number in over:
            second = self.seconds.pop(number)
            self.write(
                "second",
                s=number,
                t=time.time(),
                users=self.environment.runner.user_count if self.role != "master" else 0,
                cpu=cpu,
                last=second.last,
                endpoints=[list(key) + endpoint.fields() for key, endpoint in second.endpoints.items()],
                errors=[list(key) + times for key, times in second.errors.items()],
                exceptions=[list(key) + [count] for key, count in second.exceptions.items()],
            )

    def cpu_share(self):
        """The share of one core this process used since the last call."""
        now = (time.process_time(), time.perf_counter())
        share = (now[0] - self.cpu[0]) / max(now[1] - self.cpu[1], 1e-9)
        self.cpu = now
        return round(share, 3)

    # The listeners

    def on_init(self, environment, **_):
        import gevent
        import locust

        # The event loop's clock stood still while everything was imported; timers set now, the run time's among them,
        # would be due that much too early.
        gevent.get_hub().loop.update_now()
        self.environment = environment
        runner = type(environment.runner).__name__
        self.role = {"MasterRunner": "master", "WorkerRunner": "worker"}.get(runner, "local")
        self.parent = os.getppid()
        self.cpu = (time.process_time(), time.perf_counter())
        path = os.path.join(os.environ["LOADFORGE_CI_RECORD"], "%s-%d.ndjson" % (self.role, os.getpid()))
        self.file = open(path, "a", encoding="utf-8")
        shape = environment.shape_class
        self.write(
            "init",
            t=time.time(),
            role=self.role,
            pid=os.getpid(),
            locust=locust.__version__,
            python=sys.version.split()[0],
            users=[user.__name__ for user in environment.user_classes],
            shape=(shape if isinstance(shape, type) else type(shape)).__name__ if shape else None,
        )
        atexit.register(self.on_exit)
        gevent.spawn(self.tick)

    def on_request(self, request_type, name, response_time, response_length, exception=None, **_):
        now = time.time()
        second = self.seconds.get(int(now))
        if second is None:
            second = self.seconds[int(now)] = Second()
        second.last = now
        key = (str(request_type), str(name)[:LONGEST_NAME])
        if key not in self.endpoint_keys:
            if len(self.endpoint_keys) < MOST_ENDPOINTS:
                self.endpoint_keys.add(key)
            else:
                key = ("", REST)
        endpoint = second.endpoints.get(key)
        if endpoint is None:
            endpoint = second.endpoints[key] = Endpoint()
        endpoint.add(response_time, response_length or 0, bool(exception))
        self.requests += 1
        if exception:
            self.failures += 1
            error = key + (error_text(exception),)
            if error not in self.error_keys:
                if len(self.error_keys) < MOST_ERRORS:
                    self.error_keys.add(error)
                else:
                    error = key + (REST,)
            times = second.errors.setdefault(error, [0, now, now])
            times[0] += 1
            times[2] = now

    def on_user_error(self, user_instance=None, exception=None, tb=None, **_):
        second = self.seconds.setdefault(int(time.time()), Second())
        self.exceptions += 1
        text = error_text(exception)
        started = any(frame.name == "on_start" for frame in traceback.extract_tb(tb))
        if text not in self.tracebacks:
            if len(self.tracebacks) < MOST_EXCEPTIONS:
                trace = "".join(traceback.format_exception(type(exception), exception, tb))
                self.tracebacks[text] = trace[-LONGEST_TRACEBACK:]
            else:
                text = REST
        key = (text, started, self.tracebacks.get(text, ""))
        second.exceptions[key] = second.exceptions.get(key, 0) + 1

    def on_quit(self, exit_code=None, **_):
        if self.finished:
            return
        self.drain()
        self.finished = True
        totals = {"requests": self.requests, "failures": self.failures, "exceptions": self.exceptions}
        self.write("final", t=time.time(), exit_code=exit_code, **totals)

    def on_exit(self):
        """Keeps what was measured when a script calls sys.exit(); without `final`, the run did not end in order."""
        if not self.finished:
            self.drain()

    def mark(self, name):
        def listener(**_):
            if name == "test_stopping":
                self.stopping = True
            self.write("mark", name=name, t=time.time())

        return listener

    # Once a second

    def tick(self):
        import gevent

        while not self.finished:
            # Just after the full second, so that a second is written once.
            gevent.sleep(1.02 - time.time() % 1.0)
            try:
                if not self.finished:
                    self.drain(int(time.time()))
                self.watch_parent()
            except Exception:
                pass

    def watch_parent(self):
        """Ends an orphan: nobody reads its record, and its load would go on."""
        if os.getppid() == self.parent:
            return
        self.orphan_ticks += 1
        if self.role != "worker":
            if self.orphan_ticks == 1:
                os.kill(os.getpid(), signal.SIGTERM)
        elif self.orphan_ticks >= ORPHAN_TICKS and not self.stopping:
            self.drain()
            os._exit(3)


def guarded(listener):
    """A listener that never raises into Locust."""

    def call(*positional, **named):
        try:
            listener(*positional, **named)
        except Exception:
            pass

    return call


def listen(recorder, events):
    events.init.add_listener(guarded(recorder.on_init))
    events.request.add_listener(guarded(recorder.on_request))
    events.user_error.add_listener(guarded(recorder.on_user_error))
    events.quit.add_listener(guarded(recorder.on_quit))
    for name in ("test_start", "spawning_complete", "test_stopping", "quitting"):
        if hasattr(events, name):
            getattr(events, name).add_listener(guarded(recorder.mark(name)))


def stop_on_early_signals():
    """Makes SIGTERM end Locust in order from the start.

    Locust installs its own handler only after a load shape has ended and its workers have come; until then SIGTERM
    would kill it and leave its workers behind. SIGINT may have been inherited as ignored.
    """

    def interrupt(*_):
        raise KeyboardInterrupt

    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, interrupt)


def main():
    # The launcher's own folder must not come before the script's modules.
    sys.path.pop(0)
    import locust.main

    stop_on_early_signals()
    listen(Recorder(), locust.events)
    sys.argv[0] = "locust"
    sys.exit(locust.main.main())


if __name__ == "__main__":
    main()
