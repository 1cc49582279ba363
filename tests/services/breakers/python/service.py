"""A service whose breaker is pybreaker: service.py --upstream URL --config NAME. GET /call asks the
upstream through the breaker. It prints the port it listens on and ends when its input ends."""

import argparse
import http.server
import os
import sys
import threading

import pybreaker
import requests


def answered(*statuses):
    """Whether an exception is an answer with one of these."""
    return lambda error: (isinstance(error, requests.HTTPError)
                          and error.response.status_code in statuses)


# name -> (the client's time limit, the breaker). With `exclude` an exception counts as a success.
CONFIGURATIONS = {
    "plain": (0.6, {"fail_max": 4, "reset_timeout": 2, "success_threshold": 2}),
    "excluding": (0.5, {"fail_max": 3, "reset_timeout": 1.5, "exclude": [answered(404, 429)],
                        "throw_new_error_on_trip": False}),
}


class Service(http.server.ThreadingHTTPServer):
    daemon_threads, request_queue_size = True, 128

    def __init__(self, upstream, configuration):
        super().__init__(("127.0.0.1", 0), Demand)
        self.upstream = upstream
        self.limit, settings = CONFIGURATIONS[configuration]
        self.breaker = pybreaker.CircuitBreaker(**settings)
        self.session = requests.Session()
        self.session.trust_env = False  # the upstream is on loopback

    def ask(self):
        answer = self.session.get(self.upstream, timeout=self.limit)
        answer.raise_for_status()
        return answer.content


class Demand(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True

    def do_GET(self):
        if self.path != "/call":
            return self.say(404, b"there is GET /call")
        try:
            return self.say(200, self.server.breaker.call(self.server.ask))
        except pybreaker.CircuitBreakerError as error:
            return self.say(503, str(error).encode())
        except requests.RequestException as error:
            return self.say(502, str(error).encode())

    def say(self, status, body):
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--upstream", required=True)
    parser.add_argument("--config", choices=CONFIGURATIONS, default="plain")
    options = parser.parse_args()
    service = Service(options.upstream, options.config)
    threading.Thread(target=service.serve_forever, daemon=True).start()
    print("listening", service.server_address[1], flush=True)
    sys.stdin.read()
    os._exit(0)  # a call may hang, and nobody waits for it


if __name__ == "__main__":
    main()
