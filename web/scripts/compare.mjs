/**
 * Holds the committed build to a fresh one. Usage: node scripts/compare.mjs COMMITTED FRESH
 *
 * Files are compared byte for byte. Compressed forms are compared by what they unpack to: another zlib may pack differently.
 */
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { brotliDecompressSync, gunzipSync } from "node:zlib";

const [committed, fresh] = process.argv.slice(2);
const list = (dir) => readdirSync(dir, { recursive: true }).filter((name) => statSync(join(dir, name)).isFile()).sort();
const plain = (dir, name) => {
  const bytes = readFileSync(join(dir, name));
  return name.endsWith(".gz") ? gunzipSync(bytes) : name.endsWith(".br") ? brotliDecompressSync(bytes) : bytes;
};

const [ours, theirs] = [list(committed), list(fresh)];
const faults = [];
for (const name of new Set([...ours, ...theirs])) {
  if (!ours.includes(name)) faults.push(`${name} is not committed`);
  else if (!theirs.includes(name)) faults.push(`${name} is committed but no longer built`);
  else if (!plain(committed, name).equals(plain(fresh, name))) faults.push(`${name} differs`);
}
for (const fault of faults) console.error(`error: ${fault}`);
if (faults.length > 0) console.error("error: the committed dashboard is not the one of these sources; run `cargo xtask web` and commit web/dist");
else console.log(`   ${ours.length} committed files are those of the sources`);
process.exitCode = faults.length > 0 ? 1 : 0;
