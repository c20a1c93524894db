"""Runs Locust and records every request.

Started by loadforge-ci as `python loadforge_ci_launcher.py <locust arguments>`, with Locust 2.15 or newer.
Each process of the run (the local runner, or a master and its forked workers) appends newline-delimited JSON to a
file of its own, `$LOADFORGE_CI_RECORD/<role>-<pid>.ndjson`. What was written survives a killed process.

    init        role, pid, versions, user classes with their hosts and fixed counts, load shape
    mark        test_start, spawning_complete, test_stopping, quitting, and exit when the script ended the process; with the
                time
    second      all that ended in one Unix second, as deltas: requests by endpoint, failures, exceptions; CPU share; users
                and the time they were counted at; users the load shape asks for
    reset       the script reset Locust's statistics: what this process counted before does not count
    final       the totals as a checksum, the requests that never ended or were never checked, and the exit code the script
                asked for; written only when Locust ended in order

Every line carries its number `n`, so that a line that was lost is missed, and the events that could not be counted so far
(`dropped`). A listener that raises changes Locust's exit code, so none of them does. Locust's own statistics are never
read: they are rounded and sent about.
"""

import atexit
import json
import os
import shutil
import signal
import sys
import time
import traceback

from loadforge_ci_failures import failure_class
from loadforge_ci_open_requests import OpenRequests, watch_clients
from loadforge_ci_options import read_only_project_files
from loadforge_ci_values import LONGEST_NAME, bucket, error_text, milliseconds, number, text

MOST_ENDPOINTS = 20000
# Texts of failures; their classes are counted without a limit.
MOST_ERRORS = 500
MOST_EXCEPTIONS = 100
# Endpoints written without a pause for requests: about 1 ms.
MOST_AT_ONCE = 200
LONGEST_TRACEBACK = 4000
REST = "(other)"
# The process that was started; workers are forked from it.
LEADER = os.getpid()
# Ticks without a parent after which a process takes itself for an orphan; a master may end just before its workers.
ORPHAN_TICKS = 3


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

    __slots__ = ("endpoints", "errors", "exceptions", "last", "odd")

    def __init__(self):
        self.endpoints = {}
        self.errors = {}
        self.exceptions = {}
        self.last = None
        # Response times that are no times.
        self.odd = 0


