"""network.py COMMAND…: makes a new network namespace fit to measure in and becomes COMMAND there.

The loopback is up, and the congestion control is reno, which every kernel has and which does not
pace: under bbr, some machines' default, bulk through a proxy says more about bbr.
"""

import fcntl
import os
import signal
import socket
import struct
import sys

CONTROL = "/proc/sys/net/ipv4/tcp_congestion_control"
SIOCGIFFLAGS, SIOCSIFFLAGS, IFF_UP = 0x8913, 0x8914, 1
IFREQ = "16sh22x"  # name, flags


def main():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        asked = struct.pack(IFREQ, b"lo", 0)
        name, flags = struct.unpack(IFREQ, fcntl.ioctl(any_socket, SIOCGIFFLAGS, asked))
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack(IFREQ, name, flags | IFF_UP))
    try:
        with open(CONTROL, "w", encoding="ascii") as setting:
            setting.write("reno")
    except OSError as error:  # a container's /proc may be read-only
        print(f"bench: the congestion control stays what it is: {error}", file=sys.stderr)
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # Python ignores it, and the command would too
    os.execvp(sys.argv[1], sys.argv[1:])


if __name__ == "__main__":
    main()
