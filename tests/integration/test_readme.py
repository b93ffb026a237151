# SPDX-License-Identifier: MIT
"""What README.md and docs/bus.md tell a newcomer to type works as it stands there."""

import os
import re
import select
import shutil
import subprocess
import unittest

from support.system import ROOT, System

MARK = "<!-- tests/integration/test_readme.py runs these lines -->\n```sh\n"
PROGRAM = re.compile(r"<!-- tests/integration/test_readme.py runs these: (\S+) -->\n```\w+\n(.*?)```\n", re.DOTALL)


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

    def programs(self):
        """The command of each program of docs/bus.md, by name."""
        commands = {}
        for name, text in PROGRAM.findall((ROOT / "docs/bus.md").read_text()):
            path = self.clone / name
            path.write_text(text)
            commands[name] = {".py": ["/usr/bin/python3", str(path)], ".sh": ["sh", str(path)], ".c": [str(path)[:-2]]}[path.suffix]
            if path.suffix == ".c":
                subprocess.run(["cc", "-Wall", "-Werror", "-o", str(path)[:-2], str(path), "-lrabbitmq"], check=True)
        return commands

    def heard(self, subscribers, token):
        """The first line of each subscriber. Media are created until all have bound their queues and heard of one."""
        lines = {}
        for number in range(300):
            self.system.request("POST", "/api/media", token=token, body={
                "pid": f"heard {number}", "pid_type": "DEFAULT", "store_config": {"type": "FilesystemStore", "bucket": "demo"}})
            waiting = {subscriber.stdout: name for name, subscriber in subscribers.items() if name not in lines}
            for output in select.select(list(waiting), [], [], 0.5)[0]:
                lines[waiting[output]] = output.readline()
            if len(lines) == len(subscribers):
                break
        return lines

    def test_the_programs_about_the_bus_publish_and_subscribe(self):
        commands = self.programs()
        self.assertEqual({"publish.c", "publish.py", "publish.sh", "subscribe.c", "subscribe.py", "subscribe.sh"}, set(commands))
        token = self.system.login()
        environment = {**os.environ, "AMQP_URL": self.system.amqp_url, "TOKEN": token}
        requests = self.system.subscribe("media.read", exchange="mediastore.requests")
        subscribers = {name: subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
                       for name, command in commands.items() if name.startswith("subscribe")}
        try:
            lines = self.heard(subscribers, token)
            self.assertEqual(set(lines), set(subscribers))
            for name, line in lines.items():
                self.assertIn('"pid" : "heard ', line, name)
        finally:
            for subscriber in subscribers.values():
                subscriber.kill()
                subscriber.wait()
                subscriber.stdout.close()
        for name in filter(lambda name: name.startswith("publish"), commands):
            subprocess.run(commands[name], env=environment, check=True, timeout=300, stdin=subprocess.DEVNULL)
            message = requests.wait_for(lambda m: True)
            self.assertEqual(message.json, {"kind": "media.read", "token": token, "data": ["first-file"]}, name)
            self.assertEqual((message.properties.content_type, message.properties.delivery_mode), ("application/json", 2))
            requests.messages.clear()


if __name__ == "__main__":
    unittest.main()
