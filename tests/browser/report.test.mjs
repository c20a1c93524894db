// What a person does with report.html, in a real browser.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const { CHROMIUM, PAGES, SHOTS } = process.env;
const NAMES = ['failed', 'passed', 'warned', 'inconclusive', 'empty', 'large', 'hostile'];
let browser;

before(async () => {
  mkdirSync(SHOTS, { recursive: true });
  browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', '--disable-quic'] });
});
after(() => browser.close());

/** Opens a page and notes everything it should not do. */
async function open(name, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const sins = [];
  const url = pathToFileURL(`${PAGES}/${name}.html`).href;
  page.on('request', (request) => { if (request.url() !== url) sins.push(`request ${request.url()}`); });
  page.on('console', (message) => { if (['error', 'warning'].includes(message.type())) sins.push(message.text()); });
  page.on('pageerror', (error) => sins.push(String(error)));
  page.on('dialog', (dialog) => { sins.push(`dialog ${dialog.message()}`); dialog.dismiss(); });
  await page.goto(url, { waitUntil: 'load' });
  return { page, sins, close: () => context.close() };
}

const column = (page, index) =>
  page.$$eval('#endpoint-table tbody tr', (rows, at) => rows.filter((row) => row.offsetParent !== null).map((row) => row.cells[at].textContent), index);
const number = (text) => (text.startsWith('–') ? -Infinity : parseFloat(text.replaceAll(',', '').replace('<', '0.')));

for (const name of NAMES) {
  test(`${name}: no request, no error, no warning`, async () => {
    const { page, sins, close } = await open(name);
    await page.mouse.move(640, 400);
    for (const summary of await page.$$('summary')) await summary.click();
    assert.deepEqual(sins, []);
    await close();
  });
}

test('the endpoint table sorts by every column, both ways', async () => {
  const { page, close } = await open('failed');
  const heads = await page.$$eval('#endpoint-table thead th', (cells) => cells.map((cell) => cell.textContent));
  assert.ok(heads.includes('p99.9') && heads.includes('Size, kB'), heads.join());
  for (let index = 0; index < heads.length; index += 1) {
    const button = page.locator('#endpoint-table thead th').nth(index).getByRole('button');
    for (let click = 0; click < 2; click += 1) {
      await button.click();
      const way = await page.locator('#endpoint-table thead th').nth(index).getAttribute('aria-sort');
      const values = await column(page, index);
      assert.equal(values.length, 8);
      const sorted = [...values].sort((a, b) => (index === 0 ? (a.toLowerCase() < b.toLowerCase() ? -1 : 1) : number(a) - number(b)));
      if (way === 'descending') sorted.reverse();
      const keys = (list) => (index === 0 ? list : list.map(number));
      assert.deepEqual(keys(values), keys(sorted), `${heads[index]} ${way}`);
    }
    assert.equal(await page.locator('#endpoint-table th[aria-sort]').count(), 1);
  }
  await close();
});

test('rows of the table are written alike with and without JavaScript', async () => {
  const rows = async (options) => {
    const { page, close } = await open('failed', options);
    const texts = await page.$$eval('#endpoint-table tbody tr', (all) => all.map((row) => [...row.cells].map((cell) => cell.textContent).join('|')));
    await close();
    return texts;
  };
  assert.deepEqual(await rows({}), await rows({ javaScriptEnabled: false }));
});

test('the filter shows what matches, says how many, and gives all back', async () => {
  const { page, close } = await open('failed');
  const filter = page.getByLabel('Filter');
  await filter.fill('CARTS items');
  assert.deepEqual(await column(page, 0), ['POST /api/v1/carts/[id]/items']);
  assert.match(await page.locator('#shown').textContent(), /1 of 1/);
  await filter.fill('no such name');
  assert.deepEqual(await column(page, 0), []);
  await filter.fill('');
  assert.equal((await column(page, 0)).length, 8);
  await close();
});

