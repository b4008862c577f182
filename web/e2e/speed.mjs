/**
 * What the page costs while a market moves, by DevTools' own count. Times are printed beside what they should be, not asserted:
 * machines differ. That the book really changed so often, and that the page heard of it, is asserted; and so is what stays behind:
 * ten minutes' messages, fed in one, leave the heap as large as it was.
 */

/** Changes of the book a second, all told; CHANGES=36 asks for more than the page promises for. */
export const CHANGES = Number(process.env.CHANGES ?? 20);
/** How far from that the venue's count may be. */
const CHANGES_OFF = 0.25;
/** Books that are waited for while the page does nothing but its own work: ten seconds of them. */
const BOOKS = 100;
/** Books before that: the page settles down. */
const BOOKS_BEFORE = 20;
/** Frames that are counted after that: three seconds at 60 a second. */
const FRAMES = 180;
/** What is aimed at: milliseconds of tasks a second, and of the longest. */
const [TASKS_AIM, LONGEST_AIM] = [120, 50];
/** Book messages a second that the page must have heard: the stream tells ten. */
const HEARD_LEAST = 8;
/** Seconds of a market's life that are fed, how many of them before the first look at the heap, and frames for each. */
const [FED, WARM_UP, FRAMES_EACH] = [600, 60, 6];
/** Messages of a second: books as the stream coalesces them, trades, tickers, candles. */
const RATES = { "book:": 10, "trades:": 5, "market-data": 2, "candles:": 2 };
/** What may stay: bytes of heap, nodes of the document. */
const [HEAP_GROWTH_MAX, NODES_GROWTH_MAX] = [3_000_000, 300];

async function metrics(session) {
  return Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
}

/** Counts the book's messages and how far the venue's own count went meanwhile. `after(n)` is done once so many more have come. */
function countBooks(page) {
  const seen = { messages: 0, first: null, last: null };
  let [until, done] = [Infinity, () => {}];
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(String(payload));
      for (const event of message.events ?? [message]) {
        if (event.type === "subscribed" || !event.room?.startsWith("book:")) continue;
        seen.messages += 1;
        seen.first ??= event.data.update;
        seen.last = event.data.update;
      }
      if (seen.messages >= until) done();
    }),
  );
  const after = (count) => new Promise((resolve) => ([until, done] = [seen.messages + count, resolve]));
  return { seen, after };
}

/** What the main thread did between two looks, a second. */
function between(before, after) {
  const seconds = after.Timestamp - before.Timestamp;
  const of = (name) => ((after[name] - before[name]) * 1000) / seconds;
  // On a busy machine tasks wait for the processor: what they had of it is told besides.
  return { seconds, tasks: of("TaskDuration"), own: of("ThreadTime"), script: of("ScriptDuration"), style: of("RecalcStyleDuration"), layout: of("LayoutDuration") };
}

/** Frames a second, by asking for one after the other. That is work by itself, 45 empty frames a second, so it has its own time. */
function countFrames(page) {
  return page.evaluate(
    (frames) =>
      new Promise((resolve) => {
        const began = performance.now();
        let count = 0;
        const step = () => ((count += 1) < frames ? requestAnimationFrame(step) : resolve((count * 1000) / (performance.now() - began)));
        requestAnimationFrame(step);
      }),
    FRAMES,
  );
}

/** Opens the page and prints what its main thread does for ten seconds of `rate` changes each. `ready` waits until it shows what it should. */
export async function taskTime(page, url, rate, ready) {
  const { seen, after } = countBooks(page);
  await page.goto(url);
  await ready();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "timeTicks" });
  await page.evaluate(() => {
    window.longest = 0;
    new PerformanceObserver((list) => list.getEntries().forEach((entry) => (window.longest = Math.max(window.longest, entry.duration)))).observe({ type: "longtask" });
  });
  await after(BOOKS_BEFORE);
  const [start, begun] = [await metrics(session), { ...seen }];
  await after(BOOKS);
  const [middle, ended] = [await metrics(session), { ...seen }];
  const longest = await page.evaluate(() => window.longest);
  const [frames, end] = [await countFrames(page), await metrics(session)];
  const it = between(start, middle);
  const [changed, heard] = [(ended.last - begun.last) / it.seconds, (ended.messages - begun.messages) / it.seconds];
  const verdict = (value, aim) => (value <= aim ? `aim ${aim}` : `ABOVE the aim of ${aim}`);
  console.log(`   the venue changed its book ${changed.toFixed(1)} times a second, the page heard ${heard.toFixed(1)}`);
  console.log(`   ${it.tasks.toFixed(0)} ms of tasks a second (${verdict(it.tasks, TASKS_AIM)}), ${it.own.toFixed(0)} ms of processor time`);
  console.log(`   of that script ${it.script.toFixed(0)}, style ${it.style.toFixed(0)}, layout ${it.layout.toFixed(0)} ms`);
  console.log(`   longest task ${longest === 0 ? "below 50" : longest.toFixed(0)} ms (${verdict(longest, LONGEST_AIM)})`);
  console.log(`   ${frames.toFixed(0)} frames a second when each is asked for, then ${between(middle, end).tasks.toFixed(0)} ms of tasks a second`);
  const isMoving = Math.abs(changed - rate) <= rate * CHANGES_OFF;
  return { isHeard: heard >= HEARD_LEAST && isMoving, words: `the venue changed its book ${changed.toFixed(1)} times a second, not ${rate}; the page heard ${heard.toFixed(1)}, not ${HEARD_LEAST}` };
}

