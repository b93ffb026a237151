// SPDX-License-Identifier: MIT
// node check.mjs FILE: an AsyncAPI document by AsyncAPI's own parser. Prints what is wrong with it; 1 when something is.
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { Parser } from "@asyncapi/parser";

const file = resolve(process.argv[2]);
const { document, diagnostics } = await new Parser().parse(readFileSync(file, "utf8"), { source: file });
const problems = diagnostics.filter((each) => each.severity <= 1);
for (const each of problems) console.log(`${each.path.join("/")}: ${each.message}`);
if (document && !problems.length)
  console.log(`${document.channels().all().length} channels, ${document.allMessages().all().length} messages are as they should be`);
process.exit(document && !problems.length ? 0 : 1);
