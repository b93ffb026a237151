#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Jobs: seen over REST, cancelled while they wait, given up by the broker, and done once however often their worker dies."""

import concurrent.futures
import threading
import time
import unittest

from support.bodies import Body
from support.client import Client
from support.system import System, wait_until

MIB = 1 << 20
BROKER = "rabbitmq"
GATEWAY = "api-gateway-1"
WORKER = "store-worker-1"
BACKGROUND = "mediastore.jobs.site.default.background"


class Jobs(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.system = System(settings={"MEDIASTORE_TRANSFER_DEADLINE": "60s"})
        cls.addClassCleanup(cls.system.stop)
        cls.client = Client(cls.system)
        cls.files = cls.client.filesystem()

    def job(self, job_id):
        status, job = self.client.call("GET", f"/jobs/{job_id}")
        self.assertEqual(status, 200, job)
        return job

    def jobs(self, query=""):
        status, jobs = self.client.call("GET", f"/jobs{query}")
        self.assertEqual(status, 200, jobs)
        return jobs

    def stored_files(self):
        return [path for path in self.system.store_root.rglob("*") if path.is_file() and ".mediastore-tmp" not in path.parts]

    def put(self, pid, size=1000):
        body = Body(size)
        status, answer = self.client.put(pid, body, self.files)
        self.assertEqual(status, 201, answer)
        return body

    def test_an_upload_that_someone_waits_for_is_cancelled(self):
        """The worker gets the job only when it was cancelled already: it stores nothing, or what it has stored goes again."""
        before = self.stored_files()
        self.system.pause(WORKER)
        answers = []
        upload = threading.Thread(target=lambda: answers.append(self.client.put("unwanted", Body(8 * MIB), self.files)))
        upload.start()
        job, = wait_until(lambda: self.jobs("?pid=unwanted&state=running"), 30, "the upload has a job")
        status, job = self.client.call("POST", f"/jobs/{job['id']}/cancel")
        self.assertEqual((status, job["state"]), (200, "cancelled"))
        self.system.resume(WORKER)
        upload.join()
        self.assertEqual(answers[0][0], 409, answers)
        self.assertIn("cancelled", answers[0][1]["detail"])
        self.assertEqual(self.client.status_of("unwanted"), "FAILED")
        wait_until(lambda: self.stored_files() == before, 30, "nothing of it stays")

    def test_uploads_wait_in_the_queue_for_as_long_as_their_clients(self):
        """More than the worker takes at once, and for longer than handing over a job may take."""
        self.system.pause(WORKER)
        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            uploads = [pool.submit(self.put, f"queued {number}", MIB) for number in range(8)]
            wait_until(lambda: len(self.jobs("?kind=put&state=running")) == 8, 30, "all uploads have jobs")
            time.sleep(11)
            self.system.resume(WORKER)
            for upload in uploads:
                upload.result(30)

    def test_what_the_broker_gives_up_is_tried_again_at_once(self):
        """A job that no worker could take is a dead letter: it does not wait for an hour."""
        self.put("given up")
        self.system.pause(WORKER)  # which has its prefetch and no more
        self.client.call("DELETE", "/media?pid=given%20up")
        job, = wait_until(lambda: self.jobs("?pid=given%20up&kind=delete&state=running"), 30, "the delete is handed over")
        self.system.kill(WORKER)
        connection = self.system.amqp()
        channel = connection.channel()

        def taken():
            delivery, _, _ = channel.basic_get(BACKGROUND)
            return delivery
        delivery = wait_until(taken, 30, "the broker has it again")
        channel.basic_reject(delivery.delivery_tag, requeue=False)
        tried = wait_until(lambda: (now := self.job(job["id"]))["attempts_failed"] and now, 20, "it is known to be given up")
        self.assertEqual(tried["attempts_failed"][0]["error"]["code"], "unavailable")
        connection.close()
        self.system.start(WORKER)
        wait_until(lambda: self.job(job["id"])["state"] == "succeeded", 60, "it is done after all")
        self.assertEqual(self.job(job["id"])["attempt"], 2)

    def test_what_a_gateway_took_and_died_with_is_handed_over_by_another(self):
        self.put("taken")
        self.system.pause(BROKER)
        self.client.call("DELETE", "/media?pid=taken")
        job, = wait_until(lambda: self.jobs("?pid=taken&kind=delete&state=running"), 30, "the delete is taken")
        self.system.kill(GATEWAY)
        self.system.kill(BROKER)  # with what it had not read yet
        self.system.broker_start()
        self.system.start(GATEWAY)
        wait_until(lambda: self.job(job["id"])["state"] == "succeeded", 60, "it is done after all")

    def test_dead_letters_that_are_no_jobs_are_kept_for_people(self):
        connection = self.system.amqp()
        channel = connection.channel()
        channel.basic_publish("mediastore.dead", "", b"what is this?")

        def parked():
            return channel.basic_get("mediastore.dead.parked", auto_ack=True)[2]
        self.assertEqual(wait_until(parked, 20, "it is parked"), b"what is this?")
        connection.close()

    def test_a_job_whose_worker_dies_is_done_once(self):
        """The broker delivers it again; the attempt is the same, and one result is recorded."""
        self.put("worker dies")
        self.system.pause(WORKER)
        self.client.call("DELETE", "/media?pid=worker%20dies")
        job, = wait_until(lambda: self.jobs("?pid=worker%20dies&kind=delete&state=running"), 30, "the delete is handed over")
        self.system.kill(WORKER)
        self.system.start(WORKER)
        done = wait_until(lambda: (now := self.job(job["id"]))["state"] == "succeeded" and now, 60, "it is done")
        self.assertEqual((done["attempt"], done["attempts_failed"]), (1, []))


if __name__ == "__main__":
    unittest.main()
