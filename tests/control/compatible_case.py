"""A `faultline serve` for the length of a test, and its Toxiproxy-compatible API."""

import http.client
import json
import socket
import struct

from serving_case import PATIENCE, Serving


class Server(Serving):
    """Toxiproxy's API, on a free port, until the end of the `with`."""

    def __init__(self, *arguments, **options):
        super().__init__("--listen", "127.0.0.1:0", *arguments, **options)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        code = self.stop()
        if code != 0:
            raise AssertionError(f"it ended with {code}: {self.errors}")

    def call(self, method, path, body=None):
        """(status, what the JSON says, or the text)."""
        connection = http.client.HTTPConnection(self.address, timeout=PATIENCE)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        try:
            return answer.status, json.loads(text)
        except ValueError:
            return answer.status, text

    def proxy(self, name, upstream):
        """Creates one; the address it listens on."""
        status, made = self.call("POST", "/proxies", {
            "name": name, "listen": "127.0.0.1:0", "upstream": "%s:%d" % upstream})
        if status != 201:
            raise AssertionError(f"{status} {made}")
        host, port = made["listen"].rsplit(":", 1)
        return host, int(port)

    def toxic(self, proxy, kind, stream="downstream", **attributes):
        return self.call("POST", f"/proxies/{proxy}/toxics",
                         {"name": kind, "type": kind, "stream": stream, "attributes": attributes})


def listener(backlog=128):
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(backlog)
    sock.settimeout(PATIENCE)
    return sock


def connected(address, accepting):
    """Both ends of a connection through a proxy."""
    client = socket.create_connection(address, timeout=PATIENCE)
    server, _ = accepting.accept()
    server.settimeout(PATIENCE)
    return client, server


def exchange(client, server, text=b"ping"):
    client.sendall(text)
    heard = b""
    while len(heard) < len(text):
        part = server.recv(1 << 16)
        if not part:
            break
        heard += part
    return heard


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def ending(sock):
    """How a stream ends: "FIN", "RST" or "OPEN"; what comes before is read and dropped."""
    while True:
        try:
            if not sock.recv(1 << 16):
                return "FIN"
        except ConnectionResetError:
            return "RST"
        except socket.timeout:
            return "OPEN"
