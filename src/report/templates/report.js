
// The endpoint table, local times, copying, and printing.
(() => {
  const table = document.getElementById('endpoint-table');
  if (table) {
    const PAGE = 200;
    const { names: coded, charts, decimals, columns } = JSON.parse(document.getElementById('endpoint-data').textContent);
    // Each name leaves out what it shares with the one before.
    const names = [];
    for (const [shared, rest] of coded) names.push((names[names.length - 1] ?? '').slice(0, shared) + rest);
    const chartOf = new Map(charts);
    const body = table.tBodies[0];
    const heads = [...table.tHead.rows[0].cells];
    const filter = document.getElementById('filter');
    const shown = document.getElementById('shown');
    const more = document.getElementById('more');
    const lower = names.map((name) => name.toLowerCase());
    const FAILED = 1;
    let order = [];
    let limit = PAGE;
    const sortBy = (place, up) => {
      const keys = place === 0 ? lower : columns[place - 1].map((value) => value ?? -Infinity);
      const sign = up ? 1 : -1;
      order = names.map((_, index) => index).sort((a, b) => (keys[a] === keys[b] ? a - b : keys[a] < keys[b] ? -sign : sign));
    };

    const written = (value, digits) => {
      if (value === null) return '–';
      if (value > 0 && Number(value.toFixed(digits)) === 0) return `<${(10 ** -digits).toFixed(digits)}`;
      return value.toLocaleString('en', { minimumFractionDigits: digits, maximumFractionDigits: digits });
    };
    const rowOf = (index) => {
      const row = document.createElement('tr');
      if (columns[FAILED][index] > 0) row.className = 'fails';
      const head = document.createElement('th');
      head.scope = 'row';
      const name = document.createElement('bdi');
      name.textContent = names[index];
      if (chartOf.has(index)) {
        const button = document.createElement('button');
        button.type = 'button';
        button.title = 'Show its charts';
        button.append(name);
        button.addEventListener('click', () => document.dispatchEvent(new CustomEvent('pick-endpoint', { detail: chartOf.get(index) })));
        head.append(button);
      } else {
        head.append(name);
      }
      row.append(head);
      columns.forEach((column, place) => {
        const cell = document.createElement('td');
        cell.textContent = written(column[index], decimals[place]);
        row.append(cell);
      });
      return row;
    };
    const draw = () => {
      const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
      const found = words.length ? order.filter((index) => words.every((word) => lower[index].includes(word))) : order;
      body.replaceChildren(...found.slice(0, limit).map(rowOf));
      more.hidden = found.length <= limit;
      shown.textContent = found.length === names.length && found.length <= limit
        ? '' : `${Math.min(limit, found.length).toLocaleString('en')} of ${found.length.toLocaleString('en')} shown`;
    };

    heads.forEach((head, place) => {
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const sorted = head.getAttribute('aria-sort');
        const up = sorted === 'descending' || (place === 0 && sorted !== 'ascending');
        heads.forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', up ? 'ascending' : 'descending');
        sortBy(place, up);
        draw();
      });
    });
    filter.addEventListener('input', () => { limit = PAGE; draw(); });
    more.addEventListener('click', () => { limit += 5 * PAGE; draw(); });
    sortBy(heads.findIndex((head) => head.hasAttribute('aria-sort')), false);
    draw();
  }

  // Times in the reader's own zone.
  const local = new Intl.DateTimeFormat('en', { year: 'numeric', month: 'short', day: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23', timeZoneName: 'short' });
  for (const time of document.querySelectorAll('time[datetime]')) {
    time.title = time.dateTime;
    time.textContent = local.format(new Date(time.dateTime));
  }

  // Commands to copy.
  for (const button of document.querySelectorAll('button.copy')) {
    button.hidden = false;
    button.addEventListener('click', async () => {
      const text = button.parentElement.querySelector('code').textContent;
      try {
        await navigator.clipboard.writeText(text);
      } catch {
        const range = document.createRange();
        range.selectNodeContents(button.parentElement.querySelector('code'));
        getSelection().removeAllRanges();
        getSelection().addRange(range);
        document.execCommand('copy');
      }
      button.textContent = 'Copied';
      setTimeout(() => { button.textContent = 'Copy'; }, 2000);
    });
  }

  // On paper everything that is short enough is open.
  addEventListener('beforeprint', () => document.querySelectorAll('details.print').forEach((each) => { each.open = true; }));
})();
