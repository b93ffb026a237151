#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""tests/checks/openapi-coverage.py FILE: what the tests' gateways answered (http/coverage.h wrote it) against
schemas/openapi.json. Fails for a route or an answer code of the document that was never given, for an answer that the
document does not have (server errors may be its `default`), and for a reply that did not fit its schema."""

import collections
import json
import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
ALWAYS_DEFAULT = {408, 429}  # besides 5xx: not of a route, but of the moment


IDEMPOTENT = {"$ref": "#/components/parameters/IdempotencyKey"}  # which tells of its 409 itself


def documented():
    """{(METHOD, path): set of codes}, and the routes that take an Idempotency-Key."""
    paths = json.loads((ROOT / "schemas/openapi.json").read_text())["paths"]
    operations = {(method.upper(), path): operation for path, item in paths.items() for method, operation in item.items()}
    return ({route: set(operation["responses"]) for route, operation in operations.items()},
            {route for route, operation in operations.items() if IDEMPOTENT in operation.get("parameters", [])})


def given(path):
    """{(METHOD, path): Counter of codes}, and the replies that did not fit."""
    answers, misfits = collections.defaultdict(collections.Counter), set()
    for line in pathlib.Path(path).read_text().splitlines():
        reply = json.loads(line)
        if reply["pattern"] is None:
            continue
        route = (reply["method"], reply["pattern"].replace("...", ""))
        answers[route][reply["status"]] += 1
        if reply["body"] == "misfits":
            misfits.add(f"{route[0]} {route[1]}: a {reply['status']} did not fit its schema")
    return answers, misfits


def compare(document, idempotent, answers):
    for route, codes in sorted(document.items()):
        name = " ".join(route)
        if route not in answers:
            yield f"{name}: never asked"
            continue
        for code in sorted(codes - {"default"} - {str(status) for status in answers[route]}):
            yield f"{name}: never answered {code}"
    for route, counts in sorted(answers.items()):
        for status in sorted(counts):
            by_default = status >= 500 or status in ALWAYS_DEFAULT or (status == 409 and route in idempotent)
            if str(status) not in document.get(route, ()) and not (by_default and route in document):
                yield f"{' '.join(route)}: answered {status}, which the document does not have"


def main():
    if not pathlib.Path(sys.argv[1]).exists():
        sys.exit(f"{sys.argv[1]} is not there: no test has asked a gateway anything")
    (document, idempotent), (answers, misfits) = documented(), given(sys.argv[1])
    problems = [*compare(document, idempotent, answers), *sorted(misfits)]
    total = sum(sum(counts.values()) for counts in answers.values())
    print("\n".join(problems) or f"{total} replies of {len(document)} operations: every documented answer was given, no other")
    sys.exit(bool(problems))


main()
