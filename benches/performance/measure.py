#!/usr/bin/env python3
"""Measures the program at the sizes where it matters and prints a table (docs/performance.md is made from it):

    scripts/measure PROGRAM [--against OTHER] [--only WORD] [--repeat N] [--folder DIR] [--json FILE]

Times are CPU time, user and system together, of the process and its children: the least of N runs, taken in turn with those of
OTHER where there is one. Memory is the most that was resident. Files are made once, in target/measure unless --folder
names another place. Needs 4 GB of disk; rows of a local run need Python with Locust, which the program installs itself.
"""

import argparse
import datetime
import gzip
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time

import files

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
SCRIPT = """from locust import HttpUser, task


class Visitor(HttpUser):
    @task
    def visit(self):
        self.client.get("/")
"""
# As many endpoints as the first line says, in each second; no request leaves the process.
LOCAL = """from locust import User, task, constant

class Visitor(User):
    wait_time = constant(0)
    next = 0

    @task
    def visit(self):
        for _ in range(100):
            Visitor.next = (Visitor.next + 1) % ENDPOINTS
            self.environment.events.request.fire(
                request_type="GET", name="/api/v1/items/%d/detail" % Visitor.next, response_time=100 + Visitor.next % 97,
                response_length=10, exception=None, context={},
            )
        import gevent
        gevent.sleep(0.02)
"""


class Outcome:
    """The CPU time, the most memory and the exit code of one process."""

    def __init__(self, cpu, memory, code):
        self.cpu, self.memory, self.code = cpu, memory, code


