/** What is cut off at the side: text and things to press that a box hides in part, or that lie outside the window. */

/** Boxes that one scrolls sideways by design: the strip of markets, and a log whose lines are as long as they are. */
const SCROLLED = ".strip, .log";
/** On a phone also the months of a year, and tabs. */
const SCROLLED_ON_PHONE = `${SCROLLED}, .months, .tabs`;
const PHONE = 720;

/** What is pressed with a finger and is lower than it should be: everything but rows of the ladder and words within a text. */
export function low(page, least) {
  return page.evaluate((least) => {
    const pressed = "button:not(.level), .button, select, summary, input:not([type=checkbox], [type=radio], .number-line input), label:has(> input[type=checkbox], > input[type=radio])";
    return [...document.querySelectorAll(`:is(main, header, .bottom, dialog[open]) :is(${pressed})`)].flatMap((element) => {
      const { height } = element.getBoundingClientRect();
      if (height === 0 || height >= least - 0.5 || element.closest(".hidden-text, .skip, .toasts")) return [];
      return [`${element.tagName.toLowerCase()}.${element.className} "${(element.getAttribute("aria-label") ?? element.textContent).trim().slice(0, 30)}" is ${height.toFixed(0)} px high`];
    });
  }, least);
}

/** Findings as readable lines, once what hangs on the window's size has been drawn; empty when there are none. */
export async function cut(page, width, height) {
  await page.setViewportSize({ width, height });
  return page.evaluate(
    async ({ scrolled }) => {
      for (let frame = 0; frame < 4; frame += 1) await new Promise((resolve) => requestAnimationFrame(resolve));
      const found = [];
      const say = (element, what) => {
        const text = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
        found.push(`${element.tagName.toLowerCase()}.${element.className || ""} "${text}" ${what}`);
      };
      const speaks = (element) => element.matches("button, input, select, textarea, a") || [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== "");
      const clips = (style) => style.overflowX !== "visible";
      for (const element of document.querySelectorAll("main *, header *, .bottom *")) {
        const box = element.getBoundingClientRect();
        if (box.width === 0 || box.height === 0 || !speaks(element) || element.closest(".hidden-text, .skip, option, svg, .toasts")) continue;
        if (getComputedStyle(element).visibility === "hidden" || getComputedStyle(element).textOverflow === "ellipsis") continue;
        for (let around = element.parentElement; around; around = around.parentElement) {
          const style = getComputedStyle(around);
          if (style.textOverflow === "ellipsis") break;
          if (!clips(style)) continue;
          if (around.matches(scrolled)) break;
          const edge = around.getBoundingClientRect();
          const over = Math.max(box.right - edge.right, edge.left - box.left);
          if (over > 1) {
            say(element, `is cut by ${over.toFixed(0)} px`);
            break;
          }
        }
      }
      const wide = document.documentElement.scrollWidth - innerWidth;
      if (wide > 0) found.push(`the page is ${wide} px wider than the window`);
      return [...new Set(found)];
    },
    { scrolled: width <= PHONE ? SCROLLED_ON_PHONE : SCROLLED },
  );
}
