/**
 * What the page costs while a market moves, by DevTools' own count. Times are printed beside what they should be, not asserted:
 * machines differ. That the book really changed so often, and that the page heard of it, is asserted; and so is what stays behind:
 * ten minutes' messages, fed in one, leave the heap as large as it was.
 */

/** Frames that are watched: ten seconds at 60 a second. */
const FRAMES = 600;
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

/** Counts the book's messages and how far the venue's own count went meanwhile. */
function countBooks(page) {
  const seen = { messages: 0, first: null, last: null };
  page.on("websocket", (socket) =>
    socket.on("framereceived", ({ payload }) => {
      const message = JSON.parse(String(payload));
      for (const event of message.events ?? [message]) {
        if (event.type === "subscribed" || !event.room?.startsWith("book:")) continue;
        seen.messages += 1;
        seen.first ??= event.data.update;
        seen.last = event.data.update;
      }
    }),
  );
  return seen;
}

/** Opens the page and prints what its main thread does for ten seconds. `ready` waits until it shows what it should. */
export async function taskTime(page, url, ready) {
  const books = countBooks(page);
  await page.goto(url);
  await ready();
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "timeTicks" });
  const [before, begun] = [await metrics(session), { ...books }];
  const seen = await page.evaluate(
    (frames) =>
      new Promise((resolve) => {
        const tasks = [];
        const observer = new PerformanceObserver((list) => tasks.push(...list.getEntries().map((entry) => entry.duration)));
        observer.observe({ type: "longtask" });
        const began = performance.now();
        let count = 0;
        const step = () => {
          count += 1;
          if (count < frames) requestAnimationFrame(step);
          else resolve({ longest: Math.max(0, ...tasks), frames: (count * 1000) / (performance.now() - began) });
        };
        requestAnimationFrame(step);
      }),
    FRAMES,
  );
  const after = await metrics(session);
  const seconds = after.Timestamp - before.Timestamp;
  const tasks = ((after.TaskDuration - before.TaskDuration) * 1000) / seconds;
  const heard = (books.messages - begun.messages) / seconds;
  const verdict = (value, aim) => (value <= aim ? `aim ${aim}` : `ABOVE the aim of ${aim}`);
  console.log(`   the venue changed its book ${((books.last - begun.last) / seconds).toFixed(1)} times a second, the page heard ${heard.toFixed(1)}`);
  // On a busy machine tasks wait for the processor: what they had of it is told besides.
  const own = ((after.ThreadTime - before.ThreadTime) * 1000) / seconds;
  console.log(`   ${tasks.toFixed(0)} ms of tasks a second (${verdict(tasks, TASKS_AIM)}), ${own.toFixed(0)} ms of processor time`);
  console.log(`   longest task ${seen.longest === 0 ? "below 50" : seen.longest.toFixed(0)} ms (${verdict(seen.longest, LONGEST_AIM)})`);
  console.log(`   ${seen.frames.toFixed(0)} frames a second`);
  return { isHeard: heard >= HEARD_LEAST, words: `the page heard ${heard.toFixed(1)} books a second, not ${HEARD_LEAST}` };
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
