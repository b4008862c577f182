/** How the dashboard's files are served: hashes, tags, compressed forms, a strict policy; programs' paths are left alone. */
import { expect } from "./suite.mjs";

export async function served(url) {
  const from = (path) => url + path;
  const html = { accept: "text/html" };
  const index = await fetch(from("/trade/BTCUSDT"), { headers: html });
  const policy = index.headers.get("content-security-policy");
  expect(policy.includes("default-src 'self'") && !policy.includes("unsafe"), policy);
  expect(index.headers.get("cache-control") === "no-cache", index.headers.get("cache-control"));
  const again = await fetch(from("/"), { headers: { ...html, "if-none-match": index.headers.get("etag") } });
  expect(again.status === 304, `${again.status} for a version that is known`);
  const script = (await index.text()).match(/\/assets\/[^"]+\.js/)[0];
  const asset = await fetch(from(script), { headers: { "accept-encoding": "br" } });
  expect(asset.headers.get("content-encoding") === "br", `${asset.headers.get("content-encoding")}`);
  expect(asset.headers.get("cache-control").includes("immutable"), asset.headers.get("cache-control"));
  for (const path of ["/api/nothing", "/auth/nothing", "/assets/nothing.js", "/ws/nothing"]) {
    const answer = await fetch(from(path), { headers: html });
    expect(answer.status === 404 && answer.headers.get("content-type").includes("problem+json"), `${path}: ${answer.status}`);
  }
}
