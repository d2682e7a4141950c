"""A machine of a test's own, in a network and a mount namespace that `unshare --net --mount` made."""

import fcntl
import socket
import struct
import subprocess


def begin(work, names=()):
    """Turns the loopback on, and gives the machine an /etc/hosts of its own with these names for it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        up = struct.pack("16sh", b"lo", 1)
        fcntl.ioctl(control, 0x8914, up)  # SIOCSIFFLAGS, IFF_UP
    (work / "hosts").write_text(" ".join(["127.0.0.1 localhost", *names]) + "\n")
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", "--bind", str(work / "hosts"), "/etc/hosts"], check=True)
