/**
 * What verifying a token costs: `node tokens.mjs [--requests 10000]`, after a build in the folder above.
 * CPU microseconds of a request in memory, the worker threads of Web Crypto included; no server and no load generator.
 */
import { parseArgs } from 'node:util';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { App, Controller, Depends, Get, HTTPBearer } from '../dist/index.js';
import { jwtBearer } from '../dist/jwt/index.js';
import { testTokens } from '../dist/testing/index.js';
import { markdown } from './table.mjs';

const { values } = parseArgs({ options: { requests: { type: 'string', default: '10000' } } });
const requests = Number(values.requests);
const ROUNDS = 20;
const WARM_UP = 4;
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
  const spent = pieces.map(() => 0);
  for (let round = 0; round < ROUNDS; round++) {
    for (const [index, once] of pieces.entries()) {
      const before = process.cpuUsage();
      for (let count = 0; count < requests / ROUNDS; count++) await once();
      const { user, system } = process.cpuUsage(before);
      // The first ones are for the compiler.
      if (round >= WARM_UP) spent[index] += user + system;
    }
  }
  return spent.map((time) => ((time * ROUNDS) / (ROUNDS - WARM_UP) / requests).toFixed(0));
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
const pieces = {
  'a request with a token that nobody verifies': asking(new HTTPBearer()),
  'jwtVerify of jose alone': () => jwtVerify(token, keys, options),
  'a request with a verified token': asking(jwtBearer({ ...identity, jwks })),
  'a request with a token that is kept': asking(jwtBearer({ ...identity, jwks, keep: 1_000 })),
};
const spent = await measure(Object.values(pieces));
console.log(
  markdown(
    ['ES256', 'CPU µs'],
    Object.keys(pieces).map((name, index) => [name, spent[index]]),
  ),
);
