"""The process under test of runner_test.py: a small HTTP service with ways to misbehave.

service.py PORT MODE MARKER   (MARKER only makes the process findable)

  ok          answers 202 to everything
  dead        says why on stderr and exits with 3 before it listens
  deaf        never listens
  dies        answers 20 posts, then exits with 7
  mute        takes posts and answers none
  stubborn    as ok, and ignores SIGTERM
  limited     takes 5 posts in 2 s from the first on, and answers 429 with the date from which it
              takes more
  liar        the same with a date that is an hour later
"""

import email.utils
import http.server
import math
import os
import signal
import sys
import threading
import time

PORT, MODE = int(sys.argv[1]), sys.argv[2]
posts = 0
posts_lock = threading.Lock()
window_ends = window_posts = 0  # of a limit, under posts_lock too


def come_back():
    """The time from which a post is taken that the limit refuses now; none if it takes it."""
    global window_ends, window_posts
    with posts_lock:
        if time.time() >= window_ends:
            window_ends, window_posts = time.time() + 2, 0
        window_posts += 1
        return None if window_posts <= 5 else window_ends


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, status, *fields):
        self.send_response(status)
        for field in fields:
            self.send_header(*field)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_GET(self):
        self.answer(200)

    def do_POST(self):
        global posts
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if MODE == "mute":
            threading.Event().wait()
        if MODE in ("limited", "liar"):
            if (until := come_back()) is not None:
                date = math.ceil(until) + (3600 if MODE == "liar" else 0)
                self.answer(429, ("Retry-After", email.utils.formatdate(date, usegmt=True)))
                return
        self.answer(202)
        with posts_lock:
            posts += 1
            if MODE == "dies" and posts == 20:
                print("about to die", flush=True)
                os._exit(7)

    def log_message(self, *_):
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


if MODE == "dead":
    print("bad configuration", file=sys.stderr, flush=True)
    sys.exit(3)
if MODE == "deaf":
    print("not listening", flush=True)
    while True:
        signal.pause()
if MODE == "stubborn":
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
Server(("127.0.0.1", PORT), Handler).serve_forever()