def spawn(command, folder, env=None):
    """Runs a command in a folder to its end, without output."""
    with open(os.path.join(folder, "output"), "wb") as output:
        process = subprocess.Popen(command, cwd=folder, env=environment(env), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    return Outcome(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, process.returncode)


def environment(more=None):
    """A plain environment: nothing of CI, nothing of this user's settings."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "XDG_CACHE_HOME") if name in os.environ}
    return dict(kept, LOADFORGE_API_TOKEN="lf-6c1b0e94d7", NO_COLOR="1", **(more or {}))


class Bench:
    """The programs, the files and the rows measured so far."""

    def __init__(self, arguments):
        self.programs = [os.path.abspath(one) for one in [arguments.program, arguments.against] if one]
        self.repeat, self.only = arguments.repeat, arguments.only
        self.files = os.path.abspath(arguments.folder)
        self.rows = []
        os.makedirs(self.files, exist_ok=True)

    def path(self, name):
        return os.path.join(self.files, name)

    def row(self, name, goal, command, prepare=None, size=None, codes=(0, 1), repeat=None, env=None):
        """Measures one row with each program in turn. `command` and `prepare` get the program and a new folder."""
        if self.only and self.only not in name:
            return
        best = [None] * len(self.programs)
        for _ in range(repeat or self.repeat):
            for index, program in enumerate(self.programs):
                with tempfile.TemporaryDirectory(dir=self.files) as folder:
                    if prepare:
                        prepare(program, folder)
                    outcome = spawn(command(program, folder), folder, env)
                    if outcome.code not in codes:
                        with open(os.path.join(folder, "output")) as output:
                            sys.exit(f"{name}: exit code {outcome.code}\n{output.read()[-2000:]}")
                if best[index] is None or outcome.cpu < best[index].cpu:
                    best[index] = outcome
        self.add(name, goal, best, size)

    def add(self, name, goal, outcomes, size=None):
        cells = []
        for outcome in outcomes:
            text = f"{outcome.cpu * 1000:.0f} ms, {outcome.memory:.0f} MB"
            if size:
                text = f"{size / outcome.cpu / 1e6:.0f} MB/s ({text})"
            cells.append(text)
        self.line(name, goal, cells)
        self.rows[-1]["cpu_s"] = [outcome.cpu for outcome in outcomes]
        self.rows[-1]["memory_mb"] = [outcome.memory for outcome in outcomes]

    def line(self, name, goal, cells):
        print(f"| {name} | {' | '.join(cells)} | {goal} |", flush=True)
        self.rows.append({"name": name, "goal": goal, "cells": cells})


class Emulator:
    """The program's own server, playing back a folder."""

    def __init__(self, program, folder, recording):
        self.log = open(os.path.join(folder, "emulator.log"), "w+")
        command = [program, "emulate", "--replay", recording, "--seconds-per-minute", "0.5", "--provisioning", "0"]
        self.process = subprocess.Popen(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        self.address = None
        for _ in range(600):
            with open(self.log.name) as log:
                words = log.read().split()
            found = [word for word in words if word.startswith("http://127.0.0.1:")]
            if found:
                self.address = found[0].rstrip(",;)")
                return
            time.sleep(0.05)
        sys.exit("the emulator did not start")

    def end(self):
        self.process.terminate()
        _, _, usage = os.wait4(self.process.pid, 0)
        self.process.returncode = 0
        self.log.close()
        return Outcome(usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, 0)


def api(address):
    return address if address.endswith("/api/v2") else address.rstrip("/") + "/api/v2"


def run_command(program, address, results="loadforge-results", more=()):
    return [program, "run", "--api-url", api(address), "--locustfile", "locustfile.py", "--users", "10", "--spawn-rate", "10",
            "--duration", "2m", "--target-host", "http://127.0.0.1:9", "--results", results,
            "--branch", "main", *more]


def script(folder, text=SCRIPT):
    with open(os.path.join(folder, "locustfile.py"), "w") as file:
        file.write(text)


def history_rows(bench):
    stats = files.stats(bench.path("20_stats.csv"), 20)
    half_day = files.history(bench.path("half_day_history.csv"), files.HALF_DAY, 20)
    two_days = files.history(bench.path("two_days_history.csv"), files.HALF_DAY * 39 // 10, 20)

    def gate(history, *gates):
        flags = [word for gate in gates for word in ("--gate", gate)]
        return lambda program, _: [program, "gate", "--from", stats, "--history-csv", history, *flags]

    small, large = os.path.getsize(half_day), os.path.getsize(two_days)
    bench.row(f"{small // 10**6} MB history, windows gate on all requests", "≥ 450 MB/s",
              gate(half_day, "p95 < 500ms in 95% of windows"), size=small)
    bench.row(f"{small // 10**6} MB history, `**` windows gate", "≥ 350 MB/s",
              gate(half_day, 'p95 of "**" < 500ms in 95% of windows'), size=small)
    bench.row(f"{large // 10**6} MB history, `**` windows after ramp-up and drift", "≥ 350 MB/s, memory flat",
              gate(two_days, 'p95 of "**" < 500ms in 95% of windows after ramp-up', 'drift(p95) of "**" < 50%'),
              size=large, repeat=2)


def endpoint_rows(bench):
    stats = files.stats(bench.path("10000_stats.csv"), 10_000)
    few = files.stats(bench.path("10_stats.csv"), 10)
    failures = files.failures(bench.path("50000_failures.csv"), 50_000)
    two = ["--gate", 'p95 of "**" < 500ms', "--gate", 'error_rate of "**" < 1%']
    four = [*two, "--gate", 'warn: avg of "**" < 500ms', "--gate", 'rps of "**" > 1/s']
    bench.row("10,000 endpoints, two `**` gates, all reports", "≤ 200 ms", lambda program, _: [program, "gate", "--from", stats, *two])
    bench.row("10,000 endpoints, four `**` gates, all reports", "≤ 300 ms", lambda program, _: [program, "gate", "--from", stats, *four])
    bench.row("10,000 endpoints, ten gates that match nothing", "≤ 300 ms",
              lambda program, _: [program, "gate", "--from", stats] +
              [word for index in range(10) for word in ("--gate", f'p95 of "GET /api/v1/itms/{index}000/detail" < 1s')], codes=(0, 1, 3))
    sizes = []

    def report(program, folder):
        sizes.append(folder)
        return [program, "gate", "--from", few, "--failures-csv", failures, "--gate", "p95 < 500ms"]

    bench.row("50,000 failure texts, all reports", "≤ 500 ms", report, repeat=2)
    if not bench.only or bench.only in "report.html with 50,000 failure texts":
        cells = []
        for program in bench.programs:
            with tempfile.TemporaryDirectory(dir=bench.files) as folder:
                spawn(report(program, folder), folder)
                page = os.path.join(folder, "loadforge-results", "report.html")
                with open(page) as text:
                    rectangles = text.read().count("<rect")
                cells.append(f"{os.path.getsize(page) / 1e6:.2f} MB, {rectangles} rectangles")
        bench.line("report.html with 50,000 failure texts", "≤ 1.5 MB", cells)


def collected(bench, program, name, recording):
    """A results folder that was collected from a server, kept over calls."""
    folder = bench.path(name)
    if not os.path.exists(os.path.join(folder, "whole")):
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        script(folder)
        emulator = Emulator(program, folder, recording)
        outcome = spawn(run_command(program, emulator.address), folder)
        emulator.end()
        if outcome.code:
            with open(os.path.join(folder, "output")) as output:
                sys.exit(output.read())
        gated = spawn([program, "gate", "--gate", "requests > 0", "--api-url", api(emulator.address)], folder)
        added = spawn([program, "baseline", "add"], folder, {"LOADFORGE_API_URL": api(emulator.address)})
        if gated.code or added.code:
            with open(os.path.join(folder, "output")) as output:
                sys.exit(output.read())
        with open(os.path.join(folder, "address"), "w") as file:
            file.write(api(emulator.address))
        open(os.path.join(folder, "whole"), "w").close()
    with open(os.path.join(folder, "address")) as file:
        return folder, file.read()


def good_runs(bench, name, folder, runs, kinds=1, endpoints=None):
    """A history of so many runs, made of the one recorded in the folder: an hour apart, each with a number of its own."""
    path = bench.path(name)
    if not os.path.exists(path):
        with open(os.path.join(folder, "loadforge-history", "history.jsonl")) as file:
            run = json.loads(file.readline())
        if endpoints:
            run["endpoints"] = run["endpoints"][:endpoints]
        now = datetime.datetime.now(datetime.timezone.utc)
        users = run["fingerprint"]["users"]
        with open(path + ".part", "w") as file:
            for number in range(runs):
                run["run"]["id"] = 5_000_000 + number
                at = now - datetime.timedelta(minutes=(runs - number) * 15)
                run["at"] = at.strftime("%Y-%m-%dT%H:%M:%SZ")
                run["fingerprint"]["users"] = users + number % kinds
                # A few percent apart, so that there is something to learn.
                factor = 1 + (number % 7) / 100
                for one in run["endpoints"][:100]:
                    one["avg_ms"] = round(127 * factor, 3)
                file.write(json.dumps(run, separators=(",", ":")) + "\n")
        os.rename(path + ".part", path)
    return path


def baseline_rows(bench):
    program = bench.programs[0]
    recording = files.recording(bench.path("10000_recording"), 130, 10_000)
    if bench.only and not any(bench.only in name for name in BASELINE):
        return
    folder, address = collected(bench, program, "10000_results", recording)
    hundred = good_runs(bench, "100_runs.jsonl", folder, 100)
    twenty = good_runs(bench, "20_runs.jsonl", folder, 20)
    kinds = good_runs(bench, "5000_runs.jsonl", folder, 5_000, kinds=50, endpoints=5)

    def with_history(history):
        def prepare(_, new):
            shutil.copytree(os.path.join(folder, "loadforge-results"), os.path.join(new, "loadforge-results"))
            os.makedirs(os.path.join(new, "loadforge-history"))
            if history:
                shutil.copy(history, os.path.join(new, "loadforge-history", "history.jsonl"))
        return prepare

    gate = ["gate", "--api-url", address]
    bench.row(BASELINE[0], "–", lambda one, _: [one, *gate, "--gate", "p95 < 500ms"], with_history(None))
    bench.row(BASELINE[1], "as without", lambda one, _: [one, *gate, "--gate", "p95 < 500ms"], with_history(hundred))
    bench.row(BASELINE[2], "≤ 500 ms", lambda one, _: [one, *gate], with_history(twenty), codes=(0, 1, 3))
    bench.row(BASELINE[3], "≤ 500 ms, ≤ 64 MB", lambda one, _: [one, "baseline", "add"], with_history(hundred),
              env={"LOADFORGE_API_URL": address})
    bench.row(BASELINE[4], "≤ 1,000 ms", lambda one, _: [one, "baseline", "backtest"], with_history(kinds), codes=(0, 1, 3))


BASELINE = (
    "gate, 10,000 endpoints, no history",
    "gate, 100 runs × 10,000 endpoints of history, no gate comparing",
    "default gates against 20 runs × 10,000 endpoints",
    "`baseline add` to 100 runs × 10,000 endpoints",
    "`baseline backtest`, 5,000 runs of 50 fingerprints",
)


def service_rows(bench):
    names = ("start of a run on http (`run --detach`)", "a 159 MB history collected, `run`", "the same, `emulate`")
    if bench.only and not any(bench.only in name for name in names):
        return
    small = files.recording(bench.path("20_recording"), 130, 20)
    large = files.recording(bench.path("large_recording"), files.HALF_DAY, 20)
    size = os.path.getsize(os.path.join(large, "run_stats_history.csv"))
    servers = []

    def start(recording):
        def prepare(program, folder):
            script(folder)
            servers.append(Emulator(program, folder, recording))
        return prepare

    def end():
        return [server.end() for server in servers if server.process.returncode is None]

    bench.row(names[0], "≤ 5 ms", lambda program, _: run_command(program, servers[-1].address, more=["--detach"]), start(small))
    end()
    run, emulate = [], []
    for program in bench.programs:
        with tempfile.TemporaryDirectory(dir=bench.files) as folder:
            start(large)(program, folder)
            run.append(spawn(run_command(program, servers[-1].address), folder))
            emulate += end()
    limit = f"≤ {2 * size // 10**6} MB"
    bench.add(names[1], limit, run)
    bench.add(names[2], limit, emulate)


def local_rows(bench):
    names = ("end of a local run with 10,000 endpoints → verdict", "a local run with 10,000 endpoints, the program alone")
    if bench.only and not any(bench.only in name for name in names):
        return
    ends, wholes = [], []
    for program in bench.programs:
        with tempfile.TemporaryDirectory(dir=bench.files) as folder:
            script(folder, LOCAL.replace("ENDPOINTS", "10000"))
            command = [program, "run", "--engine", "local", "--locustfile", "locustfile.py", "--users", "20", "--spawn-rate", "20",
                       "--duration", "15s", "--target-host", "http://127.0.0.1:9", "--processes", "1", "--branch", "main", "--no-preflight"]
            with open(os.path.join(folder, "output"), "wb") as output:
                process = subprocess.Popen(command, cwd=folder, env=environment(), stdin=subprocess.DEVNULL, stdout=output, stderr=output)
            seen, locust_gone = [], None
            while process.poll() is None:
                own = cpu_of(process.pid)
                if own:
                    seen.append(own)
                    if locust_gone is None and len(seen) > 1 and not has_children(process.pid) and own[1] > 0 and started(folder):
                        locust_gone = own
                time.sleep(0.01)
            if process.returncode:
                with open(os.path.join(folder, "output")) as output:
                    sys.exit(output.read())
            memory = max(one[1] for one in seen)
            gate = spawn([program, "gate", "--gate", 'p95 of "**" < 500ms', "--engine", "local"][:-2], folder)
            after = seen[-1][0] - (locust_gone or seen[-1])[0]
            ends.append(Outcome(after + gate.cpu, max(memory, gate.memory), 0))
            wholes.append(Outcome(seen[-1][0], memory, 0))
    bench.add(names[0], "≤ 1,500 ms, ≤ 80 MB", ends)
    bench.add(names[1], "–", wholes)


def started(folder):
    with open(os.path.join(folder, "output")) as output:
        return "running" in output.read()


def cpu_of(pid):
    """CPU seconds of a process without its children, and its peak memory in MB."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            fields = file.read().rsplit(")", 1)[1].split()
        with open(f"/proc/{pid}/status") as file:
            peak = [line for line in file if line.startswith("VmHWM")]
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK"), int(peak[0].split()[1]) / 1024 if peak else 0
    except (OSError, IndexError):
        return None


def has_children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return bool(file.read().strip())
    except OSError:
        return False


def many(command, count):
    """CPU seconds per call, the least of ten rounds."""
    least = None
    for _ in range(10):
        before = os.times()
        for _ in range(count):
            subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=True, env=environment())
        after = os.times()
        used = (after.children_user + after.children_system - before.children_user - before.children_system) / count
        least = used if least is None else min(least, used)
    return least


def size_rows(bench):
    if not bench.only or bench.only in "start-up `--version`":
        nothing = many(["/bin/true"], 100)
        times = [many([program, "--version"], 100) for program in bench.programs]
        bench.line("start-up `--version`", "≤ 1.5 × `/bin/true`", [f"{one / nothing:.2f} × ({one * 1e6:.0f} µs)" for one in times])
    if not bench.only or bench.only in "program, gz":
        cells = []
        for program in bench.programs:
            with open(program, "rb") as file:
                content = file.read()
            cells.append(f"{len(gzip.compress(content, 9)) / 1e6:.2f} MB ({len(content) / 1e6:.2f} MB)")
        bench.line("program, gz", "≤ 3 MB", cells)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--against")
    parser.add_argument("--only")
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", default=os.path.join(ROOT, "target", "measure"))
    parser.add_argument("--json")
    bench = Bench(parser.parse_args())
    names = " | ".join(os.path.basename(os.path.dirname(program)) + "/" + os.path.basename(program) for program in bench.programs)
    print(f"| what | {names} | goal |\n|:--|{'--:|' * len(bench.programs)}:--|", flush=True)
    for rows in (history_rows, endpoint_rows, baseline_rows, service_rows, local_rows, size_rows):
        rows(bench)
    if parser.parse_args().json:
        with open(parser.parse_args().json, "w") as file:
            json.dump(bench.rows, file, indent=1, ensure_ascii=False)


if __name__ == "__main__":
    main()
