# SPDX-License-Identifier: MIT
"""scripts/up and scripts/down: repeated, adjusted, interrupted."""

import os
import pathlib
import stat
import subprocess
import unittest

from support.system import ROOT, System

PROCESSES = ("postgres", "epmd", "rabbitmq", "api-gateway-1", "store-worker-1")
FACTS = ("MEDIASTORE_URL", "MEDIASTORE_ADMIN_USERNAME", "MEDIASTORE_ADMIN_PASSWORD", "DATABASE_URL", "AMQP_URL",
         "MEDIASTORE_STORE_ROOT", "GATEWAY_PIDS", "WORKER_PIDS")


def listening_addresses(pid):
    """The local addresses, in the kernel's hexadecimal, on which a process listens."""
    sockets = set()
    for entry in pathlib.Path(f"/proc/{pid}/fd").iterdir():
        try:
            target = os.readlink(entry)
        except FileNotFoundError:
            continue
        if target.startswith("socket:["):
            sockets.add(target[8:-1])
    addresses = set()
    for table in ("tcp", "tcp6"):
        for line in pathlib.Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and fields[9] in sockets:
                addresses.add(fields[1].split(":")[0])
    return addresses


class Scripts(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System()
        cls.addClassCleanup(cls.system.stop)

    def setUp(self):
        self.system.gateways = self.system.workers = 1
        self.system.up()

    def down(self, *arguments):
        return subprocess.run([ROOT / "scripts/down", *arguments], timeout=120, stdin=subprocess.DEVNULL,
                              env={**os.environ, "MEDIASTORE_RUN_DIR": str(self.system.run)}, check=True,
                              stdout=subprocess.PIPE, text=True).stdout

    def pids(self):
        return {name: self.system.pid(name) for name in PROCESSES}

    def test_the_facts_are_complete_and_readable_by_the_owner_alone(self):
        self.assertEqual(0o600, stat.S_IMODE((self.system.run / "env").stat().st_mode))
        for name in FACTS:
            self.assertTrue(self.system.env.get(name), name)
        self.assertEqual([str(self.system.pid("store-worker-1"))], self.system.env["WORKER_PIDS"].split())
        self.assertTrue(self.system.store_root.is_dir())

    def test_everything_listens_on_loopback_only(self):
        loopback = {"0100007F", "00000000000000000000000001000000"}
        for name in PROCESSES:
            addresses = listening_addresses(self.system.pid(name))
            self.assertTrue(addresses, f"{name} listens nowhere")
            self.assertLessEqual(addresses, loopback, name)

    def test_up_again_leaves_alone_what_lives(self):
        before = self.pids()
        self.system.up()
        self.assertEqual(before, self.pids())

    def test_up_brings_back_what_was_killed_and_only_that(self):
        before = self.pids()
        self.system.kill("store-worker-1")
        self.system.kill("api-gateway-1")
        self.system.up()
        after = self.pids()
        self.assertEqual({"store-worker-1", "api-gateway-1"}, {name for name in after if after[name] != before[name]})

    def test_up_brings_back_a_killed_database_with_its_rows(self):
        self.system.psql("CREATE TABLE kept (word text)")
        self.addCleanup(self.system.psql, "DROP TABLE kept")
        self.system.psql("INSERT INTO kept VALUES ('still here')")
        self.system.kill("postgres")
        self.system.up()
        self.assertEqual([["still here"]], self.system.psql("SELECT word FROM kept"))

    def test_the_numbers_are_adjusted_and_then_kept(self):
        first = self.system.pid("api-gateway-1")
        self.system.gateways, self.system.workers = 2, 3
        self.system.up()
        subprocess.run([ROOT / "scripts/up"], env=self.system._environment(), check=True, timeout=120,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.system._read_env()
        self.assertEqual((2, 3), (len(self.system.env["GATEWAY_PIDS"].split()), len(self.system.env["WORKER_PIDS"].split())))
        self.assertEqual(first, self.system.pid("api-gateway-1"))
        for url in self.system.gateway_urls:
            self.assertEqual(200, self.system.request("GET", "/readyz", url=url)[0])
        self.system.gateways, self.system.workers = 1, 1
        self.system.up()
        self.assertEqual(str(first), self.system.env["GATEWAY_PIDS"])

    def test_a_setting_is_taken_over_at_once_and_holds_for_later_runs(self):
        self.system.up(MEDIASTORE_LOG_FORMAT="json")
        del self.system.settings["MEDIASTORE_LOG_FORMAT"]
        self.addCleanup(self.system.settings.pop, "MEDIASTORE_LOG_FORMAT", None)
        self.addCleanup(self.system.up, MEDIASTORE_LOG_FORMAT="")
        pid = self.system.pid("store-worker-1")
        self.system.up()
        self.assertEqual(pid, self.system.pid("store-worker-1"))
        environment = pathlib.Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
        self.assertIn(b"MEDIASTORE_LOG_FORMAT=json", environment)

    def test_down_stops_everything_and_a_second_time_harms_nothing(self):
        before = self.pids()
        self.down()
        self.assertEqual([], [name for name, pid in before.items() if pathlib.Path(f"/proc/{pid}/exe").exists()])
        self.assertIn("stopped", self.down())

    def test_a_stranger_that_has_the_pid_is_left_alone(self):
        stranger = subprocess.Popen(["sleep", "60"])
        self.addCleanup(stranger.wait)
        self.addCleanup(stranger.kill)
        file = self.system.run / "pids/store-worker-1"
        self.system.kill("store-worker-1")
        file.write_text(f"{stranger.pid}\n{file.read_text().split()[1]}\n")
        self.down()
        self.assertIsNone(stranger.poll())


if __name__ == "__main__":
    unittest.main()
