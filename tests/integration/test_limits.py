#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Limits as clients meet them on the wire: transfers at once, bodies that drip, memory of bodies; headers for browsers."""

import concurrent.futures
import json
import socket
import time
import unittest
import urllib.parse

from support.client import Client, quote
from support.tus import Tus
from support.system import System, wait_until

MIB = 1 << 20
ORIGIN = "https://lab.example"


class Limits(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={
            "MEDIASTORE_TRANSFERS_MAX": "2", "MEDIASTORE_REQUEST_DEADLINE": "4s", "MEDIASTORE_BODIES_MAX": "32MiB",
            "MEDIASTORE_HEADERS_MAX": "20", "MEDIASTORE_LIST_MAX": "5", "MEDIASTORE_STRING_MAX": "5MiB", "MEDIASTORE_CORS_ORIGINS": ORIGIN})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def raw(self, text):
        """A socket on which the request has been sent."""
        parts = urllib.parse.urlsplit(self.system.url)
        connection = socket.create_connection((parts.hostname, parts.port), timeout=30)
        connection.sendall(text.encode())
        return connection

    def head(self, method, path, *headers):
        lines = [f"{method} {path} HTTP/1.1", "Host: h", f"Authorization: Bearer {self.client.token}", *headers]
        return "\r\n".join(lines) + "\r\n\r\n"

    def begin_upload(self, pid):
        path = f"/api/media/{pid}/content?store_type=FilesystemStore&bucket=files"
        return self.raw(self.head("PUT", path, "Content-Length: 1000") + "x" * 10)

    def test_one_transfer_too_many_is_429_and_others_go_on(self):
        with self.begin_upload("slow1"), self.begin_upload("slow2"):
            def refused():
                status, headers, answer = self.system.request(
                    "PUT", "/api/media/third/content?store_type=FilesystemStore&bucket=files", token=self.client.token, body=b"x")
                self.refusal = status, headers["Retry-After"]
                return status == 429
            wait_until(refused, 10, "both uploads have begun")
            self.assertEqual(self.refusal, (429, "1"))
            self.assertEqual(self.client.call("GET", "/stores")[0], 200)
        wait_until(lambda: self.client.put("third", b"x", self.client.filesystem())[0] in (200, 201, 409), 60, "there is room again")

    def test_a_json_body_that_drips_is_408(self):
        with self.raw(self.head("POST", "/api/media", "Content-Length: 1000")) as connection:
            started = time.monotonic()
            connection.settimeout(0.1)
            answer = b""
            while not answer and time.monotonic() - started < 20:
                connection.sendall(b" ")
                try:
                    answer = connection.recv(4096)
                except TimeoutError:
                    pass
            self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)
            self.assertLess(time.monotonic() - started, 8)

    def post_large(self, body):
        """Who is refused while still sending may not get to see the answer."""
        try:
            return self.client.call("POST", "/media", body)[0]
        except ConnectionError:
            return 429

    def test_large_bodies_take_turns_in_bounded_memory(self):
        media = {"pid": "x", "pid_type": "NO SUCH TYPE", "store_config": {"type": "DictStore", "bucket": "b"},
                 "metadata": {"text": "x" * (4 * MIB)}}
        body = json.dumps(media).encode()
        self.system.reset_peak_rss("api-gateway-1")
        with concurrent.futures.ThreadPoolExecutor(24) as pool:
            statuses = list(pool.map(lambda _: self.post_large(body), range(48)))
        self.assertLessEqual(set(statuses), {422, 429})
        self.assertIn(422, statuses)
        peak = self.system.peak_rss("api-gateway-1")
        print(f"\n48 bodies of 4 MiB, 24 at once: {statuses.count(422)} looked at, peak RSS {peak / MIB:.1f} MiB", flush=True)
        self.assertLessEqual(peak, 96 * MIB)

    def test_more_headers_or_elements_than_allowed_are_told(self):
        status, _, answer = self.system.request("GET", "/api/hello", headers={f"X-{i}": "1" for i in range(30)})
        self.assertEqual((status, answer["code"]), (431, "too_large"))
        status, answer = self.client.call("POST", "/media", {"pid": "x", "pid_type": "DEFAULT", "tags": list("abcdef"),
                                                            "store_config": {"type": "DictStore", "bucket": "b"}})
        self.assertEqual((status, answer["detail"][0]["type"], answer["detail"][0]["loc"]),
                         (422, "too_long", ["body", "media", "tags"]))

    def test_a_string_too_long_is_named_but_bytes_are_no_string(self):
        media = {"pid": "long", "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "b"}}
        status, answer = self.client.call("POST", "/media", {**media, "metadata": {"a": ["x" * (5 * MIB + 1)]}})
        self.assertEqual((status, answer["detail"]), (422, [{"error": "a string cannot be longer than 5242880 bytes: /metadata/a/0"}]))
        self.assertEqual(self.client.call("POST", "/upload", {"mediadata": media, "base64": "AAAA" * (2 * MIB)})[1]["status"], "READY")

    # --- browsers

    def assert_safe(self, headers):
        self.assertEqual(headers["X-Content-Type-Options"], "nosniff")
        self.assertEqual(headers["X-Frame-Options"], "DENY")
        self.assertEqual(headers["Referrer-Policy"], "no-referrer")
        self.assertIn("default-src 'none'", headers["Content-Security-Policy"])

    def test_every_answer_is_safe_for_browsers(self):
        for path in ("/api/hello", "/api/nowhere", "/api/stores", "/readyz"):
            headers = self.system.request("GET", path)[1]
            self.assert_safe(headers)
            self.assertEqual(headers["Cache-Control"], "no-store")
        with self.raw("GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n") as connection:
            self.assertIn(b"X-Content-Type-Options: nosniff\r\n", connection.recv(4096))

    def test_pages_of_the_origin_may_read_answers_errors_and_streams(self):
        self.assertIn(self.client.put("page", b"<script>", self.client.filesystem(), headers={"Content-Type": "text/html"})[0],
                      (200, 201))
        for path, status in (("/api/media/page/content", 200), ("/api/media/nobody", 404), ("/api/stores", 200)):
            got, headers, _ = self.system.request("GET", path, token=self.client.token, headers={"Origin": ORIGIN})
            self.assertEqual((got, headers["Access-Control-Allow-Origin"], headers["Vary"]), (status, ORIGIN, "Origin"))
            self.assert_safe(headers)
        headers = self.system.request("GET", "/api/stores", token=self.client.token, headers={"Origin": "https://evil.example"})[1]
        self.assertIsNone(headers["Access-Control-Allow-Origin"])

    def test_a_browser_asks_first_and_is_answered(self):
        status, headers, _ = self.system.request("OPTIONS", f"/api/media/{quote('a/b')}/content", headers={
            "Origin": ORIGIN, "Access-Control-Request-Method": "PUT",
            "Access-Control-Request-Headers": "authorization,content-type"})
        self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (204, ORIGIN))
        self.assertEqual(headers["Access-Control-Allow-Methods"], "PUT")
        self.assertEqual(headers["Access-Control-Allow-Headers"], "authorization,content-type")

    def test_a_page_may_upload_in_turns(self):
        """What tus-js-client does in a browser: it asks before POST and PATCH, and reads these headers of the answers."""
        def preflight(path, method, names):
            status, headers, _ = self.system.request("OPTIONS", path, headers={
                "Origin": ORIGIN, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": names})
            self.assertEqual((status, headers["Access-Control-Allow-Origin"]), (204, ORIGIN))
            self.assertEqual((headers["Access-Control-Allow-Methods"], headers["Access-Control-Allow-Headers"]), (method, names))

        def assert_readable(headers, *names):
            self.assertEqual(headers["Access-Control-Allow-Origin"], ORIGIN)
            for name in names:
                self.assertIn(name, headers)
            self.assertEqual(headers["Access-Control-Expose-Headers"], "*")

        tus = Tus(self.client)
        preflight("/api/uploads", "POST", "authorization,tus-resumable,upload-length,upload-metadata")
        metadata = {"pid": "from a page", **self.client.filesystem()}
        status, headers, answer = tus.try_create(10, metadata, Origin=ORIGIN)
        self.assertEqual(status, 201, answer)
        assert_readable(headers, "Location", "Tus-Resumable", "Upload-Expires")
        path = urllib.parse.urljoin("/api/uploads", headers["Location"])
        preflight(path, "PATCH", "authorization,content-type,tus-resumable,upload-offset")
        status, headers, _ = tus.append(path, 0, b"01234", Origin=ORIGIN)
        self.assertEqual((status, headers["Upload-Offset"]), (204, "5"))
        assert_readable(headers, "Upload-Offset", "Tus-Resumable")
        preflight(path, "HEAD", "authorization,tus-resumable")
        status, headers, _ = tus.ask("HEAD", path, Origin=ORIGIN)
        self.assertEqual((status, headers["Upload-Offset"], headers["Upload-Length"]), (200, "5", "10"))
        assert_readable(headers, "Upload-Offset", "Upload-Length")
        status, headers, _ = tus.append(path, 3, b"x", Origin=ORIGIN)
        self.assertEqual(status, 409)
        assert_readable(headers)
        self.assertNotIn("Access-Control-Allow-Origin", tus.ask("HEAD", path, Origin="https://evil.example")[1])


if __name__ == "__main__":
    unittest.main()
