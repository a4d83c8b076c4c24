// Run by .ci/browser with the paths of playwright-core, of the browser and of Scalar's script; SCREENSHOT names a file for
// a picture, and its name with `-dark` and `-scalar` before the extension two others.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { createServer, request as send } from 'node:http';
import { pathToFileURL } from 'node:url';
import { App, bytes, Controller, Depends, Get, OAuth2AuthorizationCodeBearer } from 'portico';
import { securityHeaders } from 'portico/middleware';
import { serve } from 'portico/node';
import { app as example } from '../examples/app/app.ts';
import { ItemController } from '../examples/app/item-controller.ts';
import { DEMO } from '../examples/app/store.ts';
import { TokenController } from '../examples/app/token-controller.ts';
import { UserController } from '../examples/app/user-controller.ts';

const [driver, executablePath, scalarScript] = process.argv.slice(2);
const { chromium } = await import(pathToFileURL(driver).href);
const INERT = '</script></title><script>window.injected = true</script><img src=x onerror="window.injected = true">';
const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

const closings = [];
const passed = [];

/** Serves until the end; gives the address. */
async function serveApp(app) {
  const served = await serve(app, { port: 0, logger: { info() {}, warn: console.warn, error: console.error } });
  closings.push(() => served.close());
  return served.url;
}

async function listen(handler) {
  const server = createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closings.push(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A reverse proxy that serves what is behind it below a prefix, and nothing else. */
function proxy(prefix, behind) {
  return listen((incoming, outgoing) => {
    if (!incoming.url.startsWith(`${prefix}/`)) {
      outgoing.writeHead(404).end();
      return;
    }
    const { method, headers } = incoming;
    const forwarded = send(behind + incoming.url.slice(prefix.length), { method, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.rawHeaders);
      answer.pipe(outgoing);
    });
    forwarded.on('error', () => outgoing.destroy());
    incoming.pipe(forwarded);
  });
}

/** The authorization code flow with PKCE (RFC 7636), for a user who always agrees; /forge answers another request. */
function authorizationServer() {
  const challenges = new Map();
  return listen(async (incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url, 'http://localhost');
    if (['/authorize', '/forge'].includes(pathname)) {
      const code = String(challenges.size);
      challenges.set(code, searchParams.get('code_challenge'));
      const location = new URL(searchParams.get('redirect_uri'));
      location.searchParams.set('code', code);
      location.searchParams.set('state', pathname === '/forge' ? 'forged' : searchParams.get('state'));
      outgoing.writeHead(302, { Location: location.href }).end();
      return;
    }
    const form = new URLSearchParams(Buffer.concat(await incoming.toArray()).toString());
    const challenge = createHash('sha256')
      .update(form.get('code_verifier') ?? '')
      .digest('base64url');
    const right = challenges.get(form.get('code')) === challenge;
    outgoing.writeHead(right || incoming.method === 'OPTIONS' ? 200 : 400, {
      'Content-Type': 'application/json',
      'Access-Control-Allow-Origin': '*',
      'Access-Control-Allow-Headers': incoming.headers['access-control-request-headers'] ?? '*',
    });
    outgoing.end(JSON.stringify(right ? { access_token: 'issued', token_type: 'bearer' } : { error: 'invalid_grant' }));
  });
}