test('ten thousand endpoints: a page of rows at once, all of them sorted and found, and usable at once', async () => {
  const { page, sins, close } = await open('large');
  assert.equal((await column(page, 0)).length, 200);
  const timing = await page.evaluate(() => {
    const [entry] = performance.getEntriesByType('navigation');
    const paint = performance.getEntriesByName('first-contentful-paint')[0];
    return { paint: Math.round(paint.startTime), interactive: Math.round(entry.domInteractive), load: Math.round(entry.loadEventEnd) };
  });
  console.log(`large page: first paint ${timing.paint} ms, interactive ${timing.interactive} ms, loaded ${timing.load} ms`);
  await page.getByRole('button', { name: 'Requests', exact: true }).click();
  assert.equal((await column(page, 1))[0], '10,999');
  await page.getByRole('button', { name: 'Show more' }).click();
  assert.equal((await column(page, 0)).length, 1200);
  await page.getByLabel('Filter').fill('/9876/');
  assert.deepEqual(await column(page, 0), ['GET /api/v1/tenants/9876/reports/quarterly']);
  assert.match(await page.locator('section:has(#time)').textContent(), /endpoints have no chart/);
  assert.deepEqual(sins, []);
  await close();
});

test('the endpoint that failed is chosen, and another one can be picked with the keyboard', async () => {
  const { page, sins, close } = await open('failed');
  const pick = page.getByLabel('Endpoint', { exact: true });
  assert.equal(await page.locator('.panel h3').textContent(), 'POST /api/v1/auth/login');
  assert.equal(await pick.evaluate((select) => select.selectedOptions[0].textContent), 'POST /api/v1/auth/login');
  assert.match(await page.locator('.chart.times').textContent(), /limit 880 ms/);
  const before = await page.locator('.chart.times .line.p95').getAttribute('d');
  await pick.focus();
  await page.keyboard.press('ArrowDown');
  assert.notEqual(await page.locator('.panel h3').textContent(), 'POST /api/v1/auth/login');
  assert.notEqual(await page.locator('.chart.times .line.p95').getAttribute('d'), before);
  assert.deepEqual(sins, []);
  await close();
});

test('what is drawn without JavaScript is what JavaScript draws', async () => {
  const { page, close } = await open('failed');
  const shapes = () => page.$$eval('.panel .plot', (all) => all.map((svg) => [...svg.querySelectorAll('path, rect, text')]
    .map((each) => `${each.tagName} ${each.getAttribute('class')} ${each.getAttribute('d') ?? each.getAttribute('x')} ${each.textContent}`).join('\n')));
  const drawn = await shapes();
  const select = page.getByLabel('Endpoint', { exact: true });
  await select.selectOption('1');
  await select.selectOption('0');
  assert.deepEqual(await shapes(), drawn);
  await close();
});

test('several endpoints are side by side with the same axes', async () => {
  const { page, sins, close } = await open('failed');
  const add = page.getByRole('button', { name: 'Compare with another endpoint' });
  await add.click();
  await page.getByLabel('Endpoint 2').selectOption({ label: 'GET /health' });
  assert.deepEqual(await page.locator('.panel h3').allTextContents(), ['POST /api/v1/auth/login', 'GET /health']);
  const boxes = await Promise.all([0, 1].map((index) => page.locator('.panel').nth(index).boundingBox()));
  assert.ok(boxes[0].x + boxes[0].width <= boxes[1].x && boxes[0].y === boxes[1].y);
  const labels = (index) => page.locator('.panel').nth(index).locator('.chart.times text.y').allTextContents();
  assert.deepEqual(await labels(0), await labels(1));
  await page.screenshot({ path: `${SHOTS}/failed-side-by-side.png`, fullPage: true });
  await page.getByRole('button', { name: 'Remove GET /health' }).click();
  assert.equal(await page.locator('.panel').count(), 1);
  assert.deepEqual(sins, []);
  await close();
});

test('a row of the table leads to its charts', async () => {
  const { page, close } = await open('failed');
  await page.getByRole('button', { name: 'GET /health' }).click();
  assert.equal(await page.locator('.panel h3').textContent(), 'GET /health');
  await close();
});

