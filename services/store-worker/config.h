/* SPDX-License-Identifier: MIT */
#ifndef CONFIG_H
#define CONFIG_H

/* The store-worker's settings. The table in config.c is what .env.example is made of. */

#include "common/service_settings.h"

struct config {
	SERVICE_SETTINGS_FIELDS;
	char *spool_dir;    /* NULL: not shared with the gateways */
	char *listen, *url; /* url NULL: made of the address */
	char *store_root;
	char *sites, *sqlite_journal;
	int64_t ram_limit, s3_part_size, s3_parallel_parts, source_max, read_back_max;
	char *s3_ca_file, *s3_proxy, *webhook_networks;
	int64_t webhook_threads, webhook_timeout_ms;
	int64_t quick_threads, stream_threads, background_threads, http_threads;
	int64_t stop_timeout_ms;

	const char **site_list; /* the names in `sites`; ends with NULL */
};

extern const struct setting CONFIG_TABLE[];

/* Reads the environment into a zeroed config. -1: `problems` has a line for each. Release it in both cases.
 */
int config_load(struct config *config, struct buf *problems);
void config_release(struct config *config);

#endif
