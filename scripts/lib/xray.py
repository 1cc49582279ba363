"""Proves the X-ray: runs cases side by side and holds the answers against the truth. Called by
scripts/xray, which explains it."""

import argparse
import concurrent.futures
import json
import os
import pathlib
import signal
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "services" / "breakers"))

import libraries  # noqa: E402
import proof  # noqa: E402


def wanted(words):
    """The cases that the words name."""
    cases = []
    for word in words:
        found = [case for case in proof.CASES if word in (case, case.split("/")[0])]
        if not found:
            sys.exit(f'no case "{word}"; there are: {" ".join(proof.CASES)}')
        cases += found
    return list(dict.fromkeys(cases)) or proof.CASES


def available(cases):
    """Those whose service can be had here; the others are named with the reason."""
    reasons = {}
    for name in dict.fromkeys(case.split("/")[0] for case in cases):
        try:
            proof.SERVICES[name]().prepare()
        except libraries.Skipped as reason:
            reasons[name] = reason
            print(f"skipped: {name}: {reason}", flush=True)
    return [case for case in cases if case.split("/")[0] not in reasons]


def told(case, verdict, seconds):
    """What is printed of a case."""
    word = "right" if verdict.right else "WRONG" if verdict.wrong else "UNTOLD"
    note = f"; not exercised: {', '.join(verdict.allowed)}" if verdict.allowed else ""
    return "\n".join(filter(None, [f"{word:7}{case} in {seconds:.0f} s{note}", str(verdict)]))


def main():
    parser = argparse.ArgumentParser(usage="scripts/xray [CASE…] [--jobs N] [--out DIR] "
                                           "[--built DIR]")
    parser.add_argument("cases", nargs="*")
    parser.add_argument("--jobs", type=int, default=4)
    parser.add_argument("--out", default="")
    parser.add_argument("--built", default="")
    parser.add_argument("--caller", default=os.getcwd())
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print(*proof.CASES, sep="\n")
        return 0
    caller = pathlib.Path(options.caller)
    built = caller / options.built if options.built else ROOT / "build" / "release"
    faultline = built / "faultline"
    if not os.access(faultline, os.X_OK):
        sys.exit(f"{faultline}: no program; build faultline first")
    out = caller / options.out if options.out else ROOT / "build" / "xray"
    out.mkdir(parents=True, exist_ok=True)
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))  # what was started dies with this

    cases = available(wanted(options.cases))
    counts, summary = {"right": 0, "wrong": 0, "untold": 0}, {}
    with concurrent.futures.ThreadPoolExecutor(max(1, options.jobs)) as pool:
        runs = {pool.submit(proof.prove, faultline, case, out / f"{case.replace('/', '-')}.txt"):
                case for case in cases}
        for run in concurrent.futures.as_completed(runs):
            case = runs[run]
            try:
                verdict, _, seconds = run.result()
            except (RuntimeError, ValueError) as error:
                counts["wrong"] += 1
                print(f"WRONG  {case}: {error}", flush=True)
                continue
            kind = "right" if verdict.right else "wrong" if verdict.wrong else "untold"
            counts[kind] += 1
            summary[case] = {"wrong": verdict.wrong, "untold": verdict.untold, "seconds": seconds}
            print(told(case, verdict, seconds), flush=True)
    (out / "summary.json").write_text(json.dumps(summary, indent=2) + "\n")
    print(", ".join(f"{number} {word}" for word, number in counts.items()),
          f"of {len(cases)} cases")
    return 0 if cases and counts["right"] == len(cases) else 1


if __name__ == "__main__":
    sys.exit(main())
