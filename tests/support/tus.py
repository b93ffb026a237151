# SPDX-License-Identifier: MIT
"""A tus client of the tests' own, which says exactly what a test wants it to say."""

import base64
import hashlib
import urllib.parse

VERSION = "1.0.0"
BYTES = "application/offset+octet-stream"


class Tus:
    def __init__(self, client, document=None):
        self.client, self.document = client, document

    def ask(self, method, path, body=None, url=None, token=None, **headers):
        """Status, headers and body of an answer that the document promises. Header names with '_' for '-'; None: left out."""
        headers = {"Tus_Resumable": VERSION, **headers}
        headers = {name.replace("_", "-"): value for name, value in headers.items() if value is not None}
        status, answered, content = self.client.system.request(
            method, path, token=token or self.client.token, body=body, headers=headers, url=url or self.client.url)
        if self.document:
            self.document.check(method, path, status, answered, content)
        return status, answered, content

    def create(self, length, metadata=None, body=None, **headers):
        """The upload's path, from an answer that must be 201."""
        status, answered, content = self.try_create(length, metadata, body, **headers)
        assert status == 201, (status, content)
        return urllib.parse.urljoin("/api/uploads", answered["Location"])

    def try_create(self, length, metadata=None, body=None, **headers):
        if metadata is not None:
            headers["Upload_Metadata"] = encode(metadata)
        if length is not None:
            headers["Upload_Length"] = str(length)
        return self.ask("POST", "/api/uploads", body, **headers)

    def append(self, path, offset, body, **headers):
        return self.ask("PATCH", path, body, **{"Upload_Offset": str(offset), "Content_Type": BYTES, **headers})

    def offset(self, path, **options):
        status, answered, _ = self.ask("HEAD", path, **options)
        assert status == 200, status
        return int(answered["Upload-Offset"])


def encode(metadata):
    return ",".join(f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items())


def checksum(kind, content):
    return f"{kind} " + base64.b64encode(hashlib.new(kind, content).digest()).decode()
