import assert from 'node:assert/strict';
import { test } from 'node:test';
import { App } from 'portico';
import { assertDocumentTrue, assertSecurityDocumented, connect, ConnectError } from 'portico/testing';
import { activeUser } from '../app/current-user.ts';
import { ItemController } from '../app/item-controller.ts';
import { store, type UserRecord } from '../app/store.ts';
import { UserController } from '../app/user-controller.ts';
import { app as sockets } from './sockets.ts';

// #region suite
await test('users and items', async (t) => {
  const app = new App({ title: 'Under test', version: '0', controllers: [UserController, ItemController] });
  t.after(() => app.close());

  await t.test('a request goes through the whole framework and no socket', async () => {
    const response = await app.request('/users/me');
    assert.equal(response.status, 401);
    assert.equal(response.headers.get('WWW-Authenticate'), 'Bearer realm="api"');
  });
  // #endregion suite

  // #region override
  await t.test('an override signs somebody in until the block is left', async () => {
    const tester: UserRecord = { username: 'tester', passwordHash: '', active: true, scopes: [] };
    using _ = app.override(activeUser, () => tester);
    const response = await app.request('/users/me');
    assert.deepEqual(await response.json(), { username: 'tester', active: true });
  });
  // #endregion override

  // #region scope
  await t.test('a scope gives what the requests use', async () => {
    await using scope = app.scope();
    const { items } = await scope.get(store);
    items.set(1, { id: 1, title: 'Lamp', price: 20, owner: 'demo' });
    assert.equal((await app.request('/items/1')).status, 200);
  });
  // #endregion scope

  // #region security
  await t.test('what the document says of security is what an anonymous request gets', async () => {
    await assertSecurityDocumented(app);
  });
  // #endregion security

  // #region document
  await t.test('what the document says is what happens', async () => {
    const tester: UserRecord = { username: 'tester', passwordHash: '', active: true, scopes: [] };
    using _ = app.override(activeUser, () => tester);
    await assertDocumentTrue(app, { requests: 10, operations: ['user_register', 'item_read'] });
  });
  // #endregion document

  // #region socket
  await t.test('a socket without a port', async () => {
    await using socket = await connect(sockets, '/rooms/tea', { headers: { cookie: 'session=session-of-ada' } });
    await socket.send({ text: 'hello' });
    for await (const message of socket) {
      assert.deepEqual(message, { room: 'tea', from: 'ada', text: 'hello' });
      break;
    }
    const refusal = await connect(sockets, '/rooms/tea').catch((error: unknown) => error);
    assert.equal(refusal instanceof ConnectError && refusal.response.status, 401);
  });
  // #endregion socket
});
