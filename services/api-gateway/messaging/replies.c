/* SPDX-License-Identifier: MIT */
#include "messaging/replies.h"

#include "common/cleanup.h"
#include "common/clock.h"
#include "common/memory.h"

#include <string.h>

enum { BUCKETS = 256 };

struct reply {
	struct replies *table;
	struct reply *next;
	const char *job_id;
	struct bus_delivery *delivery; /* NULL until it is there */
	pthread_cond_t arrived;
};

struct replies {
	pthread_mutex_t lock;
	struct reply *buckets[BUCKETS];
};

struct replies *replies_create(void)
{
	struct replies *replies = memory_alloc(sizeof(*replies));
	pthread_mutex_init(&replies->lock, NULL);
	return replies;
}

void replies_free(struct replies *replies)
{
	if (!replies)
		return;
	pthread_mutex_destroy(&replies->lock);
	free(replies);
}

/* FNV-1a */
static struct reply **bucket_of(struct replies *replies, const char *job_id)
{
	uint32_t hash = 2166136261u;
	for (; *job_id; job_id++)
		hash = (hash ^ (unsigned char)*job_id) * 16777619u;
	return &replies->buckets[hash % BUCKETS];
}

struct reply *reply_expect(struct replies *replies, const char *job_id)
{
	struct reply *reply = memory_alloc(sizeof(*reply));
	pthread_condattr_t monotonic;
	pthread_condattr_init(&monotonic);
	pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
	pthread_cond_init(&reply->arrived, &monotonic);
	pthread_condattr_destroy(&monotonic);
	reply->table = replies;
	reply->job_id = job_id;

	LOCK_SCOPE(&replies->lock);
	struct reply **bucket = bucket_of(replies, job_id);
	reply->next = *bucket;
	*bucket = reply;
	return reply;
}

int reply_wait(struct reply *reply, int64_t deadline_ms, struct bus_delivery **out, struct error *err)
{
	struct timespec deadline = clock_timespec(deadline_ms);
	LOCK_SCOPE(&reply->table->lock);
	while (!reply->delivery)
		if (pthread_cond_timedwait(&reply->arrived, &reply->table->lock, &deadline))
			break;
	if (!reply->delivery)
		return error_set(err, ERROR_DEADLINE, "no worker has answered in time");
	*out = TAKE(reply->delivery);
	return 0;
}

void reply_forget(struct reply *reply)
{
	if (!reply)
		return;
	struct replies *replies = reply->table;
	pthread_mutex_lock(&replies->lock);
	struct reply **at = bucket_of(replies, reply->job_id);
	while (*at != reply)
		at = &(*at)->next;
	*at = reply->next;
	pthread_mutex_unlock(&replies->lock);
	if (reply->delivery)
		bus_delivery_settle(reply->delivery, BUS_REQUEUE);
	pthread_cond_destroy(&reply->arrived);
	free(reply);
}

void reply_cleanup(struct reply **reply)
{
	reply_forget(*reply);
}

bool replies_offer(struct replies *replies, struct bus_delivery *delivery)
{
	LOCK_SCOPE(&replies->lock);
	struct reply *reply = *bucket_of(replies, delivery->correlation_id);
	while (reply && strcmp(reply->job_id, delivery->correlation_id) != 0)
		reply = reply->next;
	if (!reply || reply->delivery)
		return false;
	reply->delivery = delivery;
	pthread_cond_signal(&reply->arrived);
	return true;
}
