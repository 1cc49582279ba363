"""zoo.py --upstream URL --config NAME: a service whose breaker is home-made, with one of the odd
semantics of presets.py. GET /call asks the upstream through the breaker. It prints the port it
listens on and ends when its input ends. With --list it prints the names of the presets."""

import argparse
import http.client
import http.server
import os
import queue
import sys
import threading
import urllib.parse

from breaker import Breaker, Rejected
from presets import PRESETS


def class_of(error):
    """What a failed attempt is called."""
    if isinstance(error, TimeoutError):
        return "timeout"
    if isinstance(error, ConnectionRefusedError):
        return "refused"
    if isinstance(error, http.client.IncompleteRead):
        return "truncated"
    if isinstance(error, OSError):  # and RemoteDisconnected
        return "reset"
    return "garbage"


class Client:
    """An HTTP client that is told how to behave."""

    def __init__(self, upstream, behaviour):
        self.url = urllib.parse.urlsplit(upstream)
        self.behaviour = behaviour
        self.idle = queue.SimpleQueue()

    def ask(self):
        """`ok`, or the class of the failure."""
        while True:
            connection, used = self._connection()
            try:
                return self._attempt(connection)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                found = class_of(error)
                if not (used and found == "reset"):
                    return found
            # The server may have closed an idle connection while the request was on its way to it:
            # a GET is simply sent again.

    def _connection(self):
        if self.behaviour.keeps_alive:
            try:
                return self.idle.get_nowait(), True
            except queue.Empty:
                pass
        return http.client.HTTPConnection(self.url.hostname, self.url.port,
                                          timeout=self.behaviour.limit), False

    def _attempt(self, connection):
        connection.request("GET", self.url.path or "/")
        answer = connection.getresponse()
        if self.behaviour.reads_body:
            answer.read()
        if self.behaviour.keeps_alive and not answer.will_close:
            self.idle.put(connection)
        else:
            connection.close()
        return "ok" if answer.status < 400 else str(answer.status)


class Service(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self, upstream, preset):
        super().__init__(("127.0.0.1", 0), Demand)
        self.behaviour = preset.behaviour
        self.client = Client(upstream, preset.behaviour)
        self.breaker = Breaker(preset.settings)

    def call(self):
        """The class of the outcome, after retries on whichever side of the breaker."""
        tries, around = self.behaviour.attempts, self.behaviour.retries_around_breaker
        for _ in range(tries if around else 1):
            permit = self.breaker.enter()
            for _ in range(1 if around else tries):
                outcome = self.client.ask()
                if outcome == "ok":
                    break
            self.breaker.leave(permit, outcome)
            if outcome == "ok":
                break
        return outcome


class Demand(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True

    def do_GET(self):
        if self.path != "/call":
            return self.say(404, "there is GET /call")
        behaviour = self.server.behaviour
        try:
            outcome = self.server.call()
        except Rejected:
            return self.say(behaviour.rejected, behaviour.rejected_body)
        return self.say(200 if outcome == "ok" else behaviour.failed, outcome)

    def say(self, status, text):
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--upstream")
    parser.add_argument("--config", choices=PRESETS)
    options = parser.parse_args()
    if options.list:
        print(*PRESETS, sep="\n")
        return
    if not (options.upstream and options.config):
        parser.error("--upstream and --config are needed, or --list")
    service = Service(options.upstream, PRESETS[options.config])
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print("listening", service.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)  # a call may hang, and nobody waits for it


if __name__ == "__main__":
    main()
