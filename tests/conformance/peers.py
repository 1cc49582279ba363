"""What stands behind a proxy in these tests: small TCP servers on a port of their own, and a
client that can tell an orderly end from a reset. Used by the Python suites.
"""

import socket
import struct
import threading
import time

LIMIT = 30  # seconds; for what takes a moment


def echo(connection):
    """Sends back what comes, and ends when the other side has ended."""
    while data := connection.recv(65536):
        connection.sendall(data)


def reply_at_end(connection):
    """Reads to the end, then says how much it was: what half-closing clients rely on."""
    total = 0
    while data := connection.recv(65536):
        total += len(data)
    connection.sendall(b"got %d" % total)


def gives(data):
    """A server that sends these bytes and then ends."""
    return lambda connection: connection.sendall(data)


class Peer:
    """Serves every connection with `serve(connection)` in a thread. `received` holds all bytes that
    came, `ends` one word per connection that ended: "end" or "reset"."""

    def __init__(self, serve=echo):
        self.serve, self.received, self.ends = serve, bytearray(), []
        self.news = threading.Condition()
        self.open, self.threads = [], []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.address = f"127.0.0.1:{self.port}"
        self.acceptor = threading.Thread(target=self._accept)
        self.acceptor.start()

    def _accept(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(connection)
            self.threads.append(threading.Thread(target=self._run, args=(connection,)))
            self.threads[-1].start()

    def _run(self, connection):
        how = "end"
        try:
            self.serve(Recorded(connection, self))
        except ConnectionError:
            how = "reset"
        except OSError:
            how = "closed"
        connection.close()
        with self.news:
            self.ends.append(how)
            self.news.notify_all()

    def wait_for(self, condition):
        with self.news:
            return self.news.wait_for(condition, LIMIT)

    def close(self):
        # Shutting down is what wakes a thread that waits in accept() or recv().
        for one in [self.listener, *self.open]:
            try:
                one.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        self.listener.close()
        self.acceptor.join(LIMIT)
        for thread in self.threads:
            thread.join(LIMIT)


class Recorded:
    """A socket whose peer writes down what it receives."""

    def __init__(self, connection, peer):
        self.connection, self.peer = connection, peer
        self.sendall, self.close = connection.sendall, connection.close

    def recv(self, size):
        data = self.connection.recv(size)
        with self.peer.news:
            self.peer.received += data
            self.peer.news.notify_all()
        return data


class Client:
    """One connection to a proxy that listens at "host:port"."""

    def __init__(self, listen):
        host, _, port = listen.rpartition(":")
        host = {"[::]": "127.0.0.1"}.get(host, host)
        self.began = time.monotonic()
        self.socket = socket.create_connection((host, int(port)), timeout=LIMIT)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.close = self.socket.close

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def send(self, data):
        self.socket.sendall(data)

    def end(self):
        """Half-closes: nothing more is sent, but the answer is still wanted."""
        self.socket.shutdown(socket.SHUT_WR)

    def read(self, count):
        """Exactly so many bytes, or fewer if the connection ended before."""
        data = b""
        while len(data) < count and (more := self.socket.recv(count - len(data))):
            data += more
        return data

    def trip(self, data):
        """Sends, reads as many bytes back, and says how many seconds it took."""
        start = time.monotonic()
        self.send(data)
        answer = self.read(len(data))
        return answer, time.monotonic() - start

    def outcome(self):
        """(bytes, how): what else came, and "end" or "reset"."""
        data = b""
        try:
            while more := self.socket.recv(65536):
                data += more
            return data, "end"
        except ConnectionResetError:
            return data, "reset"

    def age(self):
        """Seconds since before it was connected: at least what any fault of it has taken."""
        return time.monotonic() - self.began

    def silent(self, seconds):
        """True if nothing at all came for so long."""
        self.socket.settimeout(seconds)
        try:
            self.socket.recv(1, socket.MSG_PEEK)
            return False
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(LIMIT)

    def abort(self):
        """Ends with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()


def refuses(listen):
    try:
        Client(listen).close()
        return False
    except ConnectionRefusedError:
        return True


def unused_port():
    """A port nothing listens on just now."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        return one.getsockname()[1]
