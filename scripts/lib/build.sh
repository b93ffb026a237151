# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Building: CMake presets, as CMakePresets.json names them, in build/PRESET.

# build_preset PRESET [TARGET...]: quick when there is nothing to do.
build_preset() {
	local preset=$1 log=$ROOT/build/$1.log
	shift
	mkdir -p "$ROOT/build"
	[ "$#" -eq 0 ] || set -- --target "$@"
	say "building in build/$preset"
	(
		cd "$ROOT"
		build_is_configured "$preset" || cmake --preset "$preset"
		cmake --build --preset "$preset" -j "$(nproc)" "$@"
	) >"$log" 2>&1 9>&- || build_explain "$preset" "$log"
	[ -e "$ROOT/build/swagger-ui/fetched" ] ||
		say "npm could not fetch Swagger UI, so GET /api/docs will say that it is missing (why: $log); the next build tries again"
}

# What npm could not fetch then may be there now.
build_is_configured() { [ -e "build/$1/build.ninja" ] && [ -e build/swagger-ui/fetched ]; }

build_explain() {
	local marks='(error:|FAILED:|CMake Error|No space left|Killed)'
	printf '    what the compiler said (all of it: %s):\n' "$2" >&2
	grep -E -A 12 "$marks" "$2" | head -n 40 | sed 's/^/    | /' >&2
	fail "the build of build/$1 failed" "Mend what is named above; after a change of compiler or packages, remove build/$1 first"
}
