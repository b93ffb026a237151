#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Resumable uploads by a client that nobody here wrote: npm's tus-js-client (support/tus_js_client), which CMake fetches."""

import hashlib
import json
import os
import pathlib
import secrets
import signal
import subprocess
import unittest

from support.client import Client
from support.system import System

UPLOADER = pathlib.Path(__file__).resolve().parents[1] / "support/tus_js_client/upload.js"
MIB = 1 << 20


class TusJsClient(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def make_file(self, name, size):
        path = self.system.directory / name
        path.write_bytes(secrets.token_bytes(size))
        return path

    def begin(self, path, pid, **settings):
        metadata = {"pid": pid, "filetype": "image/tiff", **self.client.filesystem()}
        environment = {**os.environ, "TUS_TOKEN": self.client.token, "TUS_METADATA": json.dumps(metadata), **settings}
        uploader = subprocess.Popen(["node", UPLOADER, path, self.system.url + "/api/uploads", f"{path}.state"],
                                    env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        self.addCleanup(self.end, uploader)
        return uploader

    @staticmethod
    def end(uploader):
        uploader.kill()
        uploader.wait()
        uploader.stdout.close()

    def finish(self, uploader):
        output = uploader.communicate(timeout=600)[0]
        self.assertEqual(uploader.returncode, 0, output)
        self.assertIn("\ndone " + self.system.url + "/api/uploads/", "\n" + output)
        return output

    def assert_ready(self, pid, path):
        self.client.wait_for_status(pid, "READY")
        content = path.read_bytes()
        self.assertEqual(self.client.get(pid), (200, len(content), hashlib.sha256(content).hexdigest()))
        self.assertEqual(self.client.media(pid)["content_type"], "image/tiff")

    def test_a_client_that_is_killed_goes_on(self):
        path = self.make_file("killed", 64 * MIB)
        uploader = self.begin(path, "client killed", TUS_KILL_AT=str(24 * MIB))
        uploader.communicate(timeout=600)
        self.assertEqual(uploader.returncode, -signal.SIGKILL)
        self.assertIsNone(self.client.media("client killed"))
        self.assertIn("resumed\n", self.finish(self.begin(path, "client killed")))
        self.assert_ready("client killed", path)

    def test_a_gateway_that_is_killed_is_waited_for(self):
        path = self.make_file("gateway", 64 * MIB)
        uploader = self.begin(path, "gateway killed", TUS_CHUNK=str(4 * MIB))
        for line in uploader.stdout:
            if line.startswith("chunk ") and int(line.split()[1]) >= 16 * MIB:
                break
        self.system.kill("api-gateway-1")
        self.system.start("api-gateway-1")
        self.finish(uploader)
        self.assert_ready("gateway killed", path)

    def test_parts_side_by_side_become_one(self):
        path = self.make_file("parallel", 9 * MIB + 1)
        self.finish(self.begin(path, "in parallel", TUS_PARALLEL="3"))
        self.assert_ready("in parallel", path)


if __name__ == "__main__":
    unittest.main()
