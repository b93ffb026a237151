/* SPDX-License-Identifier: MIT */
#include "domain/record_deliver.h"

#include "db/delivery_repo.h"

enum { HTTP_GONE = 410 };

static struct delivery_answer answer_of(const struct record *record)
{
	if (!record->result)
		return (struct delivery_answer){0};
	return (struct delivery_answer){record->result->status, record->result->answer};
}

int record_deliver_done(struct record *record, struct error *err)
{
	struct delivery_answer answer = answer_of(record);
	return delivery_told(record->conn, record->job.id, &answer, err);
}

int record_deliver_failed(struct record *record, struct error *err)
{
	struct delivery_answer answer = answer_of(record);
	struct error why = record->failure;
	if (why.code == ERROR_NONE)
		error_set(&why, ERROR_CANCELLED, "the job was cancelled");
	if (delivery_missed(record->conn, record->job.id, true, &answer, &why, err))
		return -1;
	return answer.status == HTTP_GONE
		       ? delivery_disable(record->conn, record->job.id, "the target answered 410 (gone)", err)
		       : 0;
}

int record_deliver_missed(struct record *record, struct error *err)
{
	struct delivery_answer answer = answer_of(record);
	if (record->job.kind != JOB_DELIVER || record->outcome == RECORD_IGNORED)
		return 0;
	return delivery_missed(record->conn, record->job.id, false, &answer, &record->failure, err);
}
