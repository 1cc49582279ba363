"""The presets of zoo.py: a breaker, the client around it, and the truth about both."""

import dataclasses

from breaker import FAILURES, Settings
from truth import Calls, OneOf, Seconds, Span, Truth, count, counts, in_a_row, ratio


@dataclasses.dataclass
class Behaviour:
    """What the service does besides its breaker."""
    limit: float | None = 0.6     # seconds until the client gives an attempt up
    attempts: int = 1             # at most, for one call
    retries_around_breaker: bool = False  # each attempt passes the breaker, not each call
    keeps_alive: bool = False     # keeps connections, and sends again when a kept one died
    reads_body: bool = True
    failed: int = 502
    rejected: int = 503
    rejected_body: str = "open"


@dataclasses.dataclass
class Preset:
    settings: Settings
    truth: Truth
    behaviour: Behaviour = dataclasses.field(default_factory=Behaviour)


PRESETS = {
    # What opens it.
    "four-in-a-row": Preset(
        Settings(threshold=4, open_for=1.5),
        in_a_row(4, open_duration=1.5, client_timeout=0.6)),
    "one-is-enough": Preset(
        Settings(threshold=1, open_for=1),
        in_a_row(1, open_duration=1.0, client_timeout=0.6, rule=OneOf("consecutive", "count"))),
    "at-half": Preset(
        Settings(rule="ratio", threshold=0.5, calls=10, minimum=5),
        ratio(0.5, 5, Calls(10), open_duration=2.0, client_timeout=0.6)),
    "above-half": Preset(
        Settings(rule="ratio", threshold=0.5, above=True, calls=8, minimum=4, open_for=1),
        ratio(0.5, 4, Calls(8), comparison=">", open_duration=1.0, client_timeout=0.6)),
    "full-window": Preset(
        Settings(rule="ratio", threshold=0.3, calls=7, minimum=7, open_for=1.5),
        # No number of failures in seven is just 0.3 of them: what happens then cannot be seen.
        ratio(0.3, 7, Calls(7), ("comparison",), open_duration=1.5, client_timeout=0.6)),
    "only-on-failure": Preset(
        Settings(rule="ratio", threshold=0.4, calls=12, minimum=6, only_on_failure=True),
        ratio(0.4, 6, Calls(12), open_duration=2.0, client_timeout=0.6)),
    "four-in-four-seconds": Preset(
        Settings(rule="count", threshold=4, seconds=4),
        count(4, Seconds(4.0), open_duration=2.0, client_timeout=0.6)),
    "three-of-last-eight": Preset(
        Settings(rule="count", threshold=3, calls=8, open_for=1.5),
        count(3, Calls(8), open_duration=1.5, client_timeout=0.6)),
    "sliding-ratio": Preset(
        Settings(rule="ratio", threshold=0.6, seconds=6, minimum=5),
        ratio(0.6, 5, Seconds(6.0), open_duration=2.0, client_timeout=0.6)),
    "epoch-buckets": Preset(
        Settings(rule="ratio", threshold=0.5, seconds=5, buckets=5, minimum=6),
        ratio(0.5, 6, Seconds(Span(4, 5)), open_duration=2.0, client_timeout=0.6)),
    "tumbling": Preset(
        Settings(rule="count", threshold=5, seconds=6, buckets=1, open_for=1.5),
        count(5, Seconds(Span(0, 6)), ("window",), open_duration=1.5, client_timeout=0.6)),
    "forgets-in-a-gap": Preset(
        Settings(rule="count", threshold=4, gap=3, open_for=1.5),
        count(4, Seconds(3.0), open_duration=1.5, client_timeout=0.6)),
    "a-minimum-of-twenty": Preset(
        Settings(rule="ratio", threshold=0.5, seconds=8, buckets=8, minimum=20, open_for=1.5,
                 probe_every=1.5),
        ratio(0.5, 20, Seconds(Span(7, 8)), open_duration=1.5, client_timeout=0.6)),

    # What counts.
    "ignores": Preset(
        Settings(threshold=3, ignored=("404", "429"), open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.6,
                 counts=counts(ignored=("404", "429")))),
    "blames-the-client": Preset(
        Settings(threshold=3, failures=(*FAILURES, "404", "429"), open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.6,
                 counts=counts(failure=("404", "429")))),
    "any-answer-will-do": Preset(
        Settings(threshold=3, failures=("timeout", "reset", "refused", "truncated", "garbage"),
                 open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.6,
                 counts=counts(success=("500", "502", "503", "504")))),
    "headers-only": Preset(
        Settings(threshold=3, failures=("500", "502", "504", "timeout", "reset", "refused",
                                        "garbage"), ignored=("503",), open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.6,
                 counts=counts(success=("truncated",), ignored=("503",))),
        Behaviour(reads_body=False)),
    "slow-is-failed": Preset(
        Settings(threshold=3, slow=0.2, open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.8, counts=counts(failure=("slow",))),
        Behaviour(limit=0.8)),

    # How long it stays open.
    "growing": Preset(
        Settings(threshold=3, open_for=1, growth=2, longest=8),
        in_a_row(3, open_duration=1.0, backoff="growing", client_timeout=0.6)),
    "jittered": Preset(
        Settings(threshold=3, open_for=1.5, jitter=0.4),
        in_a_row(3, open_duration=Span(0.9, 2.1), backoff="jittered", client_timeout=0.6)),
    "extended-by-rejections": Preset(
        Settings(threshold=3, open_for=1.2, rejected_extend=True),
        in_a_row(3, open_duration=1.2, rejected_extend=True, client_timeout=0.6)),

    # How it closes again.
    "jury-of-four": Preset(
        Settings(threshold=3, open_for=1.5, permits=0, judged=4, judge_at=0.5),
        in_a_row(3, open_duration=1.5, half_open_concurrency=4, successes_to_close=4,
                 failures_to_reopen=OneOf(2, 4), client_timeout=0.6,
                 hung_probe=OneOf("recovers", "not_blocking"))),
    "five-of-three-at-a-time": Preset(
        Settings(threshold=3, open_for=1.5, permits=3, to_close=5, to_reopen=2),
        in_a_row(3, open_duration=1.5, half_open_concurrency=3, successes_to_close=5,
                 failures_to_reopen=2, client_timeout=0.6,
                 hung_probe=OneOf("recovers", "not_blocking"))),
    "best-of-three": Preset(
        Settings(threshold=3, open_for=1.5, permits=0, to_close=2, in_all=True,
                 to_reopen=2),
        in_a_row(3, ("half_open_concurrency",), open_duration=1.5, half_open_others="none",
                 half_open_concurrency=None, successes_to_close=2, failures_to_reopen=2,
                 hung_probe="not_blocking", client_timeout=0.6)),
    "knows-what-closed-it": Preset(
        Settings(rule="ratio", threshold=0.4, seconds=8, buckets=8, minimum=8, open_for=1.5,
                 carries=True),
        ratio(0.4, 8, Seconds(Span(7, 8)), open_duration=1.5, client_timeout=0.6)),
    "closes-by-itself": Preset(
        Settings(rule="ratio", threshold=0.5, above=True, seconds=6, buckets=6, minimum=7,
                 to_close=0, open_for=1.5),
        ratio(0.5, 7, Seconds(Span(5, 6)), ("half_open_concurrency", "failures_to_reopen"),
              comparison=">", open_duration=1.5, half_open_others="none",
              half_open_concurrency=None, successes_to_close=0, failures_to_reopen=None,
              hung_probe="not_blocking", client_timeout=0.6)),
    "queueing": Preset(
        Settings(threshold=3, open_for=1.5, queue=True, to_close=2),
        in_a_row(3, open_duration=1.5, half_open_others="queued", successes_to_close=2,
                 client_timeout=0.6)),
    "everybody-probes": Preset(
        Settings(threshold=3, open_for=1.5, permits=0, to_close=1),
        in_a_row(3, ("half_open_concurrency",), open_duration=1.5, half_open_others="none",
                 half_open_concurrency=None, hung_probe="not_blocking", client_timeout=0.6)),
    "stuck": Preset(
        Settings(threshold=3, open_for=1.5, keeps_hung=True),
        in_a_row(3, open_duration=1.5, hung_probe="stuck", client_timeout=0.6)),
    # It does not fail by itself, so it holds the only place for ever.
    "no-deadline": Preset(
        Settings(threshold=3, open_for=1.5),
        in_a_row(3, ("counts.timeout",), open_duration=1.5, hung_probe="stuck"),
        Behaviour(limit=None)),
    "late-results-move-it": Preset(
        Settings(threshold=3, open_for=2, late_moves=True),
        in_a_row(3, open_duration=2.0, client_timeout=0.6)),

    # What is around it.
    "retries-inside": Preset(
        Settings(threshold=3, open_for=1.5),
        in_a_row(3, open_duration=1.5, attempts_per_call=3, client_timeout=0.4),
        Behaviour(limit=0.4, attempts=3)),
    "retries-outside": Preset(
        Settings(threshold=5, open_for=1.5),
        in_a_row(5, open_duration=1.5, attempts_per_call=2, client_timeout=0.4),
        Behaviour(limit=0.4, attempts=2, retries_around_breaker=True)),
    "sends-again": Preset(
        Settings(threshold=3, open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.6),
        Behaviour(keeps_alive=True)),
    "stale-fallback": Preset(
        Settings(threshold=3, open_for=1.5),
        in_a_row(3, open_duration=1.5, client_timeout=0.6),
        Behaviour(rejected=200, rejected_body="yesterday's answer")),
    "looks-the-same": Preset(
        Settings(rule="ratio", threshold=0.5, calls=6, minimum=6, open_for=1),
        ratio(0.5, 6, Calls(6), open_duration=1.0, client_timeout=0.6),
        Behaviour(failed=500, rejected=500, rejected_body="error")),
    "none": Preset(
        Settings(rule="none"),
        Truth({"client_timeout": 0.6, "attempts_per_call": 1}, ("client_timeout",))),
}
