// SPDX-License-Identifier: MIT
// node upload.js FILE ENDPOINT STATE: one upload by tus-js-client, as its users write it. STATE is the file in which it remembers
// where it was. Environment: TUS_TOKEN, TUS_METADATA (JSON), TUS_PARALLEL, TUS_CHUNK, TUS_KILL_AT (bytes sent: then it kills
// itself). Standard output: "resumed", "chunk BYTES" as the server has them, at last "done URL".
const fs = require("node:fs");
const tus = require(process.env.TUS_JS_CLIENT || "tus-js-client");

const [file, endpoint, state] = process.argv.slice(2);
const say = (text) => fs.writeSync(1, text + "\n");
const killAt = Number(process.env.TUS_KILL_AT || Infinity);

const upload = new tus.Upload(fs.createReadStream(file), {
  endpoint,
  urlStorage: new tus.FileUrlStorage(state),
  headers: { Authorization: `Bearer ${process.env.TUS_TOKEN}` },
  metadata: JSON.parse(process.env.TUS_METADATA),
  parallelUploads: Number(process.env.TUS_PARALLEL || 1),
  chunkSize: Number(process.env.TUS_CHUNK || Infinity),
  retryDelays: [200, 500, 1000, 2000, 4000, 4000, 4000, 4000, 4000, 4000],
  removeFingerprintOnSuccess: true,
  onProgress: (sent) => {
    if (sent >= killAt) process.kill(process.pid, "SIGKILL");
  },
  onChunkComplete: (_, accepted) => say(`chunk ${accepted}`),
  onSuccess: () => say(`done ${upload.url}`),
  onError: (error) => {
    say(`failed ${error}`);
    process.exitCode = 1;
  },
});

upload.findPreviousUploads().then((previous) => {
  if (previous.length) {
    say("resumed");
    upload.resumeFromPreviousUpload(previous[0]);
  }
  upload.start();
});
