"""What scripts/matrix does once everything is built; its help says what for."""

import argparse
import json
import os
import re
import signal
import subprocess
import sys

HEALTHY = "healthy"

# Which bug of the reference service which drill must notice, and by which measure.
TABLE = {
    "k6-baseline": {},
    "spike": {},
    "error-mix": {},
    "postgres-outage": {
        "ack-before-commit": "lost",
        "status-500": "told",
        "no-reconnect": "recovery.first",
        "stale-pool": "errors_after_recovery",
    },
    "postgres-hang": {
        "no-deadline": "detection",
        "no-dedupe": "duplicated",
    },
    "breaker-lifecycle": {
        "cb-never-opens": "breaker.opens",
        "cb-never-closes": "breaker.left_open",
        "cb-extends": "breaker.open_for",
    },
    "breaker-crowd": {
        "cb-no-reopen": "breaker.closed_by_failure",
        "cb-stampede": "breaker.probes",
    },
    "breaker-xray": {
        "cb-extends": "xray.rejected_extend",
        "cb-counts-4xx": "xray.counts",
        "cb-stampede": "xray.half_open_others",
        "cb-no-reopen": "xray.failures_to_reopen",
    },
    "api-timeout-oauth-storm": {
        "refresh-stampede": "at_once",
        "cb-counts-4xx": "count",
    },
    "rate-limit": {
        "rl-no-header": "limit.untold",
        "rl-no-expire": "limit.false_positives",
        "rl-counts-blocked": "limit.told_late",
    },
}

RUN_LIMIT = 900  # seconds, for one drill
GREEN, RIGHT, ELSEWHERE, BROKEN = "green", "red as named", "red elsewhere", "no verdict"


def main():
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    options = arguments()
    if options.list:
        print(aligned([("drill", "bug", "measure"),
                       *((drill, bug, measure or "") for drill, bug, measure in options.cells)]))
    if options.list or options.check:
        return 0
    options.folder = os.path.dirname(options.json)
    cells = []
    for drill, bug, measure in options.cells:
        runs = [run(options, drill, bug, measure, number)
                for number in range(1, options.times + 1)]
        cells.append({"drill": drill, "bug": bug, "expected": measure or "pass",
                      "ok": all(run["ok"] for run in runs), "runs": runs})
    ok = all(cell["ok"] for cell in cells)
    matrix = {"schema_version": 1, "times": options.times, "ok": ok, "cells": cells}
    with open(options.json, "w", encoding="utf-8") as file:
        json.dump(matrix, file, indent=2)
        file.write("\n")
    print(table(cells))
    print(f"written to {os.path.relpath(options.json)}")
    return 0 if ok else 1


def run(options, drill, bug, measure, number):
    """One run of a drill, judged by the report it leaves."""
    out = os.path.join(options.folder, f"{drill}-{bug}-{number}")
    command = ["scripts/quickstart", drill, "--built", options.built, "--out", out]
    if bug != HEALTHY:
        command += ["--bug", bug]
    os.makedirs(options.folder, exist_ok=True)
    subprocess.run(["rm", "-rf", "--", out], check=True)
    print(f"{drill} {bug} {number}/{options.times} …", end=" ", flush=True)
    with open(f"{out}.log", "wb") as log:
        code = finish(subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log,
                                       stderr=subprocess.STDOUT, start_new_session=True))
    judged = judge(os.path.join(out, "report.json"), code, measure)
    print(f"{judged['result']}{': ' + judged['detail'] if judged['detail'] else ''}", flush=True)
    return {**judged, "exit_code": code, "report": os.path.relpath(out)}


def finish(process):
    """Its exit code. However we leave, it has ended; it heals and ends its servers on TERM."""
    try:
        return process.wait(RUN_LIMIT)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait()


def judge(path, code, measure):
    try:
        with open(path, encoding="utf-8") as file:
            report = json.load(file)
        verdict = report["verdict"]
        failed = [e for e in report["expectations"] if e["verdict"] == "fail"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        return {"ok": False, "result": BROKEN, "verdict": None, "failed": [],
                "detail": f"exit code {code}, and {type(error).__name__} reading {path}"}
    texts = [f"{e['text']} (observed {e['observed']})" for e in failed]
    if verdict == "pass":
        result = GREEN
    elif verdict != "fail":
        result = BROKEN
    elif any(measure_of(e["text"]) == measure for e in failed):
        result = RIGHT
    else:
        result = ELSEWHERE
    # The exit code is part of the promise.
    right = (result == GREEN and code == 0) if measure is None else (result == RIGHT and code == 1)
    detail = "; ".join(texts) or (verdict if result == BROKEN else "")
    if verdict not in ("pass", "fail"):
        detail = f"{verdict}: {report.get('reason', '')}"
    return {"ok": right, "result": result, "verdict": verdict, "failed": texts, "detail": detail}


def measure_of(text):
    """`recovery.first` of `recovery.first(outage) < 1s`."""
    match = re.match(r"\s*([a-z0-9_.]+)", text)
    return match.group(1) if match else None


def table(cells):
    rows = [("drill", "bug", "should be", "is", "")]
    for cell in cells:
        expected = GREEN if cell["bug"] == HEALTHY else f"red on {cell['expected']}"
        counted = {}
        for one in cell["runs"]:
            counted[one["result"]] = counted.get(one["result"], 0) + 1
        seen = ", ".join(f"{result} {n}/{len(cell['runs'])}" for result, n in counted.items())
        rows.append((cell["drill"], cell["bug"], expected, seen, "ok" if cell["ok"] else "MISS"))
    return aligned(rows)


def aligned(rows):
    widths = [max(map(len, column)) for column in zip(*rows)]
    return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in rows)


def arguments():
    parser = argparse.ArgumentParser(prog="matrix", allow_abbrev=False)
    parser.add_argument("drills", nargs="*", default=[])
    parser.add_argument("--times", type=int, default=1)
    parser.add_argument("--bug", dest="bugs", action="append", default=[])
    parser.add_argument("--json", default=None)
    parser.add_argument("--built", default="build/release")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--check", action="store_true", help=argparse.SUPPRESS)
    parser.add_argument("--caller", default=".", help=argparse.SUPPRESS)
    options = parser.parse_intermixed_args()
    options.drills = [os.path.basename(drill).removesuffix(".toml")
                      for drill in options.drills] or list(TABLE)
    for drill in options.drills:
        if drill not in TABLE:
            parser.error(f'no bugs are known for "{drill}"; it is one of: {", ".join(TABLE)}')
    bugs = [HEALTHY, *(bug for bugs in TABLE.values() for bug in bugs)]
    for bug in options.bugs:
        if bug not in bugs:
            parser.error(f'unknown bug "{bug}"; it is one of: {", ".join(bugs)}')
    if not 1 <= options.times <= 100:
        parser.error(f"--times {options.times}: from 1 to 100")
    options.cells = [(drill, bug, measure) for drill in options.drills
                     for bug, measure in [(HEALTHY, None), *TABLE[drill].items()]
                     if not options.bugs or bug in options.bugs]
    if not options.cells:
        parser.error("no cell has that drill and that bug; scripts/matrix --list names them")
    options.json = os.path.abspath(
        os.path.join(options.caller, options.json) if options.json else "build/matrix/matrix.json")
    return options


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
