"""A circuit breaker with the semantics that real ones have, one by one or mixed: what counts, how
far back it looks, when it decides, what it lets through afterwards. Made to be looked at from
outside, not to be used.

    closed --too many failures--> open --its time is over, at the next call--> half-open
       ^                           ^                                              |
       +-------- enough successes -|------------- too many failures --------------+

Each change of state begins a generation. A result belongs to the generation its call began in.
"""

import collections
import dataclasses
import random
import threading
import time

FAILURES = ("500", "502", "503", "504", "timeout", "reset", "refused", "truncated", "garbage")


class Rejected(Exception):
    """The breaker did not let the call through."""


@dataclasses.dataclass
class Settings:
    """What a breaker is made of. Times are seconds."""

    # When closed: what opens it.
    rule: str = "consecutive"     # consecutive, count, ratio, or none: it never opens
    threshold: float = 5
    above: bool = False           # opens strictly above the threshold, not at it
    minimum: int = 1              # calls in the window before a ratio is looked at
    calls: int = 0                # the window is so many calls, or else
    seconds: float = 0            # so long;
    buckets: int = 0              # in so many equal parts, which begin at whole multiples of them
    gap: float = 0                # or everything, until so long passed between two failures
    only_on_failure: bool = False  # a success never opens it

    # What is a failure, what does not count at all; the rest is a success.
    failures: tuple = FAILURES
    ignored: tuple = ()
    slow: float = 0               # what takes longer is a failure too

    # When open.
    open_for: float = 2
    growth: float = 1             # factor by which it stays open longer each time in a row
    longest: float = 60
    jitter: float = 0             # share by which the time varies, up and down
    rejected_extend: bool = False  # each rejected call begins the time anew

    # When half-open.
    permits: int = 1              # probes at one time; 0: everybody
    queue: bool = False           # others wait instead of being rejected
    probe_every: float = 0        # one more goes through so long after the last one did
    to_close: int = 1             # successes in a row, or none: it closes by itself;
    in_all: bool = False          # or with failures between them
    carries: bool = False         # the one that closed it is the first call of the new window
    to_reopen: int = 1            # failures in all
    judged: int = 0               # so many probes in all, then their ratio decides by `judge_at`
    judge_at: float = 0.5
    keeps_hung: bool = False      # a probe that timed out neither counts nor gives its place back
    late_moves: bool = False      # a result of an earlier generation counts in this one


@dataclasses.dataclass
class Permit:
    generation: int
    probe: bool
    began: float


class Window:
    """The results since it was closed that still matter, as (instant, failed)."""

    def __init__(self, settings):
        self.settings = settings
        in_a_row = int(settings.threshold) if settings.rule == "consecutive" else None
        self.results = collections.deque(maxlen=settings.calls or in_a_row)

    def add(self, failed):
        self.results.append((time.time(), failed))
        settings, now = self.settings, time.time()
        if settings.gap and failed:
            failures = [at for at, one in self.results if one][-2:]
            if len(failures) == 2 and now - failures[0] > settings.gap:
                self.results.clear()
                self.results.append((now, failed))
        if not settings.seconds:
            return
        since = now - settings.seconds
        if settings.buckets:
            size = settings.seconds / settings.buckets
            since = (now // size + 1) * size - settings.seconds
        while self.results[0][0] < since:
            self.results.popleft()

    def too_many(self):
        settings = self.settings
        failed = [failed for _, failed in self.results]
        if settings.rule == "consecutive":
            return sum(failed) == settings.threshold
        found = sum(failed)
        if settings.rule == "ratio":
            found /= len(failed)
        if len(failed) < settings.minimum:
            return False
        return found > settings.threshold if settings.above else found >= settings.threshold


class Breaker:
    """Thread-safe. `enter` before a call, `leave` with the class of its outcome after it."""

    def __init__(self, settings):
        self.settings = settings
        self.changed = threading.Condition()
        self.generation = 0
        self.times_open = 0  # in a row
        with self.changed:
            self._close()

    def enter(self):
        """A permit; raises Rejected."""
        settings = self.settings
        with self.changed:
            if self.state == "open" and time.monotonic() >= self.until:
                if settings.to_close:
                    self._become("half-open")
                else:
                    self._close()
            if settings.queue and self.state == "half-open":
                self.changed.wait_for(lambda: self.state != "half-open" or self._has_room(), 30)
            if self.state == "half-open" and self._has_room():
                self.running += 1
                self.admitted += 1
                self.probed = time.monotonic()
                return Permit(self.generation, True, time.monotonic())
            if self.state == "closed":
                return Permit(self.generation, False, time.monotonic())
            if self.state == "open" and settings.rejected_extend:
                self.until = time.monotonic() + self.period
            raise Rejected

    def leave(self, permit, outcome):
        """`outcome` is `ok` or the class of a failure."""
        settings = self.settings
        slow = settings.slow and time.monotonic() - permit.began > settings.slow
        with self.changed:
            current = permit.generation == self.generation
            if permit.probe and current:
                if settings.keeps_hung and outcome == "timeout":
                    return
                self.running -= 1
                self.changed.notify_all()
            if outcome in settings.ignored:
                if permit.probe and current:
                    self.admitted -= 1
                return
            if current or settings.late_moves:
                self._count(outcome in settings.failures or bool(slow))

    def _has_room(self):
        settings = self.settings
        if settings.judged and self.admitted >= settings.judged:
            return False
        if settings.probe_every and time.monotonic() - self.probed >= settings.probe_every:
            return True
        return not settings.permits or self.running < settings.permits

    def _count(self, failed):
        settings = self.settings
        if self.state == "closed":
            self.window.add(failed)
            asked = failed or not settings.only_on_failure
            if settings.rule != "none" and asked and self.window.too_many():
                self._open()
        elif self.state == "half-open":
            self.probes.append(failed)
            self._judge()
        elif not failed:  # a late success tells an open breaker that all is well
            self._close()

    def _judge(self):
        settings, bad = self.settings, sum(self.probes)
        if settings.judged:
            if len(self.probes) < settings.judged:
                return
            healthy = bad / settings.judged < settings.judge_at
        elif bad >= settings.to_reopen:
            healthy = False
        elif settings.in_all and len(self.probes) - bad >= settings.to_close:
            healthy = True
        elif self.probes[-settings.to_close:] == [False] * settings.to_close:
            healthy = True
        else:
            return
        if healthy:
            self._close()
            if settings.carries:
                self.window.add(False)
        else:
            self._open()

    def _become(self, state):
        self.state = state
        self.generation += 1
        self.running, self.admitted, self.probed, self.probes = 0, 0, 0.0, []
        self.changed.notify_all()

    def _open(self):
        settings = self.settings
        longer = settings.open_for * settings.growth ** self.times_open
        self.period = min(longer, settings.longest)
        self.period *= 1 + settings.jitter * random.uniform(-1, 1)
        self.times_open += 1
        self.until = time.monotonic() + self.period
        self._become("open")

    def _close(self):
        self.times_open = 0
        self.window = Window(self.settings)
        self._become("closed")
