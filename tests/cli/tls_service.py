"""A service that calls an API in TLS, and that API: what served_tls_test.py puts a drill around.

tls_service.py api PORT CERTIFICATE KEY MARKER   answers 200 in TLS
tls_service.py app PORT URL CA MARKER            answers 200 where its call of URL did, else 502

Every call is a connection of its own, verified with CA, which is read when the call is made.
"""

import http.server
import ssl
import sys
import urllib.error
import urllib.request

ROLE, PORT = sys.argv[1], int(sys.argv[2])


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        self.send_response(200 if ROLE == "api" or called() else 502)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def do_POST(self):
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.do_GET()

    def log_message(self, *_):
        pass


def called():
    url, authority = sys.argv[3:5]
    try:
        trust = ssl.create_default_context(cafile=authority)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}),
                                             urllib.request.HTTPSHandler(context=trust))
        with opener.open(url, timeout=2) as answer:
            return answer.status == 200
    except (OSError, urllib.error.URLError):
        return False


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, request, client_address):
        pass  # a handshake that failed is for the drill to see


server = Server(("127.0.0.1", PORT), Handler)
if ROLE == "api":
    own = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    own.load_cert_chain(sys.argv[3], sys.argv[4])
    server.socket = own.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
server.serve_forever()
