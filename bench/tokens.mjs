/**
 * What verifying a token costs: `node tokens.mjs [--requests 10000]`, after a build in the folder above.
 * CPU microseconds of a request in memory, the worker threads of Web Crypto included; no server and no load generator.
 */
import { parseArgs } from 'node:util';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { App, Controller, Depends, dependency, Get, HTTPBearer } from '../dist/index.js';
import { jwtBearer } from '../dist/jwt/index.js';
import { testTokens } from '../dist/testing/index.js';
import { markdown } from './table.mjs';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000' } } });
const requests = Number(values.requests);
/** Requests of one turn. */
const TURN = 100;
/** The share of turns that are for the compiler. */
const WARM_UP = 0.25;
const identity = { issuer: 'https://id.example', audience: 'https://api.example' };
const tokens = testTokens(identity);
const { access_token: token } = await tokens.issue('ada', { scopes: ['a', 'b'], claims: { email: 'ada@example.com' } });
const jwks = await tokens.jwks;

/** One route that depends on something, as the compiler would decorate it. */
function appOf(dependable) {
  class TokenController {
    read() {
      return 'read';
    }
  }
  const { prototype } = TokenController;
  Get({ dependencies: [Depends(dependable)] })(prototype, 'read', Object.getOwnPropertyDescriptor(prototype, 'read'));
  Controller('/')(TokenController);
  return new App({ title: 'Tokens', version: '1', controllers: [TokenController] });
}

/** Microseconds of one, by turns: what else the machine does is shared by all. */
async function measure(pieces) {
  const spent = pieces.map(() => []);
  const turns = Math.max(8, Math.ceil(requests / TURN));
  for (let turn = 0; turn < turns; turn++) {
    for (const [index, once] of pieces.entries()) {
      const before = process.cpuUsage();
      for (let count = 0; count < TURN; count++) await once();
      const { user, system } = process.cpuUsage(before);
      if (turn >= turns * WARM_UP) spent[index].push((user + system) / TURN);
    }
  }
  return spent.map((times) => times.toSorted((a, b) => a - b)[times.length >> 1].toFixed(0));
}

function asking(dependable) {
  const app = appOf(dependable);
  return async () => {
    const response = await app.request('/', { headers: { Authorization: `Bearer ${token}` } });
    if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`);
    await response.text();
  };
}

const keys = createLocalJWKSet(jwks);
const options = { ...identity, algorithms: ['ES256'], typ: 'at+jwt', requiredClaims: ['exp', 'sub'] };
const bearer = new HTTPBearer();
const unverified = asking(bearer);
const byHand = dependency({ sent: Depends(bearer) }, async ({ sent }) => {
  const { payload } = await jwtVerify(sent.credentials, keys, options);
  return payload;
});
const pieces = {
  'a request with a token that nobody verifies': unverified,
  'jwtVerify of jose': () => jwtVerify(token, keys, options),
  'one after the other': async () => {
    await unverified();
    await jwtVerify(token, keys, options);
  },
  'a request with a dependency that calls jwtVerify': asking(byHand),
  'a request with a token that jwtBearer verifies': asking(jwtBearer({ ...identity, jwks })),
  'a request with a token that jwtBearer keeps': asking(jwtBearer({ ...identity, jwks, keep: 1_000 })),
};
const spent = await measure(Object.values(pieces));
console.log(
  markdown(
    ['ES256', 'CPU µs'],
    Object.keys(pieces).map((name, index) => [name, spent[index]]),
  ),
);
