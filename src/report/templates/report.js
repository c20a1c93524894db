
'use strict';
(() => {
  // The endpoint table: sorting by any column, filtering, and no more than a page of rows in the layout at once.
  const table = document.getElementById('endpoint-table');
  if (table) {
    const PAGE = 200;
    const number = (text) => {
      const value = parseFloat(text.replace(/,/g, ''));
      return Number.isNaN(value) ? -Infinity : value;
    };
    const rows = [...table.tBodies].flatMap((body) => [...body.rows]);
    const first = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const filter = document.getElementById('filter');
    const shown = document.getElementById('shown');
    const more = document.getElementById('more');
    let order = rows;
    let limit = PAGE;

    const names = rows.map((row) => row.cells[0].textContent.toLowerCase());
    const nameOf = new Map(rows.map((row, index) => [row, names[index]]));

    const show = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = order.filter((row) => words.every((word) => nameOf.get(row).includes(word)));
      first.replaceChildren(...found.slice(0, limit));
      more.hidden = found.length <= limit;
      shown.textContent = found.length === rows.length && found.length <= limit
        ? '' : `${Math.min(limit, found.length).toLocaleString('en')} of ${found.length.toLocaleString('en')} shown`;
    };

    heads.forEach((head, column) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const up = head.getAttribute('aria-sort') === 'descending' || (column === 0 && head.getAttribute('aria-sort') !== 'ascending');
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        const keys = new Map(rows.map((row) => [row, column === 0 ? nameOf.get(row) : number(row.cells[column].textContent)]));
        const sign = up ? 1 : -1;
        order = [...rows].sort((a, b) => {
          const [x, y] = [keys.get(a), keys.get(b)];
          return x === y ? 0 : x < y ? -sign : sign;
        });
        show();
      });
    });
    filter.addEventListener('input', () => { limit = PAGE; show(); });
    more.addEventListener('click', () => { limit += 5 * PAGE; show(); });
    if (rows.length > PAGE) show();
  }

  // The charts: a cursor in all of them and the values of that moment in words.
  const source = document.getElementById('timeline');
  if (source) {
    const data = JSON.parse(source.textContent);
    const readout = document.getElementById('readout');
    const figures = [...document.querySelectorAll('.chart')];
    const last = data.t[data.t.length - 1];
    const clock = (s) => s < 3600
      ? `${Math.floor(s / 60)}:${String(s % 60).padStart(2, '0')}`
      : `${Math.floor(s / 3600)}:${String(Math.floor(s / 60) % 60).padStart(2, '0')}:${String(s % 60).padStart(2, '0')} h`;
    const ms = (value) => (value === null ? '–' : `${value.toLocaleString('en')} ms`);
    let at = -1;

    const cursors = figures.flatMap((figure) => [...figure.querySelectorAll('svg')]).map((svg) => {
      const line = document.createElementNS('http://www.w3.org/2000/svg', 'line');
      line.setAttribute('class', 'cursor');
      line.setAttribute('y1', '40');
      line.setAttribute('y2', String(svg.viewBox.baseVal.height - 52));
      line.setAttribute('visibility', 'hidden');
      svg.append(line);
      return { line, left: Number(svg.dataset.left), right: Number(svg.dataset.right) };
    });

    const read = (index) => {
      at = Math.max(0, Math.min(data.t.length - 1, index));
      for (const { line, left, right } of cursors) {
        const x = String(left + (right - left) * data.t[at] / last);
        line.setAttribute('x1', x);
        line.setAttribute('x2', x);
        line.setAttribute('visibility', 'visible');
      }
      const parts = [
        `${data.users[at].toLocaleString('en')} users`, `${data.rps[at].toLocaleString('en')} requests/s`,
        `median ${ms(data.p50[at])}`, `p95 ${ms(data.p95[at])}`, `${data.fps[at].toLocaleString('en')} failures/s`,
      ];
      const time = document.createElement('b');
      time.textContent = clock(data.t[at]);
      readout.replaceChildren(time, ...parts.map((text) => {
        const span = document.createElement('span');
        span.textContent = text;
        return span;
      }));
    };

    const nearest = (second) => {
      let low = 0;
      let high = data.t.length - 1;
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if (data.t[middle] <= second) low = middle; else high = middle;
      }
      return second - data.t[low] < data.t[high] - second ? low : high;
    };

    for (const figure of figures) {
      figure.tabIndex = 0;
      const point = (event) => {
        const svg = [...figure.querySelectorAll('svg')].find((each) => each.getBoundingClientRect().width > 0);
        const box = svg.getBoundingClientRect();
        const unit = svg.viewBox.baseVal.width / box.width;
        const [left, right] = [Number(svg.dataset.left), Number(svg.dataset.right)];
        const share = ((event.clientX - box.left) * unit - left) / (right - left);
        read(nearest(Math.max(0, Math.min(1, share)) * last));
      };
      figure.addEventListener('pointermove', point);
      figure.addEventListener('pointerdown', point);
      figure.addEventListener('keydown', (event) => {
        const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }[event.key];
        if (step === undefined) return;
        event.preventDefault();
        read(at < 0 && Math.abs(step) === 1 ? 0 : at + step);
      });
    }
  }

  // On paper everything that is short enough is open.
  addEventListener('beforeprint', () => document.querySelectorAll('details.print').forEach((each) => { each.open = true; }));
})();
