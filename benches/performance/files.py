"""The files that scripts/measure and scripts/compare-peers use: large, and the same each time."""

import os

COLUMNS = (
    "Timestamp,User Count,Type,Name,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%,"
    "Total Request Count,Total Failure Count,Total Median Response Time,Total Average Response Time,"
    "Total Min Response Time,Total Max Response Time,Total Average Content Size"
)
STATS_COLUMNS = (
    "Type,Name,Request Count,Failure Count,Median Response Time,Average Response Time,Min Response Time,"
    "Max Response Time,Average Content Size,Requests/s,Failures/s,50%,66%,75%,80%,90%,95%,98%,99%,99.9%,99.99%,100%"
)
FAILURE_COLUMNS = "Method,Name,Error,Occurrences"
BEGIN = 1_795_336_531
HALF_DAY = 43_200


def write(path, lines):
    """Writes a CSV file unless it is there; the last step is a rename, so a file that is there is whole."""
    if not os.path.exists(path):
        with open(path + ".part", "w", newline="") as file:
            file.writelines(line + "\r\n" for line in lines)
        os.rename(path + ".part", path)
    return path


def history(path, seconds, endpoints):
    """Locust's full history: a row per second and endpoint, with a ramp-up to 100 users."""

    def lines():
        yield COLUMNS
        for second in range(seconds):
            time, users = BEGIN + second, min(second, 100)
            tail = ("110,130,150,170,220,290,380,460,720,900,900,%d,%d,110,127.48203948576,12.094857203,"
                    "912.0394857,1432.5")
            for index in range(endpoints):
                numbers = tail % (second * 14, second // 10)
                yield f"{time},{users},GET,/api/v1/items/{index}/detail,13.700000,0.100000,{numbers}"
            numbers = tail % (second * 14 * endpoints, second // 10 * endpoints)
            yield f"{time},{users},,Aggregated,13.700000,0.100000,{numbers}"

    return write(path, lines())


def stats(path, endpoints, requests=604_800):
    """Locust's stats: a row per endpoint."""

    def lines():
        yield STATS_COLUMNS
        numbers = "110,127.48203948576,12.094857203,912.0394857,1432.5,13.7,0.1,110,130,150,170,220,290,380,460,720,900,900"
        for index in range(endpoints):
            yield f"GET,/api/v1/items/{index}/detail,{requests + index},{requests // 200},{numbers}"
        yield f",Aggregated,{requests * endpoints},{requests // 200 * endpoints},{numbers}"

    return write(path, lines())


def failures(path, texts):
    """Locust's failures: so many different texts."""

    def lines():
        yield FAILURE_COLUMNS
        for index in range(texts):
            yield f"GET,/api/v1/items/{index % 10}/detail,HTTPError('503 Server Error: {index}'),1"

    return write(path, lines())


def recording(folder, seconds, endpoints):
    """A folder that `emulate --replay` plays back."""
    os.makedirs(folder, exist_ok=True)
    stats(os.path.join(folder, "run_stats.csv"), endpoints)
    history(os.path.join(folder, "run_stats_history.csv"), seconds, endpoints)
    write(os.path.join(folder, "run_failures.csv"), [FAILURE_COLUMNS])
    return folder

