#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Transfers of any size take the same small memory, in both services; what does not fit is refused and leaves nothing."""

import unittest

from support import transfers
from support.bodies import Body
from support.client import Client, quote
from support.system import System, wait_until

MIB = 1 << 20
SIZE = 2048 * MIB
PROCESSES = ("api-gateway-1", "store-worker-1")


class Memory(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_RAM_LIMIT": "2304MiB"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)

    def go_round(self, pid, store, own_bytes=0):
        """2 GiB up and down; then both services' peaks, less the bytes that the store itself keeps in memory."""
        body = Body(SIZE)
        for name in PROCESSES:
            self.system.reset_peak_rss(name)
        status, answer = self.client.put(pid, body, store, timeout=600)
        self.assertEqual(status, 201, answer)
        self.assertEqual(answer["checksums"]["sha256"], body.sha256)
        self.assertEqual(self.client.get(pid, timeout=600), (200, SIZE, body.sha256))
        gateway, worker = (self.system.peak_rss(name) for name in PROCESSES)
        print(f"\n2 GiB through {store['store_type']}: peak RSS gateway {gateway / MIB:.1f} MiB,"
              f" worker {(worker - own_bytes) / MIB:.1f} MiB", flush=True)
        self.assertLessEqual(gateway, 64 * MIB)
        self.assertLessEqual(worker - own_bytes, 64 * MIB)

    def remove(self, pid):
        self.assertEqual(self.client.call("DELETE", "/media/" + quote(pid))[0], 204)

    def wait_for_memory(self):
        wait_until(lambda: self.system.rss("store-worker-1") < 128 * MIB, 60, "the worker gives its memory back")

    def test_two_gibibytes_through_a_filesystem(self):
        self.go_round("large file", self.client.filesystem())
        self.remove("large file")

    def test_two_gibibytes_through_a_bucket(self):
        self.go_round("large object", self.client.bucket())
        self.remove("large object")

    def test_two_gibibytes_through_memory(self):
        self.go_round("large in memory", self.client.ram(), own_bytes=SIZE)
        self.remove("large in memory")
        self.wait_for_memory()

    def test_thirty_two_transfers_at_once_through_files_and_a_bucket(self):
        """Short ones here: buffers are as large as for long ones. tests/large/transfers.py does it with 256 MiB each."""
        gateway, worker = transfers.run(self.system, self.client, 16 * MIB)
        print(f"\n32 transfers at once: peak RSS gateway {gateway / MIB:.1f} MiB, worker {worker / MIB:.1f} MiB", flush=True)
        self.assertLessEqual(gateway, 96 * MIB)
        self.assertLessEqual(worker, 96 * MIB)

    def test_beyond_the_limit_memory_is_full_and_nothing_is_kept(self):
        status, answer = self.client.put("too large", Body(2400 * MIB), self.client.ram("full"), timeout=600)
        self.assertEqual((status, answer["code"]), (507, "storage_full"))
        self.assertEqual(self.client.status_of("too large"), "FAILED")
        self.wait_for_memory()
        wait_until(lambda: not list(self.system.spool.iterdir()), 30, "the spool is empty")


if __name__ == "__main__":
    unittest.main()
