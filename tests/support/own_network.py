# SPDX-License-Identifier: MIT
"""A network of the test's own, so that it can say what names mean: this process, and what it starts from then on, have a
loopback to themselves, a name server on it, and one certificate authority.

    names = own_network.enter(scratch)          # before anything is started; as root, or in a user namespace
    names.answers["rebind.test"] = [["127.0.0.1"], ["127.0.0.2"]]   # at the first question, and at every later one
    certificate, key = own_network.certificate(scratch, "secure.test")
"""

import collections
import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import subprocess
import threading

NEW_MOUNTS, NEW_USER, NEW_NETWORK = 0x00020000, 0x10000000, 0x40000000  # CLONE_NEW*
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
SET_FLAGS, UP = 0x8914, 1  # SIOCSIFFLAGS, IFF_UP
TYPE_A, NOT_THERE = 1, 3

_libc = ctypes.CDLL(None, use_errno=True)


def enter(scratch):
    """Returns the name server. `scratch`: a directory that everybody may read."""
    scratch = pathlib.Path(scratch)
    uid, gid = os.geteuid(), os.getegid()
    _check(_libc.unshare(NEW_MOUNTS | NEW_NETWORK | (0 if uid == 0 else NEW_USER)), "unshare")
    if uid != 0:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _check(_libc.mount(b"none", b"/", None, MS_REC | MS_PRIVATE, None), "mount /")
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        fcntl.ioctl(control, SET_FLAGS, struct.pack("16sH14x", b"lo", UP))
    (scratch / "resolv.conf").write_text("nameserver 127.0.0.1\noptions timeout:2 attempts:2\n")
    _put_over("/etc/resolv.conf", scratch / "resolv.conf")
    _openssl(scratch, "authority", "-subj", "/CN=test authority", "-addext", "basicConstraints=critical,CA:TRUE")
    _put_over("/etc/ssl/certs/ca-certificates.crt", scratch / "authority.pem")
    return Names()


def certificate(scratch, name):
    """Of the authority that everything here trusts, for that name: paths of certificate and key."""
    scratch = pathlib.Path(scratch)
    _openssl(scratch, name, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
             "-CA", scratch / "authority.pem", "-CAkey", scratch / "authority.key")
    return scratch / f"{name}.pem", scratch / f"{name}.key"


class Names(threading.Thread):
    """Answers on 127.0.0.1:53 what `answers` says of a name; of any other, that there is none. `asked` counts questions for
    IPv4 addresses. Nothing may be kept: every answer lives for 0 s."""

    def __init__(self):
        super().__init__(daemon=True)
        self.answers, self.asked = {}, collections.Counter()
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 53))
        self.start()

    def run(self):
        while True:
            question, sender = self._socket.recvfrom(4096)
            self._socket.sendto(self._answer(question), sender)

    def _answer(self, question):
        labels, at = [], 12
        while question[at]:
            labels.append(question[at + 1:at + 1 + question[at]].decode())
            at += 1 + question[at]
        name, (kind,) = ".".join(labels).lower(), struct.unpack_from("!H", question, at + 1)
        known, addresses = name in self.answers, []
        if known and kind == TYPE_A:
            addresses = self.answers[name][min(self.asked[name], len(self.answers[name]) - 1)]
            self.asked[name] += 1
        flags = 0x8580 | (0 if known else NOT_THERE)
        head = question[:2] + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0)
        records = (b"\xc0\x0c" + struct.pack("!HHIH", TYPE_A, 1, 0, 4) + socket.inet_aton(address) for address in addresses)
        return head + question[12:at + 5] + b"".join(records)


def _check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _put_over(path, file):
    """Through symbolic links: what the path means is another file here."""
    _check(_libc.mount(bytes(file), os.path.realpath(path).encode(), None, MS_BIND, None), f"mount over {path}")


def _openssl(scratch, name, *options):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "30",
                    "-keyout", scratch / f"{name}.key", "-out", scratch / f"{name}.pem", *options],
                   check=True, timeout=60, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
