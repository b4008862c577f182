// The report's script: readout under the pointer, filter of trades, candles. Nothing is loaded and nothing is sent.
'use strict';
(() => {
  const data = name => { const e = document.querySelector(`script[data-for="${name}"]`); return e && JSON.parse(e.textContent); };
  const sign = v => (v > 0 ? '+' : v < 0 ? '−' : '');
  const share = v => `${sign(Math.round(v * 1e4))}${Math.abs(v * 100).toFixed(2)} %`;
  const pad = n => String(n).padStart(2, '0');
  const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
  const when = (ms, clock) => {
    const d = new Date(ms), day = `${d.getUTCDate()} ${months[d.getUTCMonth()]}`;
    return clock ? `${day} ${pad(d.getUTCHours())}:${pad(d.getUTCMinutes())}` : `${day} ${d.getUTCFullYear()}`;
  };

  // Readout of equity and drawdown.
  const card = document.querySelector('[data-read=equity]'), equity = data('equity');
  if (card && equity) {
    const charts = [...card.querySelectorAll('.chart')], read = card.querySelector('.read');
    const first = equity.t[0], last = equity.t[equity.t.length - 1];
    const show = e => {
      const box = charts[0].getBoundingClientRect();
      const x = Math.min(1, Math.max(0, (e.clientX - box.left) / box.width));
      const at = first + x * (last - first);
      let low = 0, high = equity.t.length - 1;
      while (low < high) { const mid = (low + high) >> 1; if (equity.t[mid] < at) low = mid + 1; else high = mid; }
      const hold = equity.hold.length ? ` · hold ${share(equity.hold[low])}` : '';
      read.textContent = `${when(equity.t[low], last - first < 9e8)} · ${share(equity.own[low])}${hold} · below high ${share(equity.fall[low])}`;
      read.style.visibility = 'visible';
      for (const c of charts) { const r = c.querySelector('.rule'); r.style.left = `${x * 100}%`; r.style.visibility = 'visible'; }
    };
    const hide = () => card.querySelectorAll('.rule,.read').forEach(e => { e.style.visibility = 'hidden'; });
    for (const c of charts) { c.addEventListener('pointermove', show); c.addEventListener('pointerleave', hide); }
  }

  // Which trades.
  document.querySelectorAll('[data-show]').forEach(button => button.addEventListener('click', () => {
    document.querySelectorAll('[data-show]').forEach(b => b.setAttribute('aria-pressed', String(b === button)));
    document.querySelectorAll('#trades tbody tr').forEach(row => {
      row.hidden = button.dataset.show !== 'all' && row.dataset.kind !== button.dataset.show;
    });
  }));

  // Candles.
  const raw = data('candles'), box = document.getElementById('candles');
  if (!raw || !box) return;
  const count = raw.candles.length / 5, unit = 10 ** -raw.scale;
  const time = new Float64Array(count), o = new Float64Array(count), h = new Float64Array(count), l = new Float64Array(count), c = new Float64Array(count);
  for (let i = 0, t = raw.from, close = raw.first; i < count; i++) {
    const [dt, dO, up, down, dc] = raw.candles.slice(i * 5, i * 5 + 5);
    t += dt; time[i] = t;
    const open = close + dO; close = open + dc;
    o[i] = open * unit; h[i] = (open + up) * unit; l[i] = (open - down) * unit; c[i] = close * unit;
  }
  const place = ms => { let a = 0, b = count; while (a < b) { const m = (a + b) >> 1; if (time[m] <= ms) a = m + 1; else b = m; } return a - 1; };
  const trades = raw.trades.map(([from, to, entry, exit, side, profit]) => ({ a: place(from), b: place(to), entry, exit, side, profit }));
  const canvas = box.querySelector('canvas'), ctx = canvas.getContext('2d');
  const view = { from: 0, to: count };
  const price = v => v.toLocaleString('en-US', { minimumFractionDigits: raw.decimals, maximumFractionDigits: raw.decimals });
  let pointer = null;

  const draw = () => {
    const w = box.clientWidth, height = box.clientHeight, dpr = window.devicePixelRatio || 1;
    canvas.width = w * dpr; canvas.height = height * dpr; ctx.setTransform(dpr, 0, 0, dpr, 0, 0);
    const style = getComputedStyle(document.documentElement), colour = n => style.getPropertyValue(`--${n}`).trim();
    const [up, dn, grid, text, dim] = ['up', 'dn', 'grid', 'text', 'text-3'].map(colour);
    const right = w - 64, bottom = height - 22, left = 16, top = 8;
    const from = Math.max(0, Math.floor(view.from)), to = Math.min(count, Math.ceil(view.to));
    let low = Infinity, high = -Infinity;
    for (let i = from; i < to; i++) { if (l[i] < low) low = l[i]; if (h[i] > high) high = h[i]; }
    if (!(high > low)) { high += 1; low -= 1; }
    const room = (high - low) * 0.06; low -= room; high += room;
    const X = i => left + (i + 0.5 - view.from) / (view.to - view.from) * (right - left);
    const Y = v => top + (high - v) / (high - low) * (bottom - top);
    ctx.clearRect(0, 0, w, height); ctx.font = `11px ${getComputedStyle(document.body).fontFamily}`; ctx.textBaseline = 'middle';
    // Grid and prices.
    const about = (high - low) / 5, power = 10 ** Math.floor(Math.log10(about)), step = [1, 2, 2.5, 5, 10].map(s => s * power).find(s => s >= about);
    ctx.strokeStyle = grid; ctx.fillStyle = dim; ctx.lineWidth = 1;
    for (let v = Math.ceil(low / step) * step; v < high; v += step) {
      ctx.beginPath(); ctx.moveTo(left, Y(v)); ctx.lineTo(right, Y(v)); ctx.stroke(); ctx.fillText(price(v), right + 8, Y(v));
    }
    const labels = Math.max(2, Math.floor((right - left) / 110));
    ctx.textAlign = 'center';
    for (let n = 0; n < labels; n++) {
      const i = Math.min(count - 1, Math.floor(view.from + (n + 0.5) / labels * (view.to - view.from)));
      ctx.fillText(when(time[i], (view.to - view.from) * raw.step < 9e8), X(i), bottom + 12);
    }
    ctx.textAlign = 'left';
    // Candles; several to a pixel column when there is no room for one each.
    const each = (right - left) / (view.to - view.from), per = Math.max(1, Math.ceil(3 / each)), body = Math.max(1, each * per * 0.66);
    for (let i = from - from % per; i < to; i += per) {
      const end = Math.min(i + per, to); let hi = -Infinity, lo = Infinity;
      for (let j = Math.max(i, from); j < end; j++) { if (h[j] > hi) hi = h[j]; if (l[j] < lo) lo = l[j]; }
      const open = o[Math.max(i, from)], close = c[end - 1], x = X((i + end - 1) / 2);
      ctx.strokeStyle = ctx.fillStyle = close >= open ? up : dn; ctx.globalAlpha = 0.8;
      ctx.beginPath(); ctx.moveTo(x, Y(hi)); ctx.lineTo(x, Y(lo)); ctx.stroke();
      const a = Y(Math.max(open, close)), b = Y(Math.min(open, close));
      ctx.fillRect(x - body / 2, a, body, Math.max(1, b - a));
    }
    ctx.globalAlpha = 1;
    // Trades; when they are too many to tell apart, only their lines.
    const shown = trades.filter(t => t.b >= from && t.a <= to), marks = shown.length < (right - left) / 7;
    ctx.save(); ctx.beginPath(); ctx.rect(left, 0, right - left, bottom); ctx.clip();
    for (const t of shown) {
      const x1 = X(t.a), y1 = Y(t.entry), x2 = X(t.b), y2 = Y(t.exit), tone = t.profit > 0 ? up : dn;
      ctx.strokeStyle = tone; ctx.lineWidth = 1.5; ctx.beginPath(); ctx.moveTo(x1, y1); ctx.lineTo(x2, y2); ctx.stroke();
      if (!marks) continue;
      ctx.fillStyle = text; ctx.beginPath();
      ctx.moveTo(x1, y1); ctx.lineTo(x1 - 5, y1 + 9 * t.side); ctx.lineTo(x1 + 5, y1 + 9 * t.side); ctx.fill();
      ctx.fillStyle = tone; ctx.beginPath(); ctx.arc(x2, y2, 3.5, 0, 7); ctx.fill();
    }
    ctx.restore();
    // Readout.
    if (pointer !== null && pointer >= left && pointer <= right) {
      const i = Math.min(count - 1, Math.max(0, Math.floor(view.from + (pointer - left) / (right - left) * (view.to - view.from))));
      ctx.strokeStyle = colour('cross'); ctx.lineWidth = 1; ctx.beginPath(); ctx.moveTo(pointer, top); ctx.lineTo(pointer, bottom); ctx.stroke();
      const line = `${when(time[i], true)}  O ${price(o[i])}  H ${price(h[i])}  L ${price(l[i])}  C ${price(c[i])}`;
      ctx.fillStyle = colour('surface'); ctx.fillRect(left, 0, ctx.measureText(line).width + 10, 18);
      ctx.fillStyle = text; ctx.fillText(line, left, 9);
    }
  };
  let waiting = false;
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); } };
  const show = (from, to) => {
    const least = Math.min(20, count), width = Math.min(count, Math.max(least, to - from));
    const start = Math.min(count - width, Math.max(0, from + (to - from - width) / 2));
    view.from = start; view.to = start + width; redraw();
  };
  const zoom = (factor, at = 0.5) => {
    const width = view.to - view.from, middle = view.from + width * at;
    show(middle - width * factor * at, middle + width * factor * (1 - at));
  };
  const move = share => { const by = (view.to - view.from) * share; show(view.from + by, view.to + by); };
  const last = () => { const t = trades[0]; if (t) { const room = Math.max(20, (t.b - t.a) * 2); show(t.a - room, t.b + room); } };
  const actions = { in: () => zoom(0.5), out: () => zoom(2), all: () => show(0, count), last };
  document.querySelectorAll('[data-zoom]').forEach(b => b.addEventListener('click', () => actions[b.dataset.zoom]()));
  box.addEventListener('wheel', e => {
    e.preventDefault();
    if (Math.abs(e.deltaX) > Math.abs(e.deltaY)) move(e.deltaX / box.clientWidth);
    else zoom(e.deltaY > 0 ? 1.2 : 1 / 1.2, (e.clientX - box.getBoundingClientRect().left) / box.clientWidth);
  }, { passive: false });
  box.addEventListener('keydown', e => {
    const keys = { ArrowLeft: () => move(-0.2), ArrowRight: () => move(0.2), '+': actions.in, '=': actions.in, '-': actions.out, '0': actions.all };
    if (keys[e.key]) { e.preventDefault(); keys[e.key](); }
  });
  let drag = null;
  box.addEventListener('pointerdown', e => { drag = { x: e.clientX, from: view.from, to: view.to }; box.setPointerCapture(e.pointerId); });
  box.addEventListener('pointermove', e => {
    pointer = e.clientX - box.getBoundingClientRect().left;
    if (drag) { const by = (drag.x - e.clientX) / (box.clientWidth - 80) * (drag.to - drag.from); show(drag.from + by, drag.to + by); } else redraw();
  });
  box.addEventListener('pointerup', () => { drag = null; });
  box.addEventListener('pointerleave', () => { pointer = null; redraw(); });
  new ResizeObserver(redraw).observe(box);
  matchMedia('(prefers-color-scheme:dark)').addEventListener('change', redraw);
  // Begin with what can be told apart: the last thousand candles of a long run.
  if (count > 1500) show(count - 1000, count); else draw();
})();
