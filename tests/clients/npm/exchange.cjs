'use strict';
// Starts the exchange under test for the npm suites: a data directory and a port of its own, accounts by its command
// line, the ledger verified at the end. Nothing but loopback can be reached from a suite.

const { EventEmitter, once } = require('node:events');
const { execFileSync, spawn } = require('node:child_process');
const assert = require('node:assert/strict');
const dns = require('node:dns');
const fs = require('node:fs');
const net = require('node:net');
const os = require('node:os');
const path = require('node:path');
const readline = require('node:readline');

// How long one awaited thing may take (milliseconds): far above what it takes.
const WAIT_MAX = 20_000;
const program = process.env.TRADEWIND_BIN;

const lookup = dns.lookup;
dns.lookup = (host, ...rest) => {
  if (host !== 'localhost' && !net.isIP(host)) throw new Error(`the suite may not reach ${host}`);
  return lookup(host, ...rest);
};

const counts = { passed: 0, failed: 0 };

// Runs one test and counts it.
async function check(name, body) {
  const started = Date.now();
  try {
    await body();
    counts.passed += 1;
    console.log(`ok     ${name} (${((Date.now() - started) / 1000).toFixed(2)} s)`);
  } catch (error) {
    counts.failed += 1;
    console.log(`FAILED ${name}\n`, error);
  }
}

// Prints the closing line and ends the process: some clients keep timers that never end.
function finish(suite) {
  console.log(`suite ${suite}: ${counts.passed} passed, ${counts.failed} failed`);
  process.exit(counts.failed ? 1 : 0);
}

function command(dataDir, ...words) {
  const all = ['exchange', ...words, '--json', '--data-dir', dataDir];
  return JSON.parse(execFileSync(program, all, { encoding: 'utf8', timeout: 3 * WAIT_MAX }));
}

// Runs `body` with a running exchange, then stops it and verifies its ledger.
async function withExchange(options, body) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'tradewind-client-'));
  const dataDir = path.join(folder, 'data');
  const serve = ['serve', '--json', '--log', 'warn', '--data-dir', dataDir, '--exchange-addr', '127.0.0.1:0', '--api-addr', '127.0.0.1:0', ...options];
  const server = spawn(program, serve, { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines = readline.createInterface({ input: server.stdout });
  const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(WAIT_MAX) });
  const ready = JSON.parse(line);
  const { http, ws } = ready.exchange;
  const account = (name, funds) => {
    const money = Object.entries(funds).flatMap(([asset, amount]) => ['--fund', `${asset}=${amount}`]);
    return command(dataDir, 'account', 'create', name, ...money);
  };
  try {
    await body({ http, ws, account, ready });
    await check('ledger of the running exchange', async () => command(dataDir, 'verify'));
  } finally {
    server.kill('SIGINT');
    const [code] = await once(server, 'exit', { signal: AbortSignal.timeout(WAIT_MAX) });
    await check('clean stop', async () => assert.equal(code, 0));
  }
  await check('ledger of the stopped exchange', async () => command(dataDir, 'verify'));
  fs.rmSync(folder, { recursive: true });
}

// What a client's callbacks were given; waits for the message that is looked for.
class Inbox {
  constructor() {
    this.seen = [];
    this.events = new EventEmitter();
  }

  put = (message) => {
    this.seen.push(message);
    this.events.emit('message');
  };

  async until(wanted, what) {
    const signal = AbortSignal.timeout(WAIT_MAX);
    for (let at = 0; ; at += 1) {
      while (at >= this.seen.length) {
        await once(this.events, 'message', { signal }).catch(() => {
          throw new Error(`${what} did not come; came: ${JSON.stringify(this.seen.slice(-5))}`);
        });
      }
      if (wanted(this.seen[at])) return this.seen[at];
    }
  }
}

// The error of a call that must fail.
async function refused(call) {
  try {
    await call();
  } catch (error) {
    return error;
  }
  throw new Error('the call was not refused');
}

module.exports = { Inbox, check, finish, refused, withExchange };
