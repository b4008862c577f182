/** What the main thread does while a market moves, by DevTools' own count. Figures are printed, not asserted: machines differ. */

/** Frames that are watched: ten seconds at 60 a second. */
const FRAMES = 600;

export async function taskTime(page) {
  const session = await page.context().newCDPSession(page);
  await session.send("Performance.enable", { timeDomain: "timeTicks" });
  const read = async () => Object.fromEntries((await session.send("Performance.getMetrics")).metrics.map(({ name, value }) => [name, value]));
  const before = await read();
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
  const after = await read();
  const seconds = after.Timestamp - before.Timestamp;
  return { ...seen, milliseconds: ((after.TaskDuration - before.TaskDuration) * 1000) / seconds };
}
