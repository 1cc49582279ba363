"""What stands between client and server: nothing, faultline, HAProxy, nginx, or Toxiproxy."""

import os

import controlled
import nginx

HAPROXY = """
global
  nbthread 1
  maxconn {connections}
{tuning}
defaults
  mode {mode}
  timeout connect 5s
  timeout client 1h
  timeout server 1h
{options}
listen bench
  bind fd@{descriptor}
  server upstream 127.0.0.1:{upstream}
"""
SPLICED = "  option splice-request\n  option splice-response"
# A client that there is none of: what is armed hits nobody.
ELSEWHERE = "latency:delay=1s,direction=both,client=192.0.2.1"
ACTIVE = "latency:delay=50us,direction=both"
# The same by the request: a route that nobody asks for.
OTHER_ROUTE = "status:code=503,route=/nowhere"
# What every table is about, and what quick mode keeps of it.
ESSENTIAL = ("direct", "faultline", "haproxy", "toxiproxy")


class Target:
    """Where to connect, and the process whose CPU and memory count (None: there is none)."""

    def __init__(self, name, port, pid):
        self.name, self.port, self.pid = name, port, pid


def direct(_, upstream, __):
    return Target("direct", upstream, None)


def faultline(name="faultline", fault=None, workers=1, tap=False, flags=()):
    def start(bench, upstream, protocol="tcp"):
        command = [bench.program("faultline"), "relay", "--listen", "127.0.0.1:0", "--upstream",
                   f"127.0.0.1:{upstream}", "--protocol", protocol if tap else "tcp", "--workers",
                   str(workers), *flags]
        if fault:
            command += ["--fault", fault]
        process, address = bench.processes.start(command, ready="listening ")
        return Target(name, int(address.rpartition(":")[2]), process.pid)
    return start


def haproxy(name, options="", tuning="", mode="tcp"):
    def start(bench, upstream, _="tcp"):
        # It is handed a socket that listens already: no port to guess, nothing to wait for.
        with bench.listener() as listener:
            path = os.path.join(bench.folder, f"{name}.cfg".replace("/", "-"))
            # Two descriptors per connection, four when it splices (two sockets, a pipe); HAProxy
            # does not start when they might exceed the limit.
            connections = (bench.descriptors - 500) // (4 if options else 2)
            with open(path, "w", encoding="ascii") as file:
                file.write(HAPROXY.format(options=options, mode=mode, tuning=tuning,
                                          upstream=upstream, descriptor=listener.fileno(),
                                          connections=connections))
            process, _ = bench.processes.start([bench.program("haproxy"), "-db", "-q", "-f", path],
                                               pass_fds=[listener.fileno()])
            return Target(name, listener.getsockname()[1], process.pid)
    return start


def nginx_stream(bench, upstream, _="tcp"):
    port, pid, _ = nginx.start(bench, "nginx", nginx.STREAM, upstream=upstream)
    return Target("nginx", port, pid)


def nginx_http(bench, upstream, _="tcp"):
    port, pid, _ = nginx.start(bench, "nginx-http", nginx.HTTP, upstream=upstream)
    return Target("nginx http", port, pid)


def driven(name):
    """A server behind Toxiproxy's API, with one proxy and nothing armed."""
    def start(bench, upstream, _="tcp"):
        server = controlled.Controlled(bench, name, controlled.programs(bench)[name])
        return Target(name, server.proxy(upstream), server.pid)
    return start


# The references of ratios are "direct", "haproxy" and, where there is one, "toxiproxy". What the
# two equal HAProxys differ by is noise.
ALL = {
    "direct": direct,
    "faultline": faultline(),
    "faultline 2 workers": faultline("faultline 2 workers", workers=2),
    "faultline tap": faultline("faultline tap", tap=True),
    "faultline elsewhere": faultline("faultline elsewhere", ELSEWHERE),
    "faultline tap elsewhere": faultline("faultline tap elsewhere", OTHER_ROUTE, tap=True),
    "faultline active": faultline("faultline active", ACTIVE),
    "faultline served": driven("faultline served"),
    "haproxy": haproxy("haproxy"),
    "haproxy A/A": haproxy("haproxy A/A"),
    "haproxy spliced": haproxy("haproxy spliced", options=SPLICED),
    "haproxy 64K": haproxy("haproxy 64K", tuning="  tune.bufsize 65536"),
    "haproxy http": haproxy("haproxy http", mode="http"),
    "nginx": nginx_stream,
    "nginx http": nginx_http,
    "toxiproxy": driven("toxiproxy"),
}


def start(bench, names, upstream, protocol="tcp"):
    """Those that there are on this machine, in this order."""
    absent = controlled.missing()
    return [ALL[name](bench, upstream, protocol) for name in names if name not in absent]
