#!/usr/bin/env python3
"""How connections end: the same 19 scenes over a direct connection and through `faultline relay`.

A cell is equal when both ends saw the same bytes and the same ending through the proxy as they did
directly, in the same run: so the oracle is measured, not remembered. At least 17 must be equal; the
two that a proxy in user space cannot have are named in KNOWN with the reason.

  12c  The server polls without reading while its buffers are full of the client's flood. Directly
       the client's RST discards them at once; a proxy that promises to deliver what the kernel has
       acknowledged must first flush, so the RST comes late.
  14   The upstream refuses. The client has been accepted by the proxy's kernel before that is
       known: an RST right after is the nearest there is.

Usage: close_matrix_test.py BUILD_DIR
"""

import errno
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import threading
import time

KNOWN = {"12c", "14"}
LEAST_EQUAL = 17
MIB = 1 << 20
PATIENCE = 20.0  # seconds until a peer that should have seen something is called OPEN


def reset(sock):
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


def name_of(error):
    return errno.errorcode.get(error.errno, str(error))


def drain(sock, patience=PATIENCE):
    """Reads to the end: (bytes, "FIN" | "RST" | "OPEN")."""
    sock.settimeout(patience)
    total = 0
    while True:
        try:
            part = sock.recv(1 << 16)
        except socket.timeout:
            return total, "OPEN"
        except ConnectionResetError:
            return total, "RST"
        except OSError as error:
            return total, name_of(error)
        if not part:
            return total, "FIN"
        total += len(part)


def send_all(sock, size):
    """Sends `size` bytes; what stopped it, or "ok"."""
    sock.settimeout(PATIENCE)
    try:
        sock.sendall(b"x" * size)
        return "ok"
    except socket.timeout:
        return "blocked"
    except OSError as error:
        return name_of(error)


def flood(sock, most=64 * MIB):
    """Sends without waiting until the buffers on the way are full; how many bytes went."""
    sock.setblocking(False)
    total, quiet = 0, 0
    while total < most and quiet < 10:
        try:
            total += sock.send(b"f" * (1 << 16))
            quiet = 0
        except BlockingIOError:
            if select.select([], [sock], [], 0.05)[1]:
                continue
            quiet += 1
    sock.setblocking(True)
    return total


def write_until_error(sock, patience=PATIENCE):
    """Writes small pieces until it fails: how a writer learns that nobody is there."""
    sock.settimeout(patience)
    end = time.monotonic() + patience
    while time.monotonic() < end:
        try:
            sock.send(b"w")
        except socket.timeout:
            return "blocked"
        except OSError as error:
            return "gone" if error.errno in (errno.EPIPE, errno.ECONNRESET) else name_of(error)
        select.select([], [], [sock], 0.005)
    return "OPEN"


def wait_for(sock, mask, patience=PATIENCE):
    poll = select.poll()
    poll.register(sock, mask)
    return bool(poll.poll(patience * 1000))


def aside(function, *arguments):
    """Runs on a thread; the result comes from calling what is returned."""
    box = []
    thread = threading.Thread(target=lambda: box.append(function(*arguments)))
    thread.start()

    def result():
        thread.join()
        return box[0]

    return result


# Each scene gets the client's and the server's end of one connection and returns what was seen.


def half_close_then_response(client, server):
    client.shutdown(socket.SHUT_WR)
    request = drain(server)
    sent = aside(lambda: (send_all(server, MIB), server.shutdown(socket.SHUT_WR))[0])
    return request, drain(client), sent()


def server_half_close_then_upload(client, server):
    server.shutdown(socket.SHUT_WR)
    response = drain(client)
    sent = aside(lambda: (send_all(client, MIB), client.shutdown(socket.SHUT_WR))[0])
    return response, drain(server), sent()


def client_reset_idle(client, server):
    reset(client)
    return drain(server)


def server_reset_idle(client, server):
    reset(server)
    return drain(client)


def data_pause_reset(sender, receiver):
    send_all(sender, 1000)
    got = 0
    receiver.settimeout(PATIENCE)
    while got < 1000:  # instead of a pause: the bytes have arrived
        part = receiver.recv(1000 - got)
        if not part:
            return got, "FIN before the reset"
        got += len(part)
    reset(sender)
    rest, end = drain(receiver)
    return got + rest, end


def client_data_then_reset(client, server):
    return data_pause_reset(client, server)


def server_data_then_reset(client, server):
    return data_pause_reset(server, client)


def server_data_and_reset_at_once(client, server):
    send_all(server, 1000)
    reset(server)
    return drain(client)


def fin_then_reset(first, second):
    first.shutdown(socket.SHUT_WR)
    seen = drain(second)
    reset(first)
    return seen, write_until_error(second)


