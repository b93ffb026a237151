# SPDX-License-Identifier: MIT
"""What must hold when all is quiet again. Each check yields one line per difference."""

import collections

from chaos.load import ABSENT
from support.client import s3_list, s3_multiparts
from support.system import wait_until

QUIET_SECONDS = 240
RSS_MAX = 96 << 20
DESCRIPTORS_SPARE = 40


def wait_for_quiet(chaos):
    """Nothing left to do: no job, no event unsent, no media undecided; yields what is still open at the end."""
    queries = {
        "a job is open": "SELECT id, kind, state, attempt, error_code FROM job WHERE state IN ('queued', 'running')",
        "an event is not sent": "SELECT id FROM outbox UNION ALL"
                               " SELECT seq FROM event WHERE seq > (SELECT seq FROM event_published)",
        "a media is undecided": "SELECT pid, store_status, updated FROM media WHERE store_status = 'PENDING'",
    }

    def open_things():
        return {what: rows for what, query in queries.items() if (rows := chaos.system.psql(query + " LIMIT 20"))}
    try:
        wait_until(lambda: not open_things(), QUIET_SECONDS, "all is quiet")
    except AssertionError:
        pass
    for what, rows in open_things().items():
        yield from (f"{what}: {' '.join(row)}" for row in rows)


def media_are_as_acknowledged(chaos):
    for media in chaos.all_media():
        row = chaos.client.media(media.pid)
        yield from (f"{media.pid} ({', '.join(sorted(media.types))}): {problem}" for problem in judge(chaos, media, row))


def judge(chaos, media, row):
    if row is None:
        if ABSENT not in media.contents:
            yield f"acknowledged, and not there ({len(media.contents)} possible contents)"
        return
    if media.contents == {ABSENT}:
        yield f"deleted, and there again: {row['store_status']}"
        return
    number = row["metadata"].get("chaos", {}).get("number")
    if number not in media.numbers:
        yield f"its metadata says {number}, of {sorted(map(str, media.numbers))}"
    status, lossy = row["store_status"], media.may_be_lost()
    if status == "READY":
        yield from judge_bytes(chaos, media, row)
    elif status == "LOST" and not lossy or status == "CORRUPT":
        yield f"is {status}"
    elif None not in media.contents and not lossy:
        yield f"acknowledged with bytes, and is {status}"


def judge_bytes(chaos, media, row):
    sha256 = row["checksums"]["sha256"]
    if sha256 not in media.contents:
        yield "READY with bytes that were refused or never sent"
    status, size, got = chaos.client.get(media.pid)
    if status == 409 and media.may_be_lost():
        return
    if (status, size, got) != (200, row["size"], sha256):
        yield f"READY, and its bytes are not: {status}, {size} of {row['size']} bytes"


def objects_are_referenced(chaos):
    """What lies in a store belongs to a row that is READY."""
    known = {key for key, in chaos.system.psql("SELECT store_key FROM media WHERE store_status = 'READY'")}

    def files():
        root = chaos.system.store_root / "files"
        return {str(path.relative_to(root)) for path in root.rglob("*")
                if path.is_file() and ".mediastore-tmp" not in path.parts}

    def objects():
        return set(s3_list(chaos.s3, chaos.bucket))
    for where, listed in (("the filesystem", files), ("the bucket", objects)):
        try:
            wait_until(lambda listed=listed: listed() <= known, 60, "nothing unreferenced is left")
        except AssertionError:
            yield from (f"{where} holds {key}, which no media names" for key in sorted(listed() - known)[:20])
        here = {key for key, in chaos.system.psql(
            "SELECT m.store_key FROM media m JOIN store s ON s.pk = m.store WHERE m.store_status = 'READY' AND s.type = $1",
            "FilesystemStore" if where == "the filesystem" else "BucketStore")}
        yield from (f"{where} lacks {key}" for key in sorted(here - listed())[:20])
    yield from (f"a multipart upload is left: {line}" for line in s3_multiparts(chaos.s3, chaos.bucket))


def spool_is_empty(chaos):
    def left():
        return [path for path in chaos.system.spool.rglob("*") if path.is_file()]
    try:
        wait_until(lambda: not left(), 60, "the spool is empty")
    except AssertionError:
        yield from (f"left in the spool: {path.name}" for path in left()[:20])


def events_are_complete(chaos):
    """Each committed change has its event, seq has no gaps, each media's events come in its order, history agrees."""
    first, last = chaos.events_before + 1, chaos.events_given()
    try:
        wait_until(lambda: not chaos.listener.missing(first, last), 60, "all events arrive")
    except AssertionError:
        yield f"of the events {first} to {last} these did not come: {chaos.listener.missing(first, last)[:20]}"
    yield from chaos.listener.wrong
    versions, told = collections.defaultdict(int), set()
    for _, event in chaos.listener.events:
        if "pid" not in event or "version" not in event:
            continue
        pid, version = event["pid"], int(event["version"])
        told.add((pid, version, event["op"]))
        if version < versions[pid]:
            yield f"the events of {pid} are out of order: {version} after {versions[pid]}"
        versions[pid] = version if event["op"] != "delete" else 0
    for pid, version, op in chaos.system.psql("SELECT pid, version, op FROM media_history WHERE pid LIKE 'client %'"):
        if (pid, int(version), op) not in told:
            yield f"history has {op} of {pid}, version {version}, and no event tells of it"


def webhooks_were_told(chaos):
    """Of each event that the webhook wants, or it is listed as failed; and of no other."""
    receiver, last = chaos.receiver, chaos.events_given()

    def told():
        hook = receiver.state()
        return hook["active"] and hook["seq"] >= last and hook["pending"] == 0
    try:
        wait_until(told, QUIET_SECONDS, "nothing waits for the webhook")
    except AssertionError:
        yield f"the webhook is behind: {receiver.state()}, {last} events"
    yield from receiver.wrong
    wanted, taken = chaos.listener.ids(receiver.wants, receiver.after), set(receiver.taken)
    yield from (f"the webhook was not told of {event}" for event in sorted(wanted - taken - receiver.failed())[:20])
    yield from (f"the webhook was told of {event}, which it did not want" for event in sorted(taken - wanted)[:20])


def processes_are_small(chaos):
    for name in chaos.services():
        count = chaos.descriptors(name)
        if count > chaos.descriptors_before[name] + DESCRIPTORS_SPARE:
            yield f"{name} has {count} descriptors open, {chaos.descriptors_before[name]} at the start"
        kept = chaos.ram_bytes() if name.startswith("store-worker") else 0
        if chaos.system.rss(name) > RSS_MAX + kept:
            yield f"{name} takes {chaos.system.rss(name) >> 20} MiB"


CHECKS = [wait_for_quiet, media_are_as_acknowledged, objects_are_referenced, spool_is_empty, events_are_complete,
          webhooks_were_told, processes_are_small]
