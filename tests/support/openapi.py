# SPDX-License-Identifier: MIT
"""The served openapi.json as a judge: whether an answer is one that the document promises."""

import re

import jsonschema


class Document:
    def __init__(self, system):
        status, headers, self.json = system.request("GET", "/api/openapi.json")
        assert status == 200 and headers["Content-Type"] == "application/json", (status, headers)
        self._resolver = jsonschema.RefResolver("", self.json)
        self._paths = [(re.compile(re.sub(r"\\{(\w+)\\}", r".+", re.escape(path)) + "$"), path) for path in self.json["paths"]]
        self._paths.sort(key=lambda row: (row[1].count("{"), -len(row[1])))

    def operation(self, method, path):
        """The operation that a request falls to: of several, the one with the most letters of its own."""
        for pattern, name in self._paths:
            if pattern.match(path.partition("?")[0]) and method.lower() in self.json["paths"][name]:
                return self.json["paths"][name][method.lower()]
        raise AssertionError(f"{method} {path} is not in the document")

    def _follow(self, node):
        return self._resolver.resolve(node["$ref"])[1] if "$ref" in node else node

    def check(self, method, path, status, headers, body):
        """Raises when the document has no such answer, or another one."""
        answers = self.operation(method, path)["responses"]
        said = f"{method} {path}: {status}"
        assert str(status) in answers or status >= 500, f"{said} is not documented"
        answer = self._follow(answers.get(str(status)) or answers["default"])
        for name, header in answer.get("headers", {}).items():
            assert name in headers or not self._follow(header).get("required"), f"{said} came without {name}"
        if "content" not in answer or method == "HEAD":
            assert body == b"", f"{said} came with a body"
            return
        kind = headers.get("Content-Type", "").partition(";")[0]
        content = answer["content"].get(kind) or answer["content"].get("*/*") or answer["content"].get("application/octet-stream")
        assert content, f"{said} came as {kind}"
        if kind == "application/json":
            jsonschema.Draft202012Validator(content["schema"], resolver=self._resolver).validate(body)
