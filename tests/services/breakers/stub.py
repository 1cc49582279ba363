"""The upstream of the services: it answers every GET with 200, or with the status that it is told,
on connections that it keeps, and counts them."""

import http.server
import threading


class Stub(http.server.ThreadingHTTPServer):
    """Listens on a free port from when it is made until `close`."""

    daemon_threads, request_queue_size, block_on_close = True, 256, False

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Answer)
        self.port = self.server_address[1]
        self.status, self.asked, self.counting = 200, 0, threading.Lock()
        self.thread = threading.Thread(target=self.serve_forever, args=(0.02,),
                                       daemon=True)
        self.thread.start()

    def close(self):
        self.shutdown()
        self.thread.join()
        self.server_close()

    def handle_error(self, *_):
        """A connection that was cut is part of the play."""


class Answer(http.server.BaseHTTPRequestHandler):
    protocol_version, wbufsize, disable_nagle_algorithm = "HTTP/1.1", -1, True
    timeout = 120  # seconds that a silent connection is kept

    def do_GET(self):
        body = b'{"rate": 1.09, "currency": "EUR", "as_of": "2024-05-01"}\n'
        with self.server.counting:
            self.server.asked += 1
        self.send_response(self.server.status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass
