"""Holds what the X-ray said of a breaker against the truth. A wrong answer is a complaint; so is
one that could have been given and was not, and an interval so wide that it says nothing."""

from truth import CLASSES, NAMES, Calls, OneOf, Seconds, Span

STATES = ("found", "not_exercised", "no_breaker_seen")


def widest(name, value):
    """How wide the interval of an answer may be around this value."""
    if name == "threshold":
        return 0.2
    return 0.3 + value * (0.35 if name == "window" else 0.25)


def of_interval(name, expected, answer):
    """What is wrong with an answer whose truth is a float or a Span."""
    low, high = answer.get("low"), answer.get("high")
    if not all(isinstance(end, (int, float)) for end in (low, high)) or low > high:
        return f"no interval: low {low}, high {high}"
    truth = expected if isinstance(expected, Span) else Span(expected, expected)
    if high < truth.low or low > truth.high:
        return f"[{low:g}, {high:g}], but it is {truth.low:g}…{truth.high:g}"
    if high - low > widest(name, truth.high) + truth.high - truth.low:
        return f"[{low:g}, {high:g}] is too wide for {truth.low:g}…{truth.high:g}"
    return ""


def of_counts(expected, answer, told):
    """`counts` has an answer for each class; those not told are added to `told`."""
    value = answer.get("value")
    if not isinstance(value, dict):
        return f"no object of classes: {value!r}"
    wrong = []
    for name in CLASSES:
        found = value.get(name)
        if found in (None, "not_exercised"):
            told.append(name)
        elif found != expected[name]:
            wrong.append(f"{name} is {expected[name]}, not {found}")
    wrong += [f"{name} is no class" for name in value if name not in CLASSES]
    return "; ".join(wrong)


def of_value(name, expected, answer):
    """What is wrong with the answer to one name; empty if it is right."""
    value = answer.get("value")
    if isinstance(expected, OneOf):
        found = [of_value(name, one, answer) for one in expected.answers]
        return "" if "" in found else f"{value!r}, but it is one of {expected.answers}"
    if isinstance(expected, Calls):
        if value != "calls":
            return f"a window in {value}, but it is in calls"
        if not answer["low"] <= expected.number <= answer["high"]:
            return f"[{answer['low']}, {answer['high']}] calls, but it is {expected.number}"
        return "" if answer["high"] - answer["low"] <= 2 else "too wide"
    if isinstance(expected, Seconds):
        if value != "time":
            return f"a window in {value}, but it is in time"
        return of_interval(name, expected.length, answer)
    if isinstance(expected, (float, Span)):
        return of_interval(name, expected, answer)
    if isinstance(expected, int) and not isinstance(expected, bool):
        low, high = answer.get("low"), answer.get("high")
        if value == expected and low in (None, expected) and high in (None, expected):
            return ""
        return f"{value!r} in [{low}, {high}], but it is {expected}"
    return "" if value == expected else f"{value!r}, but it is {expected!r}"


class Verdict:
    """`wrong` and `untold` are lists of lines; right is what has neither. `allowed` are the names
    that were not told and need not be."""

    def __init__(self):
        self.wrong, self.untold, self.allowed = [], [], []

    @property
    def right(self):
        return not (self.wrong or self.untold)

    def __str__(self):
        return "\n".join([f"  wrong: {line}" for line in self.wrong]
                         + [f"  untold: {line}" for line in self.untold])


def judge(truth, answers):
    """The verdict on all names."""
    verdict = Verdict()
    breakerless = "rule" not in truth.facts
    for name in NAMES:
        answer = answers.get(name)
        if not isinstance(answer, dict) or answer.get("state") not in STATES:
            verdict.wrong.append(f"{name}: no answer of a known state: {answer!r}")
            continue
        state, evidence = answer["state"], answer.get("evidence")
        if not evidence:
            verdict.wrong.append(f"{name}: no evidence")
        if state == "found":
            expected = truth.facts.get(name)
            lacking = []
            if expected is None:
                complaint = f"{answer.get('value')!r}, but there is none"
            elif name == "counts":
                complaint = of_counts(expected, answer, lacking)
            else:
                complaint = of_value(name, expected, answer)
            if complaint:
                verdict.wrong.append(f"{name}: {complaint} ({evidence})")
            verdict.untold += [f"counts.{one}" for one in lacking
                               if f"counts.{one}" not in truth.untold]
        elif state == "no_breaker_seen" and not breakerless:
            verdict.wrong.append(f"{name}: no breaker seen, but there is one ({evidence})")
        elif name in truth.untold:
            verdict.allowed.append(name)
        elif name in truth.facts:
            verdict.untold.append(f"{name}: {evidence}")
    if breakerless and answers.get("rule", {}).get("state") != "no_breaker_seen":
        verdict.wrong.append("rule: there is no breaker, which was not said")
    return verdict
