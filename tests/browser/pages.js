// SPDX-License-Identifier: MIT
// The pages as a person meets them, in headless Chromium: reads GET /, logs in through Swagger UI, makes a media and
// reads it. Fails when anything is fetched from another host, or when the browser complains (its policy included).
//	MEDIASTORE_URL=... MEDIASTORE_ADMIN_PASSWORD=... node pages.js [DIRECTORY FOR SCREENSHOTS]
import assert from "node:assert/strict";
import {mkdtempSync, rmSync} from "node:fs";
import {tmpdir} from "node:os";
import {join} from "node:path";
import {chromium} from "playwright-core";

const HOME = process.env.MEDIASTORE_URL;
const CREDENTIALS = {
	username: process.env.MEDIASTORE_ADMIN_USERNAME || "admin",
	password: process.env.MEDIASTORE_ADMIN_PASSWORD,
};
const PID = `browser/${Date.now()} a.txt`;
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
	"--disable-component-update", "--disable-sync"];
const shots = process.argv[2];
const complaints = [], strangers = [];

async function open(profile) {
	const context = await chromium.launchPersistentContext(profile, {
		executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
		args: FLAGS,
		viewport: {width: 1280, height: 900},
	});
	const page = await context.newPage();
	page.on("request", (request) => {
		if (!request.url().startsWith(HOME) && !request.url().startsWith("data:")) strangers.push(request.url());
	});
	page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
	page.on("pageerror", (error) => complaints.push(String(error)));
	return {context, page};
}

async function shoot(page, name) {
	if (shots) await page.screenshot({path: join(shots, `${name}.png`)});
}

async function readHome(page) {
	await page.goto(HOME);
	await page.waitForSelector("[data-state=ready]", {timeout: 15000});
	await shoot(page, "home");
	await page.click("text=Try the API");
}

// Opens an operation, fills it in, executes it; the answer's status and text.
async function call(page, id, {body, parameter} = {}) {
	const block = page.locator(`[id$="-${id}"].opblock`);
	await block.locator(".opblock-summary-control").click();
	if (body) await block.locator("textarea.body-param__text").fill(JSON.stringify(body, null, 2));
	if (parameter) await block.locator(".parameters input[type=text]").first().fill(parameter);
	await block.locator("button.execute").click();
	const answer = block.locator(".live-responses-table .response");
	await answer.waitFor({timeout: 15000});
	await answer.evaluate((element) => element.scrollIntoView({block: "center"}));
	await shoot(page, id);
	return {
		status: parseInt(await answer.locator(".response-col_status").innerText(), 10),
		text: await answer.locator(".response-col_description").innerText(),
	};
}

async function tryTheApi(page) {
	await page.waitForSelector(".opblock", {timeout: 30000});
	await shoot(page, "docs");
	const login = await call(page, "login", {body: CREDENTIALS});
	assert.equal(login.status, 200, login.text);
	const media = {pid: PID, pid_type: "DEFAULT", store_config: {type: "FilesystemStore", bucket: "browser"}, tags: ["seen"]};
	const created = await call(page, "media_create", {body: media});
	assert.equal(created.status, 200, created.text);
	const read = await call(page, "media_read", {parameter: PID});
	assert.equal(read.status, 200, read.text);
	assert.match(read.text, /"store_status": "PENDING"/);
	assert.ok(read.text.includes(PID), read.text);
}

const profile = mkdtempSync(join(tmpdir(), "mediastore-browser-"));
const {context, page} = await open(profile);
try {
	await readHome(page);
	await tryTheApi(page);
	await page.setViewportSize({width: 390, height: 844});
	await page.goto(HOME);
	await page.waitForSelector("[data-state=ready]");
	await shoot(page, "home-narrow");
	assert.deepEqual(strangers, [], "something came from another host");
	assert.deepEqual(complaints, [], "the browser complained");
	console.log("the pages work, with nothing from elsewhere");
} finally {
	await context.close();
	rmSync(profile, {recursive: true, force: true});
}
