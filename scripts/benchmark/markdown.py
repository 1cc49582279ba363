"""The tables of the README, from the JSON that scripts/bench wrote."""

import json
import sys

sys.dont_write_bytecode = True

import compare  # noqa: E402
import goals  # noqa: E402
import race  # noqa: E402

NAMES = {"direct": "direct", "faultline": "faultline", "haproxy": "HAProxy",
         "haproxy spliced": "HAProxy spliced", "nginx": "nginx", "toxiproxy": "Toxiproxy"}
OWN = ("faultline 2 workers", "faultline tap", "faultline tap elsewhere", "faultline elsewhere",
       "faultline active", "faultline served")
READERS = {"faultline tap": "faultline, reading along",
           "faultline tap elsewhere": "faultline, armed for another route",
           "haproxy http": "HAProxy, mode http", "nginx http": "nginx, proxy_pass"}
MIB = 1 << 20


def table(head, rows):
    if not rows:
        return
    print()
    for cells in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(cells)} |")


def amount(value, unit):
    if value is None:
        return ""
    if unit == "GB/s":
        return f"{value:.2f} GB/s"
    return f"{value:.0f} µs" if unit == "µs" else f"{value:,.0f}/s"


def ratio(value):
    return "" if value is None else f"{value:.2f}"


def preface(result):
    machine = result["machine"]
    peers = ", ".join(f"{NAMES.get(name, name)} {number}"
                      for name, number in result["versions"].items())
    print(f"Commit {result['commit']}, {result['rounds']} rounds of 1 s, on "
          f"{machine['processors']} processors ({machine['cpu']}, Linux {machine['kernel']}, "
          f"congestion control {machine['congestion_control']}); {peers}.")
    worst = {metric: max((found for workload in result["workloads"]
                          if (found := compare.noise(workload, metric)) is not None), default=None)
             for metric in ("key", "cpu")}
    if worst["key"] is not None:
        print(f"The two equal HAProxys differed by up to {worst['key']:.0%}, by up to "
              f"{worst['cpu']:.0%} in CPU.")
    print(f"Others disturbed {result['repeated_runs']} runs, which were repeated, and "
          f"{result['disturbed_runs']} more, which were kept.")


def races(result):
    rows, own = [], []
    for workload in result["workloads"]:
        found = {row["target"]: row for row in workload["rows"]}
        title = workload["title"]
        if workload["better"] == "less":
            title += f", {workload['metric']} (less is better)"
        values = [amount(found[name]["value"], workload["unit"]) if name in found else ""
                  for name in NAMES]
        line = found["faultline"]
        rows.append([title, *values, *(ratio(line[key]) for key in (
            "to_haproxy", "cpu_to_haproxy", "to_toxiproxy", "cpu_to_toxiproxy"))])
        runs = compare.rows_of(workload)
        for name in OWN:
            if name in found:
                own.append([title, name, *(ratio(race.paired(runs, metric, name, "faultline"))
                                           for metric in (workload["key"], "cpu", "memory"))])
    table(["workload", *NAMES.values(), "faultline / HAProxy", "its CPU", "faultline / Toxiproxy",
           "its CPU"], rows)
    table(["workload", "faultline as", "rate or latency / plain", "CPU / plain",
           "memory / plain"], own)
    for workload in result["workloads"]:
        if workload["name"] == "wrk-http":
            readers(workload)


def readers(workload):
    found = {row["target"]: row for row in workload["rows"]}
    runs = compare.rows_of(workload)
    table([workload["title"], "rate", "CPU per request", "CPU / HAProxy, mode http"],
          [[shown, amount(found[name]["value"], workload["unit"]), f"{found[name]['cpu']:.1f} µs",
            ratio(race.paired(runs, "cpu", name, "haproxy http"))]
           for name, shown in READERS.items() if name in found])


def delay(found):
    table(["injected delay", "by", "late by, p50", "p90", "p99", "early"],
          [[f"{row['delay_ms']} ms", row["target"],
            *(f"{row[key]:.0f} µs" for key in ("p50", "p90", "p99")),
            f"in {row['early_rounds']} rounds" if row["early_rounds"] else "never"]
           for row in found["rows"]])


def bulk_delay(found):
    table(["iperf3, both directions delayed", "by", "bound", "throughput", "memory"],
          [[f"{row['delay_ms']} ms", row["target"],
            f"{row['bound'] // MIB} MiB" if row["bound"] else "", f"{row['rate']:.2f} GB/s",
            f"{row['peak'] / MIB:.0f} MiB"] for row in found["rows"]])


def bandwidth(found):
    table(["bandwidth limit", "by", "error of the rate", "worst 10 ms / expected"],
          [[f"{row['rate'] / 1e6:g} MB/s", row["target"], f"{row['error']:+.2%}",
            f"{row['burst']:.2f}"] for row in found["rows"]])


def mixed(found):
    table([found["title"], "bulk alone", "bulk beside messages", "messages, p50", "p99"],
          [[row["target"], *(f"{row[key] / 1e9:.2f} GB/s" for key in ("alone", "beside")),
            *(f"{row[key]:.0f} µs" for key in ("p50", "p99"))] for row in found["rows"]])


def idle(found):
    table([found["title"], "user memory each", "CPU of all", "memory after / before"],
          [[row["target"], f"{row['per_connection']:,.0f} B", f"{row['cpu']:.2%}",
            f"{row['after'] / row['process']:.2f}"] for row in found["rows"]])


def mass_close(found):
    table([found["title"], "p50", "p99", "max"],
          [[row["target"], *(f"{row['closing'][key] / 1000:.2f}" for key in ("p50", "p99", "max"))]
           for row in found["rows"]])


def flood(found):
    table([found["title"], "before", "peak", "per client"],
          [[row["target"], *(f"{row[key] / MIB:.1f} MiB"
                             for key in ("process", "peak", "per_connection"))]
           for row in found["rows"]])


def control(found):
    table([found["title"], "call", "p50", "p99", "max"],
          [[row["target"], row["call"], *(f"{row[key]:.2f}" for key in ("p50", "p99", "max"))]
           for row in found["rows"]])


def journal(found):
    table([found["title"], "offered", "read", "lost", "CPU of the writer", "of the reader"],
          [[row["target"], f"{row['offered']:,}/s" if row["offered"] else "all it can",
            f"{row['read_rate']:,.0f}/s", f"{row['lost']:,}", f"{row['writer_ns']:.0f} ns",
            f"{row['reader_ns']:.0f} ns"] for row in found["rows"]])


SPECIAL = {"bandwidth": bandwidth, "mixed": mixed, "delay": delay, "bulk-delay": bulk_delay,
           "idle": idle, "mass-close": mass_close, "flood": flood, "control": control,
           "journal": journal}


def reached(rows):
    table(["row", "what", "measured", "gate", "goal", ""],
          [[row["row"], row["what"], goals.number(row["value"]),
            *(f"{'≥' if row['least'] else '≤'} {goals.number(row[key])}"
              for key in ("gate", "goal")), row["verdict"]]
           for row in rows if row["value"] is not None])


def main(path):
    with open(path, encoding="utf-8") as file:
        result = json.load(file)
    if result.get("schema_version") != 2:
        raise ValueError(f"{path}: written by another version of scripts/bench")
    preface(result)
    races(result)
    for found in result["special"]:
        SPECIAL[found["name"]](found)
    # Judged anew: the goals are those of today, the figures those of the run.
    reached(goals.judged(result))


if __name__ == "__main__":
    try:
        main(sys.argv[1])
    except (OSError, ValueError, KeyError) as problem:
        sys.exit(f"bench: {problem}")