test('hovering and the arrow keys read the values of a moment', async () => {
  const { page, close } = await open('failed');
  const data = await page.$eval('#chart-data', (element) => JSON.parse(element.textContent));
  const svg = page.locator('.chart.times svg.plot');
  await svg.scrollIntoViewIfNeeded();
  const box = await svg.boundingBox();
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
  const tip = page.locator('.tip');
  const [course] = data.courses;
  const index = course.t.findIndex((t) => t === 150);
  await assertText(tip, ['2:30', '200 users', `p95 ${course.p95[index].toLocaleString('en')} ms`, 'failed']);
  assert.equal(await page.locator('line.cursor[visibility="visible"]').count(), 4);
  await page.mouse.move(box.x + box.width / 2, box.y - 400);
  assert.ok(!(await tip.isVisible()));
  await page.locator('.chart.times').focus();
  await page.keyboard.press('Home');
  await assertText(tip, ['0:00']);
  await page.keyboard.press('ArrowRight');
  await assertText(tip, [`0:0${course.t[1]}`]);
  await page.keyboard.press('End');
  await assertText(tip, ['5:00']);
  await page.keyboard.press('Escape');
  assert.ok(!(await tip.isVisible()));
  for (const [kind, words] of [['curve', 'good runs'], ['load', '/s']]) {
    const chart = page.locator(`.chart.${kind} svg.plot`);
    await chart.scrollIntoViewIfNeeded();
    const room = await chart.boundingBox();
    await page.mouse.move(room.x + room.width * 0.6, room.y + room.height / 2);
    await assertText(tip, [words]);
  }
  await close();
});

test('times are those of the reader, with their zone', async () => {
  const { page, close } = await open('failed', { timezoneId: 'America/New_York' });
  assert.equal(await page.locator('.meta time').textContent(), 'Nov 22, 2026, 05:00 EST');
  await close();
  const plain = await open('failed', { javaScriptEnabled: false });
  assert.equal(await plain.page.locator('.meta time').textContent(), '2026-11-22 10:00 UTC');
  await plain.close();
});

test('each build of a trend says its commit, date and verdict, and leads to it', async () => {
  const { page, close } = await open('failed');
  const first = page.locator('.trends tr', { hasText: 'auth/login' }).locator('.trend');
  assert.equal(await first.locator('circle').count(), 31);
  const words = await first.locator('circle title').allTextContents();
  assert.match(words[0], /^\d+ ms, [0-9a-f]{7}, 2026-\d\d-\d\d \d\d:\d\d UTC, (pass|warn)$/);
  assert.match(words[30], /this run: fail/);
  assert.match(await first.locator('a').first().getAttribute('href'), /^https:\/\/app\.circleci\.com\//);
  await close();
});

async function assertText(locator, parts) {
  const text = await locator.textContent();
  for (const part of parts) assert.ok(text.includes(part), `${JSON.stringify(part)} in ${text}`);
}

test('without JavaScript everything but picking, sorting and hovering is there', async () => {
  const { page, close } = await open('large', { javaScriptEnabled: false });
  assert.equal(await page.locator('#endpoint-table tbody tr').count(), 100);
  assert.match(await page.locator('section:has(#endpoints)').textContent(), /100 slowest of 10,000 endpoints/);
  for (const kind of ['times', 'rps', 'fail', 'users', 'curve', 'load']) assert.ok(await page.locator(`.chart.${kind} svg.plot`).isVisible(), kind);
  assert.ok(await page.locator('.trend').first().isVisible());
  for (const tool of ['#filter', '.picker']) assert.ok(!(await page.locator(tool).isVisible()), tool);
  const details = page.locator('details', { hasText: 'The builds as a table' });
  await details.locator('summary').click();
  assert.ok(await details.locator('tbody tr').first().isVisible());
  await close();
});

test('a hostile name is text and nothing else', async () => {
  const { page, sins, close } = await open('hostile');
  const name = `<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>`;
  assert.ok((await page.locator('h1').textContent()).startsWith(name));
  assert.equal(await page.locator('img, iframe, object, embed, link, base, form').count(), 0);
  assert.equal(await page.locator('script').count(), 4);
  const links = await page.$$eval('a[href^="http"], svg a', (all) => all.map((link) => link.getAttribute('href')));
  assert.ok(links.every((link) => link.startsWith('https://app.circleci.com/jobs/github/acme/shop/')), links.join());
  await page.getByLabel('Endpoint', { exact: true }).selectOption('1');
  await page.mouse.move(640, 500);
  assert.deepEqual(sins, []);
  await close();
});

test('the policy of the page refuses what the escaping would ever let through', async () => {
  const { page, sins, close } = await open('empty');
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'window.ran = true';
    const image = new Image();
    image.src = 'http://127.0.0.1:9/x.png';
    document.body.append(script, image);
  });
  await page.waitForFunction(() => document.images[0].complete);
  assert.equal(await page.evaluate(() => window.ran), undefined);
  // The browser announces the image's request before the policy stops it.
  const refused = sins.filter((sin) => /Content Security Policy/.test(sin));
  assert.equal(refused.length, 2, sins.join('\n'));
  await close();
});

