#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Bytes inside JSON are streamed as well, and no client, however slow or gone, holds a thread of either service."""

import base64
import hashlib
import json
import os
import re
import socket
import time
import unittest
import urllib.parse

from support.client import Client, quote, store_config
from support.system import System, wait_until

MIB = 1 << 20
LARGE = 2048 * MIB
BLOCK = os.urandom(3 * MIB)  # a multiple of three: its base64 can be put together
TEXT = base64.b64encode(BLOCK)
PROCESSES = ("api-gateway-1", "store-worker-1")
STALL = 2  # seconds


class JsonBody:
    """{before, "base64": …, after} with `size` bytes in it (a multiple of BLOCK's), as http.client reads it."""

    def __init__(self, before, after, size):
        self.pieces = [before.encode(), *[TEXT] * (size // len(BLOCK)), after.encode()]
        self.length = sum(map(len, self.pieces))

    def __iter__(self):
        return iter(self.pieces)


def sha256_of_blocks(size):
    digest = hashlib.sha256()
    for _ in range(size // len(BLOCK)):
        digest.update(BLOCK)
    return digest.hexdigest()


class Streams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_STALL_TIMEOUT": f"{STALL}s", "MEDIASTORE_BODY_MAX": "1MiB",
                                      "MEDIASTORE_TRANSFER_RATE_MIN": "16KiB", "MEDIASTORE_OBJECT_MAX": "3GiB"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.stores = {"FilesystemStore": cls.client.filesystem(), "BucketStore": cls.client.bucket()}

    def mediadata(self, pid, store="FilesystemStore"):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(self.stores[store]), "tags": ["t"]}

    def upload(self, body, headers=None):
        """Status and answer; body is bytes or a JsonBody, chunked when no length is given."""
        connection = self.system.connect(timeout=300)
        headers = {"Authorization": f"Bearer {self.client.token}", **(headers or {})}
        try:
            connection.request("POST", "/api/upload", body=body, headers=headers,
                               encode_chunked="Content-Length" not in headers and not isinstance(body, bytes))
            response = connection.getresponse()
            return response.status, json.loads(response.read())
        finally:
            connection.close()

    def content(self, pid):
        return self.system.request("GET", f"/api/media/{quote(pid)}/content", token=self.client.token)[2]

    def assert_spool_is_empty(self):
        wait_until(lambda: not list(self.system.spool.iterdir()), 20, "the spool is empty")

    # --- bytes in JSON

    def test_two_gibibytes_of_base64_take_the_same_flat_memory_both_ways(self):
        for name in PROCESSES:
            self.system.reset_peak_rss(name)
        size = LARGE // len(BLOCK) * len(BLOCK)
        media = json.dumps(self.mediadata("vast"))
        body = JsonBody('{"mediadata": ' + media + ', "base64": "', '"}', size)
        started = time.monotonic()
        self.assertEqual(self.upload(body, {"Content-Length": str(body.length)}),
                         (200, {"status": "READY", "presigned_put": None}))
        up = time.monotonic() - started
        media = self.client.media("vast")
        self.assertEqual((media["size"], media["checksums"]["sha256"]), (size, sha256_of_blocks(size)))

        started = time.monotonic()
        connection = self.system.connect(timeout=300)
        connection.request("GET", "/api/download/vast", headers={"Authorization": f"Bearer {self.client.token}"})
        response = connection.getresponse()
        head, tail, length, digest = b"", b"", 0, hashlib.sha256()
        expected = int(response.getheader("Content-Length"))
        rest = b""
        while piece := response.read(4 * MIB):
            length += len(piece)
            if not head:
                head, _, piece = piece.partition(b'"base64":"')
            text, quote_, behind = piece.partition(b'"')
            tail = tail + behind if quote_ or tail else tail
            text = rest + text
            whole = len(text) - len(text) % 4
            digest.update(base64.b64decode(text[:whole]))
            rest = text[whole:]
        connection.close()
        self.assertEqual((response.status, length, rest), (200, expected, b""))
        self.assertEqual(json.loads(head.rstrip(b",") + b"}")["mediadata"]["pid"], "vast")
        self.assertEqual(json.loads(b"{" + tail.lstrip(b","))["presigned_get"], "")
        self.assertEqual(digest.hexdigest(), sha256_of_blocks(size))
        gateway, worker = (self.system.peak_rss(name) / MIB for name in PROCESSES)
        print(f"\n{size / MIB:.0f} MiB as base64: up {up:.1f} s, down {time.monotonic() - started:.1f} s;"
              f" peak RSS gateway {gateway:.1f} MiB, worker {worker:.1f} MiB", flush=True)
        self.assertLessEqual(gateway, 64)
        self.assertLessEqual(worker, 64)
        self.assertEqual(self.client.call("DELETE", "/media/vast")[0], 204)

    def test_the_bytes_may_stand_anywhere_and_come_in_chunks(self):
        size = 2 * len(BLOCK)
        for number, (before, after) in enumerate((
                ('\ufeff {"base64": "', '", "mediadata": %s, "more": [1]}'),
                ('{"mediadata": %s, "base64": "AAAA", "base64": "', '"}'),
                ('{"mediadata": %s, "b\\u0061se64": "', '"}'))):
            for store in self.stores:
                with self.subTest(before=before, store=store):
                    pid = f"anywhere {store} {number}"
                    media = json.dumps(self.mediadata(pid, store))
                    body = JsonBody(before.replace("%s", media), after.replace("%s", media), size)
                    self.assertEqual(self.upload(body, {"Transfer-Encoding": "chunked"})[0], 200)
                    self.assertEqual(self.client.media(pid)["checksums"]["sha256"], sha256_of_blocks(size))
        self.assert_spool_is_empty()

    def test_escapes_are_resolved(self):
        media = json.dumps(self.mediadata("escaped"))
        status, _ = self.upload(('{"base64": "+\\/\\u002B\\u002f\\u0041A=\\u003d", "mediadata": ' + media + "}").encode())
        self.assertEqual(status, 200)
        self.assertEqual(self.content("escaped"), base64.b64decode("+/+/AA=="))

    def test_what_is_wrong_is_told_as_ever_and_nothing_is_stored(self):
        media = json.dumps(self.mediadata("wrong"))
        long = TEXT[:400000].decode()
        cases = (
            ('{"mediadata": %s, "base64": "' % media + long + '%"}', 422, "base64 is malformed; nothing was stored"),
            ('{"mediadata": %s, "base64": "' % media + long + 'A"}', 422, "base64 is malformed; nothing was stored"),
            ('{"mediadata": %s, "base64": "' % media + long + '===="}', 422, "base64 is malformed; nothing was stored"),
            ('{"mediadata": %s, "base64": "' % media + long, 400, "Cannot parse request body"),
            ('{"mediadata": %s, "base64": "' % media + long + '\n"}', 400, "Cannot parse request body"),
            ('{"mediadata": %s, "base64": "' % media + long + '"]}', 400, "Cannot parse request body"),
            ('{"mediadata": %s, "base64": "%%%%"]}' % media, 400, "Cannot parse request body"),
            ('{"base64": "' + long + '"}', 422, "Field required"),
            ('{"mediadata": {"pid": 1}, "base64": "%%"}', 422, "Input should be a valid string"),
            ('{"mediadata": %s, "base64": "' % media + long + '", "base64": 7}', 422, "Input should be a valid string"),
        )
        for body, status, message in cases:
            with self.subTest(body=body[:40] + "…" + body[-10:]):
                got, answer = self.upload(body.encode())
                self.assertEqual(got, status)
                self.assertIn(message, json.dumps(answer["detail"]))
                self.assertIsNone(self.client.media("wrong"))
        self.assert_spool_is_empty()

    def test_a_later_null_takes_the_bytes_back(self):
        media = json.dumps(self.mediadata("null"))
        body = '{"mediadata": %s, "base64": "%s", "base64": null}' % (media, TEXT[:400000].decode())
        self.assertEqual(self.upload(body.encode()), (200, {"status": "PENDING", "presigned_put": None}))
        self.assert_spool_is_empty()

    def test_the_rest_of_the_body_has_its_limit(self):
        for before in ("", '"base64": "%s", ' % TEXT[:400000].decode()):
            body = '{%s"mediadata": %s, "more": "%s"}' % (before, json.dumps(self.mediadata("much")), "x" * 2 * MIB)
            status, answer = self.upload(body.encode())
            self.assertEqual((status, answer["code"]), (413, "too_large"))

    def test_more_bytes_than_an_object_may_have_are_413(self):
        body = JsonBody('{"base64": "', '"}', 3 * 1024 * MIB + 3 * MIB)
        try:
            status, answer = self.upload(body, {"Content-Length": str(body.length)})
            self.assertEqual((status, answer["code"]), (413, "too_large"))
        except (BrokenPipeError, ConnectionResetError):
            pass  # the client was still sending when it was refused
        self.assert_spool_is_empty()

    def test_the_same_key_with_other_bytes_is_refused(self):
        def post(content):
            body = {"mediadata": self.mediadata("once"), "base64": base64.b64encode(content).decode()}
            return self.upload(json.dumps(body).encode(), {"Idempotency-Key": "bytes-1"})
        self.assertEqual(post(b"a" * 300000)[0], 200)
        self.assertEqual(post(b"a" * 300000), (200, {"status": "READY", "presigned_put": None}))
        self.assertEqual(post(b"b" * 300000)[0], 422)

    # --- clients that stop

    def connect(self, head, window=None):
        connection = socket.socket()
        if window:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, window)
        connection.settimeout(60)
        parts = urllib.parse.urlsplit(self.system.url)
        connection.connect((parts.hostname, parts.port))
        connection.sendall(f"{head}\r\nHost: h\r\nAuthorization: Bearer {self.client.token}\r\n".encode())
        return connection

    def request_lines(self, log, what, pid):
        """Log lines of that kind about a media."""
        return [line for line in self.system.log(log).splitlines() if what in line and pid in line]

    def give_up_time(self, begin, drip=None):
        """How long until the peer has ended the connection."""
        started = time.monotonic()
        while time.monotonic() - started < 60:
            if drip is not None:
                time.sleep(0.05)
                try:
                    begin.sendall(drip)
                except OSError:
                    return time.monotonic() - started
            begin.setblocking(False)
            try:
                if begin.recv(1 << 16) is not None:
                    return time.monotonic() - started
            except BlockingIOError:
                time.sleep(0.02)
            except OSError:
                return time.monotonic() - started
            finally:
                begin.settimeout(60)
        self.fail("the connection was never given up")

    def test_a_client_that_stops_sending_or_drips_is_given_up(self):
        query = urllib.parse.urlencode(self.stores["FilesystemStore"])
        for name, target, length in (("put", f"PUT /api/media/stopped/content?{query}", 10 * MIB),
                                     ("upload", "POST /api/upload", 10 * MIB)):
            for drip in (None, b"x"):
                with self.subTest(name, drip=drip):
                    connection = self.connect(f"{target} HTTP/1.1")
                    connection.sendall(f"Content-Length: {length}\r\n\r\n".encode() + b'{"base64": "' + b"A" * MIB)
                    self.assertLess(self.give_up_time(connection, drip), 8 * STALL)
                    connection.close()
        self.assertIsNone(self.client.media("stopped"))
        self.assert_spool_is_empty()

    def test_a_client_that_stops_taking_or_drips_ends_the_read_at_its_source(self):
        size = 64 * MIB
        for store in self.stores:
            pid = f"untaken-{store}"
            status, answer = self.client.put(pid, (TEXT * (size // len(TEXT) + 1))[:size], self.stores[store])
            self.assertEqual(status, 201, answer)
            for path in (f"/api/media/{pid}/content", f"/api/download/{pid}"):
                for takes in (0, 64):
                    with self.subTest(path=path, takes=takes):
                        is_file = store == "FilesystemStore" and path.endswith("/content")  # which the gateway reads itself
                        self.assert_read_is_stopped(pid, path, size, takes, not is_file)

    def count_given_up(self, path):
        return sum("code=cancelled" in line for line in self.request_lines("api-gateway-1", "request", path))

    def assert_read_is_stopped(self, pid, path, size, takes, through_worker):
        def is_over():
            if through_worker:
                return len(self.request_lines("store-worker-1", "op=serve", pid)) > before
            return self.count_given_up(path) > given_up

        before = len(self.request_lines("store-worker-1", "op=serve", pid))
        given_up = self.count_given_up(path)
        connection = self.connect(f"GET {path} HTTP/1.1", window=16384)
        connection.sendall(b"\r\n")
        connection.recv(1000)
        started = time.monotonic()
        while not is_over():
            self.assertLess(time.monotonic() - started, 10 * STALL, "it is still read")
            time.sleep(0.05)
            if takes:
                connection.recv(takes)
        if through_worker:
            line = self.request_lines("store-worker-1", "op=serve", pid)[-1]
            self.assertIn("code=cancelled", line)
            self.assertLess(int(re.search(r"size=(\d+)", line).group(1)), size)
        wait_until(lambda: self.count_given_up(path) > given_up, 20, "the gateway has given the client up")
        connection.close()

    def test_a_client_that_vanishes_ends_the_read_at_once(self):
        for store, reader, line in (("FilesystemStore", "api-gateway-1", "code=cancelled"), ("BucketStore", "store-worker-1", "op=serve")):
            pid = f"vanished-{store}"
            self.client.put(pid, (TEXT * 20)[:48 * MIB], self.stores[store])
            connection = self.connect(f"GET /api/media/{pid}/content HTTP/1.1", window=16384)
            connection.sendall(b"\r\n")
            connection.recv(1000)
            connection.close()
            started = time.monotonic()
            wait_until(lambda: self.request_lines(reader, line, pid), 10, "the reading ends")
            self.assertLess(time.monotonic() - started, STALL)

    def test_slow_but_steady_clients_are_served(self):
        pid, content = "steady", (TEXT * 6)[:20 * MIB]
        self.client.put(pid, content, self.stores["FilesystemStore"])
        connection = self.connect(f"GET /api/media/{pid}/content HTTP/1.1", window=256 * 1024)
        connection.sendall(b"Connection: close\r\n\r\n")
        started, pieces = time.monotonic(), []
        while piece := connection.recv(128 * 1024):
            pieces.append(piece)
            time.sleep(0.03)
        connection.close()
        body = b"".join(pieces).partition(b"\r\n\r\n")[2]
        self.assertEqual(len(body), len(content), "all of it was sent")
        self.assertEqual(hashlib.sha256(body).digest(), hashlib.sha256(content).digest())
        self.assertGreater(time.monotonic() - started, STALL)


if __name__ == "__main__":
    unittest.main()
