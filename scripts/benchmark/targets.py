"""What stands between client and server: nothing, faultline, HAProxy, or Toxiproxy."""

import os
import resource
import socket

import controlled

HAPROXY = """
global
  nbthread 1
  maxconn {connections}
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
{options}
listen bench
  bind fd@{descriptor}
  server upstream 127.0.0.1:{upstream}
"""
SPLICED = "  option splice-request\n  option splice-response"


class Target:
    """Where to connect, and the process whose CPU and memory count (None: there is none)."""

    def __init__(self, name, port, pid):
        self.name, self.port, self.pid = name, port, pid


def direct(_, upstream):
    return Target("direct", upstream, None)


def faultline(name="faultline", fault=None):
    def start(bench, upstream):
        command = [bench.program("faultline"), "relay", "--listen", "127.0.0.1:0",
                   "--upstream", f"127.0.0.1:{upstream}", "--protocol", "tcp", "--workers", "1"]
        if fault:
            command += ["--fault", fault]
        process, address = bench.processes.start(command, ready="listening ")
        return Target(name, int(address.rpartition(":")[2]), process.pid)
    return start


def haproxy(name, options=""):
    def start(bench, upstream):
        # It is handed a socket that listens already: no port to guess, nothing to wait for.
        with socket.create_server(("127.0.0.1", 0), backlog=4096) as listener:
            listener.setblocking(False)
            path = os.path.join(bench.folder, f"{name}.cfg".replace("/", "-"))
            # Up to four descriptors per connection (two sockets, a pipe); HAProxy does not start
            # when they might exceed the limit.
            connections = min(4000, (resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 200) // 4)
            with open(path, "w", encoding="ascii") as file:
                file.write(HAPROXY.format(options=options, descriptor=listener.fileno(),
                                          upstream=upstream, connections=connections))
            process, _ = bench.processes.start([bench.program("haproxy"), "-db", "-q", "-f", path],
                                               pass_fds=[listener.fileno()])
            return Target(name, listener.getsockname()[1], process.pid)
    return start


def driven(name, program):
    """A server behind Toxiproxy's API, with one proxy and nothing armed."""
    def start(bench, upstream):
        server = controlled.Controlled(bench, name, program)
        return Target(name, server.proxy(upstream), server.pid)
    return start


def everything(bench):
    """The references of ratios are "direct", "haproxy" and, where there is one, "toxiproxy"."""
    return [direct, faultline(), haproxy("haproxy"), haproxy("haproxy A/A"),
            haproxy("haproxy spliced", SPLICED),
            *(driven(name, program) for name, program in controlled.programs(bench).items())]
