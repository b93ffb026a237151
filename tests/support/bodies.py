# SPDX-License-Identifier: MIT
"""Bodies of any size that are never in memory whole, and what is needed to compare them."""

import hashlib
import http.client
import os

_BLOCK = os.urandom(1 << 20)


class Body:
    """A file-like object of `size` bytes, the same every time it is read from its beginning. `sha256` is that of what
    has been read."""

    def __init__(self, size, breaks_off_after=None):
        self.size, self.breaks_off_after = size, breaks_off_after
        self.rewind()

    def rewind(self):
        self._given, self._hash = 0, hashlib.sha256()

    def read(self, size=1 << 16):
        if self.breaks_off_after is not None and self._given >= self.breaks_off_after:
            raise BrokenOff()
        at = self._given % len(_BLOCK)
        piece = _BLOCK[at:at + min(size, self.size - self._given)]
        self._given += len(piece)
        self._hash.update(piece)
        return piece

    @property
    def sha256(self):
        return self._hash.hexdigest()


class BrokenOff(Exception):
    """The body does not go on: its client is gone."""


def sha256_of(size):
    body = Body(size)
    while body.read(1 << 20):
        pass
    return body.sha256


def drain(response):
    """Reads an http.client response to its end: its length and SHA-256. IncompleteRead where it was cut: reading in pieces,
    http.client itself takes that for the end."""
    digest, length = hashlib.sha256(), 0
    while piece := response.read(1 << 18):
        digest.update(piece)
        length += len(piece)
    if response.length:
        raise http.client.IncompleteRead(b"", response.length)
    return length, digest.hexdigest()
