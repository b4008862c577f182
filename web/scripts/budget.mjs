/** Sizes against the budget, from the build's manifest. Usage: node scripts/budget.mjs [DIST] */
import { readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

/**
 * What is loaded before anything is seen (bytes): what it is kept below, and what not even the code before the first page behind the
 * login may pass. docs/adr/0008 tells what each part costs.
 */
const INITIAL_RAW_AIM = 300_000;
const INITIAL_RAW_MAX = 450_000;
const INITIAL_GZIP_MAX = 110_000;
/** What one page adds (bytes). */
const PAGE_RAW_MAX = 250_000;
const FONT_MAX = 60_000;
const BEFORE_LOGIN = ["src/pages/Login.tsx", "src/pages/Setup.tsx"];

const dist = process.argv[2] ?? "dist";
const manifest = JSON.parse(readFileSync(join(dist, ".vite/manifest.json"), "utf8"));
const entry = Object.values(manifest).find((chunk) => chunk.isEntry);

/** A chunk's files with those of its static imports. */
function files(chunk, found = new Set()) {
  for (const file of [chunk.file, ...(chunk.css ?? [])]) found.add(file);
  for (const name of chunk.imports ?? []) if (!found.has(manifest[name].file)) files(manifest[name], found);
  return found;
}

const bytes = (file) => readFileSync(join(dist, file));
const sum = (set, size) => [...set].reduce((all, file) => all + size(file), 0);
const raw = (file) => statSync(join(dist, file)).size;
const gzip = (file) => gzipSync(bytes(file), { level: 9 }).length;
const shown = (n) => n.toLocaleString("en-US").padStart(9);

const initial = files(entry);
const faults = [];
const [initialRaw, initialGzip] = [sum(initial, raw), sum(initial, gzip)];
console.log(`   ${shown(initialRaw)} raw ${shown(initialGzip)} gzip  before the login`);
if (initialRaw > INITIAL_RAW_MAX) faults.push(`initial code is ${initialRaw} bytes, at most ${INITIAL_RAW_MAX}`);
if (initialGzip > INITIAL_GZIP_MAX) faults.push(`initial code is ${initialGzip} bytes in gzip, at most ${INITIAL_GZIP_MAX}`);
if (initialRaw > INITIAL_RAW_AIM) faults.push(`initial code is ${initialRaw} bytes, above the aim of ${INITIAL_RAW_AIM}`);

/** The frame behind the login: asked for at once, beside the first questions to the server, and there before any page in it. */
const FRAME = "src/app/Inside.tsx";
const frame = new Set([...initial, ...files(manifest[FRAME])]);
console.log(`   ${shown(sum(frame, raw))} raw ${shown(sum(frame, gzip))} gzip  with the frame behind the login`);

if (sum(frame, raw) > INITIAL_RAW_MAX) faults.push(`the code before the first page behind the login is ${sum(frame, raw)} bytes, at most ${INITIAL_RAW_MAX}`);
if (sum(frame, gzip) > INITIAL_GZIP_MAX) faults.push(`the code before the first page behind the login is ${sum(frame, gzip)} bytes in gzip, at most ${INITIAL_GZIP_MAX}`);

/** What is there already when a chunk is asked for: the frame, unless it is the frame or stands before it, and the page that asks. */
function loaded(name) {
  if (name === FRAME || BEFORE_LOGIN.includes(name)) return initial;
  const parents = Object.values(manifest).filter((chunk) => chunk.dynamicImports?.includes(name) && !chunk.isEntry);
  const of = parents.map((parent) => files(parent));
  const first = of[0] ?? new Set();
  return new Set([...frame, ...[...first].filter((file) => of.every((each) => each.has(file)))]);
}

for (const [name, chunk] of Object.entries(manifest).filter(([, chunk]) => chunk.isDynamicEntry)) {
  const before = loaded(name);
  const own = new Set([...files(chunk)].filter((file) => !before.has(file)));
  const size = sum(own, raw);
  console.log(`   ${shown(size)} raw ${shown(sum(own, gzip))} gzip  ${chunk.src}`);
  if (size > PAGE_RAW_MAX) faults.push(`${chunk.src} is ${size} bytes, at most ${PAGE_RAW_MAX}`);
}
for (const { file } of Object.values(manifest).filter((chunk) => chunk.file.endsWith(".woff2"))) {
  if (raw(file) > FONT_MAX) faults.push(`${file} is ${raw(file)} bytes, at most ${FONT_MAX}`);
}
for (const fault of faults) console.error(`error: ${fault}`);
process.exitCode = faults.length > 0 ? 1 : 0;
