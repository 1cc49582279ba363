"""Processes of a benchmark: started here, ended here, and their cost read from the kernel."""

import os
import resource
import socket
import subprocess
import time


class Processes:
    """Everything that runs; all of it has ended when the `with` is left."""

    def __init__(self):
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in reversed(self.running):
            self.end(process)

    def start(self, command, ready=None, **options):
        """Starts it. With `ready`, waits for a line that begins so; gives back the rest of it."""
        output = subprocess.DEVNULL if ready is None else subprocess.PIPE
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=output, **options)
        self.running.append(process)
        if ready is None:
            return process, ""
        for line in process.stdout:
            text = line.decode(errors="replace").strip()
            if text.startswith(ready):
                return process, text[len(ready):].strip()
        raise RuntimeError(f"{command[0]} ended with {process.wait()} before it was ready")

    def check(self):
        """A process that ended on its own measures nothing."""
        for process in self.running:
            if process.poll() is not None:
                raise RuntimeError(f"{' '.join(process.args)}: ended with {process.returncode}")

    def end(self, process):
        if process in self.running:
            self.running.remove(process)
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for stream in (process.stdin, process.stdout):
            if stream:
                stream.close()


def cpu_seconds(pid):
    """Exact time on CPU of all its threads; 0 for no process."""
    total = 0
    if pid:
        for thread in os.listdir(f"/proc/{pid}/task"):
            try:
                with open(f"/proc/{pid}/task/{thread}/schedstat", encoding="ascii") as file:
                    total += int(file.read().split()[0])
            except FileNotFoundError:
                pass  # it ended between the two looks
    return total / 1e9


def proportional_memory(pid):
    """PSS in bytes: its own pages, and its share of those it has in common with others."""
    with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("Pss:")) * 1024


def settled(pid):
    """Memory once two looks in a row agree."""
    last = -1
    for _ in range(20):
        now = proportional_memory(pid)
        if now == last:
            break
        last = now
        time.sleep(0.2)
    return now


def free_port():
    """For a server that cannot be handed a socket."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


class Foreign:
    """The share of the machine that others took while a run went on."""

    def __init__(self, pids):
        self.pids = pids
        self.before = self._now()

    def share(self):
        busy, capacity, own = (b - a for a, b in zip(self.before, self._now()))
        return max(0.0, busy - own) / capacity if capacity > 0 else 0.0

    def _now(self):
        with open("/proc/stat", encoding="ascii") as file:
            fields = file.readline().split()[1:9]
        ticks = [int(field) / os.sysconf("SC_CLK_TCK") for field in fields]
        idle = ticks[3] + ticks[4]
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        own = sum(use.ru_utime + use.ru_stime for use in used)
        own += sum(tree_seconds(pid) for pid in self.pids)
        return sum(ticks) - idle, sum(ticks), own


def tree_seconds(pid):
    """CPU of a living process, its dead children, and its living children (a PostgreSQL)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii") as file:
            fields = file.read().rpartition(")")[2].split()
        with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
            children = file.read().split()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    own = sum(int(field) for field in fields[11:15]) / os.sysconf("SC_CLK_TCK")
    return own + sum(tree_seconds(child) for child in children)
