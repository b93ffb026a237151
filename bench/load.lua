-- SPDX-License-Identifier: MIT
-- What wrk sends, by the name in BENCH_CASE. Every thread has a number of its own, so that pids never meet.
local threads, token, case, run = 0, os.getenv("BENCH_TOKEN"), os.getenv("BENCH_CASE"), os.getenv("BENCH_RUN")
local store = '"store_config":{"type":"FilesystemStore","bucket":"bench"}'

function setup(thread)
	thread:set("number", threads)
	threads = threads + 1
end

local function media(pid)
	return '{"pid":"' .. pid .. '","pid_type":"DEFAULT",' .. store ..
		',"identifiers":{},"metadata":{"instrument":"m1","run":42,"note":"some words"},"tags":["bench","raw"]}'
end

local function list(one)
	local items = {}
	for i = 1, 1000 do items[i] = one(i) end
	return "[" .. table.concat(items, ",") .. "]"
end

local count = 0
local function fresh() count = count + 1; return run .. "-" .. number .. "-" .. count end
local function known() return "seed-" .. math.random(1, 10000) end
local function thousand(item) -- neighbours, from a random place on
	local first = math.random(1, 9000)
	return list(function(i) return item("seed-" .. (first + i)) end)
end

local cases = {
	hello = function() return "GET", "/api/hello" end,
	read_one = function() return "GET", "/api/media/" .. known() end,
	create_one = function() return "POST", "/api/media", media(fresh()) end,
	create_1000 = function() return "POST", "/api/media/create", list(function() return media(fresh()) end) end,
	read_1000 = function() return "POST", "/api/media/read", thousand(function(pid) return '"' .. pid .. '"' end) end,
	update_1000 = function()
		return "PUT", "/api/media/update/metadata", thousand(function(pid)
			return '{"pid":"' .. pid .. '","keys":["run"],"data":' .. math.random(1, 1000000) .. "}"
		end)
	end,
	dump = function() return "GET", "/api/media/dump" end,
}

function init() math.randomseed(os.time() + number * 7919) end

function request()
	local method, path, body = cases[case]()
	return wrk.format(method, path, {Authorization = "Bearer " .. token, ["Content-Type"] = "application/json"}, body)
end

function done(summary, latency)
	io.write(string.format("RESULT %d %d %d %d %d %d\n", summary.requests, summary.duration, summary.bytes,
		latency:percentile(50), latency:percentile(99),
		summary.errors.status + summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end
