/* SPDX-License-Identifier: MIT */
#ifndef BACKGROUND_REPLAYER_H
#define BACKGROUND_REPLAYER_H

/*
 * Publishes events once more, as replays ask for it: each by one gateway, on a connection to the broker of
 * its own, so that an exchange that is not there disturbs nothing else. What dies half-way is taken up by
 * another gateway, where it had come to.
 */

struct bus_options;
struct db_pool;
struct replayer;

struct replayer *replayer_create(struct db_pool *pool, const struct bus_options *bus); /* borrowed */
void replayer_free(struct replayer *replayer);                                         /* NULL is accepted */

#endif
