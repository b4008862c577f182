"use strict";
// Shows the OpenAPI description as a list of operations. Everything is set as text, never as HTML.
const el = (tag, text, ...children) => {
  const node = document.createElement(tag);
  if (text) node.textContent = text;
  node.append(...children);
  return node;
};

const resolve = (doc, schema, depth = 0) => {
  if (!schema || depth > 4) return "…";
  if (schema.$ref) return resolve(doc, doc.components.schemas[schema.$ref.split("/").pop()], depth + 1);
  if (schema.oneOf || schema.anyOf || schema.allOf) return resolve(doc, (schema.allOf || schema.oneOf || schema.anyOf).find((s) => s.type !== "null"), depth);
  if (schema.type === "array") return [resolve(doc, schema.items, depth + 1)];
  if (schema.properties) return Object.fromEntries(Object.entries(schema.properties).map(([k, v]) => [k, resolve(doc, v, depth + 1)]));
  return Array.isArray(schema.type) ? schema.type.join(" or ") : schema.type || "any";
};

const table = (rows) => el("table", "", ...rows.map((cells) => el("tr", "", ...cells.map((c) => el("td", c)))));

const operation = (doc, method, path, op) => {
  const box = el("details", "", el("summary", "", el("b", method.toUpperCase()), el("code", path), el("span", op.summary || "")));
  if (op.description) box.append(el("p", op.description));
  if (op.parameters?.length) {
    box.append(el("h3", "Parameters"), table(op.parameters.map((p) => [p.name, p.in, p.required ? "required" : "optional", p.description || ""])));
  }
  const body = op.requestBody?.content?.["application/json"]?.schema;
  if (body) box.append(el("h3", "Body"), el("pre", JSON.stringify(resolve(doc, body), null, 2)));
  box.append(el("h3", "Answers"), table(Object.entries(op.responses || {}).map(([status, r]) => [status, r.description || ""])));
  const ok = Object.entries(op.responses || {}).find(([status]) => status.startsWith("2"))?.[1]?.content?.["application/json"]?.schema;
  if (ok) box.append(el("pre", JSON.stringify(resolve(doc, ok), null, 2)));
  box.dataset.text = `${method} ${path} ${op.summary || ""} ${op.operationId || ""}`.toLowerCase();
  return box;
};

fetch("/api/openapi.json").then((r) => r.json()).then((doc) => {
  document.getElementById("about").textContent = `${doc.info.description} Version ${doc.info.version}, OpenAPI ${doc.openapi}.`;
  const groups = new Map();
  for (const [path, item] of Object.entries(doc.paths)) {
    for (const [method, op] of Object.entries(item)) {
      const tag = op.tags?.[0] || "other";
      if (!groups.has(tag)) groups.set(tag, []);
      groups.get(tag).push(operation(doc, method, path, op));
    }
  }
  const main = document.getElementById("operations");
  for (const [tag, boxes] of groups) main.append(el("section", "", el("h2", tag), ...boxes));
  document.getElementById("find").addEventListener("input", (event) => {
    const word = event.target.value.toLowerCase();
    for (const box of main.querySelectorAll("details")) box.hidden = !box.dataset.text.includes(word);
  });
}).catch(() => { document.getElementById("about").textContent = "The description cannot be read: is the server still running?"; });
