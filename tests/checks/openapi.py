#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""schemas/openapi.json is a valid OpenAPI 3.1 document: by the OpenAPI Initiative's own schema, each schema by JSON
Schema 2020-12, every reference leads somewhere, no component is idle, and every example fits the schema it stands beside."""

import json
import pathlib
import sys

import jsonschema

ROOT = pathlib.Path(__file__).resolve().parents[2]
SCHEMAS = ROOT / "schemas"
DOCUMENT = json.loads((SCHEMAS / "openapi.json").read_text())
problems = []


def walk(node, place=""):
    """Every object below, with its place."""
    if isinstance(node, dict):
        yield place, node
        for name, value in node.items():
            yield from walk(value, f"{place}/{name}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from walk(value, f"{place}/{index}")


def lookup(reference):
    """What a reference from the document leads to."""
    name, _, fragment = reference.partition("#")
    node = json.loads((SCHEMAS / name).read_text()) if name else DOCUMENT
    for step in filter(None, fragment.split("/")):
        node = node[step.replace("~1", "/").replace("~0", "~")]
    return node


def check_document():
    meta = json.loads((ROOT / "tests/support/openapi-3.1.json").read_text())
    for error in jsonschema.Draft202012Validator(meta).iter_errors(DOCUMENT):
        problems.append("openapi.json/" + "/".join(map(str, error.absolute_path)) + ": " + error.message[:200])


def check_schemas():
    for path in sorted((SCHEMAS / "rest").glob("*.json")):
        try:
            jsonschema.Draft202012Validator.check_schema(json.loads(path.read_text()))
        except jsonschema.SchemaError as error:
            problems.append(f"{path.name}: {error.message}")


def check_references():
    used = set()
    for place, node in walk(DOCUMENT):
        if isinstance(node.get("$ref"), str):
            used.add(node["$ref"])
            try:
                lookup(node["$ref"])
            except (KeyError, OSError):
                problems.append(f"{place}: {node['$ref']} leads nowhere")
    for kind in ("parameters", "headers", "responses"):
        for name in DOCUMENT["components"].get(kind, {}):
            if f"#/components/{kind}/{name}" not in used:
                problems.append(f"components/{kind}/{name} is used nowhere")


def check_examples():
    """Those of media types and parameters, by the schema beside them."""
    resolver = jsonschema.RefResolver(SCHEMAS.as_uri() + "/openapi.json", DOCUMENT)
    for place, node in walk(DOCUMENT):
        if not isinstance(node.get("schema"), dict):
            continue
        examples = {name: given["value"] for name, given in node.get("examples", {}).items() if "value" in given}
        if "example" in node:
            examples["example"] = node["example"]
        validator = jsonschema.Draft202012Validator(node["schema"], resolver=resolver)
        for name, value in examples.items():
            for error in validator.iter_errors(value):
                problems.append(f"{place}: example {name}: {error.message[:200]}")


def check_operations():
    """What every operation has, so that none is half described."""
    ids = []
    for path, item in DOCUMENT["paths"].items():
        for method, operation in item.items():
            place = f"{method.upper()} {path}"
            ids.append(operation.get("operationId"))
            for wanted in ("operationId", "summary", "tags", "security", "responses"):
                if wanted not in operation:
                    problems.append(f"{place}: no {wanted}")
            if not {tag["name"] for tag in DOCUMENT["tags"]} >= set(operation.get("tags", [])):
                problems.append(f"{place}: a tag that is not described")
            if operation.get("security") and "401" not in operation["responses"]:
                problems.append(f"{place}: needs a token, but tells of no 401")
            if "default" not in operation["responses"]:
                problems.append(f"{place}: no default response")
    problems.extend(f"operationId {name} is not unique" for name in set(ids) if ids.count(name) > 1)


for check in (check_document, check_schemas, check_references, check_examples, check_operations):
    check()
print("\n".join(problems) or f"openapi.json: {len(DOCUMENT['paths'])} paths are as they should be")
sys.exit(bool(problems))
