#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""media.upload by URL: fetched by a worker from where the settings allow, and from nowhere else. All of it on a network of
its own, where the test is the name server."""

import functools
import hashlib
import http.server
import os
import pathlib
import secrets
import ssl
import tempfile
import threading
import time
import unittest
import urllib.parse

from support import own_network
from support.client import Client, quote
from support.pipeline import Pipeline
from support.system import System, wait_until


class Server(http.server.BaseHTTPRequestHandler):
    """GET /allowed/...: what a stranger's server may do."""

    content = secrets.token_bytes(3_000_000)
    asked, reached = [], []  # paths; where, and as whom
    failures = {}

    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        self.asked.append(self.path)
        self.reached.append((self.server.server_address[0], self.headers["Host"]))
        if path.startswith("/allowed/redirect"):
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:%d/secret" % self.server.server_port)
            self.end_headers()
        elif path == "/allowed/flaky" and self.failures.setdefault(path, 0) < 2:
            self.failures[path] += 1
            self.send_response(503)
            self.end_headers()
        elif path == "/allowed/none":
            self.send_error(404)
        elif path == "/allowed/endless":
            self.send_response(200)
            self.end_headers()
            try:
                while True:
                    self.wfile.write(self.content)
            except OSError:
                pass
        elif path == "/allowed/cut":
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.content) * 2))
            self.end_headers()
            self.wfile.write(self.content)
        elif path == "/allowed/slow":
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.content)))
            self.end_headers()
            for start in range(0, len(self.content), 300_000):
                self.wfile.write(self.content[start:start + 300_000])
                time.sleep(0.5)
        else:
            self.send_response(200)
            self.send_header("Content-Length", str(len(self.content)))
            self.end_headers()
            self.wfile.write(self.content)

    def log_message(self, *_):
        pass