/** Stands between page and server: what comes is passed on, and remembered as a pattern for what is fed later. */
export async function tap(page) {
  const rooms = new Map();
  let socket = null;
  let feeding = false;
  await page.routeWebSocket(/\/ws\?/, (route) => {
    socket = route;
    const server = route.connectToServer();
    server.onMessage((text) => {
      const message = JSON.parse(String(text));
      for (const event of message.events ?? [message]) {
        if (event.type === "subscribed" && event.room && !rooms.has(event.room)) rooms.set(event.room, { offset: event.offset, data: null });
        if (event.data !== undefined && rooms.has(event.room)) rooms.set(event.room, { offset: event.offset, data: event.data });
      }
      if (!feeding) route.send(text);
    });
  });
  return {
    /** True once each kind of room has said something. */
    isPrimed: () => Object.keys(RATES).every((kind) => [...rooms].some(([room, { data }]) => room.startsWith(kind) && data !== null)),
    feed: () => {
      feeding = true;
    },
    send(room, data) {
      const known = rooms.get(room);
      known.offset += 1;
      known.data = data;
      socket.send(JSON.stringify({ type: "event", room, epoch: known.epoch, offset: known.offset, ts: Date.now(), data }));
    },
    rooms,
  };
}

/** The next message of a room: like the last one, a moment later, with something changed in it. */
function next(room, data, second, n) {
  if (room.startsWith("book:")) {
    const moved = (levels) => levels.map(([price, size], i) => [price, (i + n) % 3 === 0 ? (Number(size) * (0.9 + ((n * 7 + i) % 20) / 100) + 0.001).toFixed(5) : size]);
    return { ...data, update: data.update + 2, bids: moved(data.bids), asks: moved(data.asks) };
  }
  if (room.startsWith("trades:")) return { ...data, id: data.id + 1, t: data.t + 200, side: n % 2 === 0 ? "buy" : "sell" };
  if (room.startsWith("candles:")) return { ...data, t: data.t + (second % 300 === 0 && n === 0 ? 300_000 : 0) };
  return { tickers: data.tickers.map((ticker) => ({ ...ticker, last: (Number(ticker.last) * (1 + ((second % 7) - 3) / 10_000)).toFixed(2) })) };
}

/** Feeds ten minutes' messages in about one and tells what stayed behind. */
export async function heapAfter(page, tapped) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable");
  const look = async () => {
    await session.send("HeapProfiler.collectGarbage");
    const { usedSize } = await session.send("Runtime.getHeapUsage");
    return { heap: usedSize, nodes: (await metrics(session)).Nodes };
  };
  const frames = (count) =>
    page.evaluate(
      (count) =>
        new Promise((resolve) => {
          const step = () => ((count -= 1) > 0 ? requestAnimationFrame(step) : resolve());
          requestAnimationFrame(step);
        }),
      count,
    );
  tapped.feed();
  let messages = 0;
  let base = null;
  for (let second = 1; second <= WARM_UP + FED; second += 1) {
    for (const [kind, rate] of Object.entries(RATES)) {
      for (const [room, { data }] of tapped.rooms) {
        if (!room.startsWith(kind) || data === null) continue;
        for (let n = 0; n < rate; n += 1) {
          tapped.send(room, next(room, tapped.rooms.get(room).data, second, n));
          messages += 1;
        }
      }
    }
    await frames(FRAMES_EACH);
    if (second === WARM_UP) [base, messages] = [await look(), 0];
  }
  const end = await look();
  const mib = (bytes) => (bytes / 1_048_576).toFixed(2);
  console.log(`   ${messages} messages of ${FED / 60} minutes: heap ${mib(base.heap)} to ${mib(end.heap)} MiB, ${base.nodes} to ${end.nodes} nodes`);
  return { isFlat: end.heap - base.heap <= HEAP_GROWTH_MAX && end.nodes - base.nodes <= NODES_GROWTH_MAX, words: `the heap grew by ${mib(end.heap - base.heap)} MiB, the document by ${end.nodes - base.nodes} nodes` };
}
