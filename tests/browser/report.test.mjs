// What a person does with report.html, in a real browser.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const { CHROMIUM, PAGES, SHOTS } = process.env;
const NAMES = ['failed', 'passed', 'inconclusive', 'empty', 'large', 'hostile'];
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
const number = (text) => (text.startsWith('–') ? -Infinity : parseFloat(text.replaceAll(',', '')));

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

test('ten thousand endpoints: a page of rows at once, all of them sorted and found', async () => {
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
  assert.deepEqual(sins, []);
  await close();
});

test('hovering and the arrow keys read the values of a moment', async () => {
  const { page, close } = await open('failed');
  const data = await page.$eval('#timeline', (element) => JSON.parse(element.textContent));
  const svg = page.locator('#chart-times svg.wide');
  await svg.scrollIntoViewIfNeeded();
  const box = await svg.boundingBox();
  const [left, right] = await svg.evaluate((element) => [Number(element.dataset.left), Number(element.dataset.right)]);
  const width = await svg.evaluate((element) => element.viewBox.baseVal.width);
  const at = (share) => box.x + box.width * (left + (right - left) * share) / width;
  await page.mouse.move(at(0.5), box.y + box.height / 2);
  const readout = page.locator('#readout');
  const index = data.t.indexOf(150);
  await assertText(readout, ['2:30', `${data.users[index]} users`, `p95 ${data.p95[index].toLocaleString('en')} ms`, `${data.fps[index]} failures/s`]);
  assert.equal(await page.locator('line.cursor[visibility="visible"]').count(), await page.locator('.chart svg').count());
  await page.locator('#chart-times').focus();
  await page.keyboard.press('ArrowRight');
  await assertText(readout, ['2:31']);
  await page.keyboard.press('End');
  await assertText(readout, ['5:00']);
  await close();
});

async function assertText(locator, parts) {
  const text = await locator.textContent();
  for (const part of parts) assert.ok(text.includes(part), `${JSON.stringify(part)} in ${text}`);
}

test('without JavaScript everything but sorting and hovering is there', async () => {
  const { page, close } = await open('large', { javaScriptEnabled: false });
  assert.equal(await page.locator('#endpoint-table tbody tr').count(), 10_000);
  assert.ok(await page.locator('#endpoint-table tbody tr').last().isVisible());
  assert.ok(await page.locator('#chart-times svg.wide').isVisible());
  assert.ok(!(await page.locator('#readout').isVisible()));
  assert.ok(!(await page.locator('#filter').isVisible()));
  const details = page.locator('details', { hasText: 'The same as a table' });
  await details.locator('summary').click();
  assert.ok(await details.locator('tbody tr').first().isVisible());
  await close();
});

test('a hostile name is text and nothing else', async () => {
  const { page, sins, close } = await open('hostile');
  const name = `<img src=x onerror=alert(1)>"'</script><script>alert(2)</script>`;
  assert.ok((await page.locator('h1').textContent()).startsWith(name));
  assert.equal(await page.locator('img, iframe, object, embed, link, base, form').count(), 0);
  assert.equal(await page.locator('script').count(), 3);
  assert.equal(await page.locator('a[href^="http"]').count(), 0);
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
  for (const name of ['failed', 'inconclusive', 'passed', 'empty']) {
    test(`${name}, ${colorScheme}: every text has contrast 4.5 or more`, async () => {
      const { page, close } = await open(name, { colorScheme });
      await page.$$eval('details', (all) => all.forEach((each) => { each.open = true; }));
      assert.deepEqual(await page.evaluate(lowContrast), []);
      await page.screenshot({ path: `${SHOTS}/${name}-${colorScheme}.png`, fullPage: true });
      await close();
    });
  }
}

test('charts have a text alternative, tables have headings', async () => {
  const { page, close } = await open('failed');
  for (const svg of await page.$$('svg:not([aria-hidden])')) {
    const words = await svg.evaluate((element) => [element.getAttribute('role'), ...element.getAttribute('aria-labelledby').split(' ').map((id) => document.getElementById(id).textContent)]);
    assert.equal(words[0], 'img');
    assert.ok(words[1] && words[2], String(words));
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
    if (name === 'failed') {
      assert.ok(await page.locator('#chart-times svg.narrow').isVisible());
      assert.ok(!(await page.locator('#chart-times svg.wide').isVisible()));
    }
    assert.deepEqual(sins, []);
    await close();
  });
}

test('it prints', async () => {
  const { page, close } = await open('failed');
  await page.pdf({ path: `${SHOTS}/failed.pdf`, format: 'A4', printBackground: false, margin: { top: '14mm', bottom: '14mm', left: '14mm', right: '14mm' } });
  await page.emulateMedia({ media: 'print' });
  assert.ok(!(await page.locator('#filter').isVisible()));
  assert.ok(await page.locator('#chart-times svg.wide').isVisible());
  await close();
});