class Recorder:
    """The listeners and the file they write."""

    def __init__(self):
        self.file = None
        self.environment = None
        self.role = None
        self.parent = None
        self.orphan_ticks = 0
        self.started = False
        self.stopping = False
        self.finished = False
        self.seconds = {}
        # Seconds that are being written.
        self.unwritten = []
        self.endpoint_keys = set()
        self.error_keys = set()
        self.tracebacks = {}
        self.requests = self.failures = self.exceptions = 0
        self.cpu = (time.process_time(), time.perf_counter())
        self.lines = self.dropped = 0
        self.open_requests = OpenRequests()

    # The file

    def write(self, event, written="", **fields):
        """Writes a line; `written` are fields that are JSON already, each with a comma before it."""
        if self.file is None:
            return
        self.lines += 1
        try:
            fields = dict(event=event, n=self.lines, dropped=self.dropped, **fields)
            line = json.dumps(fields, separators=(",", ":"), allow_nan=False)
            self.file.write(line[:-1] + written + "}\n")
            self.file.flush()
        except (OSError, ValueError, TypeError):
            # The number is missing from the file, which says that a line was lost.
            pass

    def drain(self, before=None, pause=None):
        """Writes the seconds before the one named; all of them without a name.

        `pause` is called between the parts of a large second, so that requests go on meanwhile. What is written without
        pauses in between, because the run ends, writes the second that was begun as well, and what was paused then drops
        its parts.
        """
        cpu = self.cpu_share()
        over = sorted(second for second in self.seconds if before is None or second < before)
        runner = self.environment.runner
        state = getattr(runner, "state", None)
        if not over and before is not None and state in ("spawning", "running"):
            # A silent second still says how many users there were.
            over = [before - 1]
            self.seconds[before - 1] = Second()
        self.unwritten += [(number, self.seconds.pop(number)) for number in over]
        while self.unwritten:
            number, second = self.unwritten[0]
            try:
                endpoints = self.written_endpoints(second, pause)
            except (ValueError, TypeError):
                endpoints = None
            if not self.unwritten or self.unwritten[0][1] is not second:
                continue
            del self.unwritten[0]
            if endpoints is None:
                # The number is missing from the file, which says that a line was lost.
                self.lines += 1
                continue
            self.write(
                "second",
                s=number,
                t=time.time(),
                users=runner.user_count if self.role != "master" else 0,
                wanted=getattr(runner, "target_user_count", 0) if self.role != "worker" else 0,
                cpu=cpu,
                last=second.last,
                odd=second.odd,
                errors=[list(key) + times for key, times in second.errors.items()],
                exceptions=[list(key) + [count] for key, count in second.exceptions.items()],
                written=',"endpoints":[%s]' % endpoints,
            )

    def written_endpoints(self, second, pause):
        """The endpoints of a second as JSON, without the brackets of the list."""
        parts = []
        entries = list(second.endpoints.items())
        for start in range(0, len(entries), MOST_AT_ONCE):
            if start and pause is not None:
                pause()
            rows = [list(key) + endpoint.fields() for key, endpoint in entries[start : start + MOST_AT_ONCE]]
            parts.append(json.dumps(rows, separators=(",", ":"), allow_nan=False)[1:-1])
        return ",".join(parts)

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
        self.parent = self.living_parent()
        self.cpu = (time.process_time(), time.perf_counter())
        path = os.path.join(os.environ["LOADFORGE_CI_RECORD"], "%s-%d.ndjson" % (self.role, os.getpid()))
        self.file = open(path, "a", encoding="utf-8")
        shape = environment.shape_class
        classes = list(environment.user_classes)
        hosts = [[text(user.__name__, LONGEST_NAME), text(user.host or "", LONGEST_NAME)] for user in classes]
        kept = keep_hosts(environment, classes)
        self.write(
            "init",
            t=time.time(),
            role=self.role,
            pid=os.getpid(),
            locust=locust.__version__,
            python=sys.version.split()[0],
            users=[name for name, _ in hosts],
            hosts=hosts,
            hosts_kept=kept,
            fixed=[int(number(getattr(user, "fixed_count", 0)) or 0) for user in classes],
            shape=(shape if isinstance(shape, type) else type(shape)).__name__ if shape else None,
        )
        atexit.register(self.on_exit)
        gevent.spawn(self.tick)
        if self.parent is None and self.role != "worker":
            # Killed while Locust was being imported: nothing has been sent yet.
            self.remove_script()
            os._exit(3)

    def on_request(self, request_type, name, response_time, response_length, exception=None, response=None, **_):
        now = time.time()
        second = self.seconds.get(int(now))
        if second is None:
            second = self.seconds[int(now)] = Second()
        second.last = now
        self.open_requests.checked(response)
        key = (text(request_type, LONGEST_NAME), text(name, LONGEST_NAME))
        if key not in self.endpoint_keys:
            if len(self.endpoint_keys) < MOST_ENDPOINTS:
                self.endpoint_keys.add(key)
            else:
                key = ("", REST)
        endpoint = second.endpoints.get(key)
        if endpoint is None:
            endpoint = second.endpoints[key] = Endpoint()
        response_time, odd = milliseconds(response_time)
        second.odd += odd
        endpoint.add(response_time, number(response_length) or 0.0, bool(exception))
        self.requests += 1
        if exception:
            self.failures += 1
            kind = failure_class(exception, response)
            error = key + (kind, error_text(exception))
            if error not in self.error_keys:
                if len(self.error_keys) < MOST_ERRORS:
                    self.error_keys.add(error)
                else:
                    error = key + (kind, REST)
            times = second.errors.setdefault(error, [0, now, now])
            times[0] += 1
            times[2] = now

    def on_user_error(self, user_instance=None, exception=None, tb=None, **_):
        second = self.seconds.setdefault(int(time.time()), Second())
        self.exceptions += 1
        words = error_text(exception)
        started = any(frame.name == "on_start" for frame in traceback.extract_tb(tb))
        if words not in self.tracebacks:
            if len(self.tracebacks) < MOST_EXCEPTIONS:
                trace = "".join(traceback.format_exception(type(exception), exception, tb))
                self.tracebacks[words] = text(trace[-LONGEST_TRACEBACK:], LONGEST_TRACEBACK)
            else:
                words = REST
        key = (words, started, self.tracebacks.get(words, ""))
        second.exceptions[key] = second.exceptions.get(key, 0) + 1

    def on_quit(self, exit_code=None, **_):
        if self.finished:
            return
        self.drain()
        self.finished = True
        totals = {"requests": self.requests, "failures": self.failures, "exceptions": self.exceptions}
        self.write(
            "final",
            t=time.time(),
            exit_code=exit_code if isinstance(exit_code, int) else None,
            script_exit_code=script_exit_code(self.environment),
            listener_raised=listener_raised(),
            never_ended=self.open_requests.never_ended(),
            never_checked=self.open_requests.never_checked(),
            **totals
        )

    def on_exit(self):
        """Keeps what was measured when a script calls sys.exit(); without `final`, the run did not end in order."""
        if not self.finished:
            self.drain()
            self.write("mark", name="exit", t=time.time())

    def on_reset(self, statistics):
        """The script reset Locust's statistics, as after a warm-up: what was counted until now does not count."""
        # Locust itself clears them at the start of a test.
        if not self.started or self.environment is None or statistics is not self.environment.stats:
            return
        self.drain()
        self.requests = self.failures = 0
        self.write("reset", t=time.time())

    def mark(self, name):
        def listener(**_):
            if name == "test_start":
                self.started = True
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
                    self.drain(int(time.time()), lambda: gevent.sleep(0))
                self.watch_parent()
            except Exception:
                pass

    def living_parent(self):
        """The process that reads this one's record, or None when it is gone.

        Its id is handed over: asking for the parent later may return the process that adopts orphans.
        """
        parent = os.getppid()
        if os.getpid() != LEADER:
            return parent if parent == LEADER else None
        reader = int(os.environ.get("LOADFORGE_CI_PARENT", parent))
        if parent == reader:
            return parent
        try:
            # There is a wrapper around Python between the two.
            os.kill(reader, 0)
        except ProcessLookupError:
            return None
        except PermissionError:
            pass
        return parent if parent != 1 else None

    def remove_script(self):
        """Removes the script, which may hold secrets: whoever would have removed it is gone."""
        folder = os.path.dirname(os.environ["LOADFORGE_CI_RECORD"])
        shutil.rmtree(os.path.join(folder, "script"), ignore_errors=True)

    def watch_parent(self):
        """Ends an orphan: nobody reads its record, and its load would go on."""
        if self.parent is not None and self.living_parent() == self.parent:
            return
        self.orphan_ticks += 1
        if self.role != "worker":
            if self.orphan_ticks == 1:
                self.remove_script()
                os.kill(os.getpid(), signal.SIGTERM)
        elif self.orphan_ticks >= ORPHAN_TICKS and not self.stopping:
            self.drain()
            os._exit(3)


