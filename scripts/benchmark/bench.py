"""What workloads and targets need of a benchmark: its length, its programs, its chance."""

import json
import os
import platform
import random
import re
import resource
import shutil
import socket
import subprocess

import workloads

ROUNDS = {"quick": 2, "default": 5, "full": 7}


class Bench:
    """`brief` in quick mode: what takes long is measured shorter, or with fewer settings."""

    def __init__(self, options, processes):
        self.options, self.processes, self.folder = options, processes, options.folder
        self.rounds, self.seconds = ROUNDS[options.mode], 1
        self.brief = options.mode == "quick"
        self.random = random.Random(options.seed)
        self.descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
        self.disturbed = self.repeated = 0

    def program(self, name):
        places = ["build/release", os.environ["FAULTLINE_POSTGRES_PROGRAMS"], "/usr/sbin"]
        found = shutil.which(name, path=os.pathsep.join([*places, os.environ["PATH"]]))
        if not found:
            raise RuntimeError(f"no program {name}; scripts/setup bench installs what is missing")
        return os.path.abspath(found)

    def keep_awake(self):
        """No processor halts from now on: what its host takes to wake it is not ours to measure."""
        self.processes.start([self.program("load"), "awake"])

    def load(self, *words):
        return json.loads(workloads.output([self.program("load"), *map(str, words)]))

    def start_load(self, *words):
        """The same, while something else goes on; what it printed is to be read by finish_load."""
        process = subprocess.Popen([self.program("load"), *map(str, words)],
                                   stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.processes.running.append(process)
        return process

    def finish_load(self, process):
        text, _ = process.communicate(timeout=60)
        self.processes.end(process)
        if process.returncode != 0:
            raise RuntimeError(f"{' '.join(process.args)}: exit {process.returncode}")
        return json.loads(text)

    def listener(self):
        """A socket on any free port, to hand to a program that takes one over."""
        listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        listener.setblocking(False)
        return listener

    def shuffled(self, things):
        return self.random.sample(list(things), len(things))


def versions():
    """Of what is compared with; what is not there has none."""
    found = {}
    for name, flag in (("haproxy", "-v"), ("nginx", "-v")):
        program = shutil.which(name, path=f"{os.environ['PATH']}:/usr/sbin")
        if program:
            told = subprocess.run([program, flag], capture_output=True, text=True, check=False)
            number = re.search(r"\d+(\.\d+)+", told.stdout + told.stderr)
            found[name] = number.group(0) if number else "unknown"
    folder = os.path.basename(os.path.dirname(os.environ.get("FAULTLINE_TOXIPROXY", "")))
    if folder:
        found["toxiproxy"] = folder.rpartition("-")[2]
    return found


def machine():
    def first(path, prefix=""):
        try:
            with open(path, encoding="utf-8") as file:
                line = next((line for line in file if line.startswith(prefix)), "")
            return line.rpartition(":")[2].strip()
        except OSError:
            return "unknown"

    return {"cpu": first("/proc/cpuinfo", "model name"), "processors": os.cpu_count(),
            "memory": first("/proc/meminfo", "MemTotal"), "kernel": platform.release(),
            "congestion_control": first("/proc/sys/net/ipv4/tcp_congestion_control"),
            "governor": first("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor"),
            "loopback_mtu": first("/sys/class/net/lo/mtu")}
