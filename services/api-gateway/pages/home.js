/* SPDX-License-Identifier: MIT */
"use strict";

/* Where this page came from is where the API is, behind whatever proxy. */
const origin = new URL(".", location.href).href.replace(/\/$/, "");
for (const place of document.querySelectorAll(".origin")) place.textContent = origin;

function show(health) {
	document.getElementById("state").dataset.state = health.status;
	document.getElementById("summary").textContent =
		health.status === "ready" ? "Ready to serve" : "Not ready: something it needs is away";
	const checks = {...health.checks};
	const unserved = Object.entries(health.workers || {}).filter(([queue, count]) => count === 0);
	if (health.workers) checks.workers = unserved.length ? `none takes ${unserved.map(([queue]) => queue).join(", ")}` : "ok";
	const items = Object.entries(checks).map(([name, says]) => {
		const item = document.createElement("li");
		item.textContent = says === "ok" ? `${name} ✓` : `${name}: ${says}`;
		item.className = says === "ok" ? "" : "wrong";
		return item;
	});
	document.getElementById("checks").replaceChildren(...items);
}

async function look() {
	try {
		const answer = await fetch("readyz", {cache: "no-store"});
		show(await answer.json());
	} catch {
		show({status: "unavailable", checks: {"api-gateway": "does not answer"}});
	}
	setTimeout(look, 10000);
}

look();