def guarded(recorder, listener):
    """A listener that never raises into Locust; an event it could not take is counted."""

    def call(*positional, **named):
        try:
            listener(*positional, **named)
        except Exception:
            recorder.dropped += 1

    return call


def script_exit_code(environment):
    """The exit code the script asked for by `environment.process_exit_code`, or None."""
    code = environment.process_exit_code
    return None if code is None else int(number(code) or 0)


def listener_raised():
    """Whether a listener or a greenlet of the script raised, which Locust only logs."""
    import locust.log

    return bool(getattr(locust.log, "unhandled_greenlet_exception", False))


def keep_hosts(environment, classes):
    """Lets user classes keep their own hosts when there are several: `--host` would send all of them to one.

    Returns whether they were kept. Classes without a host of their own get the one of `--host`.
    """
    hosts = {str(user.host).rstrip("/") for user in classes if user.host}
    if not environment.host or len(hosts) < 2:
        return False
    for user in classes:
        if not user.host:
            user.host = environment.host
    environment.host = None
    return True


def listen(recorder, events):
    events.init.add_listener(guarded(recorder, recorder.on_init))
    events.request.add_listener(guarded(recorder, recorder.on_request))
    events.user_error.add_listener(guarded(recorder, recorder.on_user_error))
    events.quit.add_listener(guarded(recorder, recorder.on_quit))
    for name in ("test_start", "spawning_complete", "test_stopping", "quitting"):
        if hasattr(events, name):
            getattr(events, name).add_listener(guarded(recorder, recorder.mark(name)))
    follow_resets(recorder)
    give_locust_plain_numbers()
    watch_clients(recorder.open_requests)


def follow_resets(recorder):
    """Tells the recorder when Locust's statistics are reset."""
    import locust.stats

    tell = guarded(recorder, recorder.on_reset)

    def follow(name):
        original = getattr(locust.stats.RequestStats, name)

        def reset(statistics):
            original(statistics)
            tell(statistics)

        setattr(locust.stats.RequestStats, name, reset)

    for name in ("reset_all", "clear_all"):
        follow(name)


def give_locust_plain_numbers():
    """Makes Locust's own statistics take any number: a Decimal or a NaN would raise, or end Locust without an end."""
    import locust.stats

    log_request = locust.stats.RequestStats.log_request

    def log(statistics, method, name, response_time, content_length):
        log_request(statistics, method, name, milliseconds(response_time)[0], int(number(content_length) or 0))

    locust.stats.RequestStats.log_request = log


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
    # The launcher's own folder must not come before the script's modules; its own are imported by now.
    sys.path.pop(0)
    import locust.main

    stop_on_early_signals()
    read_only_project_files()
    listen(Recorder(), locust.events)
    sys.argv[0] = "locust"
    sys.exit(locust.main.main())


if __name__ == "__main__":
    main()
