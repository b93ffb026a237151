#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/large/resumable.py [GIB]: an object of that many GiB (20) from a sparse file, sent by tus-js-client to a system of its
own, interrupted five times (the client killed, the gateway killed, in turn), and read back: the same SHA-256, or it fails.
Needs the programs (MEDIASTORE_BIN_DIR), tus-js-client (TUS_JS_CLIENT) and as much space as the object takes in $TMPDIR."""

import hashlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from support.client import Client
from support.system import System, wait_until

UPLOADER = pathlib.Path(__file__).resolve().parents[1] / "support/tus_js_client/upload.js"
GIB, MIB = 1 << 30, 1 << 20
INTERRUPTIONS = ("client", "gateway", "client", "gateway", "client")


def make_source(path, size):
    """Mostly a hole, with random bytes here and there."""
    with path.open("wb") as file:
        file.truncate(size)
        for eighth in range(9):
            file.seek(min(size * eighth // 8, size - MIB))
            file.write(secrets.token_bytes(MIB))
    return path


def sha256(path):
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


class Run:
    def __init__(self, system, size):
        self.system, self.size = system, size
        self.client = Client(system)
        self.source = make_source(system.directory / "source", size)
        self.begun = time.monotonic()
        self.peak = 0

    def say(self, text):
        self.note_memory()
        print(f"{time.monotonic() - self.begun:7.1f} s  {self.received() / GIB:6.2f} GiB durable  {text}", flush=True)

    def note_memory(self):
        self.peak = max(self.peak, self.system.peak_rss("api-gateway-1"))

    def received(self):
        rows = self.system.psql("SELECT received FROM upload")
        return int(rows[0][0]) if rows else 0

    def begin(self, kill_at=None):
        metadata = {"pid": "large", "filename": "large.bin", **self.client.filesystem()}
        environment = {**os.environ, "TUS_TOKEN": self.client.token, "TUS_METADATA": json.dumps(metadata)}
        if kill_at:
            environment["TUS_KILL_AT"] = str(kill_at)
        return subprocess.Popen(["node", UPLOADER, self.source, self.system.url + "/api/uploads", f"{self.source}.state"],
                                env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def interrupt(self):
        points = [self.size * (i + 1) // (len(INTERRUPTIONS) + 1) for i in range(len(INTERRUPTIONS))]
        uploader = None
        for number, (what, at) in enumerate(zip(INTERRUPTIONS, points)):
            later = INTERRUPTIONS[number:]
            if uploader is None:
                uploader = self.begin(points[number + later.index("client")] if "client" in later else None)
            if what == "client":
                assert uploader.wait(3600) == -signal.SIGKILL, uploader.stdout.read()
                uploader = None
            else:
                wait_until(lambda: self.received() >= at, 3600, "half of it is there")
                self.note_memory()
                self.system.kill("api-gateway-1")
                self.system.start("api-gateway-1")
            self.say(f"{what} killed")
        return uploader or self.begin()

    def run(self):
        expected = []
        hashing = threading.Thread(target=lambda: expected.append(sha256(self.source)))
        uploader = self.interrupt()
        output = uploader.communicate(timeout=3600)[0]
        assert uploader.returncode == 0, output
        self.say("sent")
        self.client.wait_for_status("large", "READY", 3600)
        self.say("READY")
        hashing.start()
        status, length, found = self.client.get("large", timeout=3600)
        hashing.join()
        self.say("read back")
        stored = self.client.media("large")["checksums"]["sha256"]
        print(f"source {expected[0]}\nmedia  {stored}\nread   {found}\ngateway's memory at most {self.peak / MIB:.0f} MiB")
        assert (status, length, found, stored) == (200, self.size, expected[0], expected[0]), (status, length)


def main():
    size = int(float(sys.argv[1] if len(sys.argv) > 1 else 20) * GIB) + 12345
    with System(settings={"MEDIASTORE_OBJECT_MAX": "5TiB"}) as system:
        Run(system, size).run()
    print(f"{size} bytes, {len(INTERRUPTIONS)} interruptions: the same bytes")


main()
