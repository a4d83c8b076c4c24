import { App, Controller, dependency, Depends, Get } from 'portico';

const sizes = [1, 5, 20, 100];

function chain(depth, make) {
  let last = dependency(make(() => 1));
  for (let i = 1; i < depth; i += 1)
    last = dependency(
      { previous: Depends(last) },
      make(({ previous }) => previous + 1),
    );
  return [last];
}

function row(width, make) {
  return Array.from({ length: width }, () => dependency(make(() => 1)));
}

const plain = (run) => run;
const asynchronous = (run) => async (inputs) => run(inputs);

/** An app of one route whose handler needs these dependencies. */
function appWith(dependencies) {
  class OneController {
    read(...values) {
      return values.length;
    }
  }
  for (const [index, one] of dependencies.entries()) Depends(one)(OneController.prototype, 'read', index);
  Get('/one')(OneController.prototype, 'read', Object.getOwnPropertyDescriptor(OneController.prototype, 'read'));
  Controller()(OneController);
  return new App({ title: 'Growth', version: '1.0.0', controllers: [OneController] });
}

/** A request without a socket, handed to the app as an adapter does. */
const incoming = {
  method: 'GET',
  target: '/one',
  length: 0,
  gone: false,
  clientAddress: undefined,
  header: () => undefined,
  headerCount: () => 0,
  read: async () => new Uint8Array(),
};

async function nanoseconds(app) {
  const turn = async (times) => {
    for (let i = 0; i < times; i += 1) {
      let answered = false;
      let resume;
      app.handle(incoming, () => {
        answered = true;
        resume?.();
      });
      if (!answered) await new Promise((resolve) => (resume = resolve));
    }
  };
  await turn(20_000);
  const found = [];
  for (let i = 0; i < 7; i += 1) {
    const before = process.hrtime.bigint();
    await turn(5_000);
    found.push(Number(process.hrtime.bigint() - before) / 5_000);
  }
  return found.toSorted((a, b) => a - b)[1];
}

const kinds = {
  'depth, sync': (size) => chain(size, plain),
  'depth, async': (size) => chain(size, asynchronous),
  'width, sync': (size) => row(size, plain),
  'width, async': (size) => row(size, asynchronous),
};
const result = {};
for (const [kind, make] of Object.entries(kinds)) {
  result[kind] = {};
  for (const size of sizes) {
    const none = await nanoseconds(appWith([]));
    result[kind][size] = (await nanoseconds(appWith(make(size)))) - none;
  }
}
console.log(JSON.stringify(result));
process.exit(0);
