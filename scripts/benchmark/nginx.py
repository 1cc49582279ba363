"""nginx, started with a prefix of its own: a stream proxy and an HTTP proxy to compare with, and
the server of static files that wrk asks.
"""

import os
import re
import subprocess
import time

STREAM = """
load_module {modules}/ngx_stream_module.so;
stream {{
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    proxy_pass 127.0.0.1:{upstream};
    proxy_connect_timeout 5s;
    proxy_timeout 1h;
  }}
}}
"""
WEB = """
http {{
  access_log off;
  sendfile on;
  keepalive_requests 1000000000;
  client_body_temp_path {prefix}/body;
  proxy_temp_path {prefix}/proxy;
  fastcgi_temp_path {prefix}/fastcgi;
  uwsgi_temp_path {prefix}/uwsgi;
  scgi_temp_path {prefix}/scgi;
"""
FILES = WEB + """
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    root {prefix}/files;
  }}
}}
"""
# It closes idle connections to its upstream unless told to keep them.
HTTP = WEB + """
  upstream one {{
    server 127.0.0.1:{upstream};
    keepalive 64;
    keepalive_requests 1000000000;
  }}
  server {{
    listen 127.0.0.1:{port} backlog=4096;
    location / {{
      proxy_pass http://one;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
    }}
  }}
}}
"""
COMMON = """
daemon off;
worker_processes 1;
pid {prefix}/nginx.pid;
error_log {prefix}/error.log crit;
worker_rlimit_nofile {descriptors};
events {{
  worker_connections {connections};
}}
"""


def start(bench, name, text, **words):
    """Gives back (port, pid of the worker, prefix). The socket listens already and is handed over
    the way nginx hands its own to a newer version of itself: there is no port to guess.
    """
    program = bench.program("nginx")
    prefix = os.path.join(bench.folder, name)
    os.makedirs(os.path.join(prefix, "files"), exist_ok=True)
    with bench.listener() as listener:
        port, descriptors = listener.getsockname()[1], bench.descriptors
        path = os.path.join(prefix, "nginx.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write((text + COMMON).format(
                prefix=prefix, port=port, modules=modules(program), descriptors=descriptors,
                connections=descriptors - 200, **words))
        process, _ = bench.processes.start(
            [program, "-p", prefix, "-c", path, "-e", os.path.join(prefix, "error.log")],
            pass_fds=[listener.fileno()], env={**os.environ, "NGINX": f"{listener.fileno()};"})
        return port, worker(process), prefix


def worker(master):
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and master.poll() is None:
        with open(f"/proc/{master.pid}/task/{master.pid}/children", encoding="ascii") as file:
            children = file.read().split()
        if children:
            return int(children[0])
        time.sleep(0.01)
    raise RuntimeError(f"{' '.join(master.args)}: no worker; exit {master.poll()}")


def modules(program):
    """Where its loadable modules are; it tells on stderr how it was built."""
    told = subprocess.run([program, "-V"], capture_output=True, text=True, check=True).stderr
    found = re.search(r"--modules-path=(\S+)", told)
    return found.group(1) if found else "modules"
