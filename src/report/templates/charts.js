
'use strict';
// Charts over the run: picking endpoints, drawing them as src/report/html/panel.rs does, and reading values by hovering
// or with the arrow keys.
(() => {
  const source = document.getElementById('chart-data');
  if (!source) return;
  const { frame, courses } = JSON.parse(source.textContent);
  for (const course of courses) course.t ??= courses[0].t;
  const panels = document.getElementById('panels');
  const MOST_PICKS = 4;
  const [TOP, BOTTOM, TALL, SMALL] = [16, 20, 200, 110];
  const [TALL_STEPS, SMALL_STEPS] = [4.5, 2.5];
  const LINES = [['p99', 'p99'], ['p95', 'p95'], ['p50', 'median']];
  const UNIT = { p50: ' ms', p95: ' ms', p99: ' ms', rps: '/s', fail: ' %', users: '' };

  const grouped = (value) => {
    const decimals = value === 0 || Math.abs(value) >= 100 ? 0 : Math.min(6, Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value)))));
    return Number(value.toFixed(decimals)).toLocaleString('en', { maximumFractionDigits: 6 });
  };
  const show = (value, unit) => (value === null || value === undefined ? '–' : grouped(value) + unit);
  const clock = (s) => {
    const two = (n) => String(Math.floor(n)).padStart(2, '0');
    return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}` : `${Math.floor(s / 3600)}:${two(s / 60 % 60)} h`;
  };
  const nines = (percent) => -Math.log10(Math.max(1e-6, 1 - percent / 100));
  const valueMarks = (most, steps) => {
    const rough = (most > 0 ? most : 1) / steps;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough) ?? power;
    const count = Math.max(1, Math.ceil((most > 0 ? most : 1) / step));
    return Array.from({ length: count + 1 }, (_, index) => Number((index * step).toPrecision(12)));
  };
  const timeMarks = (seconds) => {
    const step = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800].find((each) => seconds / each <= 10) ?? 86400;
    return Array.from({ length: Math.floor(seconds / step) + 1 }, (_, index) => index * step);
  };

  const svgElement = (name, attributes = {}, text = '') => {
    const element = document.createElementNS('http://www.w3.org/2000/svg', name);
    for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
    if (text) element.textContent = text;
    return element;
  };
  const element = (name, className = '', text = '') => {
    const made = document.createElement(name);
    if (className) made.className = className;
    if (text) made.textContent = text;
    return made;
  };

  class Plot {
    constructor(height, xEnd, yEnd) {
      Object.assign(this, { height, xEnd: xEnd > 0 ? xEnd : 1, yEnd: yEnd > 0 ? yEnd : 1 });
      this.shapes = svgElement('svg', { y: TOP, width: '100%', height, viewBox: '0 0 1000 100', preserveAspectRatio: 'none', 'aria-hidden': 'true' });
      this.labels = svgElement('g', { 'aria-hidden': 'true' });
    }
    x(value) { return Math.round(Math.min(1, Math.max(0, value / this.xEnd)) * 10000) / 10; }
    y(value) { return Math.round((100 - Math.min(1, Math.max(0, value / this.yEnd)) * 100) * 10) / 10; }
    path(className, d) { this.shapes.append(svgElement('path', { class: className, d })); }
    text(attributes, words) { this.labels.append(svgElement('text', attributes, words)); }
    yMarks(marks, unit) {
      marks.forEach((value, index) => {
        this.path(index ? 'grid' : 'base', `M0 ${this.y(value)}H1000`);
        if (index) this.text({ class: 'y', x: 0, y: (TOP + this.y(value) / 100 * this.height - 4).toFixed(1) }, show(value, unit));
      });
    }
    xMarks(marks) {
      marks.forEach(([value, words], index) => {
        const share = value / this.xEnd * 100;
        const anchor = share < 3 ? ' start' : share > 96 ? ' end' : '';
        this.text({ class: `x${anchor}${index % 2 ? ' minor' : ''}`, x: `${share.toFixed(2)}%`, y: TOP + this.height + BOTTOM - 5 }, words);
      });
    }
    line(className, points, area = false) {
      let d = '';
      let part = [];
      const close = () => {
        if (!part.length) return;
        d += part.map(([x, y], index) => `${index ? 'L' : 'M'}${this.x(x)} ${this.y(y)}`).join('');
        if (area) d += `L${this.x(part[part.length - 1][0])} 100L${this.x(part[0][0])} 100Z`;
        else if (part.length === 1) d += 'h1';
        part = [];
      };
      for (const point of points) { if (point[1] === null) close(); else part.push(point); }
      close();
      this.path(`${area ? 'area' : 'line'} ${className}`, d);
    }
    area(className, points) { this.line(className, points, true); this.line(className, points); }
    band(points) {
      if (!points.length) return;
      const edge = [...points.map(([x, , high]) => [x, high]), ...[...points].reverse().map(([x, low]) => [x, low])];
      this.path('band good', `${edge.map(([x, y], index) => `${index ? 'L' : 'M'}${this.x(x)} ${this.y(y)}`).join('')}Z`);
    }
    rule({ value, text, missed }) {
      const name = missed ? 'limit missed' : 'limit';
      this.path(`rule ${name}`, `M0 ${this.y(value)}H1000`);
      this.text({ class: `rule-label ${name}`, x: '100%', y: (TOP + this.y(value) / 100 * this.height - 4).toFixed(1) }, text);
    }
    shade(className, from, to, words) {
      const [left, right] = [this.x(from), this.x(to)];
      this.shapes.append(svgElement('rect', { class: `shade ${className}`, x: left, width: Math.max(1, right - left).toFixed(1), height: 100 }));
      if (words) this.text({ class: `shade-label ${className}`, x: `${(from / this.xEnd * 100).toFixed(2)}%`, y: TOP - 5 }, words);
    }
    dots(className, points) { this.path(`dots ${className}`, points.map(([x, y]) => `M${this.x(x)} ${this.y(y)}h0`).join('')); }
    finish(title) {
      const svg = svgElement('svg', { class: 'plot', height: TOP + this.height + BOTTOM, role: 'img', 'aria-label': title });
      svg.append(this.shapes, this.labels);
      return svg;
    }
  }

  const most = (values) => values.reduce((high, value) => (value !== null && value > high ? value : high), 0);
  const last = (list) => list[list.length - 1];
  const zip = (course, values) => course.t.map((t, index) => [t, values[index]]);
  const limitsOf = (course, kinds) => course.limits.filter((limit) => kinds.includes(limit.of));
  const msLimits = (course) => limitsOf(course, ['p50', 'p95', 'p99']);
  const loadValues = (course) => (course.p95.some((value) => value !== null) ? course.p95 : course.p50);
  const loadPoints = (course) => course.t.flatMap((t, index) => {
    const [rps, ms] = [course.rps[index], loadValues(course)[index]];
    return rps === null || ms === null ? [] : [{ t, rps, ms }];
  });
  // The largest value of each chart over all picks, so that panels side by side have the same axes.
  const KINDS = {
    times: (course) => Math.max(...LINES.map(([name]) => most(course[name])), ...msLimits(course).map((limit) => limit.value)),
    rps: (course) => Math.max(most(course.rps), ...limitsOf(course, ['rps']).map((limit) => limit.value)),
    fail: (course) => Math.max(most(course.fail), ...limitsOf(course, ['fail']).map((limit) => limit.value)),
    curve: (course) => Math.max(0, ...course.curve.this.map((point) => point[1]), ...course.curve.good.map((point) => point[3])),
    load: (course) => most(loadPoints(course).map((point) => point.ms)),
    loadX: (course) => most(loadPoints(course).map((point) => point.rps)),
  };
  const curveEnd = (course) => nines(Math.max(90, last(course.curve.this)?.[0] ?? 0, last(course.curve.good)?.[0] ?? 0));

  const overTime = (height, high, unit) => {
    const marks = valueMarks(high, height === TALL ? TALL_STEPS : SMALL_STEPS);
    const plot = new Plot(height, frame.seconds, last(marks));
    if (frame.ramp > 0) plot.shade('ramp', 0, frame.ramp, '');
    for (const { number, from, to } of frame.findings) {
      plot.shade((to - from) * 4 > frame.seconds ? 'finding long' : 'finding', from, to, String(number));
    }
    plot.yMarks(marks, unit);
    plot.xMarks(timeMarks(frame.seconds).map((second) => [second, clock(second)]));
    return plot;
  };

  const figure = (kind, title, legend, plot, note = '') => {
    const made = element('figure', `chart ${kind}`);
    made.dataset.kind = kind;
    const caption = element('figcaption', '', `${title} `);
    for (const [className, words] of legend) caption.append(element('span', `key ${className}`, words), ' ');
    made.append(caption, plot.finish(title));
    if (note) made.append(element('p', 'under', note));
    return made;
  };

  const measureFigure = (course, kind, title, words, high, note) => {
    const plot = overTime(SMALL, high, UNIT[kind]);
    const legend = [[kind, words]];
    const good = course.good[kind];
    if (good && good[2] > 0) {
      plot.band([[0, good[0], good[2]], [frame.seconds, good[0], good[2]]]);
      legend.push(['good', 'good runs']);
    }
    plot.area(kind, zip(course, course[kind]));
    limitsOf(course, [kind]).forEach((limit) => plot.rule(limit));
    return figure(kind, title, legend, plot, note);
  };

  const figures = (course, high) => {
    const shown = LINES.filter(([name]) => course[name].some((value) => value !== null));
    const times = overTime(TALL, high.times, ' ms');
    const legend = [...shown].reverse();
    if (course.good.p95) {
      times.band([[0, course.good.p95[0], course.good.p95[2]], [frame.seconds, course.good.p95[0], course.good.p95[2]]]);
      legend.push(['good', 'p95 of good runs']);
    }
    if (frame.ramp > 0) legend.push(['ramp', 'ramp-up']);
    shown.forEach(([name]) => times.line(name, zip(course, course[name])));
    msLimits(course).forEach((limit) => times.rule(limit));
    const classes = course.classes.map(({ class: name, count, span }) => `${name}: ${grouped(count)}${span ? `, ${clock(span[0])} to ${clock(span[1])}` : ''}`);
    const users = overTime(SMALL, most(frame.users.map((point) => point[1])), '');
    users.area('users', frame.users);
    const made = [
      figure('times', 'Response time', legend, times),
      measureFigure(course, 'rps', 'Throughput', 'requests/s', high.rps),
      measureFigure(course, 'fail', 'Failed', '% of the requests', high.fail, classes.join(' · ')),
      figure('users', 'Users', [['users', 'running']], users),
    ];
    const { curve } = course;
    if (curve.this.length > 1) {
      const marks = valueMarks(high.curve, TALL_STEPS);
      const plot = new Plot(TALL, curveEnd(course), last(marks));
      plot.yMarks(marks, ' ms');
      plot.xMarks([0, 50, 90, 95, 99, 99.9, 99.99].map((percent) => [nines(percent), `p${percent}`]).filter(([at]) => at <= curveEnd(course) + 1e-9));
      const keys = [['p95', 'this run']];
      if (curve.good.length) {
        plot.band(curve.good.map(([q, low, , top]) => [nines(q), low, top]));
        plot.line('usual', curve.good.map(([q, , middle]) => [nines(q), middle]));
        keys.push(['usual', `median of ${curve.runs} good run${curve.runs === 1 ? '' : 's'}`], ['good', 'their range']);
      }
      plot.line('p95', curve.this.map(([q, ms]) => [nines(q), ms]));
      made.push(figure('curve', 'Distribution of response times', keys, plot, curve.exact
        ? 'Every response time of this run, by percentile.' : 'The percentiles of the CSV, which Locust rounds to two digits.'));
    }
    const points = loadPoints(course);
    if (points.length > 2) {
      const [xMarks, yMarks] = [valueMarks(high.loadX, TALL_STEPS), valueMarks(high.load, TALL_STEPS)];
      const plot = new Plot(TALL, last(xMarks), last(yMarks));
      plot.yMarks(yMarks, ' ms');
      plot.xMarks(xMarks.map((value) => [value, show(value, '/s')]));
      const early = (point) => point.t < (frame.ramp ?? 0);
      plot.dots('early', points.filter(early).map((point) => [point.rps, point.ms]));
      plot.dots('p95', points.filter((point) => !early(point)).map((point) => [point.rps, point.ms]));
      made.push(figure('load', 'Response time by throughput', [['p95', 'p95 of a moment'], ['early', 'during the ramp-up']], plot));
    }
    return made;
  };

  // Picking.
  let picks = [0];
  const picksBox = document.getElementById('picks');
  const add = document.getElementById('add-pick');

  const drawPanels = () => {
    const high = Object.fromEntries(Object.entries(KINDS).map(([kind, value]) => [kind, Math.max(0, ...picks.map((pick) => value(courses[pick])))]));
    panels.dataset.count = String(picks.length);
    panels.replaceChildren(...picks.map((pick) => {
      const panel = element('div', 'panel');
      const head = element('h3');
      head.append(element('bdi', '', courses[pick].name));
      const box = element('div', 'charts');
      box.append(...figures(courses[pick], high));
      panel.append(head, box);
      return panel;
    }));
    prepare();
  };

  const drawPicks = () => {
    picksBox.replaceChildren(...picks.map((pick, place) => {
      const one = element('span', 'pick');
      const select = element('select');
      select.id = `pick-${place}`;
      if (place) select.setAttribute('aria-label', `Endpoint ${place + 1}`);
      courses.forEach((course, index) => {
        const option = element('option', '', course.name);
        option.value = String(index);
        option.selected = index === pick;
        select.append(option);
      });
      select.addEventListener('change', () => {
        picks[place] = Number(select.value);
        one.querySelector('.remove')?.setAttribute('aria-label', `Remove ${courses[picks[place]].name}`);
        drawPanels();
      });
      one.append(select);
      if (place) {
        const remove = element('button', 'remove', 'Remove');
        remove.type = 'button';
        remove.setAttribute('aria-label', `Remove ${courses[pick].name}`);
        remove.addEventListener('click', () => { picks.splice(place, 1); drawPicks(); drawPanels(); add.focus(); });
        one.append(remove);
      }
      return one;
    }));
    add.hidden = picks.length >= Math.min(MOST_PICKS, courses.length);
  };

  add.addEventListener('click', () => {
    picks.push(courses.findIndex((_, index) => !picks.includes(index)));
    drawPicks();
    drawPanels();
    document.getElementById(`pick-${picks.length - 1}`).focus();
  });
  document.addEventListener('pick-endpoint', (event) => {
    picks = [event.detail];
    drawPicks();
    drawPanels();
    document.getElementById('time').scrollIntoView();
    document.getElementById('pick-0').focus({ preventScroll: true });
  });

  // Hovering and the arrow keys.
  const tip = element('div', 'tip');
  tip.setAttribute('role', 'status');
  tip.hidden = true;
  panels.after(tip);
  const OVER_TIME = ['times', 'rps', 'fail', 'users'];
  let at = null;

  const nearest = (times, second) => {
    let [low, high] = [0, times.length - 1];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if (times[middle] <= second) low = middle; else high = middle;
    }
    return second - times[low] < times[high] - second ? low : high;
  };
  const line = (words, className = '') => element('span', className, words);

  const place = (figureBox, x, y) => {
    tip.hidden = false;
    const room = panels.parentElement.getBoundingClientRect();
    const own = tip.getBoundingClientRect();
    const left = x - room.left + 16 + own.width > room.width ? x - room.left - own.width - 16 : x - room.left + 16;
    tip.style.left = `${Math.max(0, left)}px`;
    tip.style.top = `${y - room.top + 12}px`;
  };

  const readTime = (second, box, x, y) => {
    at = Math.max(0, Math.min(frame.seconds, second));
    const share = `${at / frame.seconds * 100}%`;
    for (const cursor of panels.querySelectorAll('line.cursor')) {
      cursor.setAttribute('x1', share);
      cursor.setAttribute('x2', share);
      cursor.setAttribute('visibility', 'visible');
    }
    const wall = new Date((frame.start + at) * 1000).toLocaleTimeString('en', { hourCycle: 'h23', timeZoneName: 'short' });
    const user = frame.users[nearest(frame.users.map((point) => point[0]), at)];
    const parts = [element('b', '', clock(at)), line(`${wall}, ${grouped(user[1])} users`)];
    for (const pick of picks) {
      const course = courses[pick];
      const index = nearest(course.t, at);
      if (picks.length > 1) parts.push(element('b', '', course.name));
      parts.push(line(`median ${show(course.p50[index], ' ms')}`, 'p50'), line(`p95 ${show(course.p95[index], ' ms')}`, 'p95'));
      if (course.p99.some((value) => value !== null)) parts.push(line(`p99 ${show(course.p99[index], ' ms')}`, 'p99'));
      parts.push(line(`${show(course.rps[index], '/s')}`, 'rps'), line(`${show(course.fail[index], ' %')} failed`, 'fail'));
    }
    tip.replaceChildren(...parts);
    place(box, x, y);
  };

  const courseOf = (box) => courses[picks[[...panels.children].indexOf(box.closest('.panel'))]];
  const readCurve = (course, share, box, x, y) => {
    const { curve } = course;
    const wanted = share * curveEnd(course);
    const point = curve.this.reduce((best, each) => (Math.abs(nines(each[0]) - wanted) < Math.abs(nines(best[0]) - wanted) ? each : best));
    const good = curve.good.find((each) => each[0] === point[0]);
    tip.replaceChildren(element('b', '', `p${point[0]}`), line(`this run ${show(point[1], ' ms')}`, 'p95'),
      ...(good ? [line(`good runs ${show(good[1], '')} to ${show(good[3], ' ms')}, median ${show(good[2], ' ms')}`)] : []));
    place(box, x, y);
  };
  const readLoad = (course, share, height, box, x, y) => {
    const points = loadPoints(course);
    const end = (value) => last(valueMarks(Math.max(...picks.map((pick) => value(courses[pick]))), TALL_STEPS));
    const [xEnd, yEnd] = [end(KINDS.loadX), end(KINDS.load)];
    const far = (point) => ((point.rps / xEnd - share) * 2) ** 2 + (point.ms / yEnd - height) ** 2;
    const point = points.reduce((best, each) => (far(each) < far(best) ? each : best));
    tip.replaceChildren(element('b', '', clock(point.t)), line(show(point.rps, '/s'), 'rps'), line(`p95 ${show(point.ms, ' ms')}`, 'p95'));
    place(box, x, y);
  };

  const hide = () => {
    tip.hidden = true;
    for (const cursor of panels.querySelectorAll('line.cursor')) cursor.setAttribute('visibility', 'hidden');
  };

  function prepare() {
    hide();
    for (const box of panels.querySelectorAll('.chart')) {
      box.tabIndex = 0;
      const svg = box.querySelector('svg.plot');
      if (OVER_TIME.includes(box.dataset.kind)) {
        svg.append(svgElement('line', { class: 'cursor', y1: TOP, y2: svg.getAttribute('height') - BOTTOM, visibility: 'hidden' }));
      }
      const point = (event) => {
        const { left, top, width } = svg.getBoundingClientRect();
        const share = Math.max(0, Math.min(1, (event.clientX - left) / width));
        const [x, y] = [event.clientX, event.clientY];
        if (OVER_TIME.includes(box.dataset.kind)) readTime(Math.round(share * frame.seconds), box, x, y);
        else if (box.dataset.kind === 'curve') readCurve(courseOf(box), share, box, x, y);
        else readLoad(courseOf(box), share, 1 - (event.clientY - top - TOP) / TALL, box, x, y);
      };
      svg.addEventListener('pointermove', point);
      svg.addEventListener('pointerdown', point);
      box.addEventListener('pointerleave', hide);
      box.addEventListener('blur', hide);
      box.addEventListener('keydown', (event) => {
        if (event.key === 'Escape') { hide(); return; }
        const step = { ArrowLeft: -1, ArrowRight: 1, PageDown: 20, PageUp: -20, Home: -Infinity, End: Infinity }[event.key];
        if (step === undefined || !OVER_TIME.includes(box.dataset.kind)) return;
        event.preventDefault();
        const { t } = courseOf(box);
        const index = at === null ? (step > 0 ? 0 : t.length - 1) : Math.max(0, Math.min(t.length - 1, nearest(t, at) + step));
        const { left, top, width } = svg.getBoundingClientRect();
        readTime(t[index], box, left + width * t[index] / frame.seconds, top + TOP);
      });
    }
  }

  document.querySelector('.picker').hidden = false;
  drawPicks();
  prepare();
})();
