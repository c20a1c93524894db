#!/usr/bin/env python3
"""Other tools on the same files as the program: what each answers is the same question, asked in its own language.

The question of the history: the share of 10 s windows in which the p95 of all requests (or of each endpoint) was below
500 ms. The question of the stats: which of 10,000 endpoints have a p95 of 500 ms or more, or more than 1 % failures.
locomotive reads the history with the two functions behind `loco analyze` and `loco report`. Taurus has no reader of these
files (it reads what its own Locust run writes), so only its start-up is compared.
"""

import argparse
import os
import sys
import tempfile

import files
from measure import ROOT, spawn, many

POLARS_HISTORY = """
import polars, sys
rows = polars.scan_csv(sys.argv[1], infer_schema_length=0).select("Timestamp", "Type", "Name", "95%")
rows = rows.filter(polars.col("Name") == "Aggregated") if sys.argv[2] == "all" else rows
rows = rows.with_columns(polars.col("Timestamp").cast(polars.Int64) // 10, polars.col("95%").cast(polars.Float64, strict=False))
windows = rows.group_by("Type", "Name", "Timestamp").agg(polars.col("95%").last())
print(windows.group_by("Type", "Name").agg((polars.col("95%") < 500).mean()).collect(engine="streaming"))
"""
DUCKDB_HISTORY = """
import duckdb, sys
where = "where Name = 'Aggregated'" if sys.argv[2] == "all" else ""
print(duckdb.sql(f\"\"\"
    with windows as (select Type, Name, Timestamp::bigint // 10 as w, last(try_cast("95%" as double)) as p95
                     from read_csv('{sys.argv[1]}', all_varchar = true) {where} group by all)
    select Type, Name, avg((p95 < 500)::int) from windows group by all\"\"\").fetchall())
"""
PANDAS_HISTORY = """
import pandas, sys
rows = pandas.read_csv(sys.argv[1], usecols=["Timestamp", "Type", "Name", "95%"], keep_default_na=False)
rows = rows[rows["Name"] == "Aggregated"] if sys.argv[2] == "all" else rows
rows["95%"] = pandas.to_numeric(rows["95%"], errors="coerce")
windows = rows.groupby(["Type", "Name", rows["Timestamp"] // 10])["95%"].last()
print((windows < 500).groupby(["Type", "Name"]).mean())
"""
POLARS_STATS = """
import polars, sys
rows = polars.read_csv(sys.argv[1])
print(rows.filter((polars.col("95%") >= 500) | (polars.col("Failure Count") / polars.col("Request Count") >= 0.01)))
"""
DUCKDB_STATS = """
import duckdb, sys
print(duckdb.sql(f\"\"\"select * from read_csv('{sys.argv[1]}')
                 where "95%" >= 500 or "Failure Count" / "Request Count" >= 0.01\"\"\").fetchall())
"""
# What `loco analyze` and `loco report` read of the history.
LOCOMOTIVE_HISTORY = """
import sys
from pathlib import Path
from locomotive.launcher import parse_locust_stats_history
from locomotive.reporter import load_stats_history
print(len(str(parse_locust_stats_history(Path(sys.argv[1])))), len(load_stats_history(Path(sys.argv[1]))))
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--venv", required=True)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--folder", default=os.path.join(ROOT, "target", "measure"))
    arguments = parser.parse_args()
    program, folder = os.path.abspath(arguments.program), os.path.abspath(arguments.folder)
    os.makedirs(folder, exist_ok=True)
    python = os.path.join(arguments.venv, "bin", "python")
    stats = files.stats(os.path.join(folder, "20_stats.csv"), 20)
    history = files.history(os.path.join(folder, "half_day_history.csv"), files.HALF_DAY, 20)
    many_stats = files.stats(os.path.join(folder, "10000_stats.csv"), 10_000)
    ours = [program, "gate", "--from"]

    def beside(name, own, others):
        """One question, asked of the program and of each tool in turn."""
        rows = {"loadforge-ci": own, **others}
        best = {}
        for _ in range(arguments.repeat):
            for tool, command in rows.items():
                with tempfile.TemporaryDirectory(dir=folder) as place:
                    outcome = spawn(command(place) if callable(command) else command, place)
                    if outcome.code not in (0, 1):
                        with open(os.path.join(place, "output")) as output:
                            print(f"{tool}: exit code {outcome.code}: {output.read()[-300:]}", file=sys.stderr)
                        continue
                if tool not in best or outcome.cpu < best[tool].cpu:
                    best[tool] = outcome
        least = best["loadforge-ci"].cpu
        for tool, outcome in best.items():
            print(f"| {name} | {tool} | {outcome.cpu * 1000:.0f} ms | {outcome.memory:.0f} MB | {outcome.cpu / least:.1f} × |", flush=True)

    print("| question | tool | CPU time | memory | against loadforge-ci |\n|:--|:--|--:|--:|--:|")
    size = os.path.getsize(history) // 10**6
    for what, which, gate in [("all requests", "all", "p95 < 500ms in 95% of windows"),
                              ("each endpoint", "each", 'p95 of "**" < 500ms in 95% of windows')]:
        beside(f"{size} MB history, windows of {what}", [*ours, stats, "--history-csv", history, "--gate", gate], {
            "polars": [python, "-c", POLARS_HISTORY, history, which],
            "DuckDB": [python, "-c", DUCKDB_HISTORY, history, which],
            "pandas": [python, "-c", PANDAS_HISTORY, history, which],
            "locomotive": [python, "-c", LOCOMOTIVE_HISTORY, history],
        })
    gates = ["--gate", 'p95 of "**" < 500ms', "--gate", 'error_rate of "**" < 1%']
    beside("10,000 endpoints, two gates (ours with all reports)", [*ours, many_stats, *gates], {
        "polars": [python, "-c", POLARS_STATS, many_stats],
        "DuckDB": [python, "-c", DUCKDB_STATS, many_stats],
    })
    nothing = many(["/bin/true"], 20)
    least = None
    for tool, command in {"loadforge-ci": [program], "locomotive": [os.path.join(arguments.venv, "bin", "loco")],
                          "Taurus": [os.path.join(arguments.venv, "bin", "bzt")]}.items():
        if not os.path.exists(command[0]):
            continue
        used = many([*command, "--version" if tool != "Taurus" else "--help"], 5)
        least = least or used
        print(f"| start-up (`/bin/true`: {nothing * 1000:.1f} ms) | {tool} | {used * 1000:.1f} ms | | {used / least:.1f} × |", flush=True)


if __name__ == "__main__":
    main()
