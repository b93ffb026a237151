# SPDX-License-Identifier: MIT
"""What README.md tells a newcomer to type works as it stands there."""

import os
import re
import shutil
import subprocess
import unittest

from support.system import ROOT, System

MARK = "<!-- tests/integration/test_readme.py runs these lines -->\n```sh\n"


class Readme(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)

    def setUp(self):
        self.clone = self.system.directory / "clone"
        self.clone.mkdir()
        self.addCleanup(shutil.rmtree, self.clone)
        shutil.copy(ROOT / "README.md", self.clone)
        (self.clone / ".run").symlink_to(self.system.run)

    def run_lines(self, lines, **environment):
        done = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=self.clone, env={**os.environ, **environment},
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120)
        self.assertEqual(0, done.returncode, f"{done.stdout}\n{self.system.log_tails(10)}")

    def test_the_shell_lines_upload_and_download_on_each_kind_of_store_and_every_event_is_heard(self):
        server = self.system.s3()
        bucket = self.system.make_bucket("readme")
        blocks = re.findall(re.escape(MARK) + r"(.*?)```\n", (ROOT / "README.md").read_text(), re.DOTALL)
        self.assertEqual(2, len(blocks))
        events = self.system.subscribe("media.#")

        self.run_lines("".join(blocks), S3_URL=server["endpoint"], S3_ACCESS_KEY=server["access_key"],
                       S3_SECRET_KEY=server["secret_key"], S3_BUCKET=bucket)

        for pid in ("first-file", "in-memory", "in-a-bucket"):
            for what in ("created", "ready"):
                events.wait_for(lambda message: message.routing_key.startswith(f"media.{what}.") and
                                message.json["pid"] == pid)


if __name__ == "__main__":
    unittest.main()
