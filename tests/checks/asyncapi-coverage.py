#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/checks/asyncapi-coverage.py [FILE]: schemas/asyncapi.json by itself, and against the messages that the tests' services
published (common/bus_notes.h wrote FILE). Fails for a reference that leads nowhere, a schema of amqp/ that the document leaves
out, a kind of message that it has and nobody ever published, one published that it does not have, and a message that does not
fit its schema. Messages of others (x-sent-by) and what a run may do without (x-optional, which says why) need not come."""

import base64
import collections
import json
import pathlib
import sys

import jsonschema
import msgpack

SCHEMAS = pathlib.Path(__file__).resolve().parents[2] / "schemas"
DOCUMENT = json.loads((SCHEMAS / "asyncapi.json").read_text())
MESSAGES = DOCUMENT["components"]["messages"]
problems = []


def walk(node):
    if isinstance(node, dict):
        yield node
        for value in node.values():
            yield from walk(value)
    elif isinstance(node, list):
        for value in node:
            yield from walk(value)


def lookup(reference):
    name, _, fragment = reference.partition("#")
    node = json.loads((SCHEMAS / name).read_text()) if name else DOCUMENT
    for step in filter(None, fragment.split("/")):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def check_document():
    used = set()
    for node in walk(DOCUMENT):
        if isinstance(node.get("$ref"), str):
            used.add(node["$ref"])
            try:
                lookup(node["$ref"])
            except (KeyError, OSError):
                problems.append(f"{node['$ref']} leads nowhere")
    texts = {path.name: path.read_text() for path in (SCHEMAS / "amqp").glob("*.json")}
    for name in sorted(texts):
        if f"amqp/{name}" not in used and not any(name in text for other, text in texts.items() if other != name):
            problems.append(f"amqp/{name} is in no message")
    problems.extend(f"message {key} is in no channel" for key in MESSAGES if f"#/components/messages/{key}" not in used)
    problems.extend(f"channel {key} has no operation" for key in DOCUMENT["channels"] if f"#/channels/{key}" not in used)


def by_exchange():
    """{exchange: {type: key of the message}}; None: on queues that others name."""
    found = collections.defaultdict(dict)
    for channel in DOCUMENT["channels"].values():
        for key in channel["messages"]:
            found[channel["address"]][MESSAGES[key].get("name")] = key
    return found


def key_of(note, known):
    """Of exchanges and queues that the document does not name, events and replies may come."""
    place = known.get(note["exchange"] or note["routing_key"], known[None])
    return place.get(note["type"]) or place.get(None)


def readable(value):
    """msgpack's bin as the text that the schemas describe it as."""
    if isinstance(value, dict):
        return {name: readable(member) for name, member in value.items()}
    if isinstance(value, list):
        return [readable(member) for member in value]
    return "" if isinstance(value, (bytes, msgpack.ExtType)) else value


def body_of(note):
    body = base64.b64decode(note["body"])
    if note["content_type"] == "application/msgpack":
        return readable(msgpack.unpackb(body, strict_map_key=False))
    return json.loads(body)


class Checker:
    def __init__(self):
        resolver = jsonschema.RefResolver(SCHEMAS.as_uri() + "/asyncapi.json", DOCUMENT)
        self.validators = {(key, part): jsonschema.Draft202012Validator(message[part], resolver=resolver)
                           for key, message in MESSAGES.items() for part in ("payload", "headers") if message.get(part)}

    def misfits(self, key, part, value):
        validator = self.validators.get((key, part))
        for error in validator.iter_errors(value) if validator else ():
            yield f"{key}: {part}: {'/'.join(map(str, error.absolute_path))}: {error.message[:150]}"


def check_messages(path):
    known, checker, counts, misfits = by_exchange(), Checker(), collections.Counter(), collections.Counter()
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            note = json.loads(line)
            key = key_of(note, known)
            if key is None:
                misfits[f"{note['exchange']} {note['routing_key']}: {note['type']} was published and is not in the document"] += 1
                continue
            counts[key] += 1
            if note["body"] is not None and MESSAGES[key]["payload"]:
                misfits.update(checker.misfits(key, "payload", body_of(note)))
            misfits.update(checker.misfits(key, "headers", note["headers"]))
    problems.extend(f"{text} ({count} times)" for text, count in sorted(misfits.items())[:100])
    for key, message in MESSAGES.items():
        if not counts[key] and not {"x-sent-by", "x-optional"} & set(message):
            problems.append(f"{key}: never published")
    return sum(counts.values())


def main():
    check_document()
    total = 0
    if len(sys.argv) > 1:
        if not pathlib.Path(sys.argv[1]).exists():
            sys.exit(f"{sys.argv[1]} is not there: no test has published anything")
        total = check_messages(sys.argv[1])
    print("\n".join(problems) or f"asyncapi.json: {len(MESSAGES)} kinds of message are as they should be, {total} were published")
    sys.exit(bool(problems))


main()
