# SPDX-License-Identifier: MIT
"""Clients that put, replace, describe, read and delete media with known contents, and remember what may be true of each
afterwards: what was acknowledged must hold; what got no clear answer may have happened or not."""

import collections
import http.client
import json
import random
import threading
import urllib.parse

from support.bodies import Body, drain, sha256_of

KIB, MIB = 1 << 10, 1 << 20
SIZES = [0, 1, 700, 40 * KIB, 200 * KIB, 300 * KIB, 1 * MIB, 4 * MIB]  # below and beyond what rides inside messages
PAUSE_MAX = 0.1  # s between two requests of a client
LIVE_MAX = 25  # media of one client at a time
ABSENT = "absent"


class Media:
    """What may be true of one media. `contents`: SHA-256 of the bytes it may have, None for none, ABSENT for no such
    media; `numbers`: what its metadata may say; `types`: of the stores that it may have been in."""

    def __init__(self, pid, store):
        self.pid, self.store, self.types = pid, store, {store["store_type"]}
        self.contents, self.numbers = {ABSENT}, {None}
        self.busy = False  # a job in the background may be at it
        self.copies = []  # which may fail when this one is deleted

    def certain(self):
        return len(self.contents) == 1 and ABSENT not in self.contents and None not in self.contents

    def may_be_lost(self):
        return "DictStore" in self.types


class Loader(threading.Thread):
    """One client, with pids of its own, until `stopping` is set."""

    def __init__(self, number, urls, token, stores, seed, stopping):
        super().__init__(daemon=True, name=f"client {number}")
        self.number, self.urls, self.token, self.stores = number, urls, token, stores
        self.random = random.Random(f"{seed} client {number}")
        self.stopping = stopping
        self.media, self.gone = {}, []
        self.made = 0
        self.counts, self.faults = collections.Counter(), []

    def run(self):
        actions = [(self.create, 22), (self.create_later, 8), (self.replace, 10), (self.describe, 30), (self.download, 25),
                   (self.move, 5), (self.copy, 4), (self.delete, 10)]
        while not self.stopping.wait(self.random.uniform(0, PAUSE_MAX)):
            action = self.random.choices([a for a, _ in actions], [weight for _, weight in actions])[0]
            try:
                action()
            except Exception as error:  # pylint: disable=broad-except
                self.faults.append(f"{self.name}: {action.__name__}: {error!r}")
                return

    # --- one request: a status, or None when the answer did not come

    def request(self, method, path, body=None, headers=None):
        parts = urllib.parse.urlsplit(self.random.choice(self.urls))
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=90)
        try:
            connection.request(method, "/api" + path, body=body,
                               headers={"Authorization": f"Bearer {self.token}", **(headers or {})})
            response = connection.getresponse()
            if method == "GET" and path.endswith("/content"):
                return response.status, drain(response)
            return response.status, response.read()
        except (OSError, http.client.HTTPException):
            return None, None
        finally:
            connection.close()

    def note(self, action, status):
        self.counts[f"{action} {status if status else 'no answer'}"] += 1
        if status == 500:
            self.faults.append(f"{action} was answered 500")

    def choose(self):
        return self.media[self.random.choice(list(self.media))] if self.media else None

    # --- what clients do

    def put(self, action, media, headers):
        size = self.random.choice(SIZES)
        query = urllib.parse.urlencode(media.store)
        status, _ = self.request("PUT", f"/media/{quote(media.pid)}/content?{query}", Body(size),
                                 {"Content-Length": str(size), **headers})
        self.note(action, status)
        self.settle_put(media, status, sha256_of(size))

    @staticmethod
    def settle_put(media, status, sha256):
        if status in (200, 201, 202):
            media.contents = {sha256}
        elif status is None or status >= 500 and status != 507:
            media.contents |= {sha256} if media.certain() else {sha256, None}  # a failed put leaves what was there

    def begin(self, store=None):
        self.made += 1
        media = Media(f"client {self.number}/{self.made}", store or self.random.choice(self.stores))
        self.media[media.pid] = media
        return media

    def create(self, action="create", headers=None):
        if len(self.media) >= LIVE_MAX:
            return
        media = self.begin()
        self.put(action, media, headers or {})
        if media.contents == {ABSENT}:
            media.contents |= {None}  # refused: never READY, but the row may tell of the attempt

    def create_later(self):
        """The system promises to store what it has taken."""
        self.create("create later", {"Prefer": "respond-async"})
        if self.media:
            next(reversed(self.media.values())).busy = True

    def move(self):
        media = self.choose()
        if media is None or not media.certain() or media.busy:
            return
        target = self.random.choice(self.stores)
        status, _ = self.request("POST", f"/media/{quote(media.pid)}/move", store_body(target))
        self.note("move", status)
        if status in (None, 202) or status >= 500:
            media.types.add(target["store_type"])
            media.busy = True

    def copy(self):
        source = self.choose()
        if source is None or not source.certain() or source.busy or len(self.media) >= LIVE_MAX:
            return
        media = self.begin(self.random.choice(self.stores))
        media.types |= source.types
        media.busy = source.busy = True
        source.copies.append(media)
        status, _ = self.request("POST", f"/media/{quote(source.pid)}/copy", store_body(media.store, new_pid=media.pid))
        self.note("copy", status)
        if status == 202:
            media.contents = set(source.contents) | ({None} if source.may_be_lost() else set())
            media.numbers = set(source.numbers)  # metadata are copied at once
        elif status is None or status >= 500:
            media.contents |= source.contents | {None}
            media.numbers |= source.numbers

    def replace(self):
        media = self.choose()
        if media is None or not media.certain() or media.busy:
            return
        self.put("replace", media, {"If-Match": f'"{next(iter(media.contents))}"'})

    def describe(self):
        media = self.choose()
        if media is None:
            return
        number = self.random.randrange(1 << 40)
        body = f'[{{"pid": "{media.pid}", "keys": ["chaos", "number"], "data": {number}}}]'
        status, answer = self.request("PUT", "/media/update/metadata", body.encode())
        self.note("describe", status)
        if status == 200 and b'"failures":[]' in answer.replace(b" ", b""):
            media.numbers = {number}
        elif status is None or status >= 500:
            media.numbers |= {number}

    def download(self):
        media = self.choose()
        if media is None:
            return
        status, answer = self.request("GET", f"/media/{quote(media.pid)}/content")
        self.note("download", status)
        if status == 200 and answer[1] not in media.contents:
            self.faults.append(f"{media.pid} gave bytes that were never put there")
        if status == 404 and ABSENT not in media.contents:
            self.faults.append(f"{media.pid} was acknowledged and is not there")

    def delete(self):
        media = self.choose()
        if media is None:
            return
        status, _ = self.request("DELETE", f"/media/{quote(media.pid)}")
        self.note("delete", status)
        for copy in media.copies:
            copy.contents |= {None}
        if status == 204 or status == 404 and ABSENT in media.contents:
            media.contents = {ABSENT}
            self.gone.append(self.media.pop(media.pid))
        elif status is None or status >= 500:
            media.contents |= {ABSENT}


def store_body(store, **others):
    config = {"type": store["store_type"], **{name: value for name, value in store.items() if name != "store_type"}}
    return json.dumps({"store_config": config, **others}).encode()


def quote(pid):
    return urllib.parse.quote(pid, safe="")
