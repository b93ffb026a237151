/* SPDX-License-Identifier: MIT */

/* A stranger's URL. One that may be read is below an entry, by the plainest reading there is. */

#include "common/buf.h"
#include "common/url_list.h"
#include "fuzz/fuzz.h"

#include <strings.h>

static const char LIST[] = "https://data.example.org/pub/,s3://bucket/raw/,file:///data/incoming";

static void insist_on_plain(const char *url)
{
	static const char *const BELOW[] = {"https://data.example.org/pub/",
		"https://data.example.org:443/pub/", "s3://bucket/raw/", "file:///data/incoming"};
	bool below = false;
	for (size_t i = 0; i < sizeof(BELOW) / sizeof(BELOW[0]); i++)
		below = below || strncasecmp(url, BELOW[i], strlen(BELOW[i])) == 0;
	/* a port may have leading zeros */
	below = below || strncasecmp(url, "https://data.example.org:0", 26) == 0;
	INSIST(below);
	INSIST(!strpbrk(url, "@#\\ \t\r\n"));
}

static void insist_on_inside(const struct url_list *list, const char *url)
{
	struct buf root = {0}, path = {0};
	url_list_file(list, url, &root, &path);
	INSIST(strcmp(root.data, "/data/incoming") == 0);
	char *copy = strdup(path.data ? path.data : ""), *rest = copy;
	INSIST(strlen(copy) == path.length && *copy != '/');
	for (char *segment; (segment = strsep(&rest, "/"));)
		INSIST(strcmp(segment, "..") != 0 && strcmp(segment, ".") != 0);
	free(copy);
	buf_release(&root);
	buf_release(&path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = fuzz_text(data, size);
	struct url_list *list, *strange = NULL;
	struct error err = {0};
	enum url_scheme scheme;
	INSIST(url_list_create(LIST, &list, &err) == 0);
	if (url_list_check(list, text, &scheme, &err) == 0) {
		insist_on_plain(text);
		if (scheme == URL_FILE)
			insist_on_inside(list, text);
	} else {
		INSIST(err.code == ERROR_INVALID || err.code == ERROR_FORBIDDEN);
	}
	if (url_list_create(text, &strange, &err) != 0) /* as a setting */
		INSIST(err.code == ERROR_INVALID);
	url_list_free(strange);
	url_list_free(list);
	free(text);
	return 0;
}
