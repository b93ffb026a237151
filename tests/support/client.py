# SPDX-License-Identifier: MIT
"""A client of the REST API as tests need it: one token, content in streams, a store of each type at hand."""

import os
import pathlib
import secrets
import subprocess
import urllib.parse

from support.bodies import drain
from support.system import wait_until

S3_TOOL = pathlib.Path(__file__).with_name("s3") / "s3"


class Client:
    def __init__(self, system, url=None):
        self.system, self.url = system, url
        self.token = system.login(url=url)

    # --- JSON

    def call(self, method, path, body=None, **options):
        """Status and parsed answer."""
        status, _, answer = self.system.request(method, "/api" + path, token=self.token, body=body, url=self.url, **options)
        return status, answer

    def media(self, pid):
        status, answer = self.call("GET", "/media?pid=" + quote(pid))  # which no reserved word stands in the way of
        return answer if status == 200 else None

    def status_of(self, pid):
        media = self.media(pid)
        return media["store_status"] if media else None

    def wait_for_status(self, pid, wanted, seconds=60):
        wait_until(lambda: self.status_of(pid) == wanted, seconds, f"{pid} becomes {wanted}")

    # --- bytes

    def put(self, pid, body, store=None, size=None, headers=None, timeout=300):
        """Streams a Body (Content-Length given) or bytes; store is {store_type, bucket, ..}. Status and answer."""
        headers = dict(headers or {})
        size = size if size is not None else getattr(body, "size", None)
        if size is not None:
            headers["Content-Length"] = str(size)
        path = f"/media/{quote(pid)}/content" + ("?" + urllib.parse.urlencode(store) if store else "")
        return self.call("PUT", path, body, headers=headers, timeout=timeout)

    def get(self, pid, headers=None, timeout=300):
        """Status, length and SHA-256 of the content."""
        connection = self.system.connect(self.url, timeout)
        try:
            connection.request("GET", f"/api/media/{quote(pid)}/content",
                               headers={"Authorization": f"Bearer {self.token}", **(headers or {})})
            response = connection.getresponse()
            return (response.status, *drain(response))
        finally:
            connection.close()

    # --- stores

    def filesystem(self, bucket="files"):
        return {"store_type": "FilesystemStore", "bucket": bucket}

    def hashdir(self, bucket="hashed"):
        return {"store_type": "HashdirStore", "bucket": bucket}

    def sqlite(self, bucket="databases/objects.db"):
        return {"store_type": "SqliteStore", "bucket": bucket}

    def archive(self, bucket="archives/objects.zip"):
        return {"store_type": "ZipStore", "bucket": bucket}

    def ram(self, bucket="memory"):
        return {"store_type": "DictStore", "bucket": bucket}

    def bucket(self):
        """A new bucket on the S3 server, known to the system."""
        server = self.system.s3()
        name = "test-" + secrets.token_hex(6)
        subprocess.run([S3_TOOL, "make-bucket", name], env=s3_environment(server), check=True, timeout=60)
        status, answer = self.call("POST", "/s3cfg", {"url": server["endpoint"], "access_key": server["access_key"],
                                                      "secret_key": server["secret_key"]})
        if status not in (200, 409):
            raise RuntimeError(f"POST /s3cfg answered {status}: {answer}")
        return {"store_type": "BucketStore", "bucket": name, "s3_url": server["endpoint"]}

    def stores(self):
        """One of each type."""
        return {"FilesystemStore": self.filesystem(), "HashdirStore": self.hashdir(), "SqliteStore": self.sqlite(),
                "ZipStore": self.archive(),
                "DictStore": self.ram(), "BucketStore": self.bucket()}


def store_config(store):
    """The same store as POST /media and /upload name it."""
    return {"type": store["store_type"], **{name: value for name, value in store.items() if name != "store_type"}}


def s3_environment(server):
    return {**os.environ, **{f"TEST_S3_{name.upper()}": value for name, value in server.items()}}


def s3_list(server, bucket):
    """The keys in a bucket, as the S3 server itself tells."""
    done = subprocess.run([S3_TOOL, "list", bucket], env=s3_environment(server), check=True, timeout=60,
                          stdout=subprocess.PIPE, text=True)
    return [line.split("\t", 1)[1] for line in done.stdout.splitlines()]


def s3_multiparts(server, bucket):
    done = subprocess.run([S3_TOOL, "list-multiparts", bucket], env=s3_environment(server), check=True, timeout=60,
                          stdout=subprocess.PIPE, text=True)
    return done.stdout.splitlines()


def quote(pid):
    return urllib.parse.quote(pid, safe="")
