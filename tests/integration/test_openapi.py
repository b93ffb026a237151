#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""A client that believes openapi.json: every operation is called as the document says, and every answer is one it promises.
What dispatch refuses on any route is in tests/live/services/api-gateway/handlers/test_every_route.c."""

import base64
import unittest
import urllib.parse
import urllib.request

from support.client import Client, quote, store_config
from support.openapi import Document
from support.system import System, wait_until

OBJECT_MAX = 1 << 20


class OpenApi(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_OBJECT_MAX": "1MiB"})
        cls.addClassCleanup(cls.system.stop)
        cls.document = Document(cls.system)
        cls.client = Client(cls.system)
        cls.files = cls.client.filesystem()

    def ask(self, expected, method, path, body=None, token=True, **headers):
        """Calls it, checks status and answer, returns the answer's body."""
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        status, answered, content = self.system.request(
            method, path, token=self.client.token if token else None, body=body, headers=headers)
        self.assertEqual(status, expected, (method, path, content))
        self.document.check(method, path, status, answered, content)
        self.headers = answered
        if method == "GET" and status == 200 and "If-None-Match" not in headers and "304" in self.document.operation(method, path)["responses"] and answered["ETag"]:
            self.check_unchanged(path, headers, token, answered["ETag"])
        return content

    def check_unchanged(self, path, headers, token, etag):
        """What is read again with its ETag, and has not changed, is 304."""
        status, answered, content = self.system.request(
            "GET", path, token=self.client.token if token else None, headers={**headers, "If-None-Match": etag})
        self.assertEqual((status, answered["ETag"], content), (304, etag, b""), path)
        self.document.check("GET", path, status, answered, content)

    def media(self, pid, store=None, **fields):
        return {"pid": pid, "pid_type": "DEFAULT", "store_config": store_config(store or self.files), **fields}

    def put(self, expected, pid, body, store=None, **headers):
        query = "?" + urllib.parse.urlencode(store) if store else ""
        return self.ask(expected, "PUT", f"/api/media/{quote(pid)}/content{query}", body, **headers)

    # --- pages

    def test_pages_come_from_here_alone(self):
        for path in ("/", "/api/docs", "/api/openapi.json", "/api/docs/home.css", "/api/docs/icon.svg"):
            with self.subTest(path=path):
                body = self.ask(200, "GET", path, token=False)
                self.assertIn("default-src 'none'", self.headers["Content-Security-Policy"])
                self.assertNotIn("unsafe-eval", self.headers["Content-Security-Policy"])
                if isinstance(body, bytes):
                    self.assertNotRegex(body.replace(b"http://www.w3.org/", b""), rb"https?://")
                etag = self.headers["ETag"]
                self.ask(304, "GET", path, token=False, If_None_Match=etag)
                self.assertEqual(self.headers["ETag"], etag)
        for name in ("nothing.css", "docs.html", "..%2Fapp.c"):
            self.ask(404, "GET", "/api/docs/" + name, token=False)

    def test_swagger_ui_is_part_of_the_program(self):
        page = self.ask(200, "GET", "/api/docs", token=False).decode()
        for name in ("swagger-ui-bundle.js", "swagger-ui.css", "docs.js", "docs.css", "icon.svg"):
            self.assertIn(f'"docs/{name}"', page)
            self.ask(200, "GET", "/api/docs/" + name, token=False)

    def test_the_document_stands_alone(self):
        references = list(references_of(self.document.json))
        self.assertGreater(len(references), 100)
        self.assertEqual([name for name in references if not name.startswith("#/")], [])

    def test_health_and_greeting(self):
        for path in ("/livez", "/readyz", "/api/hello"):
            self.ask(200, "GET", path, token=False)

    def test_login(self):
        credentials = {"username": "admin", "password": self.system.env["MEDIASTORE_ADMIN_PASSWORD"]}
        self.ask(200, "POST", "/api/login", credentials, token=False)
        answer = self.ask(401, "POST", "/api/login", {**credentials, "password": "wrong"}, token=False)
        self.assertEqual(answer["error"], "Invalid credentials")

    # --- media and bytes

    def test_a_media(self):
        created = self.ask(200, "POST", "/api/media", self.media("a/media", metadata={"n": 1}, tags=["t"]))
        self.assertEqual(created, self.ask(200, "GET", "/api/media/a%2Fmedia"))
        self.ask(409, "POST", "/api/media", self.media("a/media"))
        self.ask(422, "POST", "/api/media", {**self.media("other"), "pid_type": "unknown"})
        self.ask(409, "GET", "/api/media/a%2Fmedia/content")
        self.ask(409, "GET", "/api/download/a%2Fmedia")
        self.ask(204, "DELETE", "/api/media/a%2Fmedia")
        for method in ("GET", "DELETE"):
            self.ask(404, method, "/api/media/a%2Fmedia")

    def test_a_media_by_query(self):
        self.ask(200, "POST", "/api/media", self.media("by query?&/"))
        self.ask(200, "POST", "/api/media", self.media("taken"))
        path = "/api/media?pid=" + quote("by query?&/")
        self.ask(200, "GET", path)
        self.ask(304, "GET", path, If_None_Match=self.headers["ETag"])
        self.ask(409, "PATCH", path, {"new_pid": "taken"})
        self.ask(412, "PATCH", path, {"new_pid": "by query"}, If_Match='"99"')
        self.ask(409, "GET", "/api/download?pid=taken")
        self.ask(412, "DELETE", path, If_Match='"99"')
        self.ask(204, "PATCH", path, {"new_pid": "by query"}, If_Match='"1"')
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            self.ask(404, method, path, body)
            self.ask(422, method, "/api/media", body)
        self.ask(204, "DELETE", "/api/media?pid=by%20query")
        self.ask(404, "GET", "/api/download?pid=nothing")
        self.ask(422, "GET", "/api/download")

    # --- many

    UPDATES = (
        ("PATCH", "tags", {"tags": ["a"]}), ("PUT", "tags", {"tags": ["b"]}), ("PUT", "storekeys", {"store_key": "its/key"}),
        ("PUT", "identifiers", {"identifiers": {}}), ("PUT", "metadata", {"keys": ["x", "y"], "data": 1}),
        ("PATCH", "metadata", {"data": {"z": None}}), ("DELETE", "metadata", {"keys": ["x"]}))

    def test_many_media(self):
        medias = [self.media(f"many {i}", tags=["of many"]) for i in range(3)]
        pids = [media["pid"] for media in medias]
        self.ask(200, "POST", "/api/media/create", medias)
        self.ask(422, "POST", "/api/media/create", medias)
        partial = self.ask(200, "POST", "/api/media/create?partial=true", [*medias, self.media("many 3")])
        self.assertEqual((len(partial["created"]), len(partial["failures"])), (1, 3))
        for method, name, fields in self.UPDATES:
            with self.subTest(method=method, name=name):
                path, body = f"/api/media/update/{name}", [{"pid": pids[0], **fields}, {"pid": "nothing", **fields}]
                self.ask(412, method, path, body[:1], If_Match='"99"')
                answer = self.ask(200, method, path, body)
                self.assertEqual((answer["successes"], answer["failures"][0]["error"]), ([pids[0]], "not_found"))
        renames = {"pids": pids[:1], "medias": [{"new_pid": "many x"}]}
        self.ask(412, "PATCH", "/api/media/update", renames, If_Match='"99"')
        self.ask(200, "PATCH", "/api/media/update", renames)
        found = self.ask(200, "POST", "/api/media/search", {"tags": ["of many", "b"]})
        self.assertEqual(sorted(media["pid"] for media in found), ["many 1", "many 2", "many x"])
        self.assertEqual(len(self.ask(200, "POST", "/api/media/read", ["many x", "nothing"])), 1)
        self.assertLessEqual({"many 1", "many x"}, {media["pid"] for media in self.ask(200, "GET", "/api/media/dump")})
        self.ask(412, "POST", "/api/media/delete", pids[1:2], If_Match='"99"')
        deleted = self.ask(200, "POST", "/api/media/delete", ["many x", *pids])
        self.assertEqual((len(deleted["successes"]), len(deleted["failures"])), (3, 1))

    # --- content

    def test_content(self):
        path = "/api/media/content/content"
        self.put(404, "content", b"no store named")
        self.put(422, "content", b"", {"store_type": "FilesystemStore", "bucket": "x" * 2000})
        self.put(413, "content", b"x" * (OBJECT_MAX + 1), self.files)
        self.put(201, "content", b"0123456789", self.files)
        etag = self.headers["ETag"]
        self.put(409, "content", b"again")
        self.put(412, "content", b"again", If_Match='"other"')
        for method in ("GET", "HEAD"):
            self.ask(200, method, path)
            self.assertEqual(self.headers["ETag"], etag)
            self.ask(304, method, path, If_None_Match=etag)
            self.ask(412, method, path, If_Match='"other"')
        self.ask(206, "GET", path, Range="bytes=2-4")
        self.ask(416, "GET", path, Range="bytes=10-")
        self.ask(404, "HEAD", "/api/media/nothing/content")
        self.ask(404, "GET", "/api/media/nothing/content")
        self.put(200, "content", b"again", If_Match=etag)
        self.assertEqual(self.ask(200, "GET", path), b"again")

    def test_head_of_a_media_without_bytes(self):
        self.ask(200, "POST", "/api/media", self.media("headless"))
        self.ask(409, "HEAD", "/api/media/headless/content")

    def test_a_body_that_breaks_off(self):
        connection = self.system.connect()
        connection.putrequest("PUT", "/api/media/broken/content?" + urllib.parse.urlencode(self.files))
        connection.putheader("Authorization", f"Bearer {self.client.token}")
        connection.putheader("Transfer-Encoding", "chunked")
        connection.endheaders(b"5\r\nhello\r\nno chunk")
        response = connection.getresponse()
        self.assertEqual(response.status, 400, response.read())
        connection.close()

    def test_upload_and_download(self):
        upload = {"mediadata": self.media("up"), "base64": base64.b64encode(b"bytes").decode()}
        self.assertEqual(self.ask(200, "POST", "/api/upload", upload)["status"], "READY")
        for path in ("/api/download/up", "/api/download?pid=up"):
            self.assertEqual(base64.b64decode(self.ask(200, "GET", path)["base64"]), b"bytes")
        self.ask(409, "POST", "/api/upload", upload)
        self.ask(422, "POST", "/api/upload", {**upload, "base64": "%%%"})
        self.ask(422, "GET", "/api/download/url/up")
        for path in ("/api/download/nothing", "/api/download/url/nothing"):
            self.ask(404, "GET", path)

    def test_presigned_urls(self):
        bucket = self.client.bucket()
        answer = self.ask(200, "POST", "/api/upload", {"mediadata": self.media("signed", bucket)})
        self.assertEqual(answer["status"], "PENDING")
        self.ask(409, "GET", "/api/download/url/signed")
        self.ask(409, "POST", "/api/media/signed/complete")
        urllib.request.urlopen(urllib.request.Request(answer["presigned_put"], b"bytes", method="PUT"), timeout=60).close()
        self.assertEqual(self.ask(200, "POST", "/api/media/signed/complete")["store_status"], "READY")
        self.assertIn("X-Amz-Signature", self.ask(200, "GET", "/api/download/url/signed")["presigned_get"])
        urls = self.ask(200, "POST", "/api/download/urls", ["signed", "nothing"])
        self.assertEqual((bool(urls[0]["presigned_get"]), urls[1]["error"]), (True, "not_found"))
        self.ask(404, "POST", "/api/media/nothing/complete")

    # --- people

    def test_people(self):
        user = {"name": "ana/b", "password": "a long enough secret", "role": "writer"}
        path = "/api/users/ana%2Fb"
        self.ask(200, "POST", "/api/users", user)
        self.ask(409, "POST", "/api/users", user)
        self.assertIn(self.ask(200, "GET", path), self.ask(200, "GET", "/api/users"))
        self.ask(200, "PATCH", path, {"role": "reader"})
        self.ask(409, "PATCH", "/api/users/admin", {"role": "reader"})
        self.ask(409, "DELETE", "/api/users/admin")
        self.ask(204, "DELETE", path)
        for method, body in (("GET", None), ("PATCH", {}), ("DELETE", None)):
            self.ask(404, method, "/api/users/nobody", body)

    def test_tokens(self):
        made = self.ask(200, "POST", "/api/tokens", {"name": "program", "role": "reader"})
        self.ask(200, "GET", "/api/tokens?limit=1")
        self.ask(404, "GET", "/api/tokens?user=nobody")
        self.ask(422, "GET", "/api/tokens?limit=0")
        self.ask(404, "POST", "/api/tokens?user=nobody", {})
        mine, self.client.token = self.client.token, made["token"]
        try:
            self.ask(200, "GET", "/api/me")
            self.ask(403, "GET", "/api/tokens?user=programs")
            self.ask(403, "POST", "/api/tokens", {"role": "admin"})
            self.ask(403, "PUT", "/api/me/password", {"current_password": "wrong", "new_password": "a long enough secret"})
        finally:
            self.client.token = mine
        self.ask(204, "DELETE", f"/api/tokens/{made['pk']}")
        self.check_pk_errors("/api/tokens/", "DELETE")

    # --- what media need

    def check_pk_errors(self, base, *methods, body=None):
        for method in methods:
            self.ask(404, method, base + "999999", body)
            self.ask(422, method, base + "x", body)

    def has_jobs(self, store):
        return bool(self.system.psql("SELECT state FROM job WHERE store = $1 AND state IN ('queued', 'running')", store["pk"]))

    def test_stores(self):
        body = {"type": "FilesystemStore", "bucket": "of/its/own"}
        store = self.ask(200, "POST", "/api/store", body)
        self.assertEqual(store, self.ask(200, "POST", "/api/store", body))
        self.assertIn(store, self.ask(200, "GET", "/api/stores"))
        path = f"/api/store/{store['pk']}"
        self.assertEqual(store, self.ask(200, "GET", path))
        self.ask(200, "POST", "/api/media", {**self.media("holder"), "store_config": body})
        self.ask(409, "DELETE", path)
        self.ask(204, "DELETE", "/api/media/holder")
        wait_until(lambda: not self.has_jobs(store), 30, "the media's bytes are gone")
        self.ask(204, "DELETE", path)
        self.check_pk_errors("/api/store/", "GET", "DELETE")
        self.ask(422, "POST", "/api/store", {"type": "NoStore", "bucket": "x"})

    def test_s3_configs(self):
        body = {"url": "http://127.0.0.1:9", "access_key": "a", "secret_key": "s"}
        other = {**body, "url": "http://127.0.0.1:19"}
        config = self.ask(200, "POST", "/api/s3cfg", body)
        self.ask(200, "POST", "/api/s3cfg", other)
        self.assertIn(config, self.ask(200, "GET", "/api/s3cfgs"))
        path = f"/api/s3cfg/{config['pk']}"
        self.assertEqual(config, self.ask(200, "GET", path))
        self.ask(409, "POST", "/api/s3cfg", {**body, "secret_key": "other"})
        self.ask(409, "PUT", path, other)
        self.ask(204, "PUT", path, body)
        store = self.ask(200, "POST", "/api/store", {"type": "BucketStore", "bucket": "b", "s3_url": body["url"]})
        self.ask(409, "DELETE", path)
        self.ask(204, "DELETE", f"/api/store/{store['pk']}")
        self.ask(204, "DELETE", path)
        self.check_pk_errors("/api/s3cfg/", "GET", "DELETE")
        self.check_pk_errors("/api/s3cfg/", "PUT", body=body)

    def test_identifier_types(self):
        body = {"name": "kind/of", "pattern": "k-[0-9]+"}
        path = "/api/identifier/kind%2Fof"
        self.assertEqual(self.ask(200, "POST", "/api/identifier", body), body)
        self.assertIn(body, self.ask(200, "GET", "/api/identifier/list"))
        self.assertEqual(self.ask(200, "GET", path), body)
        self.ask(409, "POST", "/api/identifier", {**body, "pattern": "other"})
        self.ask(422, "POST", "/api/identifier", {"name": "bad", "pattern": "("})
        self.ask(200, "POST", "/api/media", self.media("identified", identifiers={"kind/of": "k-1"}))
        self.ask(409, "DELETE", path)
        self.ask(204, "DELETE", "/api/media/identified")
        self.ask(204, "PUT", "/api/identifier", {**body, "pattern": ""})
        self.ask(204, "DELETE", path)
        self.ask(404, "PUT", "/api/identifier", body)
        for method in ("GET", "DELETE"):
            self.ask(404, method, path)


def references_of(node):
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from references_of(value)
    elif isinstance(node, list):
        for value in node:
            yield from references_of(value)


if __name__ == "__main__":
    unittest.main()