/** One check in a browser without a past; whatever the browser complains of fails it, unless it is tolerated. */
async function check(browser, name, hosts, use, { tolerated, ...options } = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 1400 }, ...options });
  context.setDefaultTimeout(15_000);
  const complaints = [];
  await context.exposeBinding('reportViolation', (_source, text) => complaints.push(`policy: ${text}`));
  await context.addInitScript(() => {
    document.addEventListener('securitypolicyviolation', ({ effectiveDirective, blockedURI, sourceFile }) => {
      window.reportViolation(`${effectiveDirective} ${blockedURI} ${sourceFile}`);
    });
  });
  context.on('console', (message) => {
    if (['error', 'warning'].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  context.on('weberror', (error) => complaints.push(`error: ${error.error().stack}`));
  context.on('request', (request) => {
    const { protocol, origin } = new URL(request.url());
    if (protocol.startsWith('http') && !hosts.includes(origin)) complaints.push(`another host: ${request.url()}`);
  });
  context.on('requestfailed', (request) => complaints.push(`failed: ${request.url()} ${request.failure()?.errorText}`));
  const page = await context.newPage();
  try {
    await use(page);
    assert.deepEqual(
      complaints.filter((complaint) => !tolerated?.test(complaint)),
      [],
    );
    passed.push(name);
    console.log(`ok: ${name}`);
  } catch (error) {
    console.log(`not ok: ${name}`);
    for (const complaint of complaints) console.log(`  ${complaint}`);
    throw error;
  } finally {
    await context.close();
  }
}

/** Opens the page, and waits for what the document has. */
async function open(page, address, operations) {
  const answer = await page.goto(address);
  assert.equal(answer.status(), 200);
  assert.match((await answer.allHeaders())['content-security-policy'], /default-src 'none'/);
  await page
    .locator('.opblock')
    .nth(operations.length - 1)
    .waitFor();
  const listed = await page.locator('.opblock-summary').evaluateAll((elements) =>
    elements.map((element) => {
      const text = (name) => element.querySelector(name).textContent.replaceAll('\u200b', '');
      return `${text('.opblock-summary-method')} ${text('.opblock-summary-path')}`;
    }),
  );
  assert.deepEqual(listed.toSorted(), operations.toSorted());
}

/** Signs in by the password flow, as the page's dialog has it. */
async function authorize(page, tokenAddress) {
  await page.locator('.scheme-container .authorize').click();
  const dialog = page.locator('.dialog-ux');
  await dialog.locator('#oauth_username').fill(DEMO.username);
  await dialog.locator('#oauth_password').fill(DEMO.password);
  const answered = page.waitForResponse((response) => response.request().method() === 'POST');
  await dialog.locator('.auth-btn-wrapper .authorize').click();
  const answer = await answered;
  assert.deepEqual([answer.url(), answer.status()], [tokenAddress, 200]);
  await dialog.locator('.auth-btn-wrapper', { hasText: 'Logout' }).waitFor();
  await dialog.locator('.close-modal').click();
  await dialog.waitFor({ state: 'detached' });
}

/** Calls an operation by "Try it out"; gives the block of it, whose answer the page shows. */
async function tryOut(page, path, address) {
  const block = page
    .locator('.opblock', { has: page.locator(`[data-path="${path}"]`) })
    .and(page.locator('.opblock-get'));
  await block.locator('.opblock-summary').click();
  await block.getByRole('button', { name: 'Try it out' }).click();
  const answered = page.waitForResponse(address);
  await block.getByRole('button', { name: 'Execute' }).click();
  assert.equal((await answered).status(), 200);
  const live = block.locator('.live-responses-table .response').first();
  assert.match(await live.locator('.response-col_status').innerText(), /^200/);
  return live;
}

const OPERATIONS = [
  'POST /token',
  'POST /users',
  'GET /users/me',
  'GET /items',
  'POST /items',
  'GET /items/{itemId}',
  'DELETE /items/{itemId}',
];

async function signInAndCall(page, base) {
  await authorize(page, `${base}/token`);
  const live = await tryOut(page, '/users/me', `${base}/users/me`);
  const body = await live.locator('.response-col_description .highlight-code').innerText();
  assert.match(body, /"username": "demo"/);
}

async function run(browser) {
  const origin = await serveApp(example);
  await check(browser, 'the operations are listed', [origin], (page) => open(page, `${origin}/docs`, OPERATIONS));
  await check(browser, 'Authorize and "Try it out"', [origin], async (page) => {
    await open(page, `${origin}/docs`, OPERATIONS);
    await signInAndCall(page, origin);
    await picture(page);
  });
  await check(browser, 'a trailing slash', [origin], async (page) => {
    await open(page, `${origin}/docs/`, OPERATIONS);
    await signInAndCall(page, origin);
  });

  const controllers = [TokenController, UserController, ItemController];
  const prefixed = new App({ title: 'Items', version: '1.0.0', controllers, rootPath: '/api' });
  const proxied = await proxy('/api', await serveApp(prefixed));
  for (const path of ['/docs', '/docs/']) {
    await check(browser, `behind a prefix, at ${path}`, [proxied], async (page) => {
      await open(page, `${proxied}/api${path}`, OPERATIONS);
      await signInAndCall(page, `${proxied}/api`);
    });
  }

  await runReaders(browser, origin);
  if (existsSync(scalarScript)) await runScalar(browser, controllers);

  const inert = await serveApp(
    new App({ title: INERT, version: INERT, controllers, docs: { oauth: { appName: INERT } } }),
  );
  await check(browser, 'a title that is markup is text', [inert], async (page) => {
    await open(page, `${inert}/docs`, OPERATIONS);
    assert.equal(await page.title(), INERT);
    assert.match(await page.locator('.info .title').innerText(), /<\/script><\/title><script>/);
    assert.equal(await page.evaluate(() => 'injected' in window), false);
  });

  const login = await authorizationServer();
  const tokenUrl = `${login}/token`;
  const scheme = new OAuth2AuthorizationCodeBearer({ authorizationUrl: `${login}/authorize`, tokenUrl });
  const coded = await serveApp(codeFlowApp(scheme, [securityHeaders()]));
  await check(browser, 'the authorization code flow', [coded, login], (page) => signInByCode(page, coded));
  const codedProxied = await proxy('/api', await serveApp(codeFlowApp(scheme, [], '/api')));
  await check(browser, 'the authorization code flow behind a prefix', [codedProxied, login], (page) =>
    signInByCode(page, `${codedProxied}/api`),
  );

  const forging = new OAuth2AuthorizationCodeBearer({ authorizationUrl: `${login}/forge`, tokenUrl });
  const forged = await serveApp(codeFlowApp(forging, []));
  await check(browser, 'an answer to another request is refused', [forged, login], async (page) => {
    page.on('request', (request) => assert.notEqual(request.url(), tokenUrl));
    const dialog = await startCodeFlow(page, forged);
    await dialog.getByText('its state differs').waitFor();
    assert.equal(await dialog.getByText('Logout').count(), 0);
  });
  await check(browser, 'the redirect page by itself', [forged], async (page) => {
    await page.goto(`${forged}/docs/oauth2-redirect.html?code=1&state=1`);
    await page.getByText('Close this window').waitFor();
  });
}

/** A picture of the page, if pictures are asked for. */
async function picture(page, suffix = '') {
  const path = process.env.SCREENSHOT?.replace(/(\.\w+)?$/, `${suffix}$1`);
  if (path !== undefined) await page.screenshot({ path, fullPage: suffix === '' });
}

/** The brightness of what is behind the text, from 0 to 255. */
function backgroundOf(page) {
  return page.evaluate(() => {
    const colours = [document.body, document.documentElement].map((element) => getComputedStyle(element));
    const [colour = 'rgb(255, 255, 255)'] = colours
      .map(({ backgroundColor }) => backgroundColor)
      .filter((value) => !/, 0\)$/.test(value));
    return Math.max(
      ...colour
        .match(/[\d.]+/g)
        .slice(0, 3)
        .map(Number),
    );
  });
}

async function runReaders(browser, origin) {
  await check(browser, 'light and dark, as the reader prefers', [origin], async (page) => {
    await open(page, `${origin}/docs`, OPERATIONS);
    assert.ok((await backgroundOf(page)) > 200);
    await page.emulateMedia({ colorScheme: 'dark' });
    await page.waitForFunction(() => document.documentElement.classList.contains('dark-mode'));
    assert.ok((await backgroundOf(page)) < 60);
    await page.reload();
    await page.locator('.opblock').first().waitFor();
    assert.ok((await backgroundOf(page)) < 60);
    await picture(page, '-dark');
  });

  for (const javaScriptEnabled of [false, true]) {
    const name = javaScriptEnabled ? 'a page whose program never comes' : 'a page without scripts';
    await check(
      browser,
      name,
      [origin],
      async (page) => {
        // An extension or a proxy stands in the way; what the browser says of it is no complaint.
        if (javaScriptEnabled) await page.route('**/swagger-ui-bundle.js', (route) => route.fulfill({ body: '' }));
        await page.goto(`${origin}/docs`);
        const link = page.getByRole('link', { name: 'OpenAPI document' }).filter({ visible: true });
        await link.waitFor();
        assert.equal(await link.count(), 1);
        assert.equal(new URL(await link.getAttribute('href'), page.url()).href, `${origin}/openapi.json`);
      },
      { javaScriptEnabled },
    );
  }

  await check(browser, 'a second visit loads nothing again', [origin], async (page) => {
    await open(page, `${origin}/docs`, OPERATIONS);
    await open(page, `${origin}/docs`, OPERATIONS);
    const sizes = await page.evaluate(() =>
      performance
        .getEntries()
        .filter(({ name }) => /docs(?:$|\/init\.js$|\/swagger-ui)/.test(name))
        .map(({ name, transferSize }) => [name, transferSize]),
    );
    assert.equal(sizes.length, 4, String(sizes));
    // A 304 counts as 300 bytes, and what is taken without asking as none (W3C Resource Timing §4.3).
    for (const [name, size] of sizes) assert.equal(size, /swagger-ui/.test(name) ? 0 : 300, name);
  });
}

/** The script that the page would take from the CDN, whose hash it names, in the place of an installed one. */
async function runScalar(browser, controllers) {
  const content = readFileSync(scalarScript);
  const cdn = await (
    await new App({ title: 'Items', version: '1.0.0', docs: { ui: 'scalar' } }).request('/docs')
  ).text();
  const [, address, integrity] = /src="(https:[^"]+)" integrity="([^"]+)"/.exec(cdn);
  assert.equal(integrity, `sha384-${createHash('sha384').update(content).digest('base64')}`);

  const scalarApp = (options) => {
    return new App({ title: INERT, version: '1.0.0', controllers, docs: { ui: 'scalar' }, ...options });
  };
  const fromCdn = (page) => {
    const headers = { 'Access-Control-Allow-Origin': '*' };
    return page.route(address, (route) => route.fulfill({ body: content, contentType: 'text/javascript', headers }));
  };
  // A validator in it asks whether it may compile, and does without.
  const tolerated = /^policy: script-src eval /;
  const direct = await serveApp(scalarApp());
  const prefixed = await proxy('/api', await serveApp(scalarApp({ rootPath: '/api' })));
  for (const [name, host, base] of [
    ['Scalar', direct, direct],
    ['Scalar behind a prefix', prefixed, `${prefixed}/api`],
  ]) {
    const use = async (page) => {
      await fromCdn(page);
      await page.goto(`${base}/docs?url=https://evil.example/a.json`);
      await page.locator('[data-placeholder="janedoe"]').fill(DEMO.username);
      await page.getByPlaceholder('********').fill(DEMO.password);
      const answered = page.waitForResponse((response) => response.request().method() === 'POST');
      await page.getByRole('button', { name: 'Authorize' }).first().click();
      const answer = await answered;
      assert.deepEqual([answer.url(), answer.status()], [`${base}/token`, 200]);
      assert.equal(await page.evaluate(() => 'injected' in window), false);
      if (host === direct) await picture(page, '-scalar');
    };
    await check(browser, name, [host, new URL(address).origin], use, { tolerated });
  }
  await check(
    browser,
    'Scalar in the dark',
    [direct, new URL(address).origin],
    async (page) => {
      await fromCdn(page);
      await page.goto(`${direct}/docs`);
      await page.getByText('/users/me').first().waitFor();
      assert.ok((await backgroundOf(page)) < 60);
    },
    { colorScheme: 'dark', tolerated },
  );
}

/** An app whose one operation, a picture, takes a token of the code flow. */
function codeFlowApp(scheme, middleware, rootPath) {
  class PictureController {
    read() {
      return new Response(Buffer.from(PIXEL, 'base64'), { headers: { 'Content-Type': 'image/png' } });
    }
  }
  const { prototype } = PictureController;
  Get({ responses: { 200: { description: 'A picture', content: bytes('image/png') } } })(
    prototype,
    'read',
    Object.getOwnPropertyDescriptor(prototype, 'read'),
  );
  Controller('/picture', { dependencies: [Depends(scheme)] })(PictureController);
  const docs = { oauth: { clientId: 'docs', usePkceWithAuthorizationCodeGrant: true } };
  return new App({
    title: 'Pictures',
    version: '1.0.0',
    controllers: [PictureController],
    docs,
    middleware,
    ...(rootPath === undefined ? {} : { rootPath }),
  });
}

/** Lets the page open the authorization server's window, and that one come back; gives the dialog. */
async function startCodeFlow(page, base) {
  await open(page, `${base}/docs`, ['GET /picture']);
  await page.locator('.scheme-container .authorize').click();
  const dialog = page.locator('.dialog-ux');
  const redirected = page
    .context()
    .waitForEvent('response', (answer) => answer.url().includes('/oauth2-redirect.html'));
  await dialog.locator('.auth-btn-wrapper .authorize').click();
  const answer = await redirected;
  assert.equal(answer.url().replace(/\?.*/, ''), `${base}/docs/oauth2-redirect.html`);
  assert.equal(answer.status(), 200);
  return dialog;
}

async function signInByCode(page, base) {
  const dialog = await startCodeFlow(page, base);
  await dialog.locator('.auth-btn-wrapper', { hasText: 'Logout' }).waitFor();
  assert.equal(page.context().pages().length, 1);
  await dialog.locator('.close-modal').click();
  await dialog.waitFor({ state: 'detached' });
  const live = await tryOut(page, '/picture', `${base}/picture`);
  const picture = live.locator('img');
  await picture.waitFor();
  assert.equal(await picture.evaluate(async (image) => (await image.decode(), image.naturalWidth)), 1);
}

const browser = await chromium.launch({
  executablePath,
  // It does not run as root, and all pages are of this check.
  chromiumSandbox: false,
  args: ['--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
closings.push(() => browser.close());
try {
  await run(browser);
  console.log(`passed: the documentation page in Chromium: ${passed.join('; ')}`);
} catch (error) {
  console.error(error);
  console.log('failed: the documentation page in Chromium');
  process.exitCode = 1;
} finally {
  for (const close of closings.toReversed()) await close();
}
