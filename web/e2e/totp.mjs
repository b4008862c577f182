/** Codes of a second factor (RFC 6238: HMAC-SHA-1, 30 seconds, six digits), as an authenticator app makes them. */
import { createHmac } from "node:crypto";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

function bytes(base32) {
  let [bits, held] = [0, 0];
  const out = [];
  for (const letter of base32.replace(/=+$/, "")) {
    held = (held << 5) | ALPHABET.indexOf(letter);
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    out.push((held >> bits) & 255);
    held &= (1 << bits) - 1;
  }
  return Buffer.from(out);
}

/** The code of the step `off` steps from now. */
export function totp(secret, off) {
  const step = Buffer.alloc(8);
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + off));
  const hash = createHmac("sha1", bytes(secret)).update(step).digest();
  const value = hash.readUInt32BE(hash[19] & 15) & 0x7fffffff;
  return String(value % 1_000_000).padStart(6, "0");
}
