"""What is true of a breaker, in the words of `faultline xray breaker --json`.

A truth is a dict: name -> what must be found. A string, a bool or a whole number must be found as
it is; a float must lie in the interval that was found. `Span`, `OneOf`, `Calls` and `Seconds` say
the rest. A truth says everything: a name that it does not have may not be found.
"""

import dataclasses

CLASSES = ("500", "502", "503", "504", "429", "404", "timeout", "reset", "refused", "truncated",
           "garbage", "slow")
NAMES = ("rule", "threshold", "comparison", "minimum_calls", "window", "counts", "open_duration",
         "backoff", "half_open_concurrency", "half_open_others", "successes_to_close",
         "failures_to_reopen", "rejected_extend", "client_timeout", "attempts_per_call",
         "hung_probe")


@dataclasses.dataclass(frozen=True)
class Span:
    """A quantity that varies: what was found must meet this interval."""
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class OneOf:
    """Each of these is a right answer."""
    answers: tuple

    def __init__(self, *answers):
        object.__setattr__(self, "answers", answers)


@dataclasses.dataclass(frozen=True)
class Calls:
    """A window of so many calls."""
    number: int


@dataclasses.dataclass(frozen=True)
class Seconds:
    """A window in time: so long, or a Span, where it depends on the instant how much is in it."""
    length: object


@dataclasses.dataclass(frozen=True)
class Truth:
    """`facts` must be found, except that those in `untold` may be not exercised. What may be untold
    and has no fact must be."""
    facts: dict
    untold: tuple = ()


def counts(failure=(), success=(), ignored=()):
    """What each class of outcome counts as; by default what most breakers say."""
    told = dict.fromkeys(CLASSES, "failure")
    told.update(dict.fromkeys(("404", "429", "slow"), "success"))
    for word, classes in (("failure", failure), ("success", success), ("ignored", ignored)):
        told.update(dict.fromkeys(classes, word))
    return told


# The commonest answers, which each case then changes. A whole number in a row needs no window and
# no minimum, so these may be untold; saying that one needs just so many is no lie.
COMMON = {
    "comparison": ">=", "counts": counts(), "backoff": "constant", "half_open_concurrency": 1,
    "half_open_others": "rejected", "successes_to_close": 1, "failures_to_reopen": 1,
    "rejected_extend": False, "attempts_per_call": 1, "hung_probe": "recovers",
}


def in_a_row(threshold, untold=(), **facts):
    """The truth of a breaker that opens on so many failures in a row."""
    return Truth({**COMMON, "rule": "consecutive", "threshold": threshold,
                  "minimum_calls": threshold, "window": Calls(threshold), **facts},
                 ("minimum_calls", "window", "comparison", *untold))


def count(threshold, window, untold=(), **facts):
    """The truth of one that opens on so many failures within a window."""
    return Truth({**COMMON, "rule": "count", "threshold": threshold, "minimum_calls": threshold,
                  "window": window, **facts}, ("minimum_calls", "comparison", *untold))


def ratio(threshold, minimum, window, untold=(), **facts):
    """The truth of one that opens on a share of failures within a window."""
    return Truth({**COMMON, "rule": "ratio", "threshold": float(threshold),
                  "minimum_calls": minimum, "window": window, **facts}, untold)
