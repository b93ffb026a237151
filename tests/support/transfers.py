# SPDX-License-Identifier: MIT
"""Many transfers at once: uploads and downloads, through a FilesystemStore and a bucket."""

import concurrent.futures

from support.bodies import Body, sha256_of
from support.client import quote

EACH = 8  # of uploads and of downloads, per store


def run(system, client, size):
    """32 transfers of that size, all checked; returns the peak memory of gateway and worker in bytes."""
    stores = {"files": client.filesystem(), "bucket": client.bucket()}
    for name, store in stores.items():
        assert client.put(f"there {name}", Body(size), store, timeout=600)[0] == 201
    expected = sha256_of(size)
    names = ("api-gateway-1", "store-worker-1")
    for process in names:
        system.reset_peak_rss(process)

    def upload(name, number):
        body = Body(size)
        status, answer = client.put(f"up {name} {number}", body, stores[name], timeout=900)
        assert status == 201, answer
        assert answer["checksums"]["sha256"] == expected

    def download(name, number):
        assert client.get(f"there {name}", timeout=900) == (200, size, expected), number

    with concurrent.futures.ThreadPoolExecutor(4 * EACH) as pool:
        jobs = [pool.submit(work, name, number) for number in range(EACH) for name in stores for work in (upload, download)]
        for job in jobs:
            job.result()
    peaks = [system.peak_rss(process) for process in names]
    for name in stores:
        for number in range(EACH):
            assert client.call("DELETE", "/media/" + quote(f"up {name} {number}"))[0] == 204
    return peaks
