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
		[ -e "build/$preset/build.ninja" ] || cmake --preset "$preset"
		cmake --build --preset "$preset" -j "$(nproc)" "$@"
	) >"$log" 2>&1 9>&- || build_explain "$preset" "$log"
}

build_explain() {
	local marks='(error:|FAILED:|CMake Error|No space left|Killed)'
	printf '    what the compiler said (all of it: %s):\n' "$2" >&2
	grep -E -A 12 "$marks" "$2" | head -n 40 | sed 's/^/    | /' >&2
	fail "the build of build/$1 failed" "Mend what is named above; after a change of compiler or packages, remove build/$1 first"
}