class Sources(unittest.TestCase):
    @classmethod
    def serve(cls, address, port=0):
        server = http.server.ThreadingHTTPServer((address, port), Server)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        cls.addClassCleanup(server.server_close)
        cls.addClassCleanup(server.shutdown)
        return server

    @classmethod
    def serve_https(cls, scratch):
        server = cls.serve("127.0.0.1")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*own_network.certificate(scratch, "secure.test"))
        server.socket = context.wrap_socket(server.socket, server_side=True)
        return server.server_port

    @classmethod
    def setUpClass(cls):
        scratch = tempfile.TemporaryDirectory(prefix="mediastore-sources.")
        cls.addClassCleanup(scratch.cleanup)
        cls.names = own_network.enter(scratch.name)
        for name in [name for name in os.environ if name.startswith("TEST_S3_")]:
            del os.environ[name]  # of a server that cannot be reached from here
        cls.names.answers |= {"secure.test": [["127.0.0.1"]], "alias.test": [["127.0.0.1"]],
                              "rebind.test": [["127.0.0.1"], ["127.0.0.2"]], "both.test": [["127.0.0.2", "127.0.0.1"]]}
        cls.server = cls.serve("127.0.0.1")
        cls.serve("127.0.0.2", cls.server.server_port)
        cls.https_port = cls.serve_https(scratch.name)
        cls.base = f"http://127.0.0.1:{cls.server.server_port}"
        cls.files = pathlib.Path(scratch.name) / "incoming"
        cls.files.mkdir()
        os.chmod(scratch.name, 0o755)
        cls.secret = pathlib.Path(scratch.name) / "secret"
        cls.secret.write_bytes(b"secret")
        cls.sha256 = hashlib.sha256(Server.content).hexdigest()
        port = cls.server.server_port
        sources = [f"{cls.base}/allowed/", f"http://localhost:{port}/allowed", f"http://2130706433:{port}/",
                   f"http://[::ffff:127.0.0.2]:{port}/", f"http://127.0.0.2:{port}/",
                   f"http://rebind.test:{port}/", f"http://both.test:{port}/", f"https://secure.test:{cls.https_port}/",
                   f"https://alias.test:{cls.https_port}/", f"file://{cls.files}", "s3://", "127.0.0.1"]
        cls.system = System(settings={"MEDIASTORE_SOURCES": ",".join(s for s in sources if s != "s3://"),
                                      "MEDIASTORE_SOURCE_MAX": "20MiB", "MEDIASTORE_STALL_TIMEOUT": "5s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def setUp(self):
        self.pipeline = Pipeline(self.system, self.client.token)
        self.addCleanup(self.pipeline.close)

    def send(self, pid, source, **options):
        more = options.pop("more", {})
        return self.pipeline.send("media.upload", {"mediadata": self.media(pid), "source": source, **more}, **options)

    def media(self, pid):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "files"},
                "metadata": {"kept": 12345678901234567890}}

    def fetch(self, pid, source, **options):
        return self.pipeline.wait(self.send(pid, source, **options), seconds=90)[0]

    def assert_fetched(self, pid, answer):
        self.assertEqual((answer["status"], answer["job_state"]), (200, "succeeded"), answer)
        self.assertEqual((answer["result"]["store_status"], answer["result"]["checksums"]["sha256"]), ("READY", self.sha256))
        self.assertEqual(self.client.get(pid)[2], self.sha256)

    def test_http_is_fetched_and_its_progress_told(self):
        message_id = self.send("slow", self.base + "/allowed/slow?x=1")
        self.assert_fetched("slow", self.pipeline.wait(message_id, seconds=60)[0])
        states = self.pipeline.states(message_id)
        self.assertEqual((states[0], states[-1], set(states[1:-1])), ("accepted", "final", {"progress"}))
        told = [answer for _, answer, _ in self.pipeline.answers if answer["state"] == "progress"]
        self.assertTrue(any(answer["job_state"] == "running" for answer in told), told)

    def test_msgpack_asks_for_it_too(self):
        answer = self.fetch("packed", self.base + "/allowed/x", packed=True)
        self.assert_fetched("packed", answer)
        self.assertEqual(answer["result"]["metadata"]["kept"], 12345678901234567890)

    def test_a_source_that_fails_for_a_while_is_tried_again(self):
        self.assert_fetched("flaky", self.fetch("flaky", self.base + "/allowed/flaky"))
        self.assertGreaterEqual(Server.failures["/allowed/flaky"], 2)

    def test_the_same_message_is_fetched_once(self):
        message_id = self.send("once", self.base + "/allowed/once")
        self.pipeline.wait(message_id)
        self.send("once", self.base + "/allowed/once", message_id=message_id)
        answers = self.pipeline.wait(message_id, count=2)
        self.assertEqual((answers[0]["status"], answers[1]["result"]), (200, answers[0]["result"]))
        self.assertEqual(Server.asked.count("/allowed/once"), 1)

    def test_a_fetch_outlives_everybody(self):
        message_id = self.send("lasting", self.base + "/allowed/slow?lasting")
        self.pipeline.wait(message_id, "progress")
        for name in ("api-gateway-1", "store-worker-1"):
            self.system.kill(name)
            self.system.start(name)
        self.assert_fetched("lasting", self.pipeline.wait(message_id, seconds=90)[0])

    def test_a_checksum_is_held_against_it(self):
        right = self.fetch("sum-right", self.base + "/allowed/x", more={"sha256": self.sha256})
        self.assert_fetched("sum-right", right)
        wrong = self.fetch("sum-wrong", self.base + "/allowed/x", more={"sha256": "0" * 64})
        self.assertEqual((wrong["status"], wrong["error"]["code"]), (422, "checksum_mismatch"), wrong)
        self.assertEqual(self.client.status_of("sum-wrong"), "FAILED")

    def test_files_are_read_below_their_directory_only(self):
        (self.files / "a b").mkdir()
        (self.files / "a b/é").write_bytes(Server.content)
        (self.files / "inside").symlink_to("a b/é")
        (self.files / "outside").symlink_to("../secret")
        (self.files / "absolute").symlink_to(self.secret)
        (self.files / "up").symlink_to("..")
        os.mkfifo(self.files / "fifo")
        for number, name in enumerate(("a b/é", "inside")):
            self.assert_fetched(f"file-{number}", self.fetch(f"file-{number}", f"file://{self.files}/" + quote(name).replace("%2F", "/")))
        self.assertTrue((self.files / "a b/é").exists())
        for name, code in (("outside", "forbidden"), ("absolute", "forbidden"), ("up/secret", "forbidden"), ("none", "invalid"),
                           ("fifo", "invalid"), ("a%20b", "invalid"), ("a%20b/%C3%A9/x", "invalid")):
            answer = self.fetch("bad-file", f"file://{self.files}/{name}")
            self.assertEqual((answer.get("error") or {}).get("code"), code, (name, answer))

    def test_what_is_not_listed_is_refused_at_once(self):
        port = self.server.server_port
        for source, status in ((f"{self.base}/secret", 403), (f"{self.base}/allowedx", 403), (f"{self.base}/allowed/../secret", 422),
                               (f"{self.base}/allowed/%2e%2e/secret", 422), (f"http://127.0.0.1:{port}@evil.example/allowed/", 422),
                               ("http://169.254.169.254/latest/meta-data/", 403), (f"http://0x7f000001:{port}/allowed/x", 403),
                               (f"file://{self.secret}", 403), (f"file://{self.files}/../secret", 422), ("gopher://x/", 422),
                               ("s3://bucket/key", 403), ("", 422)):
            answer = self.fetch("refused", source)
            self.assertEqual(answer["status"], status, (source, answer))
        self.assertIsNone(self.client.media("refused"))
        self.assertNotIn("/secret", Server.asked)

    def test_names_do_not_lead_to_addresses_that_are_not_listed(self):
        port = self.server.server_port
        for host in ("127.0.0.2", "[::ffff:127.0.0.2]"):
            answer = self.fetch("elsewhere", f"http://{host}:{port}/allowed/x")
            self.assertEqual((answer["status"], answer["job_state"]), (403, "failed"), answer)
        self.assert_fetched("decimal", self.fetch("decimal", f"http://2130706433:{port}/x"))  # is 127.0.0.1, which is listed

    def reached(self, name):
        return {address for address, host in Server.reached if host.startswith(name + ":")}

    def test_a_name_that_leads_elsewhere_the_second_time_is_not_followed(self):
        """What is asked for once is judged and connected to; what a later answer says is judged again."""
        source = f"http://rebind.test:{self.server.server_port}/x"
        self.assert_fetched("bound", self.fetch("bound", source))
        self.assertEqual((self.names.asked["rebind.test"], self.reached("rebind.test")), (1, {"127.0.0.1"}))
        self.system.restart("store-worker-1")  # which has kept the first answer
        answer = self.fetch("rebound", source)
        self.assertEqual((answer["status"], answer["job_state"]), (403, "failed"), answer)
        self.assertNotIn("127.0.0.2", str(answer))
        self.assertEqual((self.names.asked["rebind.test"], self.reached("rebind.test")), (2, {"127.0.0.1"}))

    def test_of_a_names_addresses_only_those_that_are_listed_are_used(self):
        self.assert_fetched("both", self.fetch("both", f"http://both.test:{self.server.server_port}/x"))
        self.assertEqual(self.reached("both.test"), {"127.0.0.1"})

    def test_https_is_fetched_from_whom_the_certificate_names(self):
        self.assert_fetched("secure", self.fetch("secure", f"https://secure.test:{self.https_port}/x"))
        message_id = self.send("alias", f"https://alias.test:{self.https_port}/x")
        job_id = wait_until(lambda: self.failed_once("alias"), 30, "the certificate is not taken for another's")
        self.assertEqual(self.client.call("POST", f"/jobs/{job_id}/cancel")[0], 200)
        self.assertEqual(self.pipeline.wait(message_id)[0]["job_state"], "cancelled")
        self.assertEqual((self.reached("secure.test"), self.reached("alias.test")), ({"127.0.0.1"}, set()))

    def failed_once(self, pid):
        rows = self.system.psql("SELECT id FROM job WHERE pid = $1 AND state = 'queued' AND error_code IS NOT NULL", pid)
        return rows[0][0] if rows else None

    def test_redirects_are_not_followed(self):
        answer = self.fetch("redirected", self.base + "/allowed/redirect")
        self.assertEqual((answer["status"], answer["error"]["code"]), (422, "invalid"))
        self.assertIn("redirects", str(answer["error"]["detail"]))
        self.assertNotIn("/secret", Server.asked)
        self.assertEqual(self.client.status_of("redirected"), "FAILED")

    def test_what_is_not_there_or_too_large_is_not_tried_again(self):
        for path, status in (("none", 422), ("endless", 413)):
            answer = self.fetch("useless", f"{self.base}/allowed/{path}")
            self.assertEqual((answer["status"], answer["attempt"]), (status, 1), answer)

    def test_a_failed_upload_is_taken_over(self):
        self.fetch("again", self.base + "/allowed/none")
        self.assert_fetched("again", self.fetch("again", self.base + "/allowed/x"))
        answer = self.fetch("again", self.base + "/allowed/x")
        self.assertEqual(answer["status"], 409)

    def test_a_reader_may_not(self):
        status, answer = self.client.call("POST", "/users", {"name": "source-reader", "password": "password-1", "role": "reader"})
        self.assertEqual(status, 200, answer)
        token = self.system.login("source-reader", "password-1")
        self.assertEqual(self.fetch("reader", self.base + "/allowed/x", fields={"token": token})["status"], 403)

    def test_either_bytes_or_a_source(self):
        answer = self.fetch("both", self.base + "/allowed/x", more={"base64": "aGVsbG8="})
        self.assertEqual(answer["status"], 422)
        answer = self.fetch("neither", 5)
        self.assertEqual((answer["status"], answer["error"]["detail"][0]["loc"]), (422, ["body", "data", "source"]))

    def test_s3_objects_are_fetched_with_the_gateways_credentials(self):
        store = self.client.bucket()
        self.system.up(MEDIASTORE_SOURCES=f"{self.system.settings['MEDIASTORE_SOURCES']},s3://{store['bucket']}/raw/")
        for name in ("api-gateway-1", "store-worker-1"):
            self.system.restart(name)
        key = "raw/a b+é/x"
        self.system.s3_tool("put", store["bucket"], key, data=Server.content)
        source = f"s3://{store['bucket']}/" + quote(key).replace("%2F", "/")
        self.assert_fetched("from-s3", self.fetch("from-s3", source))
        self.assertEqual(self.fetch("from-s3-2", source, more={"source_s3_url": "http://other.example"})["status"], 422)
        self.assertEqual(self.fetch("from-s3-2", f"s3://{store['bucket']}/other")["status"], 403)
        self.assertEqual(self.fetch("from-s3-2", f"s3://{store['bucket']}/raw/none")["status"], 422)


if __name__ == "__main__":
    unittest.main()
