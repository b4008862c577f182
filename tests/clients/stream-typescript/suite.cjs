'use strict';
// clients/typescript against a running server, compiled here with strict types; and the types of the k6 scripts of load-tests/.

const assert = require('node:assert/strict');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');
const ts = require('typescript');
const WebSocket = require('ws');
const { check, finish, withExchange } = require('../npm/exchange.cjs');

const ROOT = path.resolve(__dirname, '../../..');
const MODULES = process.env.NODE_PATH;
const WAIT_MAX = 20_000;
const PASSWORD = 'correct horse battery';

// What the compiler has to say about files, and the files it makes.
function compiled(files, options) {
  const all = {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    noUnusedLocals: true,
    target: ts.ScriptTarget.ES2022,
    moduleResolution: ts.ModuleResolutionKind.Node10,
    skipLibCheck: true,
    ...options,
  };
  const program = ts.createProgram(files, all);
  const emitted = program.emit();
  const found = [...ts.getPreEmitDiagnostics(program), ...emitted.diagnostics];
  const host = { getCanonicalFileName: (n) => n, getCurrentDirectory: () => ROOT, getNewLine: () => '\n' };
  return ts.formatDiagnostics(found, host);
}

// Waits for the first update that fits.
function until(updates, wanted, what) {
  return new Promise((resolve, reject) => {
    const found = updates.list.find(wanted);
    if (found !== undefined) return resolve(found);
    const timer = setTimeout(() => reject(new Error(`${what} did not come; came: ${JSON.stringify(updates.list.slice(-3)).slice(0, 500)}`)), WAIT_MAX);
    updates.told = (update) => {
      if (!wanted(update)) return;
      clearTimeout(timer);
      updates.told = null;
      resolve(update);
    };
    return undefined;
  });
}

function collect() {
  const updates = { list: [], told: null };
  updates.hear = (update) => {
    updates.list.push(update);
    updates.told?.(update);
  };
  return updates;
}

async function streams(client, ready) {
  const url = ready.api.http;
  const setup = { code: ready.api.setup_code, username: 'root', password: PASSWORD };
  const headers = { 'Content-Type': 'application/json' };
  const made = await fetch(`${url}/api/setup`, { method: 'POST', headers, body: JSON.stringify(setup) });
  const { token } = await made.json();
  const open = () =>
    new client.Stream({ url, ticket: client.ticketFrom(url, () => token), socket: (address) => new WebSocket(address) });

  await check('a room begins with a snapshot and goes on with events', async () => {
    const stream = open();
    const trades = collect();
    stream.subscribe('trades:BTCUSDT', trades.hear);
    await until(trades, (u) => u.kind === 'event', 'an event');
    assert.equal(trades.list[0].kind, 'snapshot');
    assert.equal(trades.list[0].data.trades.length, 100);
    stream.close();
  });

  await check("one's own order is told", async () => {
    const stream = open();
    const orders = collect();
    stream.subscribe('orders', orders.hear);
    await until(orders, (u) => u.kind === 'snapshot', 'the snapshot');
    const order = { symbol: 'BTCUSDT', side: 'buy', quantity: '0.001', order_type: 'market' };
    const auth = { ...headers, Authorization: `Bearer ${token}` };
    const placed = await fetch(`${url}/api/orders`, { method: 'POST', headers: auth, body: JSON.stringify(order) });
    assert.equal(placed.status, 201);
    const { id } = await placed.json();
    await until(orders, (u) => u.kind === 'event' && u.data.id === id && u.data.status === 'filled', 'the order');
    stream.close();
  });

  await check('after a cut nothing is missing', async () => {
    const stream = open();
    const trades = collect();
    stream.subscribe('trades:ETHUSDT', trades.hear);
    for (let cut = 1; cut <= 3; cut += 1) {
      const before = trades.list.length;
      await until(trades, () => trades.list.length >= before + 5, 'five trades');
      stream.drop();
      await until(trades, () => stream.connections > cut && trades.list.length > before + 5, 'a trade after the cut');
    }
    const events = trades.list.filter((u) => u.kind === 'event');
    assert.equal(trades.list.filter((u) => u.kind === 'snapshot').length, 1, 'it never began anew');
    events.forEach((u, n) => n > 0 && assert.equal(u.offset, events[n - 1].offset + 1, 'an event is missing'));
    stream.close();
  });

  await check('what is no room is told', async () => {
    const stream = open();
    const wrong = collect();
    stream.subscribe('book:NOPE', wrong.hear);
    const told = await until(wrong, (u) => u.kind === 'error', 'the error');
    assert.equal(told.code, 'unknown_market');
    stream.close();
  });
}

async function main() {
  const out = fs.mkdtempSync(path.join(os.tmpdir(), 'tradewind-stream-'));
  await check('the client has no type errors', () => {
    const file = path.join(ROOT, 'clients/typescript/src/stream.ts');
    const said = compiled([file], { outDir: out, module: ts.ModuleKind.CommonJS, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'], types: [] });
    assert.equal(said, '');
  });
  await check('the k6 scripts have no type errors', () => {
    const folder = path.join(ROOT, 'load-tests/k6');
    const files = fs.readdirSync(folder).filter((f) => f.endsWith('.ts')).map((f) => path.join(folder, f));
    assert.ok(files.length >= 2);
    const typeRoots = [path.join(MODULES, '@types')];
    const paths = { k6: ['@types/k6'], 'k6/*': ['@types/k6/*'] };
    const options = { noEmit: true, module: ts.ModuleKind.ES2022, lib: ['lib.es2022.d.ts'], types: ['k6'], typeRoots, baseUrl: MODULES, paths };
    assert.equal(compiled(files, options), '');
  });
  const client = require(path.join(out, 'stream.js'));
  await withExchange(['--participants-speed', '20', '--durability', 'buffered'], (exchange) => streams(client, exchange.ready));
  fs.rmSync(out, { recursive: true });
  finish('stream-typescript');
}

main();
