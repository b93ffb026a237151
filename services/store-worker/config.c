/* SPDX-License-Identifier: MIT */
#include "config.h"

#include "common/buf.h"
#include "common/memory.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROW(env, kind, field, preset, help) SETTING(env, kind, struct config, field, preset, help)
#define ROW_BETWEEN(env, kind, field, preset, low, high, help)                                               \
	SETTING_BETWEEN(env, kind, struct config, field, preset, low, high, help)

enum { SECOND = 1000, MEBIBYTE = 1 << 20, SITES_MAX = 64, SITE_NAME_MAX = 64 };

const struct setting CONFIG_TABLE[] = {SERVICE_SETTINGS(struct config),
	ROW("MEDIASTORE_SPOOL_DIR", PATH, spool_dir, NULL,
		"where the gateways keep uploads, if this worker sees that directory: saves a copy"),

	ROW("MEDIASTORE_WORKER_LISTEN", ENDPOINT, listen, "127.0.0.1:8082",
		"address at which gateways fetch bytes, with /livez, /readyz and /metrics"),
	ROW("MEDIASTORE_WORKER_URL", TEXT, url, NULL,
		"how gateways reach that address; default: http:// and the address itself"),
	ROW("MEDIASTORE_STORE_ROOT", PATH, store_root, SETTING_REQUIRED,
		"path stores live below this directory and cannot leave it"),
	ROW("MEDIASTORE_SITES", TEXT, sites, "default",
		"sites whose path stores and RAM stores this worker serves, separated by commas"),
	ROW_BETWEEN("MEDIASTORE_RAM_LIMIT", SIZE, ram_limit, "1GiB", 0, INT64_MAX,
		"memory for the objects of all DictStores together"),
	SETTING_CHOICE("MEDIASTORE_SQLITE_JOURNAL", struct config, sqlite_journal, "wal", "wal|delete",
		"journal of SqliteStores; delete where several machines share one over a network file "
		"system"),
	ROW_BETWEEN("MEDIASTORE_QUICK_THREADS", INTEGER, quick_threads, "8", 1, 256,
		"jobs at once for which someone waits and few bytes move"),
	ROW_BETWEEN("MEDIASTORE_STREAM_THREADS", INTEGER, stream_threads, "4", 1, 256,
		"jobs at once for which someone waits and many bytes move"),
	ROW_BETWEEN("MEDIASTORE_BACKGROUND_THREADS", INTEGER, background_threads, "4", 1, 256,
		"jobs at once for which nobody waits"),
	ROW_BETWEEN("MEDIASTORE_WORKER_HTTP_THREADS", INTEGER, http_threads, "32", 2, 1024,
		"connections served at once: downloads of large objects"),
	ROW_BETWEEN("MEDIASTORE_S3_PART_SIZE", SIZE, s3_part_size, "8MiB", 5 * (int64_t)MEBIBYTE,
		5 * 1024 * (int64_t)MEBIBYTE, "larger objects go to S3 in parts of this size"),
	ROW_BETWEEN("MEDIASTORE_S3_PARALLEL_PARTS", INTEGER, s3_parallel_parts, "2", 1, 16,
		"parts of one object that are held, read and sent at once"),
	ROW("MEDIASTORE_S3_CA_FILE", PATH, s3_ca_file, NULL,
		"certificates that vouch for S3 servers, in place of the system's"),
	ROW("MEDIASTORE_S3_PROXY", TEXT, s3_proxy, NULL, "proxy on the way to S3 servers: http://host:port"),
	ROW_BETWEEN("MEDIASTORE_READ_BACK_MAX", SIZE, read_back_max, "1MiB", 0, INT64_MAX,
		"objects up to this size are read back from their store when they have been put, and "
		"compared "
		"again; larger ones are compared while they are written"),
	ROW_BETWEEN("MEDIASTORE_SOURCE_MAX", SIZE, source_max, "1TiB", 1, INT64_C(1) << 50,
		"largest object that is fetched from a URL of MEDIASTORE_SOURCES"),
	ROW("MEDIASTORE_WEBHOOK_NETWORKS", TEXT, webhook_networks, NULL,
		"addresses and networks that webhooks may lead to besides the public internet, with commas "
		"between: "
		"10.0.0.0/8,127.0.0.1; default: none"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_TIMEOUT", DURATION, webhook_timeout_ms, "10s", 100, 3600 * SECOND,
		"how long the target of a webhook has to answer"),
	ROW_BETWEEN("MEDIASTORE_WEBHOOK_THREADS", INTEGER, webhook_threads, "8", 1, 256,
		"webhooks that are told of an event at once"),
	ROW_BETWEEN("MEDIASTORE_STOP_TIMEOUT", DURATION, stop_timeout_ms, "30s", 0, 3600 * SECOND,
		"how long a worker that is stopped finishes what it has begun"),
	SETTING_END};

static bool is_site(const char *name)
{
	size_t length = strlen(name);
	for (const char *at = name; *at; at++)
		if (!isalnum((unsigned char)*at) && !strchr("-_.", *at))
			return false;
	return length > 0 && length <= SITE_NAME_MAX;
}

/* Cuts `sites` at its commas. */
static int split_sites(struct config *config, struct buf *problems)
{
	char *rest = config->sites;
	size_t count = 0;
	config->site_list = memory_alloc((SITES_MAX + 1) * sizeof(*config->site_list));
	for (char *name; (name = strsep(&rest, ",")) != NULL;) {
		name += strspn(name, " ");
		for (size_t end = strlen(name); end && name[end - 1] == ' '; end--)
			name[end - 1] = '\0';
		if (!is_site(name) || count == SITES_MAX) {
			buf_printf(problems,
				"MEDIASTORE_SITES has an unusable name: it takes up to %d names of letters, "
				"digits, "
				"-, _ and . separated by commas\n",
				SITES_MAX);
			return -1;
		}
		config->site_list[count++] = name;
	}
	return 0;
}

int config_load(struct config *config, struct buf *problems)
{
	int result = settings_load(CONFIG_TABLE, config, problems);
	if (config->sites && split_sites(config, problems) != 0)
		result = -1;
	return result;
}

void config_release(struct config *config)
{
	settings_release(CONFIG_TABLE, config);
	free(config->site_list);
	config->site_list = NULL;
}