def client_fin_then_reset(client, server):
    return fin_then_reset(client, server)


def server_fin_then_reset(client, server):
    return fin_then_reset(server, client)


def client_closes_with_unread_data(client, server):
    send_all(server, 1000)
    assert wait_for(client, select.POLLIN)
    client.close()
    return drain(server)


def connect_and_close(client, server):
    client.close()
    return drain(server)


def simultaneous_fin(client, server):
    client.shutdown(socket.SHUT_WR)
    server.shutdown(socket.SHUT_WR)
    return drain(client), drain(server)


def client_reset_under_back_pressure(client, server):
    flood(server)
    reset(client)
    return write_until_error(server)


def flood_reset_then_server_reads(client, server):
    flood(client)
    reset(client)
    return drain(server)[1]


def flood_reset_server_only_polls(client, server):
    flood(client)
    reset(client)
    return wait_for(server, select.POLLHUP | select.POLLERR, 0.8)


def client_fin_under_back_pressure(client, server):
    sent = flood(server)
    client.shutdown(socket.SHUT_WR)
    seen = drain(server)
    server.close()
    return seen, drain(client)[0] == sent


def flood_close_then_server_reads(client, server):
    sent = flood(client)
    client.close()
    got, end = drain(server)
    return got == sent, end


def server_closes_with_unread_request(client, server):
    send_all(client, 1000)
    assert wait_for(server, select.POLLIN)
    send_all(server, 1000)
    server.close()
    return drain(client)


SCENES = [
    ("01", half_close_then_response),
    ("02", server_half_close_then_upload),
    ("03", client_reset_idle),
    ("04", server_reset_idle),
    ("05", client_data_then_reset),
    ("06", server_data_then_reset),
    ("06b", server_data_and_reset_at_once),
    ("07", client_fin_then_reset),
    ("08", server_fin_then_reset),
    ("09", client_closes_with_unread_data),
    ("10", connect_and_close),
    ("11", simultaneous_fin),
    ("12", client_reset_under_back_pressure),
    ("12b", flood_reset_then_server_reads),
    ("12c", flood_reset_server_only_polls),
    ("13", client_fin_under_back_pressure),
    ("13b", flood_close_then_server_reads),
    ("15", server_closes_with_unread_request),
]


def listener():
    sock = socket.socket()
    sock.bind(("127.0.0.1", 0))
    sock.listen(16)
    return sock


def play(scene, target, accepting):
    client = socket.create_connection(target, timeout=PATIENCE)
    accepting.settimeout(PATIENCE)
    server, _ = accepting.accept()
    try:
        return scene(client, server)
    finally:
        client.close()
        server.close()


def connect_to_nobody(target):
    """Cell 14: what a client sees whose server is not there."""
    try:
        client = socket.create_connection(target, timeout=PATIENCE)
    except OSError as error:
        return name_of(error)
    return drain(client)[1]


class Relay:
    def __init__(self, build, upstream, *more):
        command = [os.path.join(build, "faultline"), "relay", "--listen", "127.0.0.1:0",
                   "--upstream", "127.0.0.1:%d" % upstream, *more]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        host, port = self.process.stdout.readline().split()[-1].rsplit(":", 1)
        self.target = (host, int(port))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(timeout=30)


def matrix(build, *more):
    """Rows of (cell, direct, through the relay)."""
    accepting = listener()
    relay = Relay(build, accepting.getsockname()[1], *more)
    rows = []
    for cell, scene in SCENES:
        direct = play(scene, accepting.getsockname(), accepting)
        rows.append((cell, direct, play(scene, relay.target, accepting)))
    assert relay.stop() in (0, 130, 143), "the relay did not end well"
    with socket.socket() as nobody:  # bound and not listening: refuses
        nobody.bind(("127.0.0.1", 0))
        relay = Relay(build, nobody.getsockname()[1], *more)
        rows.append(("14", connect_to_nobody(nobody.getsockname()),
                     connect_to_nobody(relay.target)))
        relay.stop()
    return rows


def main():
    build = sys.argv[1]
    failed = 0
    for title, more in (("tcp", []), ("http codec", ["--protocol", "http"]),
                        ("postgres codec", ["--protocol", "postgres"])):
        rows = matrix(build, *more)
        equal = [cell for cell, direct, through in rows if direct == through]
        print("%s: %d of %d cells equal to direct" % (title, len(equal), len(rows)))
        for cell, direct, through in rows:
            if direct != through:
                print("  %-3s direct %s, through %s%s"
                      % (cell, direct, through, " (known)" if cell in KNOWN else ""))
        unexpected = [row[0] for row in rows if row[0] not in equal and row[0] not in KNOWN]
        if len(equal) < LEAST_EQUAL or unexpected:
            failed += 1
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