/** WCAG 2 contrast of every visible text against the first opaque background behind it. */
function lowContrast() {
  const parse = (color) => color.match(/[\d.]+/g).map(Number);
  const channel = (value) => (value / 255 <= 0.03928 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
    }
    return [255, 255, 255];
  };
  const low = new Set();
  for (const element of document.querySelectorAll('body *')) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    if (!own || element.closest('script, style') || !element.getClientRects().length) continue;
    const style = getComputedStyle(element);
    const paint = element instanceof SVGElement ? style.fill : style.color;
    const [a, b] = [luminance(parse(paint)), luminance(backgroundOf(element))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) low.add(`${element.tagName}.${element.getAttribute('class')} ${paint} ${ratio.toFixed(2)}`);
  }
  return [...low];
}

for (const colorScheme of ['light', 'dark']) {
  for (const name of ['failed', 'warned', 'inconclusive', 'passed', 'empty', 'large']) {
    test(`${name}, ${colorScheme}: every text has contrast 4.5 or more`, async () => {
      const { page, close } = await open(name, { colorScheme });
      await page.$$eval('details', (all) => all.forEach((each) => { each.open = true; }));
      assert.deepEqual(await page.evaluate(lowContrast), []);
      if (name === 'large') await page.$$eval('details', (all) => all.forEach((each) => { each.open = false; }));
      await page.screenshot({ path: `${SHOTS}/${name}-${colorScheme}.png`, fullPage: true });
      await close();
    });
  }
}

test('charts have a text alternative, tables have headings', async () => {
  const { page, close } = await open('failed');
  for (const svg of await page.$$('svg:not([aria-hidden])')) {
    const [role, words] = await svg.evaluate((element) => [element.getAttribute('role'), element.getAttribute('aria-label')
      ?? element.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id).textContent).join(' ')]);
    assert.ok(['img', 'group'].includes(role), role);
    assert.ok(words, await svg.evaluate((element) => element.outerHTML));
  }
  const bare = await page.$$eval('table', (tables) => tables.filter((table) => !table.querySelector('th[scope="col"]')).length);
  assert.equal(bare, 0);
  const ids = await page.$$eval('[id]', (all) => all.map((each) => each.id));
  assert.equal(new Set(ids).size, ids.length);
  await close();
});

for (const name of NAMES) {
  test(`${name}: fits a phone`, async () => {
    const { page, sins, close } = await open(name, { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390);
    if (name !== 'large') await page.screenshot({ path: `${SHOTS}/${name}-phone.png`, fullPage: true });
    assert.deepEqual(sins, []);
    await close();
  });
}

test('it prints', async () => {
  const { page, close } = await open('failed');
  await page.pdf({ path: `${SHOTS}/failed.pdf`, format: 'A4', printBackground: false, margin: { top: '14mm', bottom: '14mm', left: '14mm', right: '14mm' } });
  await page.emulateMedia({ media: 'print' });
  assert.ok(!(await page.locator('#filter').isVisible()));
  assert.ok(await page.locator('.chart.times svg.plot').isVisible());
  await close();
});
