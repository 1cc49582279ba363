#!/usr/bin/env python3
"""Records what a client and a server say, as dialogues for tests/corpus.

    record_dialogue.py SERVER_PORT OUTPUT_PREFIX -- COMMAND...

Listens on a free port of the loopback, runs COMMAND with that port in place of every {port}, relays
each connection to SERVER_PORT and writes OUTPUT_PREFIX-1.txt, OUTPUT_PREFIX-2.txt, … (one per
connection). Record with trust authentication only: what is said is written down as it is.
"""

import selectors
import socket
import subprocess
import sys
import threading

ESCAPES = {0: "\\0", 9: "\\t", 10: "\\n", 13: "\\r", 92: "\\\\"}


def escaped(data):
    return "".join(ESCAPES.get(b) or (chr(b) if 32 <= b < 127 else f"\\x{b:02x}") for b in data)


def relay(client, server, path, about):
    with open(path, "w", encoding="ascii") as out:
        out.write(f"# {about}\n")
        selector = selectors.DefaultSelector()
        selector.register(client, selectors.EVENT_READ, ("C", server))
        selector.register(server, selectors.EVENT_READ, ("S", client))
        while selector.get_map():
            for key, _ in selector.select():
                who, other = key.data
                try:
                    data = key.fileobj.recv(65536)
                except ConnectionError:
                    data = b""
                if data:
                    out.write(f"{who}: {escaped(data)}\n")
                    other.sendall(data)
                    continue
                out.write(f"{who}-FIN\n")
                selector.unregister(key.fileobj)
                try:
                    other.shutdown(socket.SHUT_WR)
                except OSError:
                    pass
    client.close()
    server.close()


def main():
    if len(sys.argv) < 5 or sys.argv[3] != "--":
        sys.exit(__doc__)
    server_port, prefix, command = int(sys.argv[1]), sys.argv[2], sys.argv[4:]
    listener = socket.create_server(("127.0.0.1", 0))
    port = str(listener.getsockname()[1])
    about = " ".join(command).replace("\n", " ")
    relays = []

    def accept():
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            server = socket.create_connection(("127.0.0.1", server_port))
            path = f"{prefix}-{len(relays) + 1}.txt"
            relays.append(threading.Thread(target=relay, args=(client, server, path, about)))
            relays[-1].start()

    threading.Thread(target=accept, daemon=True).start()
    status = subprocess.run([word.replace("{port}", port) for word in command], check=False)
    listener.close()
    for thread in relays:
        thread.join()
    sys.exit(status.returncode)


if __name__ == "__main__":
    main()
